"""Does the two-way sync of one workspace do what it promises?"""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from local.navsync.both_sides import (
    CHILDREN,
    KINDS,
    LOGS,
    METRICS,
    PROJECTS,
    STORIES,
    Kind,
    Notion,
    differences,
    in_navimpact,
    in_notion,
    shown_record,
    words,
)
from local.navsync.demo.canaries import no_secret_is_told
from local.navsync.demo.checks import Check, at_once, eventually, expect, must
from local.navsync.demo.stage import SETTLES_WITHIN_S, Stage
from local.navsync.http import checked
from local.navsync.stack import Running

type Json = dict[str, Any]

EXPECTED_PROJECTS = 25


class Workspace(Stage):
    """The sample workspace, and the projects that the checks play with."""

    def __init__(self, running: Running, api: httpx.Client) -> None:
        super().__init__(running, api)
        self.notion = Notion(running.machine)
        self.projects = self.navimpact.records(PROJECTS)

    def actor(self, number: int) -> Json:
        """Return the project of one check; the generator puts the ordinary ones last."""
        return self.projects[-1 - number]

    def mapping_of(self, project_id: int) -> Json | None:
        """Return the mapping of a project, if there is one."""
        listed = checked(self.api.get("sync-mappings", params={"media_project_id": project_id})).json()["items"]
        ours = [one for one in listed if one["entity_type"] == PROJECTS.name]
        return ours[0] if ours else None

    def page_of(self, project_id: int) -> Json:
        """Return the page of a project that has one."""
        return must(self.notion.row(PROJECTS, project_id))

    def a_child(self, kind: Kind, fits: Callable[[Json], bool] = lambda _: True) -> Json:
        """Return a record of a kind, of a project that no other check plays with."""
        early = {project["id"] for project in self.projects[:-ACTORS]}
        return next(one for one in self.navimpact.records(kind) if one["media_project_id"] in early and fits(one))


ACTORS = 8
"""How many projects the checks take from the end of the list."""


def everything_arrived(stage: Workspace) -> str:
    """25 projects and all that belongs to them arrive in Notion with every field right, and nothing to decide."""
    counts = [f"{_arrived(stage, kind)} {kind.database.lower()}" for kind in KINDS]
    expect(len(stage.projects) == EXPECTED_PROJECTS, f"there are {len(stage.projects)} projects")
    waits = stage.everything_that_waits()
    expect(not waits, f"a person is asked about what nobody has edited: {waits[:1]}")
    return f"{', '.join(counts)}; every field as in NavImpact"


def _arrived(stage: Workspace, kind: Kind) -> int:
    """Compare every record of *kind* with its page; return how many there are."""
    shown_by = {page["id"]: shown_record(page) or 0 for page in stage.notion.rows(PROJECTS)}
    pages = {shown_record(page): page for page in stage.notion.rows(kind)}
    records = stage.navimpact.records(kind)
    for record in records:
        name = f"{kind.name} {record['id']}"
        expect(record["id"] in pages, f"{name} has no page")
        wrong = differences(kind, record, pages[record["id"]], shown_by=shown_by)
        expect(not wrong, f"{name}: {'; '.join(map(str, wrong))}")
        if kind.body:
            body = stage.notion.body(pages[record["id"]]["id"])
            expect(words(body) == words(record[kind.body]), f"{name}: the page's content reads {body[:200]!r}")
    expect(len(pages) == len(records), f"{len(records)} records have {len(pages)} pages")
    return len(records)


def notion_reaches_navimpact(stage: Workspace) -> str:
    """A person's edit in Notion reaches NavImpact."""
    project = stage.actor(0)
    page_id = stage.page_of(project["id"])["id"]
    stage.notion.edit(PROJECTS, page_id, title="Edited in Notion", budget=12345.67)
    eventually(
        lambda: _shows(stage, project["id"], title="Edited in Notion", budget="12345.67"),
        f"project {project['id']} did not show the new title and budget",
    )
    return "title and budget show in NavImpact"


def navimpact_reaches_notion(stage: Workspace) -> str:
    """An edit in NavImpact reaches Notion."""
    project = stage.actor(1)
    stage.navimpact.edit(PROJECTS, project["id"], description="Edited in NavImpact, with 🎬 and “quotes”")
    eventually(partial(_agree, stage, project["id"]), f"the page of project {project['id']} stayed as it was")
    shown = in_notion(PROJECTS, stage.page_of(project["id"]))["description"]
    return f"Notion shows {shown!r}"


