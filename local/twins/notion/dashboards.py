"""Dashboards: which widget is in which row."""

from dataclasses import replace
from typing import Any, Final

from local.twins.notion.errors import UNDEFINED
from local.twins.notion.records import View
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonArray, JsonObject
from local.twins.notion.world import Caller

EMPTY: Final[JsonObject] = {"type": "dashboard", "rows": []}


def place(caller: Caller, dashboard: View, widget: View, raw: object, findings: Findings) -> None:
    """Put a widget into a row of its own, at the end unless told where, or beside those of a row."""
    given = findings.mapping(raw, "body.placement")
    kind = findings.one_of(given.get("type", UNDEFINED), ("new_row", "existing_row"), "body.placement.type")
    rows = list(_rows(dashboard))
    at = _index(given, len(rows) if kind == "new_row" else len(rows) - 1, kind, findings)
    findings.check()
    entry = {"id": caller.world.minter.plain(), "view_id": widget.id}
    if kind == "new_row":
        rows.insert(at, {"id": caller.world.minter.plain(), "widgets": [entry]})
    else:
        rows[at] = rows[at] | {"widgets": [*rows[at]["widgets"], entry]}
    _keep(caller, dashboard, rows)


def remove(caller: Caller, widget: View) -> None:
    """Take a deleted widget off its dashboard; a row that is empty then goes too."""
    dashboard = caller.world.store.get(View, widget.dashboard_id) if widget.dashboard_id else None
    if dashboard is None:
        return
    left = [
        row | {"widgets": [one for one in row["widgets"] if one["view_id"] != widget.id]} for row in _rows(dashboard)
    ]
    _keep(caller, dashboard, [row for row in left if row["widgets"]])


def _rows(dashboard: View) -> JsonArray:
    configuration: JsonObject = dashboard.settings.get("configuration") or EMPTY
    return list(configuration["rows"])


def _keep(caller: Caller, dashboard: View, rows: JsonArray) -> None:
    settings = dashboard.settings | {"configuration": EMPTY | {"rows": rows}}
    caller.world.store.put(replace(dashboard, settings=settings))


def _index(given: JsonObject, last: int, kind: str, findings: Findings) -> int:
    at: Any = given.get("row_index", last if kind == "new_row" else UNDEFINED)
    if isinstance(at, int) and not isinstance(at, bool) and 0 <= at <= last:
        return at
    findings.add("body.placement.row_index", f"a number between `0` and `{last}`", at)
    return 0
