"""How does a story's text travel between NavImpact's description and Notion's page?

Each side keeps its own spelling of what both say: an edit carries the pieces that changed, and the words that changed
in them. So NavImpact's blank lines and Notion's blocks survive edits elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import replace
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import accumulate

from navsync import text
from navsync.alignment import stretches
from navsync.fields.graphemes import units
from navsync.fields.inline import Token, said, tokens
from navsync.fields.markdown import Piece, Text, read
from navsync.fields.scalars import newlines
from navsync.fields.tables import Table
from navsync.words import LETTER, WORD

_READ_AS_ONE = re.compile(rf"{LETTER}|{WORD}")
_WORD = re.compile(r"\w+\s*|\W\s*")
_MOST_LOOKED_AT = 30
_MOST_BY_LETTERS = 1_000
_LONG = 400
_ALIKE = 0.5
_MOST_EMPTIED = 10
"""Pieces of a stretch that changed are told apart by likeness, unless they are too many: by their letters, or by their
words where they are long, or where so many pairs are to be looked at that each letter would take too long."""
_EMPTY_BLOCK = "<empty-block/>"

_TAB = "\t"
_BLANKS = "    "

type Speller = Callable[[Piece, str], str]


def says(markdown: str) -> str | None:
    """Equal for texts of either side that say the same."""
    return "\n".join(read(markdown).says) or None


def seen(markdown: str) -> str:
    """What a page's *markdown* says to people: without what only Notion understands."""
    whole = read(markdown)
    own = [piece for piece in whole.pieces if not piece.of_notion]
    moved = len(own) < len(whole.pieces)
    lines = [line for piece in own for line in (*_blank(piece.before), _shown(piece, moved=moved))]
    return "\n".join((*lines, *(_blank(whole.after) if own or not moved else ())))


def to_navimpact(notion: str, current: str) -> str:
    """What to write to NavImpact, which says *current*, so that it says what the page shows as *notion*."""
    new, current = read(notion), newlines(current)
    if not current.strip() and any(piece.before for piece in new.pieces):
        return notion  # Notion shows no empty lines: it is spelled as NavImpact spells already
    return _put(new, read(current), for_navimpact, spaced=True)


def to_notion(navimpact: str, shown: str) -> str:
    """The markdown that a page which shows *shown* shall have, so that it says what *navimpact* says.

    What only Notion understands stays where it is.
    """
    return _put(read(navimpact), read(shown), for_notion, spaced=False)


def words(markdown: str) -> str:
    """The letters and digits that people read in it: what Notion never changes, however it spells the text."""
    pieces = (piece for piece in read(markdown).pieces if not piece.of_notion)
    return "".join(char for piece in pieces for char in piece.spoken if char.isalnum())


def blocks(markdown: str) -> int:
    """How many blocks Notion makes of it at least."""
    return len(read(markdown).pieces)


def lengths(markdown: str) -> Iterator[tuple[str, int]]:
    """What each block of it is, and how many UTF-16 code units long: code is one block, however many lines it has."""
    for piece in read(markdown).pieces:
        if piece.code:
            yield piece.code.name, units("\n".join(piece.code.lines))
        else:
            yield "line", max(map(units, piece.spelled.split("\n")))


def has_notions_own(markdown: str) -> bool:
    """Whether there is something on the page that only Notion can show."""
    return any(piece.of_notion for piece in read(markdown).pieces)


def left_out(navimpact: str, before: str) -> str | None:
    """The tag of a block in which NavImpact says what no page would show, unless *before* said that there as well."""
    known = set(_said_apart(before))
    return next((tag for tag, line in _said_apart(navimpact) if (tag, line) not in known), None)


def _said_apart(markdown: str) -> Iterator[tuple[str, str]]:
    """Lines that people read, but Notion takes for its own, each with the tag that makes them so."""
    whole = read(markdown) if "<" in markdown else Text(())
    return ((piece.apart, piece.spelled.strip()) for piece in whole.pieces if piece.apart)


