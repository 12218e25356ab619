"""Nothing pairs this record yet: what is it?"""

from __future__ import annotations

from navsync.engine import creates, second_pages
from navsync.engine.steps import Again, Done, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import Unavailable
from navsync.model import (
    KEY_FIELD,
    CreateIntent,
    EntityRef,
    EntityType,
    Gone,
    Observation,
    Present,
    State,
    Trashed,
)


def welcome_record(bench: Workbench, entity_type: EntityType, seen: Present, run: Run) -> Step:
    """Give the entity just read as *seen* a page."""
    return creates.page_for(bench, bench.new_mapping(entity_type, entity_id=seen.id, state=State.CREATING), seen, run)


def welcome_page(bench: Workbench, entity_type: EntityType, page: Observation, run: Run) -> Step:
    """Look at a page that no mapping pairs: adopt it by its key, or make an entity of a row a person added."""
    match page:
        case Gone() | Trashed():
            return Done()
        case Present(unreadable=unreadable) if KEY_FIELD in unreadable:  # a copy of a page would look like a new row
            raise Unavailable(unreadable[KEY_FIELD])
        case Present(key=None):
            return _row(bench, entity_type, page, run)
        case Present(key=str(key)):
            return _keyed_page(bench, entity_type, key, page, run)
        case _:
            raise AssertionError(f"unexpected {page}")


def _keyed_page(bench: Workbench, entity_type: EntityType, key: str, page: Present, run: Run) -> Step:
    entity, ours = creates.named_by(key), page.created_by == bench.workspace.bot_id
    if entity is None or entity.type is not entity_type:  # a person's own words; moved here from another database
        return Done() if ours else _row(bench, entity_type, page, run)
    mapping = bench.ledger.of_entity(entity)
    if mapping is None and (ours or _exists(bench, entity)):
        known = bench.new_mapping(entity_type, entity_id=entity.id, page_id=page.id, state=State.LINKED, stamped=True)
        return Again(bench.ledger.save(known))
    if mapping is None or not ours:
        return _row(bench, entity_type, page, run)
    if isinstance(mapping.intent, CreateIntent):
        run = creates.as_begun(bench, mapping.intent, run)
        return creates.adopt(bench, mapping, mapping.intent, page, run)
    if mapping.page_id is None and mapping.state is not State.DELETED:  # left out, or refused: made at an earlier time
        return Again(bench.ledger.save(mapping.but(page_id=page.id, stamped=True)))
    return second_pages.heal(bench, entity, mapping, page, run)


def _row(bench: Workbench, entity_type: EntityType, page: Present, run: Run) -> Step:
    """A row that a person added; one that carries a key which is not its own becomes no record, and they are told."""
    return creates.draft(bench, bench.new_mapping(entity_type, page_id=page.id, state=State.DRAFT), page, run)


def _exists(bench: Workbench, entity: EntityRef) -> bool:
    if isinstance(bench.navimpact.read(entity.type, entity.id), Present):
        return True
    bench.check_collection(entity.type)
    return False
