"""How is the body of a page read and written, so that the blocks that stay keep their ids and comments?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from navsync.errors import Raced, Refused, SyncError, Unclear
from navsync.fields import bodies, rewriting
from navsync.fields.inline import SIGNATURE
from navsync.fields.rewriting import Edit
from navsync.notion.failures import Committed, InvalidRequest
from navsync.notion.gateway import Gateway

LARGEST_WRITE = 400_000
"""Bytes of text in one request. Notion takes 500 kB, with everything around it."""

_UNHEARD = "Notion shows the text as before, whatever is written"
_TOO_LARGE = "Notion takes no change of that size in one request, only in parts"
_CUT_SHORT = "Notion shows only a part of the page, which has too many blocks; divide it in Notion"
_LOSING = (
    "Notion does not take the change as it is, and to write the whole text anew could delete what only Notion can show "
    "on the page"
)

type Json = dict[str, Any]


def start_of(text: str) -> str:
    """As much of *text* as the request that makes a page takes along."""
    return rewriting.first_part(text, LARGEST_WRITE)


def begun(text: str, shown: str) -> Iterator[str]:
    """What a body that shows *shown* says between the requests of `PageBody.rewrite` that make it say *text*."""
    made = _lacking(text, shown)
    for _ in range(_most_requests(text, shown)):
        sent = _fitting(made, shown)
        if not sent or _is_all(sent, made):
            return
        shown = rewriting.applied(shown, sent)
        made = _rest(made, sent) or _lacking(text, shown)
        yield shown


def begun_anew(text: str) -> Iterator[str]:
    """What the body of a page that is made to say *text* says until `PageBody.finish` has written all of it."""
    start = start_of(text)
    if start != text:
        shown = bodies.to_notion(start, "")
        yield shown
        yield from begun(text, shown)


@dataclass(frozen=True, slots=True)
class PageBody:
    """The body of one page, which shows *field*. Answers are Notion's: `markdown`, `truncated` and more."""

    gateway: Gateway
    page_id: str
    field: str

    @property
    def path(self) -> str:
        """Where Notion reads and writes it."""
        return f"pages/{self.page_id}/markdown"

    def read(self) -> Json:
        """The body as it is now."""
        return self.gateway.read("GET", self.path)

    def finish(self, text: str) -> Json:
        """Write what `start_of` left of *text*; what it took, Notion has read as well as it can."""
        return self.read() if start_of(text) == text else self.rewrite(text, self.read())

    def rewrite(self, text: str, seen: Json) -> Json:
        """Make the body, last *seen* so, say *text*; what only Notion can show stays on it.

        Only lines that differ are sent, in as many requests as their size takes.

        Raises:
            Raced: somebody edited the body meanwhile.
            Refused: Notion does not take it.
            Unclear: it may have been written, or a part of it.
        """
        now, begun = seen if "markdown" in seen else self.read(), False
        made = _lacking(text, self._whole(now))
        for _ in range(_most_requests(text, _markdown(now))):
            if not made:
                return now
            try:
                sent = self._fitting(made, now)
                now, begun = self._written(text, sent, now), True
                if _is_all(sent, made):
                    return now
                made = _still_lacking(text, _rest(made, sent), self._whole(now))
            except SyncError as error:
                if not begun or isinstance(error, Raced):
                    raise
                raise Unclear("a part of the text was written; it is read again to see what is missing") from error
        raise Unclear("the text was written, but Notion shows it otherwise each time; it is read again")

    def _whole(self, now: Json) -> str:
        if now.get("truncated"):
            raise Refused(_CUT_SHORT, field=self.field)
        return _markdown(now)

    def _fitting(self, made: Sequence[Edit], now: Json) -> Sequence[Edit]:
        if not (sent := _fitting(made, _markdown(now))):
            raise Refused(_TOO_LARGE, field=self.field)
        return sent

    def _written(self, text: str, sent: Sequence[Edit], now: Json) -> Json:
        shown = _markdown(now)
        after = self._edited(sent, shown) if shown else self._replaced(sent[0].new)
        if _differ(_markdown(after), rewriting.applied(shown, sent)):
            self._check(text, sent, shown, after)
        return after

    def _edited(self, sent: Sequence[Edit], shown: str) -> Json:
        try:
            return self._tell(_command(sent))
        except InvalidRequest as error:
            # A text that should stand there once does not: somebody edited the body, or Notion reads it otherwise.
            if self._has_moved_on(shown):
                raise Raced("the page's body was edited between our read and our write; it is read again") from error
            wanted = rewriting.applied(shown, sent)
            if bodies.has_notions_own(shown) or SIGNATURE.search(wanted):
                raise Refused(_LOSING, field=self.field) from error
            return self._replaced(wanted)

    def _replaced(self, markdown: str) -> Json:
        try:
            return self._tell({"type": "replace_content", "replace_content": {"new_str": markdown}})
        except InvalidRequest as error:
            raise Refused(f"Notion does not take the text: {error}", field=self.field) from error

    def _has_moved_on(self, shown: str) -> bool:
        page = self.gateway.read("GET", f"pages/{self.page_id}")
        is_gone = bool(page.get("in_trash", page.get("archived")))
        return is_gone or _unsigned(_markdown(self.read())) != _unsigned(shown)

    def _tell(self, body: Json) -> Json:
        try:
            return self.gateway.write("PATCH", self.path, body=body)
        except Committed:
            return self._read_after_writing()

    def _read_after_writing(self) -> Json:
        try:
            return self.read()
        except SyncError as error:
            raise Unclear("the text was written, but what Notion shows now could not be read") from error

    def _check(self, text: str, sent: Sequence[Edit], before: str, after: Json) -> None:
        """The body does not say what was meant: Notion spells lines in its way, or somebody edited it just before.

        What Notion spells otherwise is what it was sent, and would be sent just so again; where a person was first,
        other lines stand there now.
        """
        shown = self._whole(after)
        is_as_meant = bodies.words(shown) == bodies.words(rewriting.applied(before, sent))
        if not is_as_meant and _unsigned(shown) == _unsigned(before):
            raise Refused(_UNHEARD, field=self.field)
        is_spared = rewriting.spares(before, sent, shown)
        if before and not (is_spared and (is_as_meant or set(_lacking(text, shown)) <= set(sent))):
            raise Raced("the page's body was edited while we wrote to it; it is read again")


