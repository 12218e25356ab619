"""Did a history keep its promises?

| promise | where it is checked |
|---|---|
| no decision is forgotten | `_unheard`, `_unheeded`, `_not_undone`; `Witness.updated` |
| I1 no silent loss | `_lost` at rest; `Witness.updated` for what somebody had written knowingly |
| I2 convergence | `_in_step` |
| I3 no echo | `_stirred` |
| I4 one page | `_paired`; `Witness.removing` |
| I5 one creation | `Witness.written` |
| I6 write-ahead | `Witness.updated`; nothing is taken out of the history again: `_lost` |
| I7 one writer | `Witness.kept` |
| I8 monotone cursor | `Witness.moved` |
| I9 staleness, I15 isolation | `test_histories` (delays); what escapes to the queue: `Employee` |
| I11 Retry-After | `Employee` |
| I12 deletions | `Witness.removing` |
| I13 replay | `test_histories` (any order and number of webhooks) |
| I16 liveness | `_at_rest`, `_in_step` |
| I17 schema | `Witness.updated`; caught up after repair: `_in_step` |
| I20 determinism | `test_histories` (two processes) |
| rules are kept | `Witness.updated`, `Witness.removing`, `Witness.written`; `_in_step` |
| what they held back follows when they are lifted | `_lifted` |
"""

from __future__ import annotations

from collections.abc import Iterator

from navsync import scope, titles
from navsync.attention import question_of
from navsync.engine import journal
from navsync.fields import SPECS, Field, Kind, cannot_carry, same
from navsync.model import (
    EVERYTHING,
    Direction,
    EntityRef,
    EntityType,
    Mapping,
    Operation,
    Outcome,
    Policy,
    Present,
    RemoveIntent,
    Side,
    State,
    SyncLog,
    Trouble,
    Value,
    Values,
    Work,
    WorkKind,
)
from navsync.standing import ATTENTION, standing_of
from tests.contract.memory import BOT, Page, Record, ids_in
from tests.simulation.history import History, Office
from tests.simulation.people import KINDS, WORDY, pieces, said
from tests.simulation.swarm import Fault
from tests.simulation.witness import told_by
from tests.simulation.world import PROJECT


def judge(history: History) -> list[str]:
    """Everything that is wrong at rest, and what was seen to go wrong on the way.

    Where workspaces have rules, first what is wrong at rest by those, and then what is when they are lifted.
    """
    found = _wrong(history)
    if any(office.is_limited for office in history.offices):
        found += [*_lifted(history), *_wrong(history)]
    return [*history.problems, *found]


def _wrong(history: History) -> list[str]:
    """At rest; and then whether rest is rest."""
    _hear_of_the_trash(history)
    found = [*_lost(history), *_untold(history), *_unheard(history)]
    for office in history.offices:
        found += _at_rest(history, office)
        found += _paired(history, office)
        found += _unheeded(history, office)
        found += _not_undone(history, office)
    return [*found, *_stirred(history)]


# --- I1 --------------------------------------------------------------------------------------------------------------


def _lost(history: History) -> Iterator[str]:
    shown, told = _current(history), _told(history)
    kept = shown | history.people.knowingly_replaced
    kept |= {(gone.field, gone.value) for gone in history.witness.blind}
    carried = history.witness.recorded - history.witness.chosen - history.people.thrown_away
    trashed = {each for office in history.offices for each in _restorable(history, office)}
    for edit in history.people.edits:
        what = edit.field, edit.value
        words = f"I1: {edit.field}={edit.value}, written in {edit.side} at {edit.at:.1f} s,"
        is_word = KINDS[edit.field] in WORDY and not history.fired[Fault.OUTLIVED]
        if is_word and what in carried and what not in kept:
            yield f"{words} went though nobody took it away"
        if what not in kept and what not in trashed and what not in told:
            yield f"{words} is lost"
    yield from _taken_back(history, shown | told)


