"""What does a person see of NavImpact, to look and edit by hand?"""

from pathlib import Path
from typing import Any, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local.twins.navimpact.api import PREFIX
from local.twins.navimpact.records import CHILDREN, MEDIA_PROJECT, Record, Status
from local.twins.navimpact.store import Store

PAGES = Path(__file__).parent / "pages"
PLURAL = {
    "distribution_log": "Distribution logs",
    "performance_metrics": "Performance metrics",
    "impact_story": "Impact stories",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Page:
    """Projects as a table, and each project with its children as forms; its writes go through the API as a person's."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._templates = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
        self._templates.globals.update(
            prefix=PREFIX,
            media_project=MEDIA_PROJECT,
            children=CHILDREN,
            plural=PLURAL,
            statuses=get_args(Status),
            summary=_summary,
        )

    def routes(self) -> list[Route]:
        """The pages, what they load, and the number they watch (outside the request log)."""
        return [
            Route("/", self._projects),
            Route("/projects/{id:int}", self._project),
            Route("/page.js", lambda _: FileResponse(PAGES / "page.js", headers=HEADERS)),
            Route("/page.css", lambda _: FileResponse(PAGES / "page.css", headers=HEADERS)),
            Route("/_twin/version", self._version),
        ]

    async def _projects(self, _request: Request) -> Response:
        projects = self._store.all(MEDIA_PROJECT)
        return self._html("projects.html", projects=projects, counts=self._store.child_counts())

    async def _project(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        project = self._store.get(MEDIA_PROJECT, id_) if id_ < 2**63 else None
        if project is None:
            return self._html("missing.html", 404)
        records = self._store.children(project.id)
        by_type = {child.name: [one for one in records if one.entity is child] for child in CHILDREN}
        return self._html("project.html", project=project, by_type=by_type)

    async def _version(self, _request: Request) -> Response:
        return JSONResponse({"version": self._store.changes}, headers={"Cache-Control": "no-store"})

    def _html(self, template: str, status: int = 200, **values: Any) -> Response:
        text = self._templates.get_template(template).render(version=self._store.changes, **values)
        return HTMLResponse(text, status, HEADERS)


def _summary(record: Record) -> str:
    """The line that stands for a closed child: what it is called or where, and when."""
    told = ("title", "channel", "metric_date", "activity_type", "date", "story_type", "impact_date")
    return " · ".join(str(record.fields[name]) for name in told if record.fields.get(name))
