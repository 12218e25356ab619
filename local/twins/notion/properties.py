"""The values of every property type: read from a request, kept, and shown in an answer."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from local.twins.notion import dates, ids, options, richtext
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.ids import Minter
from local.twins.notion.records import Page, Property, UserRef
from local.twins.notion.validation import MAX_CONTACT, MAX_OPTION_NAME, MAX_URL, Findings
from local.twins.notion.wire import JsonArray, JsonObject

MAX_REFERENCES: Final = 25
"""Answers with whole pages show this many references per property; the rest is on the property endpoint."""

_PRINTED_WITH_EXPONENT: Final = 1e21
READ_ONLY: Final = frozenset({"created_time", "created_by", "last_edited_time", "last_edited_by"})
PAGINATED: Final = frozenset({"title", "rich_text", "relation", "people"})


@dataclass
class Writing:
    """What reading the values of one request needs and learns; *columns* grows options that were named first here."""

    columns: dict[str, Property]
    findings: Findings
    minter: Minter
    require_page: Callable[[str], None]
    require_user: Callable[[str], None]
    attach: Callable[[str], str]
    mismatches: list[str] = field(default_factory=list)

    def column(self, key: str) -> Property | None:
        """The column meant by a name or an id, in either spelling."""
        known = self.columns.values()
        return next((column for column in known if key in (column.name, column.id, column.encoded_id)), None)


@dataclass(frozen=True)
class Reading:
    """What showing values needs."""

    user: Callable[[str], JsonObject]
    file: Callable[[JsonObject], JsonObject] = dict
    related: Callable[[str], bool] = bool
    """Whether a related page is shown; what is not shared is silently left out."""


def parse_all(raw: JsonObject, writing: Writing) -> dict[str, Any]:
    """The values of a request by plain property id.

    Raises:
        ApiError: a shape is wrong, a property unknown or of another type, an option not allowed.
    """
    values: dict[str, Any] = {}
    for key, given in raw.items():
        column = writing.column(key)
        if column is None:
            writing.mismatches.append(f"{key} is not a property that exists.")
        else:
            values[column.id] = _parse(column, given, f"body.properties.{key}", writing)
    writing.findings.check()
    if writing.mismatches:
        raise validation(" ".join(writing.mismatches))
    return values


def shown(column: Property, page: Page, reading: Reading) -> JsonObject:
    """A property of a page, cut at 25 references as in answers with whole pages."""
    head = {"id": column.encoded_id, "type": column.type}
    value = full(column, page, reading)
    if column.type == "relation":
        return head | {"relation": value[:MAX_REFERENCES], "has_more": len(value) > MAX_REFERENCES}
    if column.type == "people":
        return head | {"people": value[:MAX_REFERENCES]}
    if column.type in ("title", "rich_text"):
        return head | {column.type: _cut_mentions(value)}
    return head | {column.type: value}


def full(column: Property, page: Page, reading: Reading) -> Any:
    """The whole value under the type's key."""
    value = page.values.get(column.id)
    match column.type:
        case "title" | "rich_text":
            return value or []
        case "files":
            return [reading.file(item) for item in value or []]
        case "select":
            return options.by_id(column, value)
        case "status":
            return options.by_id(column, value) or options.by_id(column, options.default(column))
        case "multi_select":
            chosen = (options.by_id(column, option_id) for option_id in value or [])
            return [option for option in chosen if option is not None]
        case "checkbox":
            return bool(value)
        case "people":
            return [reading.user(user_id) for user_id in value or []]
        case "relation":
            return [{"id": page_id} for page_id in value or [] if reading.related(page_id)]
        case "created_time":
            return ids.minute(page.created_at)
        case "last_edited_time":
            return ids.minute(page.edited_at)
        case "created_by":
            return reading.user(page.created_by.id)
        case "last_edited_by":
            return reading.user(page.edited_by.id)
        case _:
            return value


def partial_user(user: UserRef) -> JsonObject:
    """A user as answers show who did something: the id only."""
    return {"object": "user", "id": user.id}


def text_of(column: Property, page: Page, reading: Reading) -> str:
    """A value as plain text, for conversion to another type."""
    value = full(column, page, reading)
    match value:
        case None | False:
            return ""
        case True:
            return "Yes"
        case {"name": str(name)}:
            return name
        case {"start": str(start)}:
            return start
        case list() if column.type in ("title", "rich_text"):
            return richtext.plain(value)
        case list():
            return ", ".join(str(item.get("name", item.get("id", ""))) for item in value)
        case float() | int():
            return f"{value:g}" if value == int(value) else str(value)
        case _:
            return str(value)