def merged(base: str, navimpact: str, notion: str) -> str | None:
    """Both sides' changes of the text that was *base* on NavImpact; None where a person must choose.

    Merging again after either side has it gives the same text, however Notion spells it; where it would not, the answer
    is None.
    """
    old, ours, theirs = read(base), read(navimpact), read(notion)
    both = _merged(old, ours, theirs)
    if both is None or _merged(old, read(both), theirs) != both:
        return None
    again = _merged(old, ours, read(to_notion(both, notion)))
    return both if again is not None and says(again) == says(both) else None


def _merged(base: Text, navimpact: Text, notion: Text) -> str | None:
    """*navimpact* with what was edited on *notion*, which is spelled alike first, so that nothing else differs.

    All three are merged without their own empty lines, which Notion does not show, and NavImpact keeps those it has.
    """
    if notion.says == navimpact.says:
        return _joined(navimpact)
    typed = _put(notion, navimpact, for_navimpact, spaced=True)
    alike = _put(read(typed), base, lambda piece, _: piece.spelled, spaced=True)
    both = text.merge(_spread(base), _spread(navimpact), _spread(read(alike)))
    return None if both is None else _put(_close(read(both)), navimpact, for_navimpact, spaced=True)


def _spread(whole: Text) -> str:
    """The text with one empty line above each piece."""
    return "".join("\n" + "\n".join((piece.spelled, *_ending(piece))) + "\n" for piece in whole.pieces)


def _close(whole: Text) -> Text:
    """The text without empty lines."""
    return Text(tuple(replace(piece, before=()) for piece in whole.pieces))


def _blank(lines: Sequence[str]) -> Iterator[str]:
    return (line for line in lines if _EMPTY_BLOCK not in line.replace(" ", ""))


def _shown(piece: Piece, *, moved: bool) -> str:
    """The piece without signatures; *moved*: with the indent that it has when the blocks around it are gone."""
    spelled = _indented(piece.spelled, _indent(piece.prefix), "\t" * piece.depth) if moved else piece.spelled
    return spelled if piece.code else _unsigned(spelled)


def _indented(spelled: str, old: str, indent: str) -> str:
    return "\n".join(indent + line.removeprefix(old) for line in spelled.split("\n"))


def _indent(spelled: str) -> str:
    return spelled[: len(spelled) - len(spelled.lstrip())]


def _unsigned(line: str) -> str:
    if "X-Amz-" not in line:
        return line
    return "".join(token.spelled for token in tokens(line) if "X-Amz-" not in token.spelled)


# --- new pieces -----------------------------------------------------------------------------------------------------


def for_notion(piece: Piece, indent: str) -> str:
    """A piece from NavImpact as Notion takes it."""
    if piece.table:
        tagged = piece.table.tagged(indent, str)
        return tagged if _is_said(piece, tagged) else piece.table.drawn(indent, str)
    return piece.code.spelled(indent) if piece.code else _indented(piece.spelled, _indent(piece.prefix), indent)


def for_navimpact(piece: Piece, indent: str) -> str:
    """A piece from Notion as a person would type it."""
    if piece.table:
        drawn = piece.table.drawn(indent, plain)
        return drawn if _is_said(piece, drawn) else piece.table.tagged(indent, plain)
    if piece.code:
        return piece.code.typed.spelled(indent)
    return indent + piece.prefix.lstrip() + plain(piece.rest.strip(), starts=not piece.prefix.strip())


def _is_said(piece: Piece, spelled: str) -> bool:
    """Whether *spelled* says what the piece says, and nothing else."""
    return read(spelled).says == (piece.says,)


def plain(line: str, *, starts: bool = False) -> str:
    """*line* without what only Notion needs: looks, the tags of mentions, escapes of what is clear without.

    *starts*: a block begins with it, so that its first characters could be taken for a mark.
    """
    parts = tokens(line)
    whole = "".join(part.says for part in parts)
    clear = _clear_in(whole)
    begins = {at for at, part in enumerate(parts) if starts and whole.startswith(part.says)}
    return "".join(_typed(part, *_beside(parts, at), clear, starts=at in begins) for at, part in enumerate(parts))


def _beside(parts: Sequence[Token], at: int) -> tuple[str, str]:
    before = parts[at - 1].says[-1:] if at else ""
    return before, parts[at + 1].says[:1] if at + 1 < len(parts) else ""


