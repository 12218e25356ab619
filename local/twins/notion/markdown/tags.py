"""Notion's XML-like tags: their attributes, and where they end."""

import re
from typing import Final

from local.twins.notion.richtext import TEXT_COLORS

_ATTRIBUTE: Final = re.compile(r'([\w-]+)="([^"]*)"')
_LIST: Final = re.compile(r'(?<!\\)\{((?:[\w-]+="[^"]*"\s*)+)\}$')
FORMULA: Final = r"\$`.{1,1000}?`\$"
_PAIRED: Final = re.compile(
    rf"\\.|{FORMULA}|(`+)|(\[)|<(span|mention-\w+)(?:\s[^<>]*[^<>/])?>|</(span|mention-\w+)>|\]", re.DOTALL
)
_OPENED_BY: Final = {"]": "["}
_KNOWN: Final = frozenset(("color", "toggle"))
_NO_ATTRIBUTE: Final = {'"': "%22", "<": "%3C", ">": "%3E", "\n": "%0A", "\r": "%0D"}


def attributes(text: str) -> dict[str, str]:
    """The attributes inside a tag."""
    return dict(_ATTRIBUTE.findall(text))


def opening(name: str, given: dict[str, str | None]) -> str:
    """An opening tag with the attributes that have a value."""
    shown = "".join(f' {key}="{_quoted(value)}"' for key, value in given.items() if value is not None)
    return f"<{name}{shown}>"


def alone(name: str, given: dict[str, str | None]) -> str:
    """A tag that closes itself."""
    return f"{opening(name, given)[:-1]}/>"


def listed(given: dict[str, str | None]) -> str:
    """An attribute list as it ends the first line of a block; empty when nothing has a value."""
    shown = opening("", given)[2:-1]
    return f" {{{shown}}}" if shown else ""


def split_list(line: str) -> tuple[str, dict[str, str]]:
    """A line without its attribute list, and the list."""
    found = _LIST.search(line)
    given = attributes(found[1]) if found else {}
    if found is None or given.keys() - _KNOWN:
        return line, {}
    return line[: found.start()].rstrip(), given


def color(given: dict[str, str]) -> dict[str, str]:
    """The colour among attributes, as blocks and texts hold it."""
    wanted = given.get("color", "").replace("_bg", "_background")
    return {"color": wanted} if wanted in TEXT_COLORS else {}


def shown_color(color: str | None) -> str | None:
    """A colour as attributes show it."""
    return None if color in (None, "default") else str(color).replace("_background", "_bg")


def end_of(text: str, start: int, name: str) -> int:
    """Where the closing tag of *name* begins that belongs to the tag opened before *start*; -1 without one."""
    token = re.compile(rf"\\.|{FORMULA}|(`+)|(<{name}(?=[\s>]))|(</{name}>)", re.DOTALL)
    depth, position = 1, start
    while found := token.search(text, position):
        position = found.end()
        if found[1]:
            position = end_of_code(text, found.end(), found[1])
        depth += bool(found[2]) - bool(found[3])
        if depth == 0:
            return found.start()
    return -1


def pairs(text: str) -> dict[int, int]:
    """Where the brackets and inline tags that begin somewhere in a text are closed, by where they begin."""
    found: dict[int, int] = {}
    open_at: dict[str, list[int]] = {}
    position = 0
    while token := _PAIRED.search(text, position):
        position = end_of_code(text, token.end(), token[1]) if token[1] else token.end()
        if opened := token[2] or token[3]:
            open_at.setdefault(opened, []).append(token.start())
        elif waiting := open_at.get(_OPENED_BY.get(token[0], token[4]), []):
            found[waiting.pop()] = token.start()
    return found


def end_of_code(text: str, start: int, fence: str) -> int:
    """Where the code ends that *fence* opened before *start*; *start* itself when it is no code."""
    found = re.compile(rf"(?<!`){fence}(?!`)").search(text, start)
    return found.end() if found else start


def _quoted(value: str) -> str:
    return "".join(_NO_ATTRIBUTE.get(character, character) for character in value)
