"""How plain text is put into Notion's rich text so that only the runs that changed change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import replace
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Any

from navsync.fields.graphemes import pieces
from navsync.fields.spans import Span, spans

LONGEST_ITEM = 2_000
"""UTF-16 code units in one item. Notion does not say how it counts; this is safe under every way of counting."""
MOST_ITEMS = 100
LONGEST = LONGEST_ITEM * MOST_ITEMS
_MOST_MENTIONS = 25
"""Page answers leave out mentions beyond this many."""

type Item = Mapping[str, Any]
"""One element of a rich text array, as Notion answers it or as it is sent."""

_PLAIN_ANNOTATIONS = {
    "bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False, "color": "default",
}  # fmt: skip
_SENT_OF_MENTION = {
    "user": ("id",),
    "page": ("id",),
    "database": ("id",),
    "date": ("start", "end", "time_zone"),
    "custom_emoji": ("id",),
    "template_mention": ("type", "template_mention_date", "template_mention_user"),
}
"""Mentions that can be written, with the keys that a request takes. Others (link previews) become a link."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a run looks: the annotations that differ from plain text, and its link."""

    annotations: Mapping[str, Any] = field(default_factory=dict)
    link: str | None = None


_PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text that looks the same. *atom* is the mention or equation it shows, which stays whole or goes."""

    text: str
    style: Style = _PLAIN
    atom: Mapping[str, Any] | None = None


def plain(items: Iterable[Item]) -> str:
    """The text that *items* show."""
    return "".join(run.text for run in map(_run, items))


def incomplete(items: Sequence[Item]) -> bool:
    """Whether a page answer may have left some of *items* out: it holds as many mentions as it can."""
    return sum("mention" in item for item in items) >= _MOST_MENTIONS


def fits(text: str) -> bool:
    """Whether one property can hold *text*."""
    return len(text) <= LONGEST and sum(1 for _ in pieces(text, LONGEST_ITEM)) <= MOST_ITEMS


def put(text: str, current: Iterable[Item]) -> list[dict[str, Any]]:
    """The items to send so that *current* shows *text*: what stays keeps its formatting, links and mentions.

    New words look like those they replace, or like both their neighbours. When that takes more items than Notion does,
    they look like the one before them, and then the last runs lose their looks, as `plainer` tells; text is never lost.
    """
    return _put(text, current)[0]


def plainer(text: str, current: Iterable[Item]) -> str:
    """From where on *text* loses looks when it is put in *current*, because Notion takes no more; empty if nowhere."""
    return _put(text, current)[1]


def _put(text: str, current: Iterable[Item]) -> tuple[list[dict[str, Any]], str]:
    before = [_run(item) for item in current]
    if text == "".join(run.text for run in before):
        runs = before
    else:
        runs = _joined(run for run, _ in _edited(text, before))
        if not _is_taken(runs):
            runs = _joined(_blended(_edited(text, before)))
    simple, lost = _simplified(runs)
    items = [item for run in simple for item in _items(run)]
    return items, "".join(run.text for run in runs[len(runs) - lost :])


def _simplified(runs: list[Run]) -> tuple[list[Run], int]:
    """Runs that Notion takes, and how many of the last ones look plainer for it: as few as possible.

    Annotations go first, then links and mentions.
    """
    for simpler in (_unannotated, _unformatted):
        tries = partial(_with_plain_end, runs, simpler)
        lost = bisect_left(range(len(runs)), True, key=lambda lost: _is_taken(tries(lost)))
        if _is_taken(tries(lost)):
            break
    return tries(lost), lost


def _with_plain_end(runs: list[Run], simpler: Callable[[Run], Run], count: int) -> list[Run]:
    return _joined([*runs[: len(runs) - count], *map(simpler, runs[len(runs) - count :])])


def _is_taken(runs: Iterable[Run]) -> bool:
    return sum(1 for run in runs for _ in _items(run)) <= MOST_ITEMS


# --- reading --------------------------------------------------------------------------------------------------------


def _run(item: Item) -> Run:
    match item:
        case {"text": {"content": str(content)} as text}:
            link = (text.get("link") or {}).get("url")
            return Run(item.get("plain_text", content), Style(_annotations(item), _link(link)))
        case {"equation": {"expression": str(expression)} as equation}:
            atom = {"type": "equation", "equation": equation}
            return Run(item.get("plain_text", expression), Style(_annotations(item)), atom)
        case {"mention": mention} if sent := _mention(mention):
            return Run(item.get("plain_text", ""), Style(_annotations(item)), sent)
        case _:
            return Run(item["plain_text"], Style(_annotations(item), _link(item.get("href"))))


def _link(url: str | None) -> str | None:
    """Notion answers links between its pages without their host, and does not take them so."""
    return f"https://www.notion.so{url}" if url and url.startswith("/") else url


def _annotations(item: Item) -> dict[str, Any]:
    return {key: value for key, value in item.get("annotations", {}).items() if _PLAIN_ANNOTATIONS.get(key) != value}


def _mention(mention: Item) -> dict[str, Any] | None:
    kind = mention.get("type") or next(iter(mention))
    keys = _SENT_OF_MENTION.get(kind)
    if keys is None:
        return None
    sent = {key: value for key, value in mention[kind].items() if key in keys and value is not None}
    return {"type": "mention", "mention": {"type": kind, kind: sent}}


# --- writing --------------------------------------------------------------------------------------------------------


def _items(run: Run) -> Iterator[dict[str, Any]]:
    look = {"annotations": dict(run.style.annotations)} if run.style.annotations else {}
    if run.atom:
        yield {**run.atom, **look}
        return
    link = {"link": {"url": run.style.link}} if run.style.link else {}
    for content in pieces(run.text, LONGEST_ITEM):
        yield {"type": "text", "text": {"content": content, **link}, **look}


def _unannotated(run: Run) -> Run:
    return replace(run, style=Style(link=run.style.link))


def _unformatted(run: Run) -> Run:
    return Run(run.text)


def _joined(runs: Iterable[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in runs:
        last = joined[-1] if joined else None
        if last and not last.atom and not run.atom and last.style == run.style:
            joined[-1] = replace(last, text=last.text + run.text)
        else:
            joined.append(run)
    return joined


# --- editing --------------------------------------------------------------------------------------------------------


def _edited(text: str, runs: Sequence[Run]) -> Iterator[tuple[Run, bool]]:
    """The runs that show *text*, each with whether it is new."""
    for span in spans("".join(run.text for run in runs), text, _atoms(runs)):
        if span.same:
            yield from ((run, False) for run in _cut(runs, span.old_from, span.old_to))
        elif span.new_to > span.new_from:
            yield Run(text[span.new_from : span.new_to], _style_of_new(span, runs)), True


def _blended(edited: Iterable[tuple[Run, bool]]) -> Iterator[Run]:
    """The runs, new ones looking like the one before them; the first ones like the one behind."""
    runs = list(edited)
    style = next((run.style for run, is_new in runs if not is_new), _PLAIN)
    for run, is_new in runs:
        style = style if is_new else run.style
        yield replace(run, style=style)


def _atoms(runs: Sequence[Run]) -> list[slice]:
    ends = accumulate(len(run.text) for run in runs)
    return [slice(end - len(run.text), end) for run, end in zip(runs, ends, strict=True) if run.atom and run.text]


def _cut(runs: Iterable[Run], start: int, end: int) -> Iterator[Run]:
    """What *runs* show from *start* to *end*. A part of a mention is text; an empty run has no place and goes."""
    at = 0
    for run in runs:
        text = run.text[max(start - at, 0) : max(end - at, 0)]
        if text:
            yield run if text == run.text else Run(text, run.style)
        at += len(run.text)


def _style_of_new(span: Span, runs: Sequence[Run]) -> Style:
    beside = [run.style for run in _beside(span, runs)]
    replaced = [run.style for run in _cut(runs, span.old_from, span.old_to)]
    style = _common(replaced or beside)
    return style if style.link is None or style in beside else Style(style.annotations)


def _beside(span: Span, runs: Sequence[Run]) -> Iterator[Run]:
    yield from _cut(runs, span.old_from - 1, span.old_from)
    yield from _cut(runs, span.old_to, span.old_to + 1)


def _common(styles: Sequence[Style]) -> Style:
    return styles[0] if styles and all(style == styles[0] for style in styles) else _PLAIN
