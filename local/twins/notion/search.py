"""What does a search by title find?"""

from typing import Final

from local.twins.notion import objects, richtext
from local.twins.notion.records import DataSource, Page
from local.twins.notion.requests import Ask, window_of_body
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller

_KEYS: Final = ("query", "filter", "sort", "start_cursor", "page_size")

type Hit = Page | DataSource


def search(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/search: titles only; as late as the index lags."""
    findings = caller.findings()
    findings.only(ask.body, _KEYS, "body")
    wanted = findings.string(ask.body.get("query", ""), "body.query").casefold()
    kind, in_trash = _filter(ask, findings)
    newest_first = _newest_first(ask, findings)
    findings.check()
    hits = [hit for hit in _all(caller) if kind in (None, _kind(hit)) and wanted in _title(caller, hit)]
    shown = [hit for hit in hits if caller.sees(hit) and caller.world.trashed(hit) == in_trash]
    shown.sort(key=lambda hit: hit.edited_at, reverse=newest_first)
    list_id = f"search:{wanted}:{kind}:{in_trash}:{newest_first}"
    window = window_of_body(caller, ask, list_id)
    return window.of(shown, "page_or_data_source", lambda hit: objects.shown(caller, hit), list_id=list_id)


def _filter(ask: Ask, findings: Findings) -> tuple[str | None, bool]:
    given = findings.mapping(ask.body.get("filter", {}), "body.filter")
    if not given:
        return None, False
    kind = None
    if "value" in given:
        kind = findings.one_of(given["value"], ("page", "data_source"), "body.filter.value")
    return kind, findings.boolean(given.get("in_trash", False), "body.filter.in_trash")


def _newest_first(ask: Ask, findings: Findings) -> bool:
    given = findings.mapping(ask.body.get("sort", {}), "body.sort")
    choices = ("descending", "ascending")
    return findings.one_of(given.get("direction", "descending"), choices, "body.sort.direction") == "descending"


def _all(caller: Caller) -> list[Hit]:
    store, indexed_until = caller.world.store, caller.now - caller.world.switches.index_lag_s
    everything: list[Hit] = [*store.all(Page), *store.all(DataSource)]
    return [hit for hit in everything if hit.created_at <= indexed_until]


def _kind(hit: Hit) -> str:
    return "page" if isinstance(hit, Page) else "data_source"


def _title(caller: Caller, hit: Hit) -> str:
    return (objects.title(caller.world, hit) if isinstance(hit, Page) else richtext.plain(hit.title)).casefold()
