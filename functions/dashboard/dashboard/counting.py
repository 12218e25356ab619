"""What each day came to."""

from __future__ import annotations

from datetime import date, timedelta
from http import HTTPStatus
from itertools import chain

from aws_lambda_powertools.event_handler import Response

from dashboard.front import routes, runtime, workspaces_of
from navsync import api, figures
from navsync.api import Call, Nothing, answers, asks

DAYS_SHOWN = timedelta(days=29)


@routes.reads("/analytics", role="viewer", query=asks.FiguresQuery, answers=answers.AnalyticsAnswer)
def analytics(call: Call[asks.FiguresQuery, Nothing]) -> Response[str]:
    """What each day came to, by workspace and kind of record; `format=csv` for spreadsheets. Days are those of UTC."""
    asked = call.query
    last = asked.end_date or runtime.clock().date()
    first = asked.start_date or max(last, date.min + DAYS_SHOWN) - DAYS_SHOWN
    read = runtime.store.lists.figures
    found = chain.from_iterable(read(w.id, str(first), str(last)) for w in workspaces_of(call, asked.workspace_id))
    rows = sorted(found, key=lambda row: (row.day, row.workspace_id, row.entity_type or ""))
    if asked.format is asks.FiguresFormat.CSV:
        return Response(HTTPStatus.OK.value, "text/csv; charset=utf-8", figures.as_csv(rows))
    return api.json_response({"items": [figures.as_row(row) for row in rows]})
