"""Which record does a page stand for?"""

from __future__ import annotations

from typing import Protocol

from navsync.fields import MOVED
from navsync.model import KEY_FIELD, EntityRef, MadeWay, Present, State
from navsync.ports import ReadableLedger


def entity_of(ledger: ReadableLedger, page_id: str) -> EntityRef | MadeWay | None:
    """The entity that a page mirrors, or did until it made way for another page; None where it is not known."""
    mapping = ledger.of_page(page_id)
    if mapping is None or mapping.entity is not None or mapping.made_way_for is None:
        return None if mapping is None else mapping.entity
    id = latest_id(ledger, EntityRef(mapping.entity_type, mapping.made_way_for))
    return MadeWay(EntityRef(mapping.entity_type, id), has_gone=mapping.state is State.DELETED)


def carries_id(page: Present, entity: EntityRef | None) -> bool:
    """Whether *page* carries the id of *entity*, as far as anybody can read it: of one that was moved nobody can."""
    is_hidden = KEY_FIELD in page.unreadable or MOVED in page.unreadable.values()
    return is_hidden or page.key == str(entity)


class Remakes(Protocol):
    """Who knows as which record another one was made again."""

    def remade(self, entity: EntityRef) -> str | None:
        """Id of the record that a workspace has made again of *entity*, which was deleted."""
        ...


def latest_id(known: Remakes, entity: EntityRef) -> str:
    """The id under which any workspace has last made a record again that was *entity* once."""
    ids = [entity.id]
    while (again := known.remade(EntityRef(entity.type, ids[-1]))) is not None and again not in ids:
        ids.append(again)
    return ids[-1]
