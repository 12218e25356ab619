"""Which secrets does this machine's NavSync use? Made once at random, so that no web page can guess them."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the twins and the deployed stack must agree on."""

    notion_client_id: str
    notion_client_secret: str
    jwt_secret: str
    navimpact_token: str
    navimpact_webhook_secret: str


def kept_in(path: Path) -> Credentials:
    """Return the credentials in *path*, making them the first time."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(_new()), indent=2))
    return Credentials(**json.loads(path.read_text()))


def _new() -> Credentials:
    return Credentials(
        notion_client_id=f"navsync-local-{secrets.token_hex(4)}",
        notion_client_secret=f"secret_{secrets.token_urlsafe(32)}",
        jwt_secret=secrets.token_urlsafe(48),
        navimpact_token=f"nit_{secrets.token_urlsafe(32)}",
        navimpact_webhook_secret=f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
    )