def _unheard(history: History) -> Iterator[str]:
    """Who was told that their decision would be carried out, and has not decided otherwise since, can rely on it."""
    last = {(office, work.kind, work.external_id, work.actor): work for office, work in history.decisions}
    for (office, *_), work in last.items():
        waits = any(row.run_id == work.run_id for row in history.store.of(office).work.values())
        if not waits and work.run_id not in history.witness.carried_out:
            yield f"W{office}: what {work.actor} said of {work.kind} {work.external_id}, {work.choice}, was forgotten"


def _untold(history: History) -> Iterator[str]:
    """Whose edit was overwritten unseen in Notion hears of it, where an event told us and nobody edited the same since.

    Not where a look found nothing to compare it with: a side gone, or the record left out. A long text may have been
    merged, and have reached one side alone: then it is not known for ours where it is shown.
    """
    flagged = {place for office in history.offices for place in flags(history, office)}
    latest = history.people.last_edited
    last = [edit for edit in history.people.edits if latest[edit.side, edit.id, edit.field] == edit.at]
    kept = _current(history) | _told(history)
    for gone in history.witness.blind:
        what, place = (gone.field, gone.value), (gone.office, gone.mapping_id, gone.field)
        edits = (edit for edit in last if (edit.side, edit.field, edit.value) == (f"notion {gone.office}", *what))
        known = any((gone.office, edit.id, edit.field, edit.at) in history.told for edit in edits)
        is_word = KINDS[gone.field] in WORDY
        apart = (gone.office, gone.mapping_id) in history.witness.apart
        if gone.side == "notion" and known and not (is_word or apart) and place not in flagged and what not in kept:
            yield f"I1: {gone.field}={gone.value} was overwritten in Notion, and nobody told of it"


def flags(history: History, office: Office) -> Iterator[tuple[int, int | None, str]]:
    """Workspace, mapping and field of what may have been overwritten unseen, as the history tells."""
    for row in history.store.of(office.id).logs.values():
        if row.operation is Operation.OVERWRITE:
            yield from ((office.id, row.mapping_id, change.field) for change in row.changes)


def _taken_back(history: History, there: set[tuple[str, Value]]) -> Iterator[str]:
    """What was recorded stays so, though somebody who deleted it may know it; but where an edit kept the record."""
    rewritten = {(name, piece) for name, old in history.people.replacements for piece in pieces(name, old)}
    for name, piece in sorted(history.witness.recorded - there - rewritten, key=str):
        yield f"I6: {name}={piece} was recorded, and taken out of the history again"


def _told(history: History) -> set[tuple[str, Value]]:
    """What the history holds in the end: a row may have been written anew since it recorded something."""
    logs = (log for office in history.offices for log in history.store.of(office.id).logs.values())
    return {value for log in logs for change in log.changes for value in told_by(change)}


def _current(history: History) -> set[tuple[str, Value]]:
    shown = [r.values() for r in history.platform.records.values()]
    for office in history.offices:
        shown += [p.values for p in _live(history, office)]
        shown += _half_removed(history, office)
    return {each for values in shown for each in said(values)}


def _half_removed(history: History, office: Office) -> list[Values]:
    """What stays in Notion's trash while a removal waits to read its last word."""
    removing = [m for m in history.store.of(office.id).mappings.values() if isinstance(m.intent, RemoveIntent)]
    return [office.notion.pages[m.page_id].values for m in removing if m.page_id is not None]


def _restorable(history: History, office: Office) -> Iterator[tuple[str, Value]]:
    """What pages say that people moved to Notion's trash, and for which nothing was deleted in NavImpact.

    Not of those that went from there for good after somebody was asked: what could be read of them is to be recorded.
    Of a record that was deleted only those that went after that, and for good: perhaps before anybody could look; and
    those that are not shared since before anybody looked, for they lie in the trash though that cannot be told.
    """
    kept = history.store.of(office.id)
    for page in (page for page in office.notion.pages.values() if page.in_trash):
        mapping = kept.mappings.get(kept.pairs.get(page.id, 0))
        removal = kept.logs.get(mapping.removed_by or 0) if mapping and mapping.state is State.DELETED else None
        is_unseen = not page.shared and (office.id, page.id) not in history.witness.asked
        if removal is None or removal.side is None or is_unseen or _is_theirs_again(history, office, page, removal):
            read = history.witness.asked.get((office.id, page.id), set()) if page.purged else set()
            yield from said(page.values) - read


