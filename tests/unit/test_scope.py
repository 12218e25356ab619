"""Which projects a workspace holds, and by which rule not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from navsync import scope
from navsync.model import Base, EntityRef, EntityType, Mapping, Scope, Settings, State, Trouble, Values

PROJECT, STORY = EntityType.MEDIA_PROJECT, EntityType.IMPACT_STORY
FILM: Values = {"title": "Reef", "project_type": "Documentary", "status": "active"}


@pytest.mark.parametrize("held", [Scope(), Scope(statuses=("active", "paused")), Scope(statuses=(" Active",)),
                                  Scope(project_types=("documentary",)), Scope(project_ids=("42",)),
                                  Scope(("42",), ("documentary",), ("active",))], ids=str)  # fmt: skip
def test_a_project_that_meets_each_condition_is_held(held: Scope) -> None:
    assert held.excludes("42", FILM) is None


@pytest.mark.parametrize(
    ("narrow", "words"),
    [
        (Scope(statuses=("paused", "planning")), "only projects whose status is paused or planning"),
        (Scope(project_types=("talk",)), "only projects whose project type is talk"),
        (Scope(project_ids=("1", "2", "3")), "only the projects 1, 2 or 3"),
        (Scope(("42",), ("documentary",), ("paused",)), "only projects whose status is paused"),
        (Scope(project_ids=tuple(map(str, range(100, 200)))), "107, 108, 109 or others"),
    ],
    ids=str,
)
def test_a_project_that_does_not_is_told_by_which(narrow: Scope, words: str) -> None:
    assert words in str(narrow.excludes("42", FILM))


def test_a_project_without_a_status_has_none_of_those_that_are_wanted() -> None:
    assert Scope(statuses=("active",)).excludes("42", {"title": "Reef"}) is not None


def test_a_new_row_is_none_of_the_projects_that_were_chosen_by_id() -> None:
    assert Scope(project_ids=("42",)).excludes(None, FILM) is not None


class Pairs(dict[EntityRef, Mapping]):
    """What pairs what."""

    def of_entity(self, entity: EntityRef) -> Mapping | None:
        return self.get(entity)


def pairs(state: State, *troubles: Trouble, status: str | None = None) -> Pairs:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    bases = {"status": Base(status, status)} if status else {}
    pair = Mapping(1, 17, PROJECT, "42", "page", now, state=state, troubles=troubles, bases=bases)
    return Pairs({EntityRef(PROJECT, "42"): pair})


OUT = Trouble(scope.OUT_OF_SCOPE, "", "")
NARROW = Settings(scope=Scope(statuses=("active",)))


@pytest.mark.parametrize(
    ("settings", "known", "is_held"),
    [
        (NARROW, pairs(State.EXCLUDED, OUT), False),
        (NARROW, pairs(State.LINKED), True),
        (NARROW, pairs(State.LINKED, status="active"), True),
        (NARROW, pairs(State.LINKED, status="paused"), False),
        (NARROW, pairs(State.LINKED, Trouble("quarantined", "", ""), status="paused"), True),
        (NARROW, pairs(State.EXCLUDED, scope.TRASHED), True),
        (NARROW, Pairs(), True),
        (Settings(), pairs(State.EXCLUDED, OUT), True),
    ],
)
def test_what_belongs_to_a_project_follows_it(settings: Settings, known: Pairs, is_held: bool) -> None:
    why = scope.excluded(settings, known, STORY, "7", {"title": "After", "project": ("42",)})

    assert (why is None) is is_held
