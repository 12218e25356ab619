"""What is open to everybody: whether this deployment answers, and what its routes are."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from dashboard.front import routes
from navsync import api
from navsync.api import answers

FOLDER = Path(__file__).parents[1]
OPENAPI = (FOLDER / "openapi.json").read_text(encoding="utf-8")
DOCS = (FOLDER / "docs.html").read_text(encoding="utf-8")
"""Made from the routes of all functions, and kept the same by a test."""


@routes.opens("GET", "/health", answers=answers.Health)
def health() -> Response[str]:
    """Whether this deployment answers. Open to everybody, so it says nothing else."""
    return api.json_response({"status": "ok"})


PAGE_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src {api.hash_of_style(DOCS)}; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}


@routes.opens("GET", "/openapi.json", answers="application/json")
def openapi() -> Response[str]:
    """This document."""
    return Response(HTTPStatus.OK.value, "application/json", OPENAPI)


@routes.opens("GET", "/docs", answers="text/html")
def docs() -> Response[str]:
    """This document as a page."""
    return Response(HTTPStatus.OK.value, "text/html; charset=utf-8", DOCS, headers=dict(PAGE_HEADERS))
