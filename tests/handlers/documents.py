"""The API's document, made from the functions as they are; run as a program (with layers/shared on the path) it is
written anew: `PYTHONPATH=layers/shared .local/venv/bin/python -m tests.handlers.documents`.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from navsync.api import docs, openapi
from navsync.api.routes import Route
from tests.handlers.deployed import Deployment
from tests.template.loading import TEMPLATE, template

FOLDER = TEMPLATE.parent / "functions" / "dashboard"
SERVING = ("dashboard", "oauth_callback", "sync_trigger")
NOWHERE = "https://nowhere.invalid"


def made() -> dict[str, str]:
    """The files' names → what they should say."""
    project = tomllib.loads((TEMPLATE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    document = openapi.document(declared(), version=project["version"])
    return {"openapi.json": json.dumps(document, indent=1) + "\n", "docs.html": docs.page(document)}


def declared() -> list[Route]:
    """The routes of all functions, started far from any cloud."""
    unused = dict.fromkeys(("NotionClientId", "NotionRedirectUri", "NotionBaseUrl", "NavImpactBaseUrl"), NOWHERE)
    resources = dict.fromkeys(template()["Resources"], NOWHERE)
    deployment = Deployment(resources=resources, parameters=unused)
    with deployment.opened:
        return [route for name in SERVING for route in deployment.start(name).module.routes.declared]


if __name__ == "__main__":
    for name in ("openapi.json", "docs.html"):
        path = Path(FOLDER, name)
        if not path.exists():
            path.write_text("", encoding="utf-8")  # the function reads it when it starts
    for name, text in made().items():
        Path(FOLDER, name).write_text(text, encoding="utf-8")
