"""Who did what, and who was refused: rows that are written once and never changed but by their own ending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NOBODY = "nobody"
"""The role of a sender that no token tells of."""

DEPLOYMENT = "DEPLOYMENT#AUDIT"
"""Where rows about every workspace at once are."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One state-changing call, or a refused one. Holds no value of a record and no secret."""

    id: int
    at: datetime
    subject: str
    role: str
    org: str | None
    route: str
    """`PUT /workspaces/{id}`"""
    target: str
    """The path that was called."""
    request_id: str
    workspace_id: int | None = None
    """The workspace that it was done to; None: it was about none, or the caller has no such workspace."""
    status: int | None = None
    """What was answered; None: begun, and its function died before the answer."""
    code: str | None = None
    """The problem's code, where it was refused."""
    run_id: str | None = None
    """What the sync log calls the run that it caused."""

    @property
    def trail(self) -> str:
        """The partition that it belongs to: the workspace's, else the caller's organisation's, else their own."""
        if self.role == NOBODY:
            return DEPLOYMENT
        return (
            trail_of_workspace(self.workspace_id) if self.workspace_id is not None else trail_of(self.org, self.subject)
        )


def trail_of_workspace(workspace_id: int) -> str:
    """Where rows about one workspace are."""
    return f"W#{workspace_id}#AUDIT"


def trail_of(org: str | None, subject: str) -> str:
    """Where rows about no workspace are: with the organisation, or with a caller of none."""
    return f"ORG#{org}#AUDIT" if org is not None else f"SUBJECT#{subject}#AUDIT"
