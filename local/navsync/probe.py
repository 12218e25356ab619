"""How does the real Notion differ from its twin? The conformance suites ask both, on a page that is made for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx

from local.navsync.stopped import Stopped
from tests.conformance.place import Place

SUITES: Final = {
    "exchanges": "tests/conformance/test_exchanges.py",
    "recordings": "tests/conformance/test_recordings.py",
    "texts": "tests/conformance/test_error_texts.py",
    "python": "tests/conformance/sdk_python",
    "javascript": "tests/conformance/test_sdk_js.py",
}
_ROOT: Final = Path(__file__).parents[2]
_ALONE: Final = ("-c", os.devnull, "--rootdir", str(_ROOT), "--import-mode=importlib")
"""Without what the project wants of its tests: Notion sets the pace, and warnings are nobody's concern here."""

_QUIETLY: Final = ("-p", "no:terminal", "-p", "no:cacheprovider")
"""Nothing is said but what the plugin says."""

_ENVIRONMENT: Final = {
    "PYTHONPATH": os.pathsep.join((str(_ROOT), str(_ROOT / "layers" / "shared"))),
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}
_AGREES, _DIFFERS = 0, 1


def probe(there: Place, page: str | None, say: Callable[[str], None], suites: Collection[str] = ()) -> bool:
    """Run *suites*, or all, on a scratch page under *page*, or under a shared one; whether nothing differs.

    Raises:
        Stopped: Notion would not be asked, or not to the end.
    """
    with _scratch(there, page) as place:
        return _agrees(place, [path for name, path in SUITES.items() if name in (suites or SUITES)], say)


def _agrees(place: Place, suites: Collection[str], say: Callable[[str], None]) -> bool:
    tests = ("-m", "pytest", "-p", "tests.conformance.telling", *_ALONE, *_QUIETLY, *suites)
    with subprocess.Popen(  # noqa: S603  # our own tests
        [sys.executable, *tests],
        cwd=_ROOT,
        env=os.environ | place.environment() | _ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        for line in running.stdout or ():
            say(line.rstrip("\n"))
    if running.returncode not in (_AGREES, _DIFFERS):
        raise Stopped("the suites did not come to their end; what stopped them is said above")
    return running.returncode == _AGREES


@contextmanager
def _scratch(there: Place, page: str | None) -> Iterator[Place]:
    """The place, on a page of its own that goes to the trash whatever happens."""
    with there.http() as http:
        made = http.post("/v1/pages", json=_page_under(page or _shared_page(http)))
        if not made.is_success:
            raise Stopped(f"Notion let us make no page ({made.status_code}); allow the connection to insert content")
        scratch = made.json()["id"]
        try:
            yield replace(there, page=scratch)
        finally:
            http.patch(f"/v1/pages/{scratch}", json={"in_trash": True})


def _page_under(parent: str) -> dict[str, Any]:
    title = [{"text": {"content": "NavSync probe (may be deleted)"}}]
    return {"parent": {"page_id": parent}, "properties": {"title": {"title": title}}}


def _shared_page(http: httpx.Client) -> str:
    found = http.post("/v1/search", json={"filter": {"property": "object", "value": "page"}, "page_size": 100})
    if found.status_code != httpx.codes.OK:
        raise Stopped(f"Notion refused the token ({found.status_code}); set NOTION_TOKEN to a connection's token")
    pages = [page for page in found.json()["results"] if "data_source_id" not in page["parent"]]
    pages.sort(key=lambda page: page["parent"]["type"] != "workspace")
    if not pages:
        raise Stopped("no page is shared with the connection; share one in Notion, or name one with --page")
    return str(pages[0]["id"])
