"""The page at the root: what is in the workspaces, to look at and to edit by hand."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.twins.notion.templating import TEMPLATES
from local.twins.notion.world import World


@dataclass
class Web:
    """Server-rendered tables; edits are ordinary API calls that the page's script makes as a person."""

    world: World
    now: Callable[[], float]

    def routes(self) -> list[Route]:
        """The page's addresses."""
        return [Route("/", self._home, methods=["GET"])]

    async def _home(self, request: Request) -> Response:
        return TEMPLATES.TemplateResponse(request, "base.html", {})