def _is_theirs_again(history: History, office: Office, page: Page, removal: SyncLog) -> bool:
    """Whether people had *page* in hands after *removal*."""
    if removal.side is Side.NOTION:
        return page.edited_by != BOT
    return page.purged and history.people.thrown.get((office.id, page.id), 0.0) > history.seconds(removal.at)


def _live(history: History, office: Office) -> list[Page]:
    copies = history.people.copies
    pages = (p for p in office.notion.pages.values() if not p.in_trash and not p.is_template)
    return [p for p in pages if (office.id, p.id) not in copies]


# --- I2, I4 ----------------------------------------------------------------------------------------------------------


def _paired(history: History, office: Office) -> Iterator[str]:
    kept = history.store.of(office.id)
    pages = [page for page in _live(history, office) if not _may_not_go(history, office, page)]
    for mapping in kept.mappings.values():
        yield from _in_step(history, office, mapping)
    by_entity = {m.entity: m for m in kept.mappings.values() if m.entity is not None}
    beside = {m.page_id for m in kept.mappings.values() if _is_beside(history, office, m)}
    for (kind, id), record in sorted(history.platform.records.items()):
        pair = by_entity.get(EntityRef(kind, id))
        if pair is None and (
            _is_out(history, office, kind, id, record.values()) or not office.rules.direction.allows(Side.NOTION)
        ):
            continue
        if pair is None or pair.state in (State.DELETED, State.DRAFT):
            yield f"I4: W{office.id} has no page for {kind} {id}"
            continue
        count = sum(p.key == f"{kind}/{id}" and p.shared and p.id not in beside for p in pages)
        count += any(p.id == pair.page_id and not p.shared for p in pages)
        if count != 1 and pair.state is State.LINKED and not _names_refused_project(history, office, pair):
            yield f"I4: W{office.id} has {count} pages for {kind} {id}"
    for page in office.notion.pages.values():
        if page.is_template and (page.key or page.id in kept.pairs):
            yield f"I4: W{office.id} took the template {page.id[-4:]} for a row, with key {page.key}"
    for page in pages:
        if page.shared and page.id not in kept.pairs:
            yield f"I4: W{office.id} has page {page.id[-4:]} with key {page.key} that nothing pairs"
    yield from _copies_untold(history, office)


def _copies_untold(history: History, office: Office) -> Iterator[str]:
    """Whoever copied a page and waits for a record must see why there is none."""
    kept = history.store.of(office.id)
    for page in office.notion.pages.values():
        if (office.id, page.id) in history.people.copies and not page.hidden:
            pair = kept.pairs.get(page.id)
            if pair is None or [trouble.code for trouble in kept.mappings[pair].troubles] != [journal.COPIED.code]:
                yield f"I16: W{office.id} says nothing of {page.id[-4:]}, a copy with key {page.key}"


