"""Which rows does a filter keep, and in which order do sorts put them?"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from local.twins.notion import dates, ids, options, richtext
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.records import DataSource, Page, Property
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonArray, JsonObject

type Keeps = Callable[[Page], bool]
type ValueTest = Callable[[Any], bool]
type Tests = dict[str, Callable[[Any, Any], bool]]

MAX_NESTING: Final = 2
TIMESTAMPS: Final = ("created_time", "last_edited_time")
TEXTS: Final = frozenset({"title", "rich_text", "url", "email", "phone_number"})
DAY: Final = timedelta(days=1)
RELATIVE_DAYS: Final = {
    "today": 0, "tomorrow": 1, "yesterday": -1, "one_week_ago": -7, "one_week_from_now": 7,
    "one_month_ago": -30, "one_month_from_now": 30,
}  # fmt: skip
PERIODS: Final = {
    "past_week": (-7, 0), "past_month": (-30, 0), "past_year": (-365, 0),
    "next_week": (0, 7), "next_month": (0, 30), "next_year": (0, 365),
}  # fmt: skip


class Filters:
    """Reads the filters of one request against one data source, at one moment."""

    def __init__(self, source: DataSource, findings: Findings, now: float) -> None:
        self._source = source
        self._findings = findings
        self._now = now

    def read(self, raw: object, path: str = "body.filter", depth: int = 0) -> Keeps:
        """The test that rows must pass.

        Raises:
            ApiError: the shape is wrong (after `Findings.check`), a property unknown, or of another type.
        """
        given = self._findings.mapping(raw, path)
        for word, combine in (("and", all), ("or", any)):
            if word in given:
                return self._compound(given[word], combine, f"{path}.{word}", depth + 1)
        if "timestamp" in given:
            return self._timestamp(given, path)
        return self._property(given, path)

    def _compound(self, raw: object, combine: Callable[[Any], bool], path: str, depth: int) -> Keeps:
        items = self._findings.array(raw, path)
        if depth > MAX_NESTING:
            self._findings.add(path, f"nested at most `{MAX_NESTING}` levels deep", raw)
            return _everything
        tests = [self.read(item, f"{path}[{index}]", depth) for index, item in enumerate(items)]
        return lambda page: combine(test(page) for test in tests)

    def _timestamp(self, given: JsonObject, path: str) -> Keeps:
        kind = self._findings.one_of(given["timestamp"], TIMESTAMPS, f"{path}.timestamp")
        self._findings.only(given, ("timestamp", kind, "type"), path)
        condition = self._findings.mapping(given.get(kind, UNDEFINED), f"{path}.{kind}")
        test = self._date(condition, f"{path}.{kind}")
        return lambda page: test(_timestamp(page, kind))

    def _property(self, given: JsonObject, path: str) -> Keeps:
        name = self._findings.string(given.get("property", UNDEFINED), f"{path}.property")
        self._findings.check()
        column = self._source.property(name)
        if column is None:
            raise validation(f"Could not find property with name or id: {name}")
        kind = next((key for key in given if key not in ("property", "type")), None)
        if kind is None:
            self._findings.add(f"{path}.{column.type}", "defined", UNDEFINED)
            return _everything
        _refuse_mismatch(column, kind)
        return self._on_value(column, self._findings.mapping(given[kind], f"{path}.{kind}"), f"{path}.{kind}")

    def _on_value(self, column: Property, condition: JsonObject, path: str) -> Keeps:
        test = self._test(column, condition, path)
        return lambda page: test(_comparable(column, page))

    def _test(self, column: Property, condition: JsonObject, path: str) -> ValueTest:
        if column.type in TEXTS:
            return self._pick(condition, _TEXT_TESTS, path)
        match column.type:
            case "number":
                self._refuse_no_number(condition, path)
                return self._pick(condition, _NUMBER_TESTS, path)
            case "checkbox":
                return self._pick(condition, _CHECKBOX_TESTS, path)
            case "select" | "status":
                return self._pick(condition, _CHOICE_TESTS, path)
            case "multi_select" | "people" | "relation" | "created_by" | "last_edited_by":
                return self._pick(condition, _SET_TESTS, path)
            case "files":
                return self._pick(condition, _EMPTINESS, path)
            case _:
                return self._date(condition, path)

    def _refuse_no_number(self, condition: JsonObject, path: str) -> None:
        for operator in condition.keys() & (_NUMBER_TESTS.keys() - _EMPTINESS.keys()):
            wanted = condition[operator]
            if isinstance(wanted, bool) or not isinstance(wanted, int | float):
                self._findings.add(f"{path}.{operator}", "a number", wanted)

    def _pick(self, condition: JsonObject, tests: Tests, path: str) -> ValueTest:
        self._findings.only(condition, tests, path)
        operator = next((key for key in condition if key in tests), None)
        if operator is None:
            self._findings.add(path, " or ".join(f"`{key}`" for key in tests) + " defined", condition)
            return _everything
        return _bound(tests[operator], condition[operator])

    def _date(self, condition: JsonObject, path: str) -> ValueTest:
        known = (*_DATE_TESTS, *PERIODS, "this_week", "is_empty", "is_not_empty")
        self._findings.only(condition, known, path)
        operator = next((key for key in condition if key in known), None)
        match operator:
            case None:
                self._findings.add(path, " or ".join(f"`{key}`" for key in known) + " defined", condition)
                return _everything
            case "is_empty":
                return lambda value: value is None
            case "is_not_empty":
                return lambda value: value is not None
            case "this_week" | "past_week" | "past_month" | "past_year" | "next_week" | "next_month" | "next_year":
                low, high = self._period(operator)
                return lambda value: value is not None and low <= value < high
            case _:
                return self._against(operator, condition[operator], f"{path}.{operator}")

    def _against(self, operator: str, raw: object, path: str) -> ValueTest:
        low, high = self._span(raw, path)
        compare = _DATE_TESTS[operator]
        return lambda value: value is not None and compare(value, low, high)

    def _span(self, raw: object, path: str) -> tuple[float, float]:
        """The first instant meant and the first one after: a whole day, or a single millisecond."""
        if isinstance(raw, str) and raw in RELATIVE_DAYS:
            midnight = self._midnight() + RELATIVE_DAYS[raw] * DAY.total_seconds()
            return midnight, midnight + DAY.total_seconds()
        found = dates.seconds(raw) if isinstance(raw, str) else None
        if found is None:
            self._findings.add(path, "a valid ISO 8601 date string", raw)
            return 0, 0
        return found, found + (DAY.total_seconds() if dates.is_day(str(raw)) else 0.001)

    def _period(self, word: str) -> tuple[float, float]:
        midnight = self._midnight()
        if word == "this_week":
            weekday = datetime.fromtimestamp(self._now, UTC).isoweekday() % 7  # Notion's weeks start on Sunday
            first = midnight - weekday * DAY.total_seconds()
            return first, first + 7 * DAY.total_seconds()
        before, after = PERIODS[word]
        return midnight + before * DAY.total_seconds(), midnight + (after + 1) * DAY.total_seconds()

    def _midnight(self) -> float:
        return self._now - self._now % DAY.total_seconds()


def ordered(rows: list[Page], raw: object, source: DataSource, findings: Findings) -> list[Page]:
    """*rows* by the sorts of a request, the first sort weighing most; empty values come last, equals stay.

    Raises:
        ApiError: a sort names no property.
    """
    items = findings.array(raw, "body.sorts")
    places = [(f"body.sorts[{index}]", item) for index, item in enumerate(items)]
    sorts = [_sort(findings.mapping(item, path), path, source, findings) for path, item in places]
    findings.check()
    for key, descending in reversed(sorts):
        keyed = [(key(row), row) for row in rows]
        filled = sorted((pair for pair in keyed if pair[0] is not None), key=_first, reverse=descending)
        rows = [row for _, row in filled] + [row for value, row in keyed if value is None]
    return rows


def _first(pair: tuple[Any, Page]) -> Any:
    return pair[0]


def _sort(raw: JsonObject, path: str, source: DataSource, findings: Findings) -> tuple[Callable[[Page], Any], bool]:
    direction = findings.one_of(raw.get("direction", "ascending"), ("ascending", "descending"), f"{path}.direction")
    if "timestamp" in raw:
        kind = findings.one_of(raw["timestamp"], TIMESTAMPS, f"{path}.timestamp")
        return lambda page: _timestamp(page, kind), direction == "descending"
    name = findings.string(raw.get("property", UNDEFINED), f"{path}.property")
    findings.check()
    column = source.property(name)
    if column is None:
        raise validation(f"Could not find sort property with name or id: {name}")
    return lambda page: _sortable(column, page), direction == "descending"


def _comparable(column: Property, page: Page) -> Any:
    """A value as tests want it: text, number, option name, set of names or ids, seconds, or None when empty."""
    value = page.values.get(column.id)
    match column.type:
        case "title" | "rich_text":
            return richtext.plain(value or [])
        case "url" | "email" | "phone_number":
            return value or ""
        case "status" | "select":
            chosen = options.by_id(column, value)
            if chosen is None and column.type == "status":
                chosen = options.by_id(column, options.default(column))
            return chosen["name"] if chosen else None
        case "multi_select":
            names = (options.by_id(column, option_id) for option_id in value or [])
            return [option["name"] for option in names if option]
        case "people" | "relation" | "files":
            return value or []
        case "created_by":
            return [page.created_by.id]
        case "last_edited_by":
            return [page.edited_by.id]
        case "created_time" | "last_edited_time":
            return _timestamp(page, column.type)
        case "date":
            return dates.seconds(value["start"]) if value else None
        case "checkbox":
            return bool(value)
        case _:
            return value


def _sortable(column: Property, page: Page) -> Any:
    value = _comparable(column, page)
    match column.type:
        case "select" | "status":
            names = [option["name"] for option in column.config["options"]]
            return names.index(value) if value in names else None
        case "multi_select" | "people" | "relation" | "created_by" | "last_edited_by":
            return ",".join(value) or None
        case "files":
            return len(value) or None
        case _:
            return value.casefold() or None if isinstance(value, str) else value


def _timestamp(page: Page, kind: str) -> float:
    """As answers show it, floored to the minute, in seconds."""
    exact = page.created_at if kind == "created_time" else page.edited_at
    return exact - exact % 60


def _refuse_mismatch(column: Property, kind: str) -> None:
    alike = {column.type} | ({"people"} if column.type in ("created_by", "last_edited_by") else set())
    if kind not in alike:
        raise validation(
            "The property type in the database does not match the property type of the filter provided: "
            f"database property {column.type} does not match filter {kind}"
        )


def _everything(_value: object) -> bool:
    return True


def _bound(test: Callable[[Any, Any], bool], wanted: Any) -> ValueTest:
    return lambda value: test(value, wanted)


def _several(wanted: Any) -> JsonArray:
    return wanted if isinstance(wanted, list) else [wanted]


def _folded(text: Any) -> str:
    return str(text).casefold()


def _has(value: JsonArray, wanted: Any) -> bool:
    found = {ids.parse(item) or _folded(item) for item in value}
    return any((ids.parse(item) or _folded(item)) in found for item in _several(wanted))


def _chosen(value: str | None, wanted: Any) -> bool:
    return value is not None and _folded(value) in map(_folded, _several(wanted))


def _empty(value: Any, _wanted: Any) -> bool:
    return value is None or value in ("", [])


_EMPTINESS: Final[Tests] = {
    "is_empty": _empty,
    "is_not_empty": lambda value, wanted: not _empty(value, wanted),
}
_TEXT_TESTS: Final[Tests] = _EMPTINESS | {
    "equals": lambda value, wanted: _folded(value) == _folded(wanted),
    "does_not_equal": lambda value, wanted: _folded(value) != _folded(wanted),
    "contains": lambda value, wanted: _folded(wanted) in _folded(value),
    "does_not_contain": lambda value, wanted: _folded(wanted) not in _folded(value),
    "starts_with": lambda value, wanted: _folded(value).startswith(_folded(wanted)),
    "ends_with": lambda value, wanted: _folded(value).endswith(_folded(wanted)),
}
_NUMBER_TESTS: Final[Tests] = _EMPTINESS | {
    "equals": lambda value, wanted: value == wanted,
    "does_not_equal": lambda value, wanted: value != wanted,
    "greater_than": lambda value, wanted: value is not None and value > wanted,
    "less_than": lambda value, wanted: value is not None and value < wanted,
    "greater_than_or_equal_to": lambda value, wanted: value is not None and value >= wanted,
    "less_than_or_equal_to": lambda value, wanted: value is not None and value <= wanted,
}
_CHECKBOX_TESTS: Final[Tests] = {
    "equals": lambda value, wanted: value is wanted,
    "does_not_equal": lambda value, wanted: value is not wanted,
}
_CHOICE_TESTS: Final[Tests] = _EMPTINESS | {
    "equals": _chosen,
    "does_not_equal": lambda value, wanted: not _chosen(value, wanted),
}
_SET_TESTS: Final[Tests] = _EMPTINESS | {
    "contains": _has,
    "does_not_contain": lambda value, wanted: not _has(value, wanted),
}
_DATE_TESTS: Final[Mapping[str, Callable[[float, float, float], bool]]] = {
    "equals": lambda value, low, high: low <= value < high,
    "before": lambda value, low, high: value < low,  # noqa: ARG005  # one shape for all six
    "after": lambda value, low, high: value >= high,  # noqa: ARG005
    "on_or_before": lambda value, low, high: value < high,  # noqa: ARG005
    "on_or_after": lambda value, low, high: value >= low,  # noqa: ARG005
}