def a_figure_reaches_navimpact(stage: Workspace) -> str:
    """A number of a distribution log edited in Notion reaches NavImpact."""
    log = stage.a_child(LOGS)
    page_id = must(stage.notion.row(LOGS, log["id"]))["id"]
    stage.notion.edit(LOGS, page_id, reach=271_828)
    eventually(
        lambda: (stage.navimpact.record(LOGS, log["id"]) or {}).get("reach") == 271_828,
        f"distribution_log {log['id']} did not show the new reach",
    )
    return f"the reach of distribution_log {log['id']} shows in NavImpact"


def two_fields_survive(stage: Workspace) -> str:
    """Edits of two different fields on both sides of one project within the same second both survive."""
    project = stage.actor(2)
    page_id = stage.page_of(project["id"])["id"]
    took = at_once(
        lambda: stage.notion.edit(PROJECTS, page_id, target_audience=424242),
        lambda: stage.navimpact.edit(PROJECTS, project["id"], title="Renamed meanwhile"),
    )
    eventually(
        lambda: (
            _shows(stage, project["id"], title="Renamed meanwhile", target_audience=424242)
            and _agree(stage, project["id"])
        ),
        f"the sides of project {project['id']} do not show both edits",
    )
    return f"both edits, made within {took * 1000:.0f} ms, show on both sides"


def a_story_merges(stage: Workspace) -> str:
    """Edits of a story's text on both sides in different paragraphs are merged into both."""
    story = stage.a_child(STORIES, lambda one: len((one["description"] or "").split("\n\n")) >= LONG_STORY)
    page_id = must(stage.notion.row(STORIES, story["id"]))["id"]
    at_once(
        lambda: stage.notion.append_to_last_paragraph(page_id, " Last words from Notion."),
        lambda: stage.navimpact.edit(
            STORIES, story["id"], description=f"First words from NavImpact. {story['description']}"
        ),
    )

    def both() -> bool:
        texts = (stage.notion.body(page_id), must(stage.navimpact.record(STORIES, story["id"]))["description"])
        said = [("First words from NavImpact" in text, "Last words from Notion" in text) for text in texts]
        return said == [(True, True), (True, True)] and words(texts[0]) == words(texts[1])

    eventually(both, f"the sides of impact_story {story['id']} do not show both edits", within_s=SETTLES_WITHIN_S)
    listed = [one for one in stage.attention("conflict") if one["notion_page_id"] == page_id]
    expect(not listed, f"{len(listed)} conflicts of it wait for a person")
    return f"both paragraphs of impact_story {story['id']} show on both sides, and no conflict is listed"


LONG_STORY = 6
"""Paragraphs: the first and the last are apart."""


def one_field_conflicts(stage: Workspace) -> str:
    """Edits of one field on both sides become one listed conflict with both values."""
    project = stage.actor(3)
    page_id = stage.page_of(project["id"])["id"]
    at_once(
        lambda: stage.notion.edit(PROJECTS, page_id, project_type="podcast of Notion"),
        lambda: stage.navimpact.edit(PROJECTS, project["id"], project_type="series of NavImpact"),
    )
    mapping = eventually(lambda: _with_conflict(stage, project["id"]), "no conflict was listed")
    listed = [(one["field"], one["navimpact"], one["notion"]) for one in mapping["conflicts"]]
    wanted = [("project_type", "series of NavImpact", "podcast of Notion")]
    expect(listed == wanted, f"listed is {listed}")
    stage.traffic.wait_until_quiet(within_s=SETTLES_WITHIN_S)
    shown = (
        in_navimpact(PROJECTS, must(stage.navimpact.record(PROJECTS, project["id"])))["project_type"],
        in_notion(PROJECTS, stage.notion.page(page_id))["project_type"],
    )
    expect(shown == ("series of navimpact", "podcast of notion"), f"the sides now show {shown}")
    waiting = [item for item in stage.attention("conflict") if item["mapping_id"] == mapping["id"]]
    expect(len(waiting) == 1, f"{len(waiting)} of it wait for a person")
    return f"{listed[0][1]!r} and {listed[0][2]!r} are kept and listed"


def a_row_makes_one_project(stage: Workspace) -> str:
    """A row created in Notion makes exactly one project."""
    page_id = stage.notion.add_row(PROJECTS, title="Made in Notion", status="planning", team_members=["Ada", "Bob"])
    eventually(lambda: _titled(stage, "Made in Notion"), "no project was made", within_s=SETTLES_WITHIN_S)
    stage.traffic.wait_until_quiet(within_s=SETTLES_WITHIN_S)
    made = _titled(stage, "Made in Notion")
    expect(len(made) == 1, f"{len(made)} projects were made")
    wrong = differences(PROJECTS, made[0], stage.notion.page(page_id))
    expect(not wrong, "; ".join(map(str, wrong)))
    return f"project {made[0]['id']}, and no other"


