"""What may a template say, and what page does it make of a record?

Patterns are filled by Python's own `string.Template`, told to look for `{{title}}`: it replaces names and can do
nothing else, so a template is safe whoever wrote it.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from navsync.errors import Refused
from navsync.fields import SPECS, Unreadable, parse_navimpact
from navsync.fields.graphemes import units
from navsync.model import EntityRef, EntityType, Value, Values

LONGEST_TITLE = 2_000
"""UTF-16 code units. Notion takes no more in one piece of a title."""

LARGEST_BODY = 400_000
"""Bytes of JSON. Notion takes 500 kB in a request, with everything around it."""

TOO_LARGE = "the page's text would be larger than Notion takes in one request; use fewer long fields"


@dataclass(frozen=True, slots=True)
class Template:
    """What a page starts with. `{{budget}}` stands for the record's budget, in the title and in the body alike."""

    name: str
    """Unique in its workspace."""
    title: str
    body: str
    """Markdown, as Notion reads it."""
    entity_type: EntityType | None = None
    """The kind of record that it shows; None: the page is about no record, and has a title only."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A page as it is to be made."""

    title: str
    markdown: str


class _Pattern(string.Template):
    pattern = r"\{\{(?:\s*(?P<named>[a-z_]+)\s*\}\}|(?P<escaped>(?!))|(?P<braced>(?!))|(?P<invalid>))"  # type: ignore[assignment]  # Python compiles it


def offered(entity_type: EntityType | None) -> tuple[str, ...]:
    """Names that may stand in a template for *entity_type*; `title` is what a list calls the record."""
    fields = () if entity_type is None else SPECS[entity_type].fields
    return tuple(dict.fromkeys(("title", *(field.name for field in fields))))


def fault_of(text: str, entity_type: EntityType | None) -> str | None:
    """What is wrong with the pattern *text*, in one sentence; None: nothing."""
    known = offered(entity_type)
    if broken := _BROKEN.search(text):
        return f"{text[broken.start() :][:30]!r} is no placeholder; write it like {{{{title}}}}"
    if unknown := next((name for name in _Pattern(text).get_identifiers() if name not in known), None):
        return f"there is no {{{{{unknown[:64]}}}}}; there are {', '.join(known)}"
    if _IN_TAG.search(text):
        return "a placeholder stands inside a tag or behind a backslash, where a value would become formatting"
    return None


_PLACEHOLDER = re.compile(r"\{\{\s*(?P<named>[a-z_]+)\s*\}\}")
_BROKEN = re.compile(r"\{\{(?!\s*[a-z_]+\s*\}\})", re.IGNORECASE)
_IN_TAG = re.compile(r"<[^<>]*\{\{|\\\{\{")


def names_of(entity_type: EntityType | None) -> tuple[str, ...]:
    """What `values_of` reads of a record in NavImpact's JSON."""
    return ("title",) if entity_type is None else tuple(f.navimpact_name() for f in SPECS[entity_type].fields)


def values_of(entity_type: EntityType | None, record: Mapping[str, object]) -> Values:
    """What a record in NavImpact's JSON says; what it does not name is empty, and names of no field are passed over.

    Raises:
        Unreadable: a value is of another kind than its field; the reason names it.
    """
    if entity_type is None:
        return {"title": _text("title", record.get("title"))}
    values: dict[str, Value] = {}
    for field in SPECS[entity_type].fields:
        try:
            values[field.name] = parse_navimpact(field, record.get(field.navimpact_name()))
        except Unreadable as error:
            raise Unreadable(f"{field.navimpact_name()}: {error.reason}") from error
    return values


def _text(name: str, given: object) -> str | None:
    if given is not None and not isinstance(given, str):
        raise Unreadable(f"{name}: it holds no text")
    return given


def named(values: Values, title_of: Callable[[EntityRef], str | None]) -> Values:
    """*values* with the title of the project that they belong to, which people know it by, in the place of its id."""
    project = values.get("project")
    if not isinstance(project, tuple) or not project:
        return values
    return {**values, "project": title_of(EntityRef(EntityType.MEDIA_PROJECT, project[0])) or project}


def filled(template: Template, values: Values) -> Filled:
    """The page that *template* makes of *values*; what is empty leaves its place empty.

    Raises:
        Refused: the page would be larger than Notion takes.
    """
    shown = {name: _plain(value) for name, value in _titled(template.entity_type, values).items()}
    marked = {name: _escaped(text) for name, text in shown.items()}
    if max(_length(template.title, shown), _length(template.body, marked)) > LARGEST_BODY:
        raise Refused(TOO_LARGE)
    title = " ".join(_Pattern(template.title).safe_substitute(shown).split()) or "Untitled"
    markdown = _Pattern(template.body).safe_substitute(marked)
    if units(title) > LONGEST_TITLE:
        raise Refused(f"the page's title would be longer than the {LONGEST_TITLE} characters Notion takes; shorten it")
    if len(json.dumps(markdown, ensure_ascii=False).encode()) > LARGEST_BODY:
        raise Refused(TOO_LARGE)
    return Filled(title, markdown)


def _length(pattern: str, shown: Mapping[str, str]) -> int:
    """How long *pattern* becomes: known before it is filled, for a hundred long values would not fit into memory."""
    return len(pattern) + sum(len(shown.get(found["named"] or "", "")) for found in _PLACEHOLDER.finditer(pattern))


def _titled(entity_type: EntityType | None, values: Values) -> Values:
    empty: dict[str, Value] = dict.fromkeys(offered(entity_type))
    if entity_type is not None:
        empty["title"] = SPECS[entity_type].title_of(values)
    return {**empty, **values}


def _plain(value: Value) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case tuple():
            return ", ".join(value)
        case _:
            return value.strip()


def _escaped(text: str) -> str:
    """*text* as markdown that says just that, within the block it stands in."""
    lines = _SPECIAL.sub(r"\\\g<0>", text).splitlines()
    return _MARKER.sub(r"\1\\", "<br>".join(line.strip() for line in lines))


_SPECIAL = re.compile(r"[\\*~`$\[\]<>{}|^]")
"""What Notion's guide says to escape."""

_MARKER = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=(?:#{1,6}|[+-])(?:\s|$)|(?:-{3,}|_{3,})$))")
"""What would make a heading, a list or a rule of the line that a value begins."""