def _cut_mentions(items: JsonArray) -> JsonArray:
    mentions = 0
    for index, item in enumerate(items):
        mentions += item["type"] == "mention"
        if mentions > MAX_REFERENCES:
            return items[:index]
    return items


def _parse(column: Property, given: object, path: str, writing: Writing) -> Any:
    if column.type == "title" and isinstance(given, list):
        return richtext.parse(given, path, writing.findings)
    raw = writing.findings.mapping(given, path)
    kind = raw.get("type") or next((key for key in raw if key in PARSERS or key in READ_ONLY), None)
    if kind != column.type or column.type in READ_ONLY:
        writing.mismatches.append(_mismatch(column))
        return None
    return PARSERS[column.type](column, raw.get(column.type, UNDEFINED), f"{path}.{column.type}", writing)


def _mismatch(column: Property) -> str:
    if column.type in READ_ONLY:
        return f"{column.name} is a read-only property of type {column.type} and cannot be written."
    return f"{column.name} is expected to be {column.type}."


def _rich_text(_column: Property, raw: Any, path: str, writing: Writing) -> JsonArray:
    return richtext.parse(raw, path, writing.findings)


def _number(_column: Property, raw: Any, path: str, writing: Writing) -> float | None:
    if raw is None:
        return None
    if isinstance(raw, int | float) and not isinstance(raw, bool) and (shown := _as_double(raw)) is not None:
        return shown
    writing.findings.add(path, "a number or `null`", raw)
    return None


def _as_double(raw: float) -> float | None:
    """The number as JavaScript keeps and prints it, which knows doubles only; None when it is too large for one."""
    try:
        double = float(raw)
    except OverflowError:
        return None
    if not math.isfinite(double):
        return None
    return int(double) if double.is_integer() and abs(double) < _PRINTED_WITH_EXPONENT else double


def _checkbox(_column: Property, raw: Any, path: str, writing: Writing) -> bool:
    return writing.findings.boolean(raw, path)


def _select(column: Property, raw: Any, path: str, writing: Writing) -> str | None:
    return None if raw is None else _option(column, raw, path, writing)


def _multi_select(column: Property, raw: Any, path: str, writing: Writing) -> list[str]:
    items = enumerate(writing.findings.array(raw, path))
    chosen = [_option(column, item, f"{path}[{index}]", writing) for index, item in items]
    return list(dict.fromkeys(option_id for option_id in chosen if option_id is not None))


def _option(column: Property, raw: Any, path: str, writing: Writing) -> str | None:
    given = writing.findings.mapping(raw, path)
    if "id" not in given:
        source = given.get("name", UNDEFINED)
        name = writing.findings.string(source, f"{path}.name", most=MAX_OPTION_NAME, least=1)
        return _option_named(column, name, writing) if 0 < len(name) <= MAX_OPTION_NAME else None
    found = options.find(column, given)
    if found is None:
        raise _unknown_option(column, str(given["id"]))
    return str(found["id"])


def _option_named(column: Property, name: str, writing: Writing) -> str:
    known = options.find(writing.columns[column.id], {"name": name})
    if known is None and column.type == "status":
        raise options.unknown_status(name)
    if known is None:
        options.refuse_comma(column, name)
        writing.columns[column.id] = options.with_new(writing.columns[column.id], name, writing.minter)
        known = writing.columns[column.id].config["options"][-1]
    return str(known["id"])


def _unknown_option(column: Property, reference: str) -> Exception:
    if column.type == "status":
        return options.unknown_status(reference)
    return validation(f'Invalid {column.type} option. Select option "{reference}" does not exist.')


def _status(column: Property, raw: Any, path: str, writing: Writing) -> str | None:
    return options.default(column) if raw is None else _option(column, raw, path, writing)


def _date(_column: Property, raw: Any, path: str, writing: Writing) -> JsonObject | None:
    if raw is None:
        return None
    given = writing.findings.mapping(raw, path)
    writing.findings.only(given, ("start", "end", "time_zone"), path)
    zone = given.get("time_zone")
    if zone is not None and not dates.is_zone(zone):
        writing.findings.add(f"{path}.time_zone", "a valid IANA time zone", zone)
        return None
    start = _moment(given.get("start", UNDEFINED), zone, f"{path}.start", writing.findings)
    end = given.get("end")
    until = None if end is None else _moment(end, zone, f"{path}.end", writing.findings)
    return {"start": start, "end": until, "time_zone": None}