def _in_step(history: History, office: Office, mapping: Mapping) -> Iterator[str]:
    name = f"W{office.id} mapping {mapping.id} ({mapping.entity}, {(mapping.page_id or '')[-4:]})"
    record = history.platform.records.get((mapping.entity_type, mapping.entity_id or ""))
    page = office.notion.pages.get(mapping.page_id or "")
    live = page is not None and not (page.in_trash or page.hidden)
    match mapping.state:
        case State.LINKED if not _waits(history, office, mapping):  # of a hidden one nothing is known, nor follows
            yield from _linked(history, office, name, mapping, record, page)
            yield from _called(history, office, name, page)
            yield from _naming_what_is_gone(history, office, name, page)
            yield from _asking_needlessly(history, office, name, mapping)
            is_out = record is not None and _is_out(history, office, record.entity_type, record.id, record.values())
            if is_out and not _is_of_project(
                history, office, mapping, State.UNREACHABLE
            ):  # it follows what is looked at
                yield f"{name} is synced, but the workspace does not hold it"
        case State.EXCLUDED if not _waits(history, office, mapping):
            yield from _rightly_excluded(history, office, name, mapping, record)
        case State.DELETED if (record is not None or live) and not _waits_for_another_page(history, office, mapping):
            yield f"I2: {name} is deleted, but its {'page' if live else 'record'} is there"
        case State.UNREACHABLE if page is not None and not page.hidden:
            yield f"I16: {name} is unreachable, but its page is shared"
        case State.UNREACHABLE if (office.id, mapping.page_id) in history.people.purged and not office.is_limited:
            yield f"I16: {name} is unreachable for ever, though its page was seen in the trash"
        case State.DRAFT if live and page is not None and _should_have_a_record(history, office, mapping, page):
            yield f"I16: {name} waits as a draft, but has all that a record needs"
        case State.CREATING if not (_is_refused(mapping) or _names_refused_project(history, office, mapping)):
            yield f"I16: {name} is being created for ever: {[t.cause for t in mapping.troubles]}"
        case State.AWAITING_APPROVAL if not mapping.troubles:
            yield f"I16: {name} waits for approval without saying so"


def _rightly_excluded(
    history: History, office: Office, name: str, mapping: Mapping, record: Record | None
) -> Iterator[str]:
    codes = [trouble.code for trouble in mapping.troubles]
    if codes == [scope.ONE_WAY] and office.rules.direction is Direction.BOTH:
        yield f"{name} is left out, but the workspace syncs both ways"
    elif codes == [scope.OUT_OF_SCOPE] and record is not None:
        if not _is_out(history, office, record.entity_type, record.id, record.values()):
            yield f"{name} is left out, but the workspace holds it"
    elif codes not in ([scope.ONE_WAY], [scope.OUT_OF_SCOPE]):
        yield f"{name} is left out without saying so"


def _is_out(history: History, office: Office, kind: EntityType, id: str | None, values: Values) -> bool:
    """Whether the workspace is not to hold a record of *values*: a project by what it says, what belongs to it too."""
    if kind is PROJECT:
        return office.rules.scope.excludes(id, values) is not None
    projects = [history.platform.records.get((PROJECT, each)) for each in ids_in(values.get("project"))]
    return any(each is not None and _is_out(history, office, PROJECT, each.id, each.values()) for each in projects)


def _is_complete(history: History, office: Office, mapping: Mapping, page: Page) -> bool:
    """Whether a record could be made of *page*: it says all that is required, in fields that sync to NavImpact, the
    workspace holds it, and NavImpact has the project."""
    if (office.id, page.id) in history.people.copies:
        return False
    kind, rules, shown = mapping.entity_type, office.rules, office.notion.shown(page).values
    required = [f.name for f in SPECS[kind].fields if f.required]
    if not all(shown.get(name) and rules.direction_of(kind, name).allows(Side.NAVIMPACT) for name in required):
        return False
    if not rules.direction.allows(Side.NAVIMPACT) or _is_out(history, office, kind, None, shown):
        return False
    return all((PROJECT, id) in history.platform.records for id in ids_in(shown.get("project")))


def _linked(
    history: History, office: Office, name: str, mapping: Mapping, record: Record | None, page: Page | None
) -> Iterator[str]:
    if record is None or page is None:
        yield f"I2: {name} is linked, but the {'record' if record is None else 'page'} is gone"
        return
    if page.in_trash:
        yield f"I2: {name} is linked, but its page is in the trash"
    if page.key != str(mapping.entity) or not mapping.stamped:
        yield f"I4: the page of {name} carries {page.key}"
    yield from _agreeing(history, office, name, mapping, record.values(), office.notion.shown(page))


