"""What does a search by title find?"""

from typing import Final

from local.twins.notion import objects, richtext
from local.twins.notion.errors import UNDEFINED
from local.twins.notion.records import DataSource, Page
from local.twins.notion.requests import Ask, window_of_body
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller

_DIRECTIONS: Final = ("descending", "ascending")
_KEYS: Final = ("query", "filter", "sort", "start_cursor", "page_size")

type Hit = Page | DataSource


def search(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/search: titles only; as late as the index lags."""
    findings = caller.findings()
    findings.only(ask.body, _KEYS, "body")
    wanted = findings.string(ask.body.get("query", ""), "body.query").casefold()
    kind, in_trash = _filter(ask, findings)
    order = _order(ask, findings)
    findings.check()
    hits = [hit for hit in _all(caller) if kind in (None, _kind(hit)) and wanted in _title(caller, hit)]
    shown = [hit for hit in hits if caller.sees(hit) and caller.world.trashed(hit) == in_trash]
    shown.sort(key=lambda hit: hit.edited_at, reverse=order != "ascending")
    if order == "relevance":
        shown.sort(key=lambda hit: _distance(_title(caller, hit), wanted))
    list_id = f"search:{wanted}:{kind}:{in_trash}:{order}"
    window = window_of_body(caller, ask, list_id)
    return window.of(shown, "page_or_data_source", lambda hit: objects.shown(caller, hit), list_id=list_id)


def _filter(ask: Ask, findings: Findings) -> tuple[str | None, bool]:
    given = findings.mapping(ask.body.get("filter", {}), "body.filter")
    if not given:
        return None, False
    findings.only(given, ("property", "value", "in_trash"), "body.filter")
    kind = None
    if "value" in given or "property" in given:
        findings.one_of(given.get("property", UNDEFINED), ("object",), "body.filter.property")
        kind = findings.one_of(given.get("value", UNDEFINED), ("page", "data_source"), "body.filter.value")
    return kind, findings.boolean(given.get("in_trash", False), "body.filter.in_trash")


def _order(ask: Ask, findings: Findings) -> str:
    """By time, which is the default, or by how well the title fits."""
    given = findings.mapping(ask.body.get("sort", {}), "body.sort")
    if "property" in given:
        return findings.one_of(given["property"], ("relevance",), "body.sort.property")
    if given:
        findings.one_of(given.get("timestamp", UNDEFINED), ("last_edited_time",), "body.sort.timestamp")
    return findings.one_of(given.get("direction", "descending"), _DIRECTIONS, "body.sort.direction")


def _distance(title: str, wanted: str) -> int:
    """How far a title is from what is looked for: equal, begun by it, or only holding it."""
    return 0 if title == wanted else 1 if title.startswith(wanted) else 2


def _all(caller: Caller) -> list[Hit]:
    store, indexed_until = caller.world.store, caller.now - caller.world.switches.index_lag_s
    pages = [page for page in store.all(Page) if not page.is_template]
    everything: list[Hit] = [*pages, *store.all(DataSource)]
    return [hit for hit in everything if hit.created_at <= indexed_until]


def _kind(hit: Hit) -> str:
    return "page" if isinstance(hit, Page) else "data_source"


def _title(caller: Caller, hit: Hit) -> str:
    return (objects.title(caller.world, hit) if isinstance(hit, Page) else richtext.plain(hit.title)).casefold()
