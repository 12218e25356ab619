"""Which servers make up NavSync's surroundings, and in which environment does each run?"""

import functools
import os
from collections.abc import Mapping

from local.navsync.credentials import Credentials
from local.navsync.machine import ROOT, Machine
from local.navsync.processes import Processes, Server

VENV = ROOT / ".local/venv"
RUNTIME = ROOT / ".local/runtime"

# The emulator first: the twins' webhooks go to what it serves.
EMULATOR, NOTION, NAVIMPACT = "emulator", "notion-twin", "navimpact-twin"


@functools.cache
def processes(machine: Machine) -> Processes:
    """Return the servers of *machine*, running or not; the same object, since it knows its children."""
    return Processes(python=VENV / "bin/python", root=ROOT, run=machine.run, log=machine.log)


def all_servers(machine: Machine, credentials: Credentials, environ: Mapping[str, str]) -> list[Server]:
    """Describe every server, in the order in which they start."""
    return [
        emulator(machine, environ),
        notion_twin(machine, credentials, environ),
        navimpact_twin(machine, credentials, environ),
    ]


def emulator(machine: Machine, environ: Mapping[str, str]) -> Server:
    """AWS: bound to 127.0.0.1, permissions enforced, state kept."""
    settings = {
        "NAVSYNC_AWS_PORT": str(machine.aws.number),
        "NAVSYNC_PORT": str(machine.api.number),
        "RUNTIME_PYTHON": str(RUNTIME / "bin/python"),
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(machine.state / "aws"),
        "S3_DATA_DIR": str(machine.state / "aws/s3"),
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": "unix:///nonexistent",  # functions never run in a container of this machine
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    } | _chosen(environ, "IAM_LOG", "MORTAL_FUNCTIONS", "MORTAL_PLAN")
    return Server(
        EMULATOR,
        "local.emulator",
        _clean(machine, EMULATOR) | settings,
        f"{machine.aws.url}/_ministack/ready",
    )


def may_be_missing_s(machine: Machine) -> int | None:
    """Return how many seconds of its last ones an emulator that was killed may not have kept; None if it ended well."""
    try:
        return int((machine.state / "aws/running").read_text())
    except FileNotFoundError:
        return None


def notion_twin(machine: Machine, credentials: Credentials, environ: Mapping[str, str]) -> Server:
    """The server that behaves as Notion does."""
    settings = {
        "NOTION_TWIN_PORT": str(machine.notion.number),
        "NOTION_TWIN_STATE": str(machine.state / "notion.sqlite"),
        "NOTION_TWIN_CLIENT_ID": credentials.notion_client_id,
        "NOTION_TWIN_CLIENT_SECRET": credentials.notion_client_secret,
        "NOTION_TWIN_REDIRECT_URIS": f"{machine.redirect_uri},{environ.get('NOTION_REDIRECT_URI', '')}",
        "NOTION_TWIN_WEBHOOK_URL": f"{machine.api_url}/webhooks/notion",
        "NOTION_TWIN_PLAN": environ.get("NOTION_TWIN_PLAN", "business"),
    }
    return _twin(machine, NOTION, "local.twins.notion", machine.notion.url, settings)


def navimpact_twin(machine: Machine, credentials: Credentials, environ: Mapping[str, str]) -> Server:
    """The server that behaves as the NavImpact platform does."""
    settings = {
        "NAVIMPACT_TWIN_PORT": str(machine.navimpact.number),
        "NAVIMPACT_TWIN_STATE": str(machine.state / "navimpact.sqlite"),
        "NAVIMPACT_TWIN_TOKEN": credentials.navimpact_token,
        "NAVIMPACT_TWIN_WEBHOOK_URL": f"{machine.api_url}/webhooks/navimpact",
        "NAVIMPACT_TWIN_WEBHOOK_SECRET": credentials.navimpact_webhook_secret,
    } | _chosen(environ, "NAVIMPACT_TWIN_SEED", "NAVIMPACT_TWIN_PROJECTS")
    return _twin(machine, NAVIMPACT, "local.twins.navimpact", machine.navimpact.url, settings)


def _twin(machine: Machine, name: str, module: str, url: str, settings: Mapping[str, str]) -> Server:
    return Server(name, module, {**_clean(machine, name), **settings}, f"{url}/_twin/requests")


def _chosen(environ: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: environ[name] for name in names if name in environ}


def _clean(machine: Machine, name: str) -> dict[str, str]:
    """Return an environment that holds nothing of the shell: no tokens, no proxies, no AWS profile."""
    scratch = machine.scratch / name
    scratch.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.pathsep.join([str(VENV / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
