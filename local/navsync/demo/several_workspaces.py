"""Do several workspaces of Notion show one platform, each as much of it as it is to hold?

The first holds everything and the last only shows; those between hold some projects, both ways. One project is in all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from local.navsync import connecting
from local.navsync.both_sides import KINDS, PROJECTS, Notion, differences, in_notion, shown_record
from local.navsync.demo.canaries import no_secret_is_told
from local.navsync.demo.checks import Check, at_once, eventually, expect, must
from local.navsync.demo.stage import SETTLES_WITHIN_S, Stage
from local.navsync.http import checked, client
from local.navsync.stack import Running

type Json = dict[str, Any]
type Key = tuple[str, int | None]

FEWEST = 3
"""One holds all, one some, one only shows."""
OWN = 2
"""How many projects each workspace holds that no other one holds but the first."""


@dataclass(frozen=True)
class Office:
    """One workspace: its number in NavSync, its id in Notion, a person who works there, and which projects it holds."""

    id: int
    workspace_id: str
    name: str
    notion: Notion
    holds: frozenset[int]

    def shows(self, project: Json) -> bool:
        """Say whether the page of a project here says what the project says."""
        page = self.notion.row(PROJECTS, project["id"])
        return page is not None and not differences(PROJECTS, project, page)

    def shown(self) -> frozenset[Key]:
        """Return the kinds and ids of all records that have a row here."""
        return frozenset((kind.name, shown_record(row)) for kind in KINDS for row in self.notion.rows(kind))

    def page_of(self, project_id: int) -> str:
        """Return the page that shows a project."""
        return str(must(self.notion.row(PROJECTS, project_id))["id"])


class Offices(Stage):
    """All workspaces, and the project that is in each of them."""

    def __init__(self, running: Running, api: httpx.Client, count: int) -> None:
        super().__init__(running, api)
        self._running = running
        ids = [int(project["id"]) for project in self.navimpact.records(PROJECTS)][::-1]
        self.shared, others = ids[0], iter(ids[1:])
        self.offices = [self._office(self._connected()[0], frozenset(ids))]
        for number in range(1, count):
            holds = frozenset({self.shared, *(next(others) for _ in range(OWN))})
            self.offices.append(self._open(f"Office {number}", holds, only_shows=number == count - 1))
        self.spare = next(others)

    @property
    def all_of_it(self) -> Office:
        """Return the workspace that holds everything."""
        return self.offices[0]

    @property
    def some(self) -> Office:
        """Return one that holds some projects, both ways."""
        return self.offices[1]

    @property
    def showing(self) -> Office:
        """Return the one where nobody edits for NavImpact."""
        return self.offices[-1]

    def project(self, id: int) -> Json:
        """Return a project as NavImpact shows it."""
        return must(self.navimpact.record(PROJECTS, id))

    def wanted(self, office: Office) -> frozenset[Key]:
        """Return the kinds and ids of all records that are to have a row in a workspace."""
        named = ((kind, "id" if kind is PROJECTS else "media_project_id") for kind in KINDS)
        return frozenset(
            (kind.name, record["id"])
            for kind, name in named
            for record in self.navimpact.records(kind)
            if record[name] in office.holds
        )

    def change(self, office: Office, **changed: object) -> None:
        """Change what an admin may change of a workspace."""
        checked(self.api.put(f"workspaces/{office.id}", json=changed))

    def connect(self, office: Office) -> None:
        """Connect a workspace that was disconnected."""
        connecting.connect_another(self.api, office.workspace_id)

    def arrives(self, offices: Sequence[Office], project_id: int) -> None:
        """Wait until these workspaces show a project as NavImpact does."""
        for office in offices:
            eventually(
                partial(self._agree, office, project_id),
                f"{office.name} does not show project {project_id} as NavImpact does",
                within_s=SETTLES_WITHIN_S,
            )

    def _agree(self, office: Office, project_id: int) -> bool:
        return office.shows(self.project(project_id))

    def _open(self, name: str, holds: frozenset[int], *, only_shows: bool) -> Office:
        """Make a workspace at Notion and connect it, saying at once what it is to hold."""
        with client(self._running.machine.notion.url) as notion:
            made = checked(notion.post("/_twin/workspaces", json={"name": name, "plan": "business"})).json()
        settings: Json = {
            "scope": {"project_ids": sorted(holds)},
            "requests_per_minute": connecting.REQUESTS_PER_MINUTE["business"],
        }
        if only_shows:
            settings["direction"] = "navimpact_to_notion"
        connecting.connect_another(self.api, made["id"], settings=settings)
        return self._office(next(one for one in self._connected() if one["workspace_id"] == made["id"]), holds)

    def _office(self, listed: Json, holds: frozenset[int]) -> Office:
        notion = Notion(self._running.machine, listed["workspace_id"])
        return Office(listed["id"], listed["workspace_id"], listed["workspace_name"], notion, holds)

    def _connected(self) -> list[Json]:
        found: list[Json] = checked(self.api.get("workspaces")).json()["items"]
        return found


def each_holds_its_own(stage: Offices) -> str:
    """Each workspace shows the projects that it is to hold and what belongs to them, and nothing else."""
    for office in stage.offices:
        wanted = stage.wanted(office)
        eventually(
            partial(_shows_all, office, wanted),
            f"{office.name} does not show the {len(wanted)} records that it is to hold",
            within_s=SETTLES_WITHIN_S,
        )
        for id in sorted(office.holds):
            stage.arrives([office], id)
    stage.traffic.wait_until_quiet(within_s=SETTLES_WITHIN_S)
    for office in stage.offices:
        more = office.shown() - stage.wanted(office)
        expect(not more, f"{office.name} also shows {len(more)} others, such as {next(iter(more), None)}")
    return "; ".join(
        f"{office.name}: {len(office.holds)} projects, {len(office.shown())} rows" for office in stage.offices
    )


def _shows_all(office: Office, wanted: frozenset[Key]) -> bool:
    return wanted <= office.shown()


def an_edit_goes_everywhere(stage: Offices) -> str:
    """An edit in one workspace arrives in NavImpact and in every other workspace that holds the project."""
    stage.some.notion.edit(PROJECTS, stage.some.page_of(stage.shared), title="Edited in one office", budget=4711)
    eventually(
        lambda: stage.project(stage.shared)["title"] == "Edited in one office",
        f"project {stage.shared} did not show the new title",
    )
    stage.arrives(stage.offices, stage.shared)
    return f"title and budget of project {stage.shared} show in NavImpact and {len(stage.offices)} workspaces"


def two_offices_edit_at_once(stage: Offices) -> str:
    """Edits of two fields in two workspaces within the same second both arrive everywhere."""
    pages = [office.page_of(stage.shared) for office in (stage.all_of_it, stage.some)]
    took = at_once(
        lambda: stage.all_of_it.notion.edit(PROJECTS, pages[0], description="Written in the first office"),
        lambda: stage.some.notion.edit(PROJECTS, pages[1], target_audience=31337),
    )
    eventually(
        lambda: (
            (stage.project(stage.shared)["description"], stage.project(stage.shared)["target_audience"])
            == ("Written in the first office", 31337)
        ),
        f"project {stage.shared} did not show both edits",
    )
    stage.arrives(stage.offices, stage.shared)
    return f"both, made within {took * 1000:.0f} ms, show in NavImpact and {len(stage.offices)} workspaces"


def who_only_shows_changes_nothing(stage: Offices) -> str:
    """An edit in a workspace that only shows stays there and is told, and changes nothing in NavImpact."""
    before, page = stage.project(stage.shared), stage.showing.page_of(stage.shared)
    stage.showing.notion.edit(PROJECTS, page, project_type="an idea of the reader")
    told = eventually(
        lambda: next((one for one in stage.attention("error") if one["notion_page_id"] == page), None),
        "nobody was told",
        within_s=SETTLES_WITHIN_S,
    )
    stage.traffic.wait_until_quiet(within_s=SETTLES_WITHIN_S)
    after = stage.project(stage.shared)
    expect(after["project_type"] == before["project_type"], f"NavImpact now shows {after['project_type']!r}")
    stage.navimpact.edit(PROJECTS, stage.shared, project_type="a decision")
    stage.arrives(stage.offices, stage.shared)
    return f"told: {told['cause']!r}; NavImpact's next word replaced it"


def a_wider_scope_brings_more(stage: Offices) -> str:
    """A project that a workspace is to hold from now on arrives there, and no other one does."""
    expect(stage.some.notion.row(PROJECTS, stage.spare) is None, f"{stage.some.name} shows it already")
    held = frozenset({*stage.some.holds, stage.spare})
    stage.change(stage.some, settings={"scope": {"project_ids": sorted(held)}})
    stage.arrives([stage.some], stage.spare)
    expect(stage.showing.notion.row(PROJECTS, stage.spare) is None, f"{stage.showing.name} shows it too")
    return f"project {stage.spare} shows in {stage.some.name}, and not in {stage.showing.name}"


def a_pause_loses_nothing(stage: Offices) -> str:
    """What is edited on both sides while a workspace is paused arrives when it goes on."""
    page = stage.some.page_of(stage.shared)
    stage.change(stage.some, is_active=False)
    stage.navimpact.edit(PROJECTS, stage.shared, title="Renamed during the pause")
    stage.some.notion.edit(PROJECTS, page, end_date="2031-12-24")
    stage.arrives([stage.all_of_it], stage.shared)
    expect(stage.project(stage.shared)["end_date"] != "2031-12-24", "the pause did not hold")
    shown = in_notion(PROJECTS, stage.some.notion.page(page))["title"]
    expect(shown != "Renamed during the pause", "the pause did not hold")
    stage.change(stage.some, is_active=True)
    eventually(
        lambda: stage.project(stage.shared)["end_date"] == "2031-12-24",
        "the edit in Notion did not arrive",
        within_s=SETTLES_WITHIN_S,
    )
    stage.arrives(stage.offices, stage.shared)
    return "a new title and a new end date, both held back meanwhile, show everywhere"


def a_disconnected_one_keeps_its_pages(stage: Offices) -> str:
    """A workspace that is disconnected keeps its pages as they are, and the others go on."""
    gone, others = stage.some, [office for office in stage.offices if office is not stage.some]
    before = _pages(gone)
    checked(stage.api.delete(f"workspaces/{gone.id}"))
    stage.all_of_it.notion.edit(PROJECTS, stage.all_of_it.page_of(stage.shared), title="Renamed without one of us")
    eventually(
        lambda: stage.project(stage.shared)["title"] == "Renamed without one of us",
        f"project {stage.shared} did not show the new title",
    )
    stage.arrives(others, stage.shared)
    expect(_pages(gone) == before, "its pages changed")
    return f"its {len(before)} pages stay; an edit went from {stage.all_of_it.name} to NavImpact and the others"


def connected_again_it_goes_on(stage: Offices) -> str:
    """Connected again, it goes on with the same pages and shows what it missed."""
    back, before = stage.some, _pages(stage.some)
    stage.connect(back)
    stage.arrives(stage.offices, stage.shared)
    stage.traffic.wait_until_quiet(within_s=SETTLES_WITHIN_S)
    expect(_pages(back).keys() == before.keys(), "it has other pages now")
    return f"no page was made anew, and project {stage.shared} is as in NavImpact"


def _pages(office: Office) -> dict[str, object]:
    """Every page of a workspace, and what it shows."""
    return {row["id"]: in_notion(kind, row) for kind in KINDS for row in office.notion.rows(kind)}


def at_rest_nothing_is_written(stage: Offices) -> str:
    """A second reconcile of all workspaces makes 0 writes."""
    mark, calls = stage.reconcile_twice()
    writes = stage.traffic.writes(mark)
    expect(not writes, f"it wrote {', '.join(call.kind for call in writes[:5])}")
    return f"0 writes; {calls}"


CHECKS: tuple[Check[Offices], ...] = (
    each_holds_its_own,
    an_edit_goes_everywhere,
    two_offices_edit_at_once,
    who_only_shows_changes_nothing,
    a_wider_scope_brings_more,
    a_pause_loses_nothing,
    a_disconnected_one_keeps_its_pages,
    connected_again_it_goes_on,
    at_rest_nothing_is_written,
    no_secret_is_told,
)
