"""What each day came to."""

from __future__ import annotations

from datetime import date, timedelta
from http import HTTPStatus
from itertools import chain

from aws_lambda_powertools.event_handler import Response

from dashboard import pages
from dashboard.front import routes, runtime, workspaces_of
from navsync import api, figures
from navsync.api import Call, Nothing, answers, asks

DAYS_SHOWN = timedelta(days=29)


@routes.reads("/analytics", role="viewer", query=asks.FiguresQuery, answers=answers.AnalyticsAnswer)
def analytics(call: Call[asks.FiguresQuery, Nothing]) -> Response[str]:
    """What each day came to, by workspace and kind of record; `format=csv` for spreadsheets. Days are those of UTC."""
    asked = call.query
    first, last = _days(asked)
    read = runtime.store.lists.figures
    found = chain.from_iterable(read(w.id, str(first), str(last)) for w in workspaces_of(call, asked.workspace_id))
    rows = sorted(found, key=lambda row: (row.day, row.workspace_id, row.entity_type or ""))
    csv = asked.format is asks.FiguresFormat.CSV
    content: object = figures.as_csv(rows) if csv else {"items": [figures.as_row(row) for row in rows]}
    if api.size_of(content) > pages.LARGEST_ANSWER:
        reason = "so many workspaces have too many figures for one answer: ask for one, or for fewer days"
        raise api.invalid(["workspace_id"], reason)
    return Response(HTTPStatus.OK.value, CSV, str(content)) if csv else api.json_response(content)


CSV = "text/csv; charset=utf-8"

MOST_DAYS = timedelta(days=92)
"""A quarter of a year."""


def _days(asked: asks.FiguresQuery) -> tuple[date, date]:
    """The first day and the last. Raises `Problem` where they are too far apart, or in the wrong order."""
    last = asked.end_date or runtime.clock().date()
    first = asked.start_date or max(last, date.min + DAYS_SHOWN) - DAYS_SHOWN
    if first > last:
        raise api.invalid(["start_date"], "it is after the last day that is asked for, which is today unless named")
    if last - first >= MOST_DAYS:
        raise api.invalid(["start_date"], f"it is more than {MOST_DAYS.days} days before the last: ask in parts")
    return first, last
