"""Which kinds of blocks are there, and what does each hold?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from local.twins.notion import decor, ids, richtext
from local.twins.notion.errors import UNDEFINED
from local.twins.notion.validation import MAX_EQUATION, MAX_URL, Findings
from local.twins.notion.wire import JsonArray, JsonObject
from local.twins.notion.world import Caller

LANGUAGES: Final = (
    "abap", "abc", "agda", "arduino", "ascii art", "assembly", "bash", "basic", "bnf", "c", "c#", "c++", "clojure",
    "coffeescript", "coq", "css", "dart", "dhall", "diff", "docker", "ebnf", "elixir", "elm", "erlang", "f#", "flow",
    "fortran", "gherkin", "glsl", "go", "graphql", "groovy", "haskell", "hcl", "html", "idris", "java", "javascript",
    "json", "julia", "kotlin", "latex", "less", "lisp", "livescript", "llvm ir", "lua", "makefile", "markdown",
    "markup", "matlab", "mathematica", "mermaid", "nix", "notion formula", "objective-c", "ocaml", "pascal", "perl",
    "php", "plain text", "powershell", "prolog", "protobuf", "purescript", "python", "r", "racket", "reason", "ruby",
    "rust", "sass", "scala", "scheme", "scss", "shell", "smalltalk", "solidity", "sql", "swift", "toml", "typescript",
    "vb.net", "verilog", "vhdl", "visual basic", "webassembly", "xml", "yaml", "java/c/c++/c#",
)  # fmt: skip
PLAIN_TEXT: Final = "plain text"
HEADINGS: Final = ("heading_1", "heading_2", "heading_3", "heading_4")
NESTING: Final = frozenset(
    ("paragraph", "bulleted_list_item", "numbered_list_item", "to_do", "toggle", "quote", "callout")
)
HOLDING: Final = NESTING | {"column", "template", "meeting_notes"}
"""Blocks that hold others, though not by being indented in markdown."""
NOT_IN_MARKDOWN: Final = frozenset(
    ("bookmark", "embed", "breadcrumb", "link_preview", "link_to_page", "template", "tab", "unsupported")
)
SOURCES: Final = ("external", "file_upload")
MEDIA: Final = frozenset(("image", "video", "audio", "pdf", "file"))
"""Blocks that show a file, from one of the sources."""

TARGETS: Final = ("page_id", "database_id", "comment_id")
CHOICES: Final[dict[str, tuple[str, ...]]] = dict.fromkeys(MEDIA, SOURCES) | {"link_to_page": TARGETS}
"""Blocks that hold one thing of several kinds: the type says which, and only that one is shown."""

BY_HAND: Final = ("unsupported", "meeting_notes", "link_preview")
"""Blocks that only the application makes; the API shows them."""

type _Reader = Callable[[object, str, Findings], Any]


@dataclass(frozen=True)
class _Part:
    """One key of a block's content; without a default it must be given."""

    read: _Reader
    default: Any = UNDEFINED


def _color(value: object, path: str, findings: Findings) -> str:
    return findings.one_of(value, richtext.TEXT_COLORS, path)


def _flag(value: object, path: str, findings: Findings) -> bool:
    return findings.boolean(value, path)


def _language(value: object, path: str, findings: Findings) -> str:
    return findings.one_of(value, LANGUAGES, path)


def _url(value: object, path: str, findings: Findings) -> str:
    return findings.string(value, path, most=MAX_URL)


def _external(value: object, path: str, findings: Findings) -> JsonObject:
    url = findings.mapping(value, path).get("url", UNDEFINED)
    return {"url": findings.string(url, f"{path}.url", most=MAX_URL, least=1)}


def _upload(value: object, path: str, findings: Findings) -> JsonObject:
    return {"id": findings.uuid(findings.mapping(value, path).get("id", UNDEFINED), f"{path}.id")}


def _one_of(choices: tuple[str, ...]) -> _Reader:
    return lambda value, path, findings: findings.one_of(value, choices, path)


def _id(value: object, path: str, findings: Findings) -> str:
    return findings.uuid(value, path)


def _name(value: object, path: str, findings: Findings) -> str:
    return findings.string(value, path)


def _original(value: object, path: str, findings: Findings) -> JsonObject | None:
    """The block that a synced one repeats; None for the original itself."""
    if value is None:
        return None
    identifier = findings.mapping(value, path).get("block_id", UNDEFINED)
    return {"type": "block_id", "block_id": findings.uuid(identifier, f"{path}.block_id")}


def _expression(value: object, path: str, findings: Findings) -> str:
    return findings.string(value, path, most=MAX_EQUATION)


def _width(value: object, path: str, findings: Findings) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_COLUMNS:
        return value
    findings.add(path, f"a number between `1` and `{_MOST_COLUMNS}`", value)
    return 1


def _cells(value: object, path: str, findings: Findings) -> JsonArray:
    cells = enumerate(findings.array(value, path))
    return [richtext.parse(cell, f"{path}[{index}]", findings) for index, cell in cells]