def _called(history: History, office: Office, name: str, page: Page | None) -> Iterator[str]:
    """A page is called what somebody has called it, else what it says."""
    if page is None:
        return
    theirs, _ = history.people.names.get((office.id, page.id), (None, 0.0))
    wanted = theirs or titles.generated(page.entity_type, office.notion.shown(page).values)
    by_late_worker = theirs is None and history.fired[Fault.OUTLIVED]
    if page.name != wanted and not by_late_worker:
        yield f"I2: the page of {name} is called {page.name} rather than {wanted}"


def _naming_what_is_gone(history: History, office: Office, name: str, page: Page | None) -> Iterator[str]:
    """A page that was known, and is gone for good, leads to that which its record has now."""
    kept = history.store.of(office.id)
    for id in ids_in(page.values.get("project")) if page is not None else ():
        if (office.id, id) in history.people.purged and id not in kept.pairs:
            yield f"I2: the page of {name} names {id[-4:]}, which is gone for good and leads to no other"


def _asking_needlessly(history: History, office: Office, name: str, mapping: Mapping) -> Iterator[str]:
    """Policies are for edits: where nothing was agreed on yet, a person is asked whatever they say."""
    swarm = history.swarm
    for conflict in mapping.conflicts:
        policy = swarm.field_policies.get(f"{mapping.entity_type}.{conflict.field}", swarm.policies[office.id - 1])
        if policy is not Policy.ASK and conflict.field in mapping.bases:
            yield f"{name} asks about {conflict.field}, which “{policy}” decides"


def _agreeing(
    history: History, office: Office, name: str, mapping: Mapping, mine: Values, theirs: Present
) -> Iterator[str]:
    listed = {c.field: c for c in mapping.conflicts}
    held = {t.field: t for t in mapping.troubles}
    for field in SPECS[mapping.entity_type].fields:
        trouble = held.get(field.name)
        if field.name in theirs.unreadable:
            if trouble is None and field.kind is not Kind.RELATION:  # its project may have gone since anybody looked
                yield f"I16: {name} says nothing of {field.name}, which cannot be read"
            continue
        one, other = mine[field.name], theirs.values[field.name]
        if field.name in listed:
            conflict = listed[field.name]
            if (conflict.navimpact, conflict.notion) != (one, other):
                yield f"I2: {name} lists a conflict of {field.name} that is not there: {conflict} {one} {other}"
        elif trouble is not None:
            names_another = field.kind is Kind.RELATION and _names_one_that_waits(history, office, mapping)
            if not (names_another or _is_rightly_held(history, office, trouble, field, one, other)):
                shown = f"{field.name} ({one!r} and {other!r})"
                yield f"I17: {name} still holds {shown}, though nothing is wrong: {trouble}"
        elif not same(field, one, other):
            yield f"I2: {name} differs in {field.name}: {one!r} and {other!r}"


def _is_rightly_held(
    history: History, office: Office, trouble: Trouble, field: Field, mine: Value, theirs: Value
) -> bool:
    """Whether what is said of a field, of which both sides can be read, is so."""
    match trouble.code:
        case scope.ONE_WAY:
            return office.is_limited
        case "cannot_carry":
            return any(cannot_carry(field, value, to) for to, value in ((Side.NOTION, mine), (Side.NAVIMPACT, theirs)))
        case "refused" if field.kind is Kind.RELATION:
            return any((PROJECT, id) not in history.platform.records for id in ids_in(theirs))
        case "refused" if field.kind in WORDY:  # both merged are refused, which neither shows
            return history.swarm.refuses is not None
        case "refused":
            sent = (Side.NOTION, mine), (Side.NAVIMPACT, theirs)
            return any(history.refused(to, {field.name: value}) for to, value in sent)
        case _:
            return False


