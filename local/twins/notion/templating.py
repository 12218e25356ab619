"""How are the twin's web pages rendered?"""

from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

HERE: Final = Path(__file__).parent
_TEMPLATES: Final = Jinja2Templates(HERE / "templates")
_HEADERS: Final = {
    # Scripts and styles only from the twin itself: text from either side of the sync cannot become code here.
    "content-security-policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def page(request: Request, template: str, context: dict[str, Any], status: int = 200) -> Response:
    """An HTML answer; everything in *context* is escaped by the template."""
    return _TEMPLATES.TemplateResponse(request, template, context, status, headers=_HEADERS)
