"""The audit trail, as admins read it."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from dashboard import pages
from dashboard.front import routes, runtime, workspaces_of
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.audit import DEPLOYMENT, AuditRow, trail_of, trail_of_workspace


@routes.reads("/audit", role="admin", query=asks.AuditQuery, answers=answers.CursorPage[answers.AuditAnswer])
def audit(call: Call[asks.AuditQuery, Nothing]) -> Response[str]:
    """Who did what, and who was refused, newest first: in workspaces that the caller is an admin of.

    Handshakes of Notion's webhook, which are for all workspaces, are told to every admin.
    """
    asked = call.query
    cursor = None if asked.cursor is None else int(asked.cursor)
    page = runtime.store.trail.rows(
        _trails(call), now=runtime.clock(), skip=asked.skip, limit=asked.limit, cursor=cursor
    )
    part = pages.Part(page.items, page.total, page.cursor, _place_of)
    return api.json_response(pages.cursor_page(part, asked, views.audit))


def _place_of(row: AuditRow) -> str:
    return str(row.id)


def _trails(call: Call[asks.AuditQuery, Nothing]) -> list[str]:
    who, asked = call.who, call.query
    if asked.workspace_id is not None:
        chosen = who.must_be_in("admin", runtime.store.desk(asked.workspace_id).workspace())
        return [trail_of_workspace(chosen.id)]
    about_none = [DEPLOYMENT, trail_of(who.org, who.subject)] if who.workspaces is None else []
    return [*about_none, *(trail_of_workspace(w.id) for w in workspaces_of(call) if who.may("admin", w))]
