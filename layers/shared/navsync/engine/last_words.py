"""A person has thrown a page away: what does it say where the trash does not show it?

It is taken out, read and put back, once each time that it is thrown away, before anybody is asked or its trash emptied.
"""

from __future__ import annotations

from copy import replace

from navsync.engine import journal, removals, unshown, watch
from navsync.engine.steps import Again, Later, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import MissingCapability, Raced, Refused, SyncError
from navsync.fields import SPECS
from navsync.model import Gone, LastWords, Mapping, Observation, Present, ReadIntent, Side, State, Trashed


def read(bench: Workbench, mapping: Mapping, page: Trashed, run: Run) -> tuple[Mapping, Trashed]:
    """*page* with all that it says, and *mapping*, which remembers that; where Notion refuses, as far as it is known.

    Raises `Raced` where somebody has typed in it as it was put back before: then it stays out of the trash.
    """
    is_hidden = removals.hides_body(mapping, page.last) and not bench.is_ours(page.last)  # ours was read as it went
    is_new = is_hidden and not _was_refused(mapping, page.last)
    if not is_new and not was_typed_in(mapping, page, run):
        return mapping, page
    try:
        return read_now(bench, mapping, page)
    except (Refused, MissingCapability):
        return bench.ledger.load(mapping.id) or mapping, page


def read_now(bench: Workbench, mapping: Mapping, page: Trashed) -> tuple[Mapping, Trashed]:
    """The same, though it was read before, or refused. Raises what Notion refuses to take it out with."""
    if not may_take_out(bench, mapping):
        return _not_told(mapping), _as_read(mapping, page)
    known = None if removals.hides_body(mapping, page.last) else mapping.last_words
    words = known or LastWords(page.last.edited_by, page.last.edited_at)
    reading = mapping.but(intent=ReadIntent(), last_words=words, unshown=unshown.left_over(bench, mapping))
    reading = bench.ledger.save(reading, *journal.abandoned(bench.ledger, mapping))
    try:
        whole = bench.notion.restore(mapping.entity_type, page.last.id)
    except (Refused, MissingCapability):
        bench.ledger.save(reading.but(intent=None))
        raise
    last = replace(whole, edited_by=words.by, edited_at=words.at)
    return _put_back(bench, reading, words, whole), replace(page, last=last)


def finish(bench: Workbench, mapping: Mapping) -> Step:
    """Go on with a reading that was interrupted, unless a person has taken the page out of the trash since."""
    words = mapping.last_words
    match bench.read(Side.NOTION, mapping):
        case Present() as page if words is not None and bench.is_ours(page):
            return Again(_put_back(bench, mapping, words, page))
        case Trashed(is_purged=False) as page if not bench.is_ours(page.last) and may_take_out(bench, mapping):
            return Again(read_now(bench, mapping, page)[0])
        case _:
            return Again(bench.ledger.save(mapping.but(intent=None)))


def may_take_out(bench: Workbench, mapping: Mapping) -> bool:
    """Whether its page may be taken out of the trash: not where Notion is not written, or did not put it back once."""
    stayed_out = mapping.last_words is not None and mapping.last_words.stays_out
    return bench.may_write(Side.NOTION) and not stayed_out


def is_left_out(bench: Workbench, mapping: Mapping, entity: Observation, page: Observation) -> bool:
    """Whether *page* is outside the trash only because Notion did not take it back, and nobody wants it there since."""
    words = mapping.last_words
    if words is None or not words.stays_out or not isinstance(page, Present) or not bench.is_ours(page):
        return False
    return isinstance(entity, Gone) or (isinstance(entity, Present) and not bench.wants_page(mapping, entity, page))


def put_back_again(bench: Workbench, mapping: Mapping, page: Present) -> Step:
    """Try once more what Notion has refused, after a while."""
    words = mapping.last_words
    if words is None or words.read_at is None:
        raise AssertionError(f"mapping {mapping.id} has no page that was read outside the trash")
    if (at := words.read_at + watch.ASK_AGAIN) > bench.clock():
        return Later(mapping, at)
    begun = mapping.but(intent=ReadIntent())  # who is interrupted here has not put it back, and nobody wants it there
    return Again(_put_back(bench, begun, words, page))


def was_typed_in(mapping: Mapping, page: Trashed, run: Run) -> bool:
    """Whether an event tells that what is hidden of *page* was edited in the moment in which we put it back."""
    words = _known(mapping, page.last)
    read_at = None if words is None else words.read_at
    if words is None or read_at is None:
        return False
    return watch.is_told_near(run.edits, read_at, words.said)


def _put_back(bench: Workbench, mapping: Mapping, words: LastWords, whole: Present) -> Mapping:
    """Move the page to the trash again, once it is kept what it says; not where that is not what was read before."""
    said = {name: whole.values[name] for name in SPECS[mapping.entity_type].bodies if name in whole.values}
    if words.said and words.said != said:
        bench.ledger.save(mapping.but(intent=None, last_words=None))
        raise Raced("somebody typed in the page as it was put back, so it stays out of the trash")
    words = replace(words, said=said, read_at=bench.clock(), stays_out=False)
    kept = _not_told(bench.ledger.save(mapping.but(last_words=words)))
    try:
        bench.notion.remove(mapping.entity_type, whole.id)
    except (Refused, MissingCapability) as error:
        bench.ledger.save(_left_out(bench, kept, words, error))
        raise Raced("Notion does not put the page back in the trash") from error
    return bench.ledger.save(kept.but(intent=None))


def _left_out(bench: Workbench, mapping: Mapping, words: LastWords, error: SyncError) -> Mapping:
    """*mapping*, of which a person is told that its page stays outside; what they are asked already, they are still."""
    told = replace(journal.not_put_back(error), since=bench.clock())
    if mapping.state is not State.AWAITING_APPROVAL:
        mapping = mapping.but(state=State.LINKED, troubles=())
    return mapping.but(intent=None, last_words=replace(words, stays_out=True), troubles=(*mapping.troubles, told))


def _not_told(mapping: Mapping) -> Mapping:
    """*mapping* once its page is in the trash again: nobody has to move it there any more."""
    return mapping.but(troubles=tuple(each for each in mapping.troubles if each.code != journal.NOT_PUT_BACK))


def _as_read(mapping: Mapping, page: Trashed) -> Trashed:
    """*page* with what was read of it when it was thrown away before; whether it says so still, nobody knows."""
    words = mapping.last_words
    said = words.said if words is not None and words.stays_out else {}
    return replace(page, last=replace(page.last, values={**said, **page.last.values}))


def _known(mapping: Mapping, page: Present) -> LastWords | None:
    """What is remembered of *page* as it was thrown away."""
    words = mapping.last_words
    return words if words is not None and (words.by, words.at) == (page.edited_by, page.edited_at) else None


def _was_refused(mapping: Mapping, page: Present) -> bool:
    words = _known(mapping, page)
    return words is not None and not words.said