def _clear_in(line: str) -> str:
    """Signs that can mean nothing but themselves anywhere in *line*."""
    brackets = "" if "](" in line or "]:" in line else "[]"
    braces = "" if '="' in line else "{}"
    return brackets + braces + ("" if line.count("$") > 1 else "$")


def _typed(part: Token, before: str, after: str, clear: str, *, starts: bool) -> str:
    if part.spelled.startswith("\\") and len(part.spelled) > 1:
        needed = starts or (part.says not in clear and _is_needed(part.says, before, after))
        return part.spelled if needed else part.says
    return part.spelled if part.spelled.startswith("`") else part.says


def _is_needed(escaped: str, before: str, after: str) -> bool:
    """Whether *escaped* would mean something else without its backslash, as far as that is easily told."""
    match escaped:
        case "*" | "~":
            return not (before == after == " ")
        case "<":
            return not (after in ("", " ", "=") or after.isdigit())
        case ">" | "^":
            return not before
        case "!":
            return after == "["
        case _:
            return True


# --- putting --------------------------------------------------------------------------------------------------------


def _put(new: Text, old: Text, spell: Speller, *, spaced: bool) -> str:
    """*old* made to say what *new* says; what says the same stays spelled as it is, what is Notion's own stays.

    *spaced*: pieces stand apart by empty lines, as they do in markdown.
    """
    if new.says == old.says:
        return _joined(old)
    spacing = _spacing(new, old) if spaced else None
    arranged = (text for texts in ((old,), _emptied(old)) for text in texts)
    # Four blanks nest under any mark. Beside lines of two they may nest too deep: then those are followed.
    steps = dict.fromkeys((_BLANKS, _step(old))) if spaced else (_TAB,)
    ways = [(step, tidy) for tidy in (False, True) for step in steps]
    tries = (_Putting(text, spell, spacing, *way).all_of(new) for text in arranged for way in ways)
    return next((put for put in tries if read(put).says == new.says), _afresh(new, old))


def _step(old: Text) -> str:
    """What nests a line of *old* one level deeper."""
    return next((_indent(piece.spelled) for piece in old.pieces if piece.depth == 1), _BLANKS)


def _emptied(old: Text) -> Iterator[Text]:
    """*old* with the text inside one of Notion's blocks above that; at last with that of all.

    Only there can it belong to a line above the block.
    """
    around = [*_around(old.pieces)][:_MOST_EMPTIED]
    for emptied in ([block] for block in around) if len(around) > 1 else ():
        yield replace(old, pieces=tuple(_without_text(old.pieces, emptied)))
    if around:
        yield replace(old, pieces=tuple(_without_text(old.pieces, around)))


def _around(pieces: Sequence[Piece]) -> Iterator[slice]:
    """The blocks around text, of those inside one another the outermost."""
    begun: list[int] = []
    for at, piece in enumerate(pieces):
        if piece.opens:
            begun.append(at)
        elif piece.closes and begun:
            start = begun.pop()
            if not begun:
                yield slice(start, at + 1)


def _without_text(pieces: Sequence[Piece], blocks: Sequence[slice]) -> Iterator[Piece]:
    at = 0
    for block in blocks:
        yield from pieces[at : block.start]
        yield from (replace(piece, spelled=_shown(piece, moved=True)) for piece in pieces[block] if not piece.of_notion)
        yield from (piece for piece in pieces[block] if piece.of_notion)
        at = block.stop
    yield from pieces[at:]


def _afresh(new: Text, old: Text) -> str:
    """*new* as it is spelled, below what is Notion's own."""
    return "\n".join([*(piece.spelled for piece in old.pieces if piece.of_notion), _joined(new)])


def _joined(whole: Text) -> str:
    return "\n".join([line for piece in whole.pieces for line in (*piece.before, piece.spelled)] + [*whole.after])


def _spacing(new: Text, old: Text) -> _Spacing:
    return _Spacing(any(piece.before for piece in new.pieces), _is_tight(old))


