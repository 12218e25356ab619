"""What does a line of text say, however it is spelled?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import is_normalized, normalize
from urllib.parse import quote

_SIGNATURE = r"\?[^()\s?\"<>]*X-Amz-[^()\s\"<>]*"
SIGNATURE = re.compile(_SIGNATURE)
"""What is another each time that Notion shows the link to a file that it keeps."""
# None looks beyond what begins the next one: a line of nothing but beginnings must not take for ever.
_TOKEN = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|\$`(?P<formula>(?:(?!\$`).)+?)`\$"
    r"|(?P<ticks>`+)"
    r"|<mention-date start=\"(?P<date>[^\"<]*)\"[^<>]*/>"
    r"|<(?P<kind>mention-\w+)(?:\s[^<>]*)?>(?P<label>(?:(?!<mention-).)*?)</(?P=kind)>"
    rf"|(?P<look></?span(?:\s[^<>]*)?>|{_SIGNATURE}"
    r"|(?<!\s)\s*\{(?:(?:color|toggle)=\"[^\"]*\"\s*)+\}$|<mention-\w+(?:\s[^<>]*)?/>)"
    r"|(?P<line><br\s*/?>)"
    r"|(?P<words>[^\\`$<{?\s]+|.)",
    re.DOTALL,
)
_TICKS = re.compile(r"`+")
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_ADDRESS = re.compile(r"(?<=\]\()(?:[^()\s]|\([^()\s]*\))+(?=\))")
"""Where a link leads: Notion writes what could end it there, and all that is not ASCII, in the form of `%28`."""
_KEPT_IN_ADDRESS = "!#$%&'*+,/:;=?@[]~-._{}|^"
_UNUSUAL = re.compile(r"[\\`<{$]|X-Amz-")


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a line that stays or goes as a whole. A look (a colour) says nothing."""

    spelled: str
    says: str


def tokens(line: str) -> list[Token]:
    """The parts of a line of text."""
    last = {len(ticks[0]): ticks.start() for ticks in _TICKS.finditer(line)}
    parts: list[Token] = []
    at = 0
    while found := _TOKEN.match(line, at):
        closed = found["ticks"] and last.get(len(found["ticks"]), at) > at
        code = _CODE.match(line, at) if closed else None
        parts.append(Token(code[0], normalize("NFC", code[0])) if code else Token(found[0], _said(found)))
        at += len(parts[-1].spelled)
    return parts


def said(line: str) -> str:
    """What a line of text says."""
    if _UNUSUAL.search(_ESCAPED.sub("", line)):
        line = "".join(token.says for token in tokens(line.rstrip()))
    else:
        line = _ESCAPED.sub(r"\1", line)
    if "](" in line:
        line = _ADDRESS.sub(lambda found: quote(found[0], safe=_KEPT_IN_ADDRESS), line)
    return (line if is_normalized("NFC", line) else normalize("NFC", line)).rstrip()


def _said(found: re.Match[str]) -> str:
    for kind in ("escaped", "ticks", "date", "label", "words"):
        if found[kind] is not None:
            return said(found[kind]) if kind == "label" else normalize("NFC", found[kind])
    if found["formula"] is not None:
        return f"${found['formula'].strip()}$"
    return "" if found["look"] is not None else "<br>"
