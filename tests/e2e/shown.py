"""What happens to somebody who types what the README shows?"""

# ruff: noqa: S603, S607 - it runs the commands that the README names
import json
import re
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

import httpx

from local.navsync.both_sides import PROJECTS, Notion, in_notion
from local.navsync.http import wait_for
from local.navsync.machine import this_machine
from tests.local.conftest import ROOT

ARRIVES_WITHIN_S = 90.0
README = (ROOT / "README.md").read_text(encoding="utf-8")
TO_TRY = README[README.index("## Try it") : README.index("## How it decides")]


@dataclass(frozen=True)
class Typed:
    """What came of the commands and addresses under "Try it", on a stack that is up."""

    title_in_notion: object
    budget_in_navimpact: object
    dashboard: dict[str, Any]
    pages: dict[str, int]
    status: str
    worker_log: str
    armed: str

    @classmethod
    def on(cls, environ: Mapping[str, str]) -> Self:
        """Try all of them; the last one makes Notion's handshake due again."""
        edit, edit_in_notion, ask = (
            block for block in re.findall(r"```sh\n(.*?)```", TO_TRY, re.DOTALL) if "curl" in block
        )
        renamed = int(re.findall(r"media-projects/(\d+)", edit)[0])
        _typed(edit, environ)
        _typed(edit_in_notion, environ)
        return cls(
            title_in_notion=_arrived(environ, renamed),
            budget_in_navimpact=_budget_arrived(environ, edit_in_notion),
            dashboard=json.loads(_typed(ask, environ)),
            pages={url: _opened(url, environ) for url in re.findall(r"<(http://localhost:[^>]+)>", TO_TRY)},
            status=_typed("./navsync status", environ),
            worker_log=_typed("./navsync logs sync-worker", environ),
            armed=_typed("./navsync webhook arm", environ),
        )


def _typed(command: str, environ: Mapping[str, str]) -> str:
    """Return what a shell prints, where the stack listens on the ports of *environ*."""
    done = subprocess.run(
        ["sh", "-ec", _here(command, environ)], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _opened(url: str, environ: Mapping[str, str]) -> int:
    return httpx.get(_here(url, environ), trust_env=False, timeout=30).status_code


def _here(text: str, environ: Mapping[str, str]) -> str:
    usual = {port.number: port.variable for port in this_machine({}).ports}
    return re.sub(r"localhost:(\d+)", lambda found: f"localhost:{environ[usual[int(found[1])]]}", text)


def _arrived(environ: Mapping[str, str], project_id: int) -> object:
    wanted = re.findall(r'"title": "([^"]+)"', TO_TRY)[0]
    with closing(Notion(this_machine(environ))) as notion:

        def title() -> object:
            row = notion.row(PROJECTS, project_id)
            shown = in_notion(PROJECTS, row)["title"] if row else None
            return shown if shown == wanted else None

        return wait_for(title, within_s=ARRIVES_WITHIN_S, otherwise=f"Notion does not show {wanted!r}")


def _budget_arrived(environ: Mapping[str, str], typed: str) -> object:
    wanted = int(re.findall(r'"number": (\d+)', typed)[0])
    url = _here(re.findall(r"curl -s (http://\S+/media-projects/\d+)", typed)[0], environ)

    def budget() -> object:
        shown = httpx.get(url, headers={"Twin-Actor": "person"}, trust_env=False, timeout=30).json()["budget"]
        return wanted if shown is not None and float(shown) == wanted else None

    return wait_for(budget, within_s=ARRIVES_WITHIN_S, otherwise=f"NavImpact does not show {wanted}")