@dataclass(frozen=True, slots=True)
class _Spacing:
    """Which empty lines new pieces get: their own where their text *has_own*, none where the other text is *tight*."""

    has_own: bool
    tight: bool

    def above(self, piece: Piece, last: Piece) -> tuple[str, ...]:
        """The lines between *last* and *piece*, which is new there."""
        return piece.before if self.has_own and not piece.table else self.between(last, piece)

    def between(self, last: Piece, piece: Piece) -> tuple[str, ...]:
        """The lines between two pieces that did not stand together so far."""
        if last.table and piece.table:
            return ("",)  # or they would be one
        return () if self.tight or not _stand_apart(last, piece) else ("",)


def _stand_apart(last: Piece, piece: Piece) -> bool:
    return not (last.listed and piece.listed)


def _is_tight(old: Text) -> bool:
    apart = [piece for last, piece in zip(old.pieces, old.pieces[1:], strict=False) if _stand_apart(last, piece)]
    return bool(apart) and not any(piece.before for piece in apart)


@dataclass(slots=True)
class _Putting:
    """The text as far as it is written; *at* is the first piece of *old* that is not dealt with."""

    old: Text
    spell: Speller
    spacing: _Spacing | None
    step: str
    """What nests a line one level deeper."""
    tidy: bool
    """Indent what stays anew: in its new surroundings the old indent means something else."""
    at: int = 0
    lines: list[str] = field(default_factory=list)
    last: Piece | None = None
    last_kept: int = -1

    def all_of(self, new: Text) -> str:
        """The whole, saying what *new* says."""
        here = [at for at, piece in enumerate(self.old.pieces) if not piece.of_notion]
        wanted = [piece for piece in new.pieces if not piece.of_notion]
        for at, piece in _aligned([self.old.pieces[at] for at in here], wanted):
            if at is None:
                self._add(piece)
            else:
                self._keep(here[at], piece)
        self._pass(len(self.old.pieces))
        return "\n".join((*self.lines, *(self.old.after if self.last else ())))

    def _keep(self, at: int, wanted: Piece) -> None:
        self._pass(at)
        kept = self.old.pieces[at]
        follows = self.last_kept == at - 1 and (at == 0) == (self.last is None)
        before = kept.before if follows or self.spacing is None else self._above(kept)
        same = kept.says == wanted.says
        spelled = kept.spelled if same else _respelled(kept, wanted, self.spell, self.step * wanted.depth)
        if self.tidy:
            spelled = _indented(spelled, _indent(spelled), self.step * wanted.depth)
        self._write(replace(wanted, spelled=spelled), before)
        self.at, self.last_kept = at + 1, at

    def _above(self, kept: Piece) -> tuple[str, ...]:
        if self.last is None or self.spacing is None:
            return ()
        return kept.before or self.spacing.between(self.last, kept)

    def _add(self, piece: Piece) -> None:
        while self.at < len(self.old.pieces) and self.old.pieces[self.at].closes:
            self._pass(self.at + 1)
        before = self.spacing.above(piece, self.last) if self.spacing and self.last else ()
        self._write(replace(piece, spelled=self.spell(piece, self.step * piece.depth)), before)

    def _pass(self, to: int) -> None:
        """Keep what is Notion's own up to piece *to*; the others are not wanted any more."""
        for at in range(self.at, to):
            if self.old.pieces[at].of_notion:
                self._write(self.old.pieces[at], self.old.pieces[at].before)
                self.last_kept = at
        self.at = max(self.at, to)

    def _write(self, piece: Piece, before: Sequence[str]) -> None:
        self.lines += [*_ending(self.last), *before, piece.spelled]
        self.last = piece


def _ending(last: Piece | None) -> Iterator[str]:
    """What ends *last*, as it is spelled, where it is code that all below would belong to."""
    if last and last.code and (code := read(last.spelled).pieces[0].code) and not code.closed:
        yield _indent(last.spelled) + code.fence