def _names_one_that_waits(history: History, office: Office, mapping: Mapping) -> bool:
    """Whether its page names one that is there again, and waits to be the page of its record."""
    kept, page = history.store.of(office.id), office.notion.pages[mapping.page_id or ""]
    known = (kept.pairs.get(id) for id in ids_in(page.values["project"]))
    return any(_waits_for_another_page(history, office, kept.mappings[id]) for id in known if id is not None)


# --- rules ------------------------------------------------------------------------------------------------------------


def _lifted(history: History) -> Iterator[str]:
    """Every rule is lifted, of which webhooks tell nothing: what it kept back follows without waiting for a sweep."""
    history.lift_rules()
    history.wait(1000)
    for office in history.offices:
        kept = history.store.of(office.id)
        if not kept.work:
            yield from (f"W{office.id} mapping {m.id} ({m.entity}) waits for a rule that was lifted, and for a sweep"
                        for m in kept.mappings.values() if _is_forgotten(history, office, m))  # fmt: skip
    history.settle(most=2)


def _is_forgotten(history: History, office: Office, mapping: Mapping) -> bool:
    """Whether a record that is there is still kept from being synced, or a row from becoming one."""
    page = office.notion.pages.get(mapping.page_id or "")
    if mapping.state is State.DRAFT and page is not None and not (page.in_trash or page.hidden):
        return _should_have_a_record(history, office, mapping, page)
    is_there = (mapping.entity_type, mapping.entity_id or "") in history.platform.records
    return is_there and any(trouble.code in (scope.ONE_WAY, scope.OUT_OF_SCOPE) for trouble in mapping.troubles)


# --- I16 -------------------------------------------------------------------------------------------------------------


def _at_rest(history: History, office: Office) -> Iterator[str]:
    kept = history.store.of(office.id)
    waiting = {m.id for m in kept.mappings.values() if _waits(history, office, m)}
    if kept.lease.owner is not None:
        yield f"I16: W{office.id} is still leased"
    for work in kept.work.values():
        page = office.notion.pages.get(work.external_id.partition("/")[2]) if work.kind is WorkKind.PAGE else None
        stays = page is not None and _may_not_go(history, office, page)
        if _mapping_of(office, history, work) not in waiting and not stays:
            due = f"{history.seconds(work.due):.0f} s"
            yield f"I16: W{office.id} still has work: {work.kind} {work.external_id}, due at {due}"
    for mapping in kept.mappings.values():
        if mapping.id in waiting:
            continue  # it is looked at again and again
        if mapping.intent is not None:
            yield f"I16: W{office.id} mapping {mapping.id} still has an open {type(mapping.intent).__name__}"
        if mapping.attempts:
            yield f"I16: W{office.id} mapping {mapping.id} still counts failures"
    for mapping in kept.mappings.values():
        told = [(trouble.code, trouble.field, trouble.cause) for trouble in mapping.troubles]
        if len(told) != len(set(told)):
            yield f"I16: W{office.id} mapping {mapping.id} says the same more than once: {told}"
    for log in kept.logs.values():
        if log.outcome is Outcome.STARTED and log.mapping_id not in waiting:
            yield f"I16: W{office.id} log {log.id} ({log.operation}) was never finished"


def _unheeded(history: History, office: Office) -> Iterator[str]:
    """Nobody is asked what somebody has answered."""
    answered = {work.external_id for id, work in history.decisions if (id, work.kind) == (office.id, WorkKind.DECIDE)}
    for mapping in history.store.of(office.id).mappings.values():
        if _waits(history, office, mapping):
            continue
        asks = mapping.state is State.AWAITING_APPROVAL
        if asks and f"{mapping.id}/{question_of(mapping).version}" in answered:
            yield f"W{office.id} mapping {mapping.id} asks still what somebody has answered: {mapping.troubles}"
        conflicts = () if history.fired[Fault.LEFT_OUT] else mapping.conflicts  # a rule lets choices come to nothing
        for conflict in conflicts:
            choice = office.id, mapping.entity, conflict.field, conflict.navimpact, conflict.notion
            is_doubted = (office.id, mapping.entity_type, conflict.field) in history.people.lost_columns
            if choice in history.people.chosen and not is_doubted:
                yield f"W{office.id} mapping {mapping.id} asks still who wins {conflict.field}, which somebody has said"


