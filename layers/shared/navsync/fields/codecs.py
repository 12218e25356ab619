"""How is each field read from and written to either side?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, assert_never
from unicodedata import normalize

from navsync.errors import Refused
from navsync.fields import bodies, options, richtext, scalars
from navsync.fields.entities import NO_STATUS, Field, Kind
from navsync.fields.graphemes import units
from navsync.fields.scalars import Lost, Unreadable
from navsync.model import DataSource, Side, Value, is_empty

# --- Notion's values ------------------------------------------------------------------------------------------------

_LONGEST_URL = 2_000
_LONGEST_FORMULA = 1_000
_MOST_RELATED = 100
_MOST_BLOCKS = 20_000
"""Notion's answers end near it, and what it does not show cannot be compared."""


def incomplete(field: Field, prop: Mapping[str, Any]) -> bool:
    """Whether a page answer holds only a part of the value.

    Then read the property through its own endpoint and parse the whole, marked `"has_more": False`.
    """
    if field.kind is Kind.BODY:
        return bool(prop.get("truncated")) or not all(map(_link_in(prop), prop.get("unknown_block_ids") or ()))
    if "has_more" in prop:
        return bool(prop["has_more"])
    return field.kind in (Kind.TITLE, Kind.TEXT) and richtext.incomplete(prop.get(field.kind) or ())