def _respelled(kept: Piece, wanted: Piece, spell: Speller, indent: str) -> str:
    """*kept* made to say what *wanted* says, its unchanged words as they are."""
    if kept.table and wanted.table:
        of_cell = plain if spell is for_navimpact else str
        refilled = _refilled(kept.spelled, kept.table, wanted.table, of_cell) or ""
        return refilled if _is_said(wanted, refilled) else spell(wanted, indent)
    if kept.code and wanted.code:
        code = kept.code.refilled(wanted.code)
        return (code.typed if code is wanted.code and spell is for_navimpact else code).spelled(kept.prefix)
    if kept.table or wanted.table or kept.code or wanted.code:
        return spell(wanted, indent)
    fresh = spell(wanted, indent)
    (new,) = read(fresh).pieces or (wanted,)
    prefix = kept.prefix if kept.marks == wanted.marks else fresh[: len(fresh) - len(new.rest)]
    rest = "".join(_words(tokens(kept.rest), tokens(new.rest)))
    return prefix + rest if read(prefix + rest).says == read(fresh).says else fresh


def _refilled(spelled: str, kept: Table, wanted: Table, of_cell: Callable[[str], str]) -> str | None:
    """A table of as many cells, those that say the same as they are."""
    cells = {said(cell): cell for row in kept.rows for cell in row}
    rows = tuple(tuple(cells.get(said(cell)) or of_cell(cell) for cell in row) for row in wanted.rows)
    return kept.refilled(spelled, replace(wanted, rows=rows))


def _words(old: Sequence[Token], new: Sequence[Token]) -> Iterator[str]:
    """What *new* says, its unchanged parts as *old* spells them, with the looks of *old*."""
    before, after = (_WORD.findall("".join(token.says for token in line)) for line in (old, new))
    ends, new_ends = ([0, *accumulate(map(len, line))] for line in (before, after))
    for same, there, here in stretches(before, after):
        if same:
            yield from _cut(old, slice(ends[there.start], ends[there.stop]))
        else:
            yield from _cut(new, slice(new_ends[here.start], new_ends[here.stop]), looks=False)
            yield from _cut(old, slice(ends[there.start], ends[there.stop]), words=False)
    yield from _cut(old, slice(ends[-1], ends[-1] + 1))


def _cut(line: Sequence[Token], part: slice, *, words: bool = True, looks: bool = True) -> Iterator[str]:
    """The tokens that say *part* of the line; of one that only partly does, what it says there."""
    at = 0
    for token in line:
        start, at = at, at + len(token.says)
        if not token.says:
            if looks and part.start <= start < part.stop:
                yield token.spelled
        elif words and start < part.stop and at > part.start:
            whole = part.start <= start and at <= part.stop
            yield token.spelled if whole else token.says[max(part.start - start, 0) : part.stop - start]


# --- aligning -------------------------------------------------------------------------------------------------------


def _aligned(old: Sequence[Piece], new: Sequence[Piece]) -> Iterator[tuple[int | None, Piece]]:
    """Every piece of *new*, in order, with the place of the one in *old* that it is or was."""
    for same, before, after in stretches([piece.says for piece in old], [piece.says for piece in new]):
        places, pieces = range(before.start, before.stop), new[after]
        if same or len(places) == len(pieces):
            yield from zip(places, pieces, strict=True)
        else:
            yield from _likely(old, places, pieces)


def _likely(old: Sequence[Piece], places: range, new: Sequence[Piece]) -> Iterator[tuple[int | None, Piece]]:
    """Which of the old pieces each new one was: the first that is like it, where there are few to look through."""
    left = {at: _Said.by(old[at]) for at in places} if len(places) <= _MOST_LOOKED_AT else {}
    closely = len(left) * len(new) <= _MOST_BY_LETTERS
    for piece in new:
        says = _Said.by(piece)
        found = next((at for at, said in left.items() if said.is_like(says, closely=closely)), None)
        left = left if found is None else {at: said for at, said in left.items() if at > found}
        yield found, piece


@dataclass(frozen=True, slots=True)
class _Said:
    """What a piece says, and the words in it."""

    text: str
    words: Counter[str]

    @classmethod
    def by(cls, piece: Piece) -> _Said:
        """What *piece* says."""
        return cls(piece.says, Counter(_READ_AS_ONE.findall(piece.says)))

    def is_like(self, other: _Said, *, closely: bool) -> bool:
        """Whether most of it is the same; *closely*: letter by letter, unless it is long."""
        if closely and len(self.text) + len(other.text) < _LONG:
            return SequenceMatcher(None, self.text, other.text).ratio() > _ALIKE
        return 2 * (self.words & other.words).total() > _ALIKE * (self.words.total() + other.words.total())