def _not_undone(history: History, office: Office) -> Iterator[str]:
    """Who undoes something sees what became of it; what it leads to need not name it."""
    kept = history.store.of(office.id)
    told = {log.reverts for log in kept.logs.values()} | {*map(_row_to_undo, kept.work.values())}
    for row, at in ((_row_to_undo(work), work.due) for id, work in history.decisions if id == office.id):
        about = kept.logs[row].mapping_id if row is not None and row not in told else None
        waits = about in kept.mappings and kept.mappings[about].troubles  # for what is said there, as a draft does
        since = (log for log in kept.logs.values() if log.mapping_id == about and log.at >= at)
        if about is not None and not waits and not any(since):
            yield f"W{office.id} says nothing of the undo of row {row}, asked for at {history.seconds(at):.1f} s"


def _row_to_undo(work: Work) -> int | None:
    is_one = work.kind is WorkKind.REVERT and work.external_id.startswith(("log/", "record/"))
    return int(work.external_id.split("/")[1]) if is_one else None


def _mapping_of(office: Office, history: History, work: Work) -> int | None:
    """What it is about, as far as that may be looked at again and again."""
    match work.kind:
        case WorkKind.MAPPING | WorkKind.DECIDE | WorkKind.RESOLVE:
            return int(work.external_id.partition("/")[0])
        case WorkKind.REVERT if work.external_id.startswith(("log/", "record/")):
            return history.store.of(office.id).logs[int(work.external_id.split("/")[1])].mapping_id
        case _:
            return None


def _waits(history: History, office: Office, mapping: Mapping) -> bool:
    """Whether it is looked at now and then until something happens elsewhere."""
    page = office.notion.pages.get(mapping.page_id or "")
    if _names_refused_project(history, office, mapping):
        return True
    if page is None:
        return False
    names_nobody = mapping.state is State.DRAFT and "project" in office.notion.shown(page).unreadable
    if page.hidden or names_nobody or _goes_with_project(history, office, mapping):
        return True
    return _may_not_go(history, office, page) or _waits_for_another_page(history, office, mapping)


def _may_not_go(history: History, office: Office, page: Page) -> bool:
    """Whether it is a second page of a record, by our hand, and the workspace changes nothing in Notion."""
    if office.rules.direction.allows(Side.NOTION) or page.created_by != BOT or page.in_trash:
        return False
    others = (m for m in history.store.of(office.id).mappings.values() if m.page_id not in (None, page.id))
    return any(str(other.entity) == page.key for other in others)


def _names_refused_project(history: History, office: Office, mapping: Mapping) -> bool:
    """Whether it belongs to a project of which Notion takes no page."""
    record, kept = history.platform.records.get((mapping.entity_type, mapping.entity_id or "")), office.id
    ids = ids_in(record.values().get("project")) if record is not None else ()
    pairs = [history.store.of(kept).pairs.get(EntityRef(PROJECT, id)) for id in ids]
    return any(pair is not None and _is_refused(history.store.of(kept).mappings[pair]) for pair in pairs)


def _should_have_a_record(history: History, office: Office, mapping: Mapping, page: Page) -> bool:
    waits = _is_refused(mapping) or _waits_for_another_page(history, office, mapping)
    return _is_complete(history, office, mapping, page) and not waits


def _is_refused(mapping: Mapping) -> bool:
    """Whether a side takes no such record, and a person is told why."""
    return EVERYTHING in mapping.refused and any(trouble.code == "refused" for trouble in mapping.troubles)


def _is_beside(history: History, office: Office, mapping: Mapping) -> bool:
    """Whether its page may carry the id of a record that another page has: a second one that was restored, or waits."""
    return mapping.state is State.DRAFT or _waits_for_another_page(history, office, mapping)