def _link_in(answer: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether the markdown says where an unknown block stands: then it is one of a kind that markdown cannot show."""
    markdown = str(answer.get("markdown"))
    return lambda block_id: str(block_id).replace("-", "") in markdown


def parse_notion(field: Field, prop: Mapping[str, Any]) -> Value:
    """What a page's property says: for a relation the ids of pages, for a body the answer of the markdown call.

    Raises:
        Lost: the property has another type.
        Unreadable: only a part of its value is there, or what means nothing.
    """
    if field.kind is not Kind.BODY and prop.get("type", field.kind) != field.kind:
        raise Lost(f"the property is now of type {prop['type']}; make it {field.kind} again in Notion")
    try:
        if incomplete(field, prop):
            raise Unreadable("Notion shows only a part of it; shorten it, or share all it shows with the connection")
        return _from_notion(field.kind, prop[field.kind])
    except (KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"Notion answers it in a shape that is not known here ({error!r})") from error


def _from_notion(kind: Kind, shown: Any) -> Value:
    match kind:
        case Kind.TITLE | Kind.TEXT:
            return scalars.text(richtext.plain(shown))
        case Kind.URL:
            return scalars.text(shown)
        case Kind.BODY:
            return scalars.text(bodies.seen(scalars.text(shown) or ""))
        case Kind.SELECT:
            return _option(shown and shown["name"])
        case Kind.STATUS:
            return _status(shown and shown["name"])
        case Kind.MULTI_SELECT:
            return _options(_names(shown))
        case Kind.NUMBER:
            return scalars.number(shown)
        case Kind.DATE:
            return scalars.date_text(shown)
        case Kind.RELATION:
            return tuple(sorted({_page_id(page) for page in shown}))
        case _:
            assert_never(kind)


def _page_id(page: Mapping[str, Any]) -> str:
    match page["id"]:
        case str(id):
            return id
        case other:
            raise TypeError(f"{other!r} is no page id")


def render_notion(
    field: Field, value: Value, current: Mapping[str, Any] | None, source: DataSource | None
) -> dict[str, Any]:
    """The property to send so that it says *value*; what means the same stays as it is in *current*.

    Options are spelled as *current* and *source* spell them. For a relation *value* holds the ids of pages.

    Raises:
        Refused: the value would lose something on the way.
    """
    _refuse_loss(field, value, Side.NOTION)
    shown = current.get(field.kind) if current else None
    return {field.kind.value: _to_notion(field, value, shown, source)}


def unformatted_end(field: Field, value: Value, current: object) -> str:
    """The end of *value* that loses its formatting when it is written over *current*; empty where nothing does."""
    if field.kind not in (Kind.TITLE, Kind.TEXT) or not isinstance(current, Mapping):
        return ""
    return richtext.plainer(_str(value), current.get(field.kind) or ())


def _to_notion(field: Field, value: Value, shown: Any, source: DataSource | None) -> Any:
    match field.kind:
        case Kind.TITLE | Kind.TEXT:
            return richtext.put(_str(value), shown or ())
        case Kind.URL:
            return _str(value) or None
        case Kind.BODY:
            return bodies.to_notion(_str(value), shown) if shown else _str(value)
        case Kind.SELECT:
            return _named(_str(value), _option_names(field, shown, source)) if value else None
        case Kind.STATUS:
            return _named(_str(value) or NO_STATUS, _option_names(field, shown, source))
        case Kind.MULTI_SELECT:
            wanted = options.restore(options.one_each(_tuple(value)), _names(shown or ()))
            return [_named(name, _option_names(field, shown, source)) for name in wanted]
        case Kind.NUMBER:
            return None if value is None else scalars.json_number(_decimal(value))
        case Kind.DATE:
            return scalars.notion_date(_str(value)) if value else None
        case Kind.RELATION:
            return [{"id": page} for page in _tuple(value)]
        case _:
            assert_never(field.kind)


def _named(name: str, known: Collection[str]) -> dict[str, str]:
    return {"name": name if name in known else options.spell(name, known) or options.encode(name)}


def _option_names(field: Field, shown: Any, source: DataSource | None) -> list[str]:
    on_page = shown if isinstance(shown, list) else [shown] if shown else []
    return [*_names(on_page), *_names(source.options.get(field.name, ()) if source else ())]


def _names(listed: Iterable[Mapping[str, Any]]) -> list[str]:
    return [option["name"] for option in listed]


# --- NavImpact's values ---------------------------------------------------------------------------------------------


def parse_navimpact(field: Field, json_value: object) -> Value:
    """What NavImpact's JSON says: for a relation the id of the project, as text.

    Raises:
        Unreadable: the value is of another kind than the contract says.
    """
    match field.kind:
        case Kind.TITLE | Kind.TEXT | Kind.URL | Kind.BODY:
            return scalars.text(json_value)
        case Kind.SELECT:
            return _option(json_value)
        case Kind.STATUS:
            return _status(json_value)
        case Kind.MULTI_SELECT:
            return _options(json_value)
        case Kind.NUMBER:
            return scalars.number(json_value)
        case Kind.DATE:
            return scalars.calendar_date(json_value)
        case Kind.RELATION:
            return _project_ids(json_value)
        case _:
            assert_never(field.kind)


def render_navimpact(field: Field, value: Value, current: object | None) -> object:
    """The JSON to send so that NavImpact says *value*; what means the same stays spelled as in *current*.

    Raises:
        Refused: the value would lose something on the way.
    """
    _refuse_loss(field, value, Side.NAVIMPACT)
    if current is not None and _says(field, value, current):
        return current
    match field.kind:
        case Kind.TITLE | Kind.TEXT | Kind.URL | Kind.DATE:
            return _str(value) or None
        case Kind.BODY:
            return bodies.to_navimpact(_str(value), current if isinstance(current, str) else "") or None
        case Kind.SELECT | Kind.STATUS:
            return options.spell(_str(value), _initial(field)) or _str(value) or None
        case Kind.MULTI_SELECT:
            return options.restore(_tuple(value), current if isinstance(current, list) else [])
        case Kind.NUMBER:
            return None if value is None else _navimpact_number(field, _decimal(value))
        case Kind.RELATION:
            return next(map(_id, _tuple(value)), None)
        case _:
            assert_never(field.kind)


def _says(field: Field, value: Value, current: object) -> bool:
    try:
        seen = parse_navimpact(field, current)
    except Unreadable:
        return False
    if field.kind is Kind.MULTI_SELECT:  # its names are kept one by one
        return seen == value
    return _meaning(field, seen) == _meaning(field, value)


def _navimpact_number(field: Field, value: Decimal) -> object:
    return f"{value:.{field.places}f}" if field.places else scalars.json_number(value)


def _project_ids(spelled: object) -> tuple[str, ...]:
    match spelled:
        case None:
            return ()
        case int(id) if not isinstance(id, bool):
            return (str(id),)
        case _:
            return tuple(filter(None, [scalars.text(spelled)]))


def _id(text: str) -> object:
    return int(text) if text.isdecimal() else text


def _initial(field: Field) -> list[str]:
    return [option.name for option in field.options]


# --- both sides -----------------------------------------------------------------------------------------------------


def same(field: Field, navimpact: Value, notion: Value) -> bool:
    """Whether two values, each as its side shows it, mean the same.

    A relation is compared by the ids of entities, so translate page ids first. The order of a list is carried, but two
    lists that differ in nothing else mean the same.
    """
    one, other = _meaning(field, navimpact), _meaning(field, notion)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return frozenset(one) == frozenset(other)
    return one == other


def cannot_carry(field: Field, value: Value, to: Side, before: Value = None) -> str | None:
    """Why *value* would lose something on the way to side *to*, as the end of "it cannot be carried: ...".

    What NavImpact said *before* in a block of Notion's own is not lost now: the page may have that block.
    """
    if field.required and to is Side.NAVIMPACT and is_empty(value):
        return "NavImpact keeps no record without it"
    return None if value is None else next(_losses(field, value, to, before), None)


def _refuse_loss(field: Field, value: Value, to: Side) -> None:
    if reason := cannot_carry(field, value, to, value):  # what it said before is not known here
        raise Refused(f"{field.property} cannot be carried to {to}: {reason}", field=field.name)


def _losses(field: Field, value: Value, to: Side, before: Value) -> Iterator[str]:
    texts = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
    if any(map(scalars.has_half_characters, texts)):
        yield "it holds half of a character, which cannot be sent"
    if any("\0" in text for text in texts):
        yield "it holds a NUL character, which cannot be kept"
    yield from _losses_in_notion(field, value, before) if to is Side.NOTION else _losses_in_navimpact(field, value)


def _losses_in_notion(field: Field, value: Value, before: Value) -> Iterator[str]:
    match field.kind, value:
        case ((Kind.TITLE | Kind.TEXT), str()) if not richtext.fits(value):
            yield f"it is {units(value):,} characters long and a Notion property holds {richtext.LONGEST:,}"
        case Kind.BODY, str():
            yield from _losses_of_bodies(value, _str(before))
        case Kind.URL, str() if units(value) > _LONGEST_URL:
            yield f"it is {units(value):,} characters long and a link in Notion holds {_LONGEST_URL:,}"
        case ((Kind.SELECT | Kind.STATUS), str()):
            yield from _losses_of_options((value,))
        case Kind.MULTI_SELECT, tuple():
            yield from _losses_of_options(options.one_each(value))
        case Kind.NUMBER, Decimal() if not scalars.is_double(value):
            yield "it has more digits than a number in Notion holds (about 15)"
        case Kind.DATE, str() if not scalars.notion_date(value):
            yield "it is no date that Notion knows"
        case Kind.RELATION, tuple() if len(value) > _MOST_RELATED:
            yield f"it names {len(value)} records and Notion takes {_MOST_RELATED}"


def _losses_of_bodies(markdown: str, before: str) -> Iterator[str]:
    if units(markdown) > _LONGEST_FORMULA:
        yield from _losses_of_blocks(markdown)
    if len(markdown) > _MOST_BLOCKS and (count := bodies.blocks(markdown)) > _MOST_BLOCKS:
        yield f"it has {count:,} paragraphs and Notion shows {_MOST_BLOCKS:,} of a page"
    if tag := bodies.left_out(markdown, before):
        yield f"Notion takes {tag} in it for a block of its own and would leave out what it says; write it without"


def _losses_of_blocks(markdown: str) -> Iterator[str]:
    for kind, length in bodies.lengths(markdown):
        most = _LONGEST_FORMULA if kind == "formula" else richtext.LONGEST
        if length > most:
            yield f"a {kind} of it is {length:,} characters long and a block in Notion holds {most:,}"


def _losses_of_options(names: tuple[str, ...]) -> Iterator[str]:
    longest = max(map(units, names), default=0)
    if longest > options.LONGEST_NAME:
        yield f"a name in it is {longest} characters long and an option in Notion holds {options.LONGEST_NAME}"
    if len(names) > options.MOST_NAMES:
        yield f"it lists {len(names)} names and Notion takes {options.MOST_NAMES}"


def _losses_in_navimpact(field: Field, value: Value) -> Iterator[str]:
    match field.kind, value:
        case Kind.NUMBER, Decimal() if field.places is not None and scalars.places(value) > field.places:
            yield f"{value} has {scalars.places(value)} decimals and NavImpact keeps {field.places}"
        case Kind.DATE, str() if not scalars.is_date(value):
            yield f"{value} has a time or an end and NavImpact keeps a day alone"
        case Kind.RELATION, tuple() if len(value) > 1:
            yield f"it names {len(value)} projects and in NavImpact it belongs to one"


# --- meaning --------------------------------------------------------------------------------------------------------


def _meaning(field: Field, value: Value) -> Value:
    """Equal for values that mean the same."""
    match field.kind:
        case Kind.TITLE | Kind.TEXT | Kind.URL:
            return normalize("NFC", _str(value)) or None
        case Kind.BODY:
            return bodies.says(_str(value))
        case Kind.SELECT | Kind.STATUS:
            return options.meaning(_str(value)) or None
        case Kind.MULTI_SELECT:
            return options.meanings(_tuple(value))
        case Kind.NUMBER | Kind.DATE:
            return value
        case Kind.RELATION:
            return tuple(sorted(set(_tuple(value))))
        case _:
            assert_never(field.kind)


def _option(spelled: object) -> str | None:
    return options.decode(scalars.text(spelled) or "") or None


def _status(spelled: object) -> str | None:
    name = _option(spelled)
    return None if name is None or options.meaning(name) == options.meaning(NO_STATUS) else name


def _options(spelled: object) -> tuple[str, ...]:
    if spelled is None:
        return ()
    if not isinstance(spelled, list):
        raise Unreadable(f"it holds a {type(spelled).__name__} where a list is expected")
    return tuple(dict.fromkeys(name for name in map(_option, spelled) if name))


def _str(value: Value) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise TypeError(f"expected a text, not {value!r}")


def _decimal(value: Value) -> Decimal:
    if isinstance(value, Decimal):
        return value
    raise TypeError(f"expected a number, not {value!r}")


def _tuple(value: Value) -> tuple[str, ...]:
    if value is None or isinstance(value, tuple):
        return value or ()
    raise TypeError(f"expected a list, not {value!r}")