_MOST_COLUMNS: Final = 100
_TEXT: Final = _Part(richtext.parse)
_CAPTION: Final = _Part(richtext.parse, [])
_COLOR: Final = _Part(_color, "default")
_OFF: Final = _Part(_flag, False)
_LINES: Final = {"rich_text": _TEXT, "color": _COLOR}
_HEADING: Final = {"rich_text": _TEXT, "is_toggleable": _OFF, "color": _COLOR}
_LINK: Final = {"caption": _CAPTION, "url": _Part(_url)}
_MEDIUM: Final = {
    "caption": _CAPTION,
    "type": _Part(_one_of(SOURCES), "external"),
    "external": _Part(_external, None),
    "file_upload": _Part(_upload, None),
}
_PARTS: Final[dict[str, dict[str, _Part]]] = {
    "paragraph": {"rich_text": _TEXT, "icon": _Part(decor.icon, None), "color": _COLOR},
    **dict.fromkeys(HEADINGS, _HEADING),
    "bulleted_list_item": _LINES,
    "numbered_list_item": _LINES,
    "quote": _LINES,
    "toggle": _LINES,
    "to_do": {"rich_text": _TEXT, "checked": _OFF, "color": _COLOR},
    "callout": {
        "rich_text": _TEXT,
        "icon": _Part(decor.icon, {"type": "emoji", "emoji": "💡"}),
        "color": _Part(_color, "gray_background"),
    },
    "code": {"caption": _CAPTION, "rich_text": _TEXT, "language": _Part(_language)},
    "divider": {},
    "breadcrumb": {},
    "equation": {"expression": _Part(_expression)},
    **dict.fromkeys(("image", "video", "audio", "pdf"), _MEDIUM),
    "file": _MEDIUM | {"name": _Part(_name, "")},
    "bookmark": _LINK,
    "embed": _LINK,
    "table": {"table_width": _Part(_width), "has_column_header": _OFF, "has_row_header": _OFF},
    "table_row": {"cells": _Part(_cells)},
    "column_list": {},
    "column": {},
    "synced_block": {"synced_from": _Part(_original, None)},
    "table_of_contents": {"color": _COLOR},
    "link_to_page": {"type": _Part(_one_of(TARGETS), "page_id"), **dict.fromkeys(TARGETS, _Part(_id, None))},
    "template": {"rich_text": _TEXT},
    "tab": {},
    "unsupported": {"block_type": _Part(_name)},
    "meeting_notes": {"title": _CAPTION},
    "link_preview": {"url": _Part(_url)},
}
KINDS: Final = tuple(_PARTS)
CHANGEABLE: Final = tuple(kind for kind in KINDS if kind not in BY_HAND)
"""Blocks whose content the API changes."""


def made_by(caller: Caller) -> tuple[str, ...]:
    """The kinds of blocks that a caller can make."""
    if caller.bot is None:
        return KINDS
    if caller.world.switches.template_blocks_can_be_made:
        return CHANGEABLE
    return tuple(kind for kind in CHANGEABLE if kind != "template")


def read(kind: str, raw: JsonObject, path: str, findings: Findings, *, all_of_it: bool) -> JsonObject:
    """What a request says about a block's content; *all_of_it* where nothing is known yet."""
    parts = _PARTS[kind]
    findings.only(raw, (*parts, "children"), path)
    if kind in CHOICES:
        raw = _with_type(raw, CHOICES[kind], path, findings, all_of_it=all_of_it)
    for name, part in parts.items():
        if all_of_it and part.default is UNDEFINED and name not in raw:
            findings.add(f"{path}.{name}", "defined", UNDEFINED)
    return {name: part.read(raw[name], f"{path}.{name}", findings) for name, part in parts.items() if name in raw}


def filled(kind: str, said: JsonObject, known: JsonObject) -> JsonObject:
    """A block's whole content, key by key in Notion's order: what was said now, or is known, or the default."""
    if kind in MEDIA and _is_kept(said, known):
        said = {name: value for name, value in said.items() if name not in (*SOURCES, "type")}
    whole = {name: said.get(name, known.get(name, part.default)) for name, part in _PARTS[kind].items()}
    unused = set(CHOICES.get(kind, ())) - {whole.get("type")}
    return {name: value for name, value in whole.items() if name not in unused}


def _with_type(
    raw: JsonObject, choices: tuple[str, ...], path: str, findings: Findings, *, all_of_it: bool
) -> JsonObject:
    """A content that is one of several with the type that it leaves out."""
    named = next((choice for choice in choices if choice in raw), choices[0])
    kind = raw.get("type", named)
    if not isinstance(kind, str):
        findings.add(f"{path}.type", "a string", kind)
        return raw
    if kind in choices and kind not in raw and (all_of_it or "type" in raw):
        findings.add(f"{path}.{kind}", "defined", UNDEFINED)
    return {"type": kind} | raw if kind in raw else raw


def _is_kept(said: JsonObject, known: JsonObject) -> bool:
    """Whether an address from outside is only the link to the hosted file that is there already."""
    upload = (known.get("file_upload") or {}).get("id")
    return upload is not None and ids.upload_in((said.get("external") or {}).get("url")) == upload


def may_hold(kind: str, content: JsonObject, child: str) -> bool:
    """Whether a block can have a block of kind *child* below it."""
    if kind == "table" or child == "table_row":
        return (kind, child) == ("table", "table_row")
    if kind == "column_list" or child == "column":
        return (kind, child) == ("column_list", "column")
    if kind == "synced_block":
        return content.get("synced_from") is None
    if kind == "tab":
        return child == "paragraph"  # the name of one tab, with what is on it below
    return kind in HOLDING or bool(content.get("is_toggleable"))
