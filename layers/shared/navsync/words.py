"""What do people read as one word?"""

from __future__ import annotations

import re

_ENDS = r".,;:!?…"
_ALONE = r"\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff0f\uff1a-\uff20—"
"""Chinese and Japanese characters and their signs, which stand without spaces, and the dash, which often does."""
_NUMERALS = "〇零一二三四五六七八九十百千万萬亿億"

_INSIDE = rf"[^\s{_ENDS}{_ALONE}]"
WORD = rf"(?:{_INSIDE}|[{_ENDS}]++(?={_INSIDE}))++"
"""Up to a space, or to the signs that end a clause: with the signs in it, a price, a date or an address is one."""
LETTER = rf"[{_ALONE}]"
"""A character that is a word of its own."""
FIGURE = rf"(?:(?=[^\w\s]*\d){WORD}|[{_NUMERALS}]++)"
"""A word that begins with a digit, such as a price, or a number in Chinese."""
END = rf"[{_ENDS}]++"

_PIECES = re.compile(rf"\s+|{LETTER}|{WORD}|{END}")


def words(text: str) -> list[str]:
    """*text* cut into words, the white space between them, and the signs that end a clause."""
    return _PIECES.findall(text)
