"""NavImpact does not show a record: is it gone?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import chain, islice

from navsync import reconcile
from navsync.engine.steps import Later
from navsync.engine.workbench import Workbench
from navsync.errors import MissingCapability, Refused, Unavailable
from navsync.model import EntityRef, EntityType, Gone, Mapping, Side, State
from navsync.standing import Outline, project_of

CONFIRM = timedelta(seconds=10)
"""NavImpact's 404 is believed when it is repeated after this, while another record is shown."""

CONFIRM_ALONE = timedelta(minutes=10)
"""The same, where no other is left to ask for: an emptied NavImpact answers so, too, and may be filled again."""

MOST_WITNESSES = 20
"""So many of the pairs made next are asked for before NavImpact is taken to show none."""

MOST_FAILING = 3
"""So many of them may fail to be read, each for a reason of its own, before it is taken for the side's."""

NONE_SHOWN = (
    "NavImpact shows none of the records that it is known to have, so a missing one proves nothing; where they were "
    "deleted on purpose, move their pages to the trash"
)


class NoneShown(Unavailable):
    """NavImpact shows no other record of ours either: it was emptied, or is another one."""


def unconfirmed(bench: Workbench, mapping: Mapping) -> Later | None:
    """When to ask again for a record that was not there; None once that is believed. Notion is not asked before.

    Once is not enough: NavImpact may have got its permissions back between the record and the collection. Raises
    `Unavailable` where a missing record proves nothing.
    """
    bench.check_collection(mapping.entity_type)
    is_alone = mapping.page_id is not None and _is_alone(bench, mapping)  # without a page nothing would go with it
    now = bench.clock()
    if mapping.gone_since is None:
        mapping = bench.ledger.save(mapping.but(gone_since=now))
    confirmed_at = (mapping.gone_since or now) + (CONFIRM_ALONE if is_alone else CONFIRM)
    return Later(mapping, confirmed_at) if now < confirmed_at else None


def check_gone(bench: Workbench, mapping: Mapping) -> None:
    """Raise `Unavailable` until NavImpact's 404 is believed: what a person decided is not lost by waiting for it."""
    if unconfirmed(bench, mapping) is not None:
        raise Unavailable(
            "NavImpact did not show the record; what was decided is done once it is certain that it is gone"
        )


def is_another_there(bench: Workbench, mapping: Mapping, parent_gone: Mapping | None) -> bool:
    """Whether NavImpact shows any other record of ours: else it may have been emptied, or be another one."""
    latest = bench.witnesses.latest
    if latest is not None and not _may_go_together(Outline.of(latest), Outline.of(mapping)):
        return True
    return (
        mapping.entity_type is not EntityType.MEDIA_PROJECT and project_of(mapping) is not None and parent_gone is None
    )


def project_gone_too(bench: Workbench, mapping: Mapping) -> Mapping | None:
    """The mapping of its project where that is gone as well: NavImpact deletes what belongs to a project with it."""
    id = None if mapping.entity_type is EntityType.MEDIA_PROJECT else project_of(mapping)
    parent = None if id is None else bench.ledger.of_entity(EntityRef(EntityType.MEDIA_PROJECT, id))
    return parent if parent is not None and isinstance(bench.read(Side.NAVIMPACT, parent), Gone) else None


def _is_alone(bench: Workbench, mapping: Mapping) -> bool:
    """Whether there is no other record to ask for, so that only the 404 tells of it."""
    if _is_another_shown(bench, mapping):
        return False
    return not is_another_there(bench, mapping, project_gone_too(bench, mapping))


def _is_another_shown(bench: Workbench, mapping: Mapping) -> bool:
    """Whether NavImpact shows any other record of ours, but for those that went with this one.

    False where there are no others: nothing speaks against it. Raises `NoneShown` where there are.
    """
    was_asked, failures = False, 0
    for other in _witnesses(bench, mapping):
        try:
            if _is_there(bench, other):
                return True
        except (Unavailable, Refused, MissingCapability):
            failures += 1
            if failures == MOST_FAILING:
                raise
        was_asked = True
    if was_asked:
        raise NoneShown(NONE_SHOWN)
    return False


def _witnesses(bench: Workbench, mapping: Mapping) -> Iterator[Mapping]:
    """Others to ask for, the likeliest to be there first.

    One of those that the list shows spares the search: were a whole block deleted, those that were paired next are gone
    too, and the block would come to be believed, and counted, only in the course of hours.
    """
    latest, this, outlines = bench.witnesses.latest, Outline.of(mapping), bench.ledger.outlines_after
    if latest is not None and not _may_go_together(Outline.of(latest), this):
        yield latest
    yield from islice(_listed(bench, mapping), 1)
    pairs = chain(linked(outlines, mapping.id), linked(outlines))
    for pair in islice((pair for pair in pairs if not _may_go_together(pair, this)), MOST_WITNESSES):
        other = bench.ledger.load(pair.id)
        if other is not None and _has_record(other):
            yield other


def _listed(bench: Workbench, mapping: Mapping) -> Iterator[Mapping]:
    """Other pairs that the beginning of NavImpact's list shows. A list alone proves nothing."""
    for seen in bench.navimpact.changed_since(mapping.entity_type, None, None).records:
        pair = bench.ledger.of_entity(EntityRef(mapping.entity_type, seen.id))
        if pair is not None and _has_record(pair) and not _may_go_together(Outline.of(pair), Outline.of(mapping)):
            yield pair


def _is_there(bench: Workbench, other: Mapping) -> bool:
    """Whether NavImpact shows *other*. What it did not show is not asked for again by the same bench."""
    if other.id in bench.witnesses.missing:
        return False
    if isinstance(bench.read(Side.NAVIMPACT, other), Gone):
        bench.witnesses.missing.add(other.id)
        return False
    bench.witnesses.latest = other
    return True


def _may_go_together(one: Outline, other: Outline) -> bool:
    """Whether they are one record, or of one project."""
    return one.id == other.id or (one.project is not None and one.project == other.project)


def linked(after: Callable[[int, int], Sequence[Outline]], mapping_id: int = 0) -> Iterator[Outline]:
    """All pairs that *after* lists and that have a record, in step or about to be, in the order of their ids."""
    while pairs := after(mapping_id, reconcile.PAIRS_AT_ONCE):
        yield from filter(_has_record, pairs)
        mapping_id = pairs[-1].id


def _has_record(pair: Mapping | Outline) -> bool:
    """Whether it is in step or about to be, and not one whose page makes way for that of another pair."""
    return pair.state is State.LINKED and pair.entity_id is not None
