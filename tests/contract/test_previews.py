"""A preview over the real adapter: what it foresees is what a sync then does, and Notion is only read."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from navsync.foresight import Effect, Foreseen, Preview, Progress
from navsync.model import EntityType, Lane, Outcome, Settings, Side, SyncLog, Work, WorkKind
from tests.contract.office import Office
from tests.contract.stages import LOG, PROJECT

STORY = EntityType.IMPACT_STORY


def foresee(office: Office, settings: Settings | None = None) -> list[Foreseen]:
    """What a preview tells."""
    id = next(office.ids)
    office.desk.previews().save(Preview(id, 1, office.clock(), settings or Settings()))
    office.desk.put(Work(Lane.BACKFILL, WorkKind.PREVIEW, "", str(id), office.clock(), run_id=str(id)))
    office.slice()
    kept = office.desk.previews().get(id)
    assert kept is not None
    assert (kept.state, kept.reason) == (Progress.DONE, None)
    return list(office.desk.previews().foreseen(kept, skip=0, limit=1_000))


def synced(office: Office) -> list[SyncLog]:
    """What the sync log says after everything was synced."""
    before = set(office.store.of(1).logs)
    office.put(WorkKind.BACKFILL, lane=Lane.BACKFILL)
    office.settle()
    for _ in range(2):
        office.put(WorkKind.SWEEP, lane=Lane.SWEEP)
        office.settle()
    return [row for id, row in office.store.of(1).logs.items() if id not in before]


def deeds(rows: list[SyncLog] | list[Foreseen]) -> set[tuple[str, str, Side | None, frozenset[tuple[str, object]]]]:
    """What was, or would be, written, by the title of the record."""
    return {
        (str(getattr(row, "operation", None) or getattr(row, "effect", None)), str(row.title), row.side,
         frozenset((change.field, change.new) for change in row.changes if change.field != "project"))
        for row in rows
        if row.changes and getattr(row, "outcome", Outcome.SUCCESS) is Outcome.SUCCESS
    }  # fmt: skip


def unheard(office: Office) -> None:
    """Webhooks of all that was done are lost."""
    for work in list(office.store.of(1).work.values()):
        office.desk.done(work)


def add_row(office: Office, entity_type: EntityType, properties: dict[str, Any]) -> str:
    """A person adds a row."""
    source = office.desk.sources()[entity_type]
    parent = {"type": "data_source_id", "data_source_id": source.data_source_id}
    made = office.stage.by_hand("POST", "pages", {"parent": parent, "properties": properties})
    return str(made["id"])


def titled(text: str) -> dict[str, Any]:
    return {"title": {"title": [{"text": {"content": text}}]}}


def type_body(office: Office, page: str, text: str) -> None:
    """A person writes a story's text anew."""
    write = {"type": "replace_content", "replace_content": {"new_str": text}}
    office.stage.by_hand("PATCH", f"pages/{page}/markdown", write)


def much_happens(office: Office, project: str) -> None:
    """On both sides: edits, newcomers with children, a story's new text, a status that Notion does not offer yet."""
    story = office.new(STORY, title="Fishers", description="One.\n\nTwo.", project=(project,))
    office.settle()
    office.edit(PROJECT, project, budget=Decimal(7), status="in review")
    office.stage.by_hand("PATCH", f"pages/{office.page_of(PROJECT, project)}", {"properties": titled("Reefs")})
    type_body(office, office.page_of(STORY, story), "One.\nTwo, and more.")
    made = office.new(PROJECT, title="Fjord", status="planning")
    office.new(LOG, channel="Cinema", project=(made,))
    row = add_row(office, PROJECT, titled("Delta"))
    add_row(office, STORY, titled("Farmers") | {"Project": {"relation": [{"id": row}]}})
    unheard(office)


def test_what_is_foreseen_over_the_wire_is_what_is_then_written(office: Office, project: str) -> None:
    much_happens(office, project)

    expected = deeds(foresee(office))

    assert len(expected) == 6
    assert deeds(synced(office)) == expected


def test_a_preview_only_reads_notion(office: Office, project: str) -> None:
    much_happens(office, project)
    before = len(office.stage.requests())

    foresee(office)

    asked = office.stage.requests()[before:]
    assert [call for call in asked if call[0] != "GET" and not call[1].endswith("/query")] == []


def test_a_preview_moves_nothing_of_a_sweep(office: Office, project: str) -> None:
    much_happens(office, project)
    kept = office.store.of(1)
    before = dict(kept.cursors), dict(kept.mappings), dict(kept.logs), dict(kept.sources)

    foresee(office)

    assert (kept.cursors, kept.mappings, kept.logs, kept.sources) == before


def test_a_preview_of_what_is_in_step_costs_two_lists_of_each_kind_and_one_request_for_its_rows(
    office: Office, project: str
) -> None:
    office.new(LOG, channel="Cinema", project=(project,))
    office.settle()
    office.offset += timedelta(minutes=20)
    before = len(office.stage.requests())

    assert foresee(office) == []
    lists, archived, rows = 4, 4, 2
    assert len(office.stage.requests()) - before == lists + archived + rows


def test_a_column_that_is_gone_is_foreseen_to_hold_its_field_alone(office: Office, project: str) -> None:
    source = office.desk.sources()[PROJECT]
    office.stage.by_hand("PATCH", f"data_sources/{source.data_source_id}", {"properties": {"Budget": None}})
    office.edit(PROJECT, project, budget=Decimal(7), title="Reefs")
    unheard(office)

    items = foresee(office)

    assert [(i.effect, i.field, [c.field for c in i.changes]) for i in items] == [
        (Effect.UPDATE, None, ["title"]),
        (Effect.HOLD, "budget", []),
    ]
    assert office.desk.sources()[PROJECT] == source


def test_a_new_page_is_foreseen_without_what_its_database_has_no_column_for(office: Office, project: str) -> None:
    source = office.desk.sources()[PROJECT]
    office.stage.by_hand("PATCH", f"data_sources/{source.data_source_id}", {"properties": {"Budget": None}})
    office.put(WorkKind.SCHEMA, PROJECT)
    office.settle()
    office.new(PROJECT, title="Fjord", budget=Decimal(7))
    unheard(office)

    expected = deeds(foresee(office))

    assert deeds(synced(office)) == expected