def a_metric_row_becomes_a_record(stage: Workspace) -> str:
    """A row of figures created in Notion under its project becomes one record of that project."""
    project = stage.actor(0)
    before = {one["id"] for one in stage.navimpact.records(METRICS)}
    page = stage.page_of(project["id"])["id"]
    row = stage.notion.add_row(METRICS, metric_date="2026-02-03", views=4321, media_project_id=page)
    made = eventually(lambda: _new_metrics(stage, before), "no record was made", within_s=SETTLES_WITHIN_S)
    stage.traffic.wait_until_quiet(within_s=SETTLES_WITHIN_S)
    expect(len(_new_metrics(stage, before)) == 1, f"{len(_new_metrics(stage, before))} records were made")
    wrong = differences(METRICS, made[0], stage.notion.page(row), shown_by={page: project["id"]})
    expect(not wrong, "; ".join(map(str, wrong)))
    return f"performance_metrics {made[0]['id']} of project {project['id']}, and no other"


def a_deleted_project_takes_its_children(stage: Workspace) -> str:
    """A project deleted in NavImpact trashes its page and those of all that belonged to it."""
    project = stage.actor(4)
    pages = [stage.page_of(project["id"])["id"], *_pages_of_children(stage, project["id"])]
    expect(len(pages) > 1, "nothing belongs to the project")
    stage.navimpact.delete(PROJECTS, project["id"])
    eventually(
        lambda: all(stage.notion.page(page)["in_trash"] for page in pages),
        f"not all of its {len(pages)} pages are in the trash",
        within_s=SETTLES_WITHIN_S,
    )
    return f"{len(pages)} pages are in Notion's trash, from where they can be restored"


def a_trashed_page_waits_for_approval(stage: Workspace) -> str:
    """A page trashed in Notion unlinks and lists an approval."""
    project = stage.actor(5)
    mapping = must(stage.mapping_of(project["id"]))
    stage.notion.trash(mapping["notion_page_id"])
    approval = eventually(
        lambda: next((one for one in stage.attention("approval") if one["mapping_id"] == mapping["id"]), None),
        "no approval was listed",
        within_s=SETTLES_WITHIN_S,
    )
    expect(stage.navimpact.record(PROJECTS, project["id"]) is not None, "the project was deleted without asking")
    after = must(stage.mapping_of(project["id"]))
    expect(after["state"] != mapping["state"], f"the mapping is still {after['state']}")
    return f"the project stays, its mapping is {after['state']}; listed: {approval['title']!r}"


def a_second_reconcile_writes_nothing(stage: Workspace) -> str:
    """A second reconcile makes 0 writes."""
    mark, calls = stage.reconcile_twice()
    writes = stage.traffic.writes(mark)
    expect(not writes, f"it wrote {', '.join(call.kind for call in writes[:5])}")
    made = _titled(stage, "Made in Notion")
    expect(len(made) == 1, f"the row made {len(made)} projects in the end")
    return f"0 writes; {calls}"


CHECKS: tuple[Check[Workspace], ...] = (
    everything_arrived,
    notion_reaches_navimpact,
    a_figure_reaches_navimpact,
    navimpact_reaches_notion,
    two_fields_survive,
    a_story_merges,
    one_field_conflicts,
    a_row_makes_one_project,
    a_metric_row_becomes_a_record,
    a_deleted_project_takes_its_children,
    a_trashed_page_waits_for_approval,
    a_second_reconcile_writes_nothing,
    no_secret_is_told,
)


def _shows(stage: Workspace, project_id: int, **wanted: object) -> bool:
    project = stage.navimpact.record(PROJECTS, project_id) or {}
    return all(project.get(name) == value for name, value in wanted.items())


def _agree(stage: Workspace, project_id: int) -> bool:
    project, page = stage.navimpact.record(PROJECTS, project_id), stage.notion.row(PROJECTS, project_id)
    return project is not None and page is not None and not differences(PROJECTS, project, page)


def _with_conflict(stage: Workspace, project_id: int) -> Json | None:
    mapping = stage.mapping_of(project_id)
    return mapping if mapping and mapping["conflicts"] else None


def _titled(stage: Workspace, title: str) -> list[Json]:
    return [project for project in stage.navimpact.records(PROJECTS) if project["title"] == title]


def _new_metrics(stage: Workspace, before: set[int]) -> list[Json]:
    return [one for one in stage.navimpact.records(METRICS) if one["id"] not in before]


def _pages_of_children(stage: Workspace, project_id: int) -> list[str]:
    records = [(kind, one) for kind in CHILDREN for one in stage.navimpact.records(kind)]
    mine = [(kind, one["id"]) for kind, one in records if one["media_project_id"] == project_id]
    return [must(stage.notion.row(kind, id))["id"] for kind, id in mine]
