"""Where a text may be cut so that no character a person sees falls apart."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category

_ZWJ = "\u200d"
_LONGEST_CLUSTER = 200
"""Code points. A longer pile of combining marks is cut where it must be: it has no shape a person would miss."""


def units(text: str) -> int:
    """The length of *text* in UTF-16 code units, as JavaScript counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_boundary(text: str, at: int) -> bool:
    """Whether *text* can be cut before index *at*.

    Keeps combining marks, emoji sequences, flags, Hangul syllables and CR LF together: the parts of Unicode's
    grapheme clusters that people type.
    """
    if not 0 < at < len(text):
        return True
    before, after = text[at - 1], text[at]
    if _is_flag_half(before) and _is_flag_half(after):
        return _flag_halves_before(text, at) % 2 == 0
    return not (before == _ZWJ or _extends(after) or (before, after) == ("\r", "\n") or _is_syllable(before, after))


def boundary_before(text: str, at: int) -> int:
    """The last place at or before *at* where *text* can be cut, or *at* itself if there is none near."""
    near = range(at, max(at - _LONGEST_CLUSTER, 0), -1)
    return next((place for place in near if is_boundary(text, place)), at)


def pieces(text: str, longest: int) -> Iterator[str]:
    """Cut *text* into pieces of at most *longest* UTF-16 code units."""
    start = 0
    while start < len(text):
        end = _end_of_piece(text, start, longest)
        yield text[start:end]
        start = end


def _end_of_piece(text: str, start: int, longest: int) -> int:
    end = min(start + longest, len(text))
    while end > start + 1 and (excess := units(text[start:end]) - longest) > 0:
        end -= max(excess // 2, 1)
    cut = boundary_before(text, end)
    return cut if cut > start else end


def _extends(char: str) -> bool:
    """Whether *char* belongs to what stands before it: marks, variation selectors, joiners, skin tones, flag tags."""
    return (
        char == _ZWJ
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
        or category(char).startswith("M")
    )


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_halves_before(text: str, at: int) -> int:
    run = text[max(at - _LONGEST_CLUSTER, 0) : at]
    return len(run) - len(run.rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))


def _is_syllable(before: str, after: str) -> bool:
    """Whether two conjoining Hangul letters make one syllable."""
    vowel_or_final = "\u1160" <= after <= "\u11ff"
    return vowel_or_final and ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3")