def _markdown(answer: Json) -> str:
    return str(answer.get("markdown") or "")


def _unsigned(markdown: str) -> str:
    return SIGNATURE.sub("", markdown)


def _differ(shown: str, meant: str) -> bool:
    return _unsigned(shown) != _unsigned(meant) and bodies.says(shown) != bodies.says(meant)


def _command(sent: Sequence[Edit]) -> Json:
    """What Notion is asked to do. Below a link that is another one each time there is nothing to name but the end."""
    if not sent[0].old:
        return {"type": "insert_content", "insert_content": {"content": sent[0].new, "position": {"type": "end"}}}
    updates = [{"old_str": edit.old, "new_str": edit.new} for edit in sent]
    return {"type": "update_content", "update_content": {"content_updates": updates}}


def _lacking(text: str, shown: str) -> Sequence[Edit]:
    """What makes a body that shows *shown* say *text*."""
    return rewriting.edits(shown, bodies.to_notion(text, shown))


def _still_lacking(text: str, rest: Sequence[Edit], shown: str) -> Sequence[Edit]:
    """The *rest* of what was planned, where it is found in *shown*: to plan a long text for each request takes long."""
    return rest if rest and rewriting.finds(shown, rest) else _lacking(text, shown)


def _rest(made: Sequence[Edit], sent: Sequence[Edit]) -> Sequence[Edit]:
    """What follows *sent*; nothing where only a part of an edit was."""
    return made[len(sent) :] if sent[-1] == made[len(sent) - 1] else ()


def _fitting(made: Sequence[Edit], shown: str) -> Sequence[Edit]:
    """What of *made* the next request takes; nothing where Notion takes no change of that size."""
    return tuple(rewriting.batch(made, shown, LARGEST_WRITE))


def _is_all(sent: Sequence[Edit], made: Sequence[Edit]) -> bool:
    return len(sent) == len(made) and sent[-1] == made[-1]


def _most_requests(text: str, shown: str) -> int:
    """Twice as many as sizes and edits ask for: Notion may spell what it is sent otherwise, but not for ever."""
    by_size = (rewriting.size(text) + rewriting.size(shown)) // LARGEST_WRITE
    return 4 + 4 * by_size + 2 * (shown.count("\n") // rewriting.MOST_EDITS)