def _waits_for_another_page(history: History, office: Office, mapping: Mapping) -> bool:
    """Whether the page of its record would make way for it, but for what a person must say first.

    Of words there, whether the record is gone, that the workspace holds it again, or changes anything in Notion. That
    is told of it, too: a person sees two pages of one record until then.
    """
    former = _had(mapping)
    if former is None or standing_of(mapping) not in ATTENTION:
        return False
    record = EntityRef(mapping.entity_type, history.witness.latest(EntityRef(mapping.entity_type, former)))
    kept = history.store.of(office.id)
    pair = kept.pairs.get(record)
    said = kept.mappings[pair] if pair is not None else None
    if said is None:
        return False
    is_asked_about = said.state in (State.AWAITING_APPROVAL, State.UNREACHABLE)
    has_perhaps_gone = is_asked_about and (record.type, record.id) not in history.platform.records
    is_held = said.conflicts or any(trouble.field for trouble in said.troubles)
    may_go = office.rules.direction.allows(Side.NOTION)
    return has_perhaps_gone or said.state is State.EXCLUDED or bool(is_held) or not may_go


def _had(mapping: Mapping) -> str | None:
    """The record that it is to have again: the one it is made again as, or was let go of as its page was not shown."""
    if mapping.state is State.DRAFT:
        return mapping.remakes
    return mapping.made_way_for if mapping.state is State.DELETED and mapping.removed_by is None else None


def _goes_with_project(history: History, office: Office, mapping: Mapping) -> bool:
    """Whether it was deleted with its project, of which a person must say whether its page goes."""
    if mapping.entity is None or (mapping.entity.type, mapping.entity.id) in history.platform.records:
        return False
    return _is_of_project(history, office, mapping, State.AWAITING_APPROVAL)


def _is_of_project(history: History, office: Office, mapping: Mapping, state: State) -> bool:
    """Whether it belongs to a project in *state*."""
    kept, belonged = history.store.of(office.id), mapping.bases.get("project")
    projects = [kept.pairs.get(EntityRef(PROJECT, id)) for id in (ids_in(belonged.navimpact) if belonged else ())]
    return any(pair is not None and kept.mappings[pair].state is state for pair in projects)


# --- I3 --------------------------------------------------------------------------------------------------------------


def _stirred(history: History) -> Iterator[str]:
    """Rest is rest: every webhook once more and three more reconciles, or one that finds nothing, write nothing.

    But for those of columns: whoever hears of one again doubts what people have emptied since.
    """
    rest, before, calls = history.rest(), history.witness.writes, history.calls.copy()
    offices = {office.id: office for office in history.offices}
    for id, kind, external_id in dict.fromkeys(history.hooks):
        if not external_id.endswith("/told"):
            history.put(offices[id], kind, external_id)
    for _ in range(3):
        history.reconcile(300)
        if rest is not None and rest == history.rest():
            break
    # What was refused while a text synced one way is tried again after hours, as both merged if it does so no more.
    tried_anew = history.fired[Fault.REFUSED] and history.fired[Fault.RULES_CHANGED]
    if history.witness.writes != before and not tried_anew:
        made = {name: n - calls[name] for name, n in history.calls.items() if n > calls[name]}
        yield f"I3: {history.witness.writes - before} writes at rest, among {made}"


def _hear_of_the_trash(history: History) -> None:
    """Of each page there whose last webhook was lost: no list shows that somebody threw it away once more.

    Where databases were not shared for a while it may have come then, and who looked seen no page.
    """
    unseen = history.fired[Fault.WITHDRAWN]
    pages = [(office, page) for office in history.offices for page in office.notion.pages.values() if page.trashed]
    there = [(office, f"{page.entity_type}/{page.id}") for office, page in pages]
    unheard = [(office, id) for office, id in there if unseen or (office.id, WorkKind.PAGE, id) in history.unheard]
    for office, id in unheard:
        history.put(office, WorkKind.PAGE, id)
    if unheard:
        history.wait(1000)  # longer than it takes to believe that the only record is gone
