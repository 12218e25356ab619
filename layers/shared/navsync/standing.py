"""How does a mapping stand, in the words of lists and counters?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self, assert_never

from navsync.model import NEVER_SHOWN, CreateIntent, EntityType, Mapping, State


class Standing(StrEnum):
    """What a person would say of a mapping. Each has one; lists and totals are by it."""

    COMPLETED = "completed"
    PENDING = "pending"
    """Something is about to be written, or waits for time."""
    FAILED = "failed"
    """It waits for a person, for a reason given in its troubles."""
    DRAFT = "draft"
    """A row that a person made in Notion and that lacks a required field."""
    CONFLICT = "conflict"
    APPROVAL = "approval"
    UNREACHABLE = "unreachable"
    EXCLUDED = "excluded"
    """The workspace's settings leave it out."""
    DELETED = "deleted"
    """Nothing is left to do. Where a page is there again, and a look at it fails, it has failed."""


ATTENTION = (Standing.CONFLICT, Standing.APPROVAL, Standing.DRAFT, Standing.FAILED, Standing.UNREACHABLE)
"""What waits for a person."""

LISTED = tuple(standing for standing in Standing if standing is not Standing.DELETED)
"""What lists show unless asked for more."""


def standing_of(mapping: Mapping) -> Standing:
    """The standing of *mapping*."""
    match mapping.state:
        case State.DELETED if not (mapping.attempts and mapping.troubles):  # failures before it went tell nothing
            return Standing.DELETED
        case State.AWAITING_APPROVAL:
            return Standing.APPROVAL
        case State.UNREACHABLE:
            return Standing.UNREACHABLE
        case State.DRAFT if not mapping.attempts:
            return Standing.DRAFT
        case State.EXCLUDED if not mapping.attempts:
            return Standing.EXCLUDED
        case State.LINKED | State.DRAFT | State.CREATING | State.EXCLUDED | State.DELETED:
            return _of_live(mapping)
        case _:
            assert_never(mapping.state)


def _of_live(mapping: Mapping) -> Standing:
    if mapping.conflicts:
        return Standing.CONFLICT
    if mapping.troubles:
        return Standing.FAILED
    settled = mapping.state is State.LINKED and mapping.intent is None and mapping.attempts == 0
    is_there = mapping.gone_since is None  # else it is yet to be believed that its record is gone
    return Standing.COMPLETED if settled and is_there and mapping.last_sync_at is not None else Standing.PENDING


def asks_of_trash(mapping: Mapping) -> bool:
    """Whether a person is asked because its page is in the trash: other questions have other answers."""
    return mapping.state is State.AWAITING_APPROVAL and any(t.code == "approve_delete" for t in mapping.troubles)


def was_in_trash(mapping: Mapping) -> bool:
    """Whether its page was in the trash when Notion showed it last."""
    waits = mapping.state in (State.EXCLUDED, State.AWAITING_APPROVAL) and mapping.trashed_at is not None
    return mapping.state is State.DELETED or waits or asks_of_trash(mapping) or mapping.last_words is not None


def project_of(mapping: Mapping) -> str | None:
    """The id of the media project that it belongs to, where it is known: not while Notion has yet to take another."""
    if mapping.entity_type is EntityType.MEDIA_PROJECT:
        return mapping.entity_id
    base = mapping.bases.get("project")
    about_to_say = mapping.intent.values if isinstance(mapping.intent, CreateIntent) else {}
    value = about_to_say.get("project") if base is None else base.navimpact
    if isinstance(value, tuple):
        value = next(iter(value), None)
    return value if isinstance(value, str) and value != NEVER_SHOWN else None


@dataclass(frozen=True, slots=True)
class Outline:
    """A mapping without what its sides say, which may be long: for walks through many."""

    id: int
    entity_type: EntityType
    entity_id: str | None
    state: State = State.LINKED
    next_retry_at: datetime | None = None
    project: str | None = None
    """The id of the media project that it belongs to, where it is known."""
    page_id: str | None = None
    title: str | None = None

    @classmethod
    def of(cls, mapping: Mapping) -> Self:
        """The outline of *mapping*."""
        return cls(
            mapping.id,
            mapping.entity_type,
            mapping.entity_id,
            mapping.state,
            mapping.next_retry_at,
            project_of(mapping),
            mapping.page_id,
            mapping.title,
        )
