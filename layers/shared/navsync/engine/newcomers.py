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
            return creates.draft(bench, bench.new_mapping(entity_type, page_id=page.id, state=State.DRAFT), page, run)
        case Present(key=str(key)):
            return _keyed_page(bench, entity_type, key, page, run)
        case _:
            raise AssertionError(f"unexpected {page}")


def _keyed_page(bench: Workbench, entity_type: EntityType, key: str, page: Present, run: Run) -> Step:
    try:
        entity = EntityRef.parse(key)
    except ValueError:
        return Done()  # a person wrote something of their own there: not ours to touch
    if entity.type is not entity_type:
        return Done()  # moved here from another database, which does not make a log of a story
    mapping = bench.ledger.of_entity(entity)
    ours = page.created_by == bench.workspace.bot_id
    if mapping is None and not ours and not _exists(bench, entity):
        return Done()  # a copy of a page whose record is gone: it was never agreed on, so nothing follows from it
    if mapping is None:
        known = bench.new_mapping(entity_type, entity_id=entity.id, page_id=page.id, state=State.LINKED, stamped=True)
        return Again(bench.ledger.save(known))
    if not ours:
        return Done()  # a person's copy carries our key along: left alone
    if isinstance(mapping.intent, CreateIntent):
        run = creates.as_begun(bench, mapping.intent, run)
        return creates.adopt(bench, mapping, mapping.intent, page, run)
    if mapping.page_id is None and mapping.state is not State.DELETED:  # left out, or refused: made at an earlier time
        return Again(bench.ledger.save(mapping.but(page_id=page.id, stamped=True)))
    return second_pages.heal(bench, entity, page, run)


def _exists(bench: Workbench, entity: EntityRef) -> bool:
    if isinstance(bench.navimpact.read(entity.type, entity.id), Present):
        return True
    bench.check_collection(entity.type)
    return False