def _moment(raw: Any, zone: str | None, path: str, findings: Findings) -> str:
    normal = dates.normal(raw, zone) if isinstance(raw, str) else None
    if normal is None:
        findings.add(path, "defined" if raw is UNDEFINED else "a valid ISO 8601 date string", raw)
    return normal or ""


def _string_up_to(most: int) -> Callable[[Property, Any, str, Writing], str | None]:
    def parse(_column: Property, raw: Any, path: str, writing: Writing) -> str | None:
        return None if raw is None else writing.findings.string(raw, path, most=most, least=1)

    return parse


def _people(_column: Property, raw: Any, path: str, writing: Writing) -> list[str]:
    found = _references(raw, path, writing)
    writing.findings.check()
    for user_id in found:
        writing.require_user(user_id)
    return found


def _relation(_column: Property, raw: Any, path: str, writing: Writing) -> list[str]:
    found = _references(raw, path, writing)
    writing.findings.check()
    for page_id in found:
        writing.require_page(page_id)
    return found


def _references(raw: Any, path: str, writing: Writing) -> list[str]:
    items = enumerate(writing.findings.array(raw, path))
    found = [_reference(item, f"{path}[{index}]", writing.findings) for index, item in items]
    return list(dict.fromkeys(found))


def _reference(raw: Any, path: str, findings: Findings) -> str:
    return findings.uuid(findings.mapping(raw, path).get("id", UNDEFINED), f"{path}.id")


def _files(_column: Property, raw: Any, path: str, writing: Writing) -> JsonArray:
    places = [(f"{path}[{index}]", item) for index, item in enumerate(writing.findings.array(raw, path))]
    return [_file(writing.findings.mapping(item, here), here, writing) for here, item in places]


def _file(raw: JsonObject, path: str, writing: Writing) -> JsonObject:
    kinds = ("external", "file_upload", "file")
    kind = raw.get("type") or next((key for key in kinds if key in raw), "external")
    match writing.findings.one_of(kind, kinds, f"{path}.type"):
        case "external":
            return _external(raw, path, writing)
        case "file_upload":
            return _uploaded(raw, path, writing)
        case _:
            return _kept(raw, path, writing)


def _uploaded(raw: JsonObject, path: str, writing: Writing) -> JsonObject:
    """A file that this request attaches."""
    given = writing.findings.mapping(raw.get("file_upload", UNDEFINED), f"{path}.file_upload")
    upload_id = writing.findings.uuid(given.get("id", UNDEFINED), f"{path}.file_upload.id")
    writing.findings.check()
    return _hosted({"name": writing.attach(upload_id)} | raw, upload_id, path, writing)


def _kept(raw: JsonObject, path: str, writing: Writing) -> JsonObject:
    """A file that was attached before, sent back as an answer showed it."""
    given = writing.findings.mapping(raw.get("file", UNDEFINED), f"{path}.file")
    upload_id = ids.upload_in(given.get("url"))
    if upload_id is None:
        writing.findings.add(f"{path}.file.url", "the URL of a file hosted by Notion", given.get("url", UNDEFINED))
    return _hosted(raw, upload_id or "", path, writing)


def _hosted(raw: JsonObject, upload_id: str, path: str, writing: Writing) -> JsonObject:
    name = writing.findings.string(raw.get("name", "Untitled"), f"{path}.name", most=100)
    return {"name": name, "type": "file_upload", "file_upload": {"id": upload_id}}


def _external(raw: JsonObject, path: str, writing: Writing) -> JsonObject:
    external = writing.findings.mapping(raw.get("external", UNDEFINED), f"{path}.external")
    url = writing.findings.string(external.get("url", UNDEFINED), f"{path}.external.url", most=MAX_URL)
    name = writing.findings.string(raw.get("name", url), f"{path}.name", most=100)
    return {"name": name, "type": "external", "external": {"url": url}}


PARSERS: Final[Mapping[str, Callable[[Property, Any, str, Writing], Any]]] = {
    "title": _rich_text,
    "rich_text": _rich_text,
    "number": _number,
    "select": _select,
    "multi_select": _multi_select,
    "status": _status,
    "date": _date,
    "checkbox": _checkbox,
    "url": _string_up_to(MAX_URL),
    "email": _string_up_to(MAX_CONTACT),
    "phone_number": _string_up_to(MAX_CONTACT),
    "people": _people,
    "relation": _relation,
    "files": _files,
}
