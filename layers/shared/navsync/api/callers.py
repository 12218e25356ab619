"""Who is calling, and what they may do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from navsync.api.problems import Problem, forbidden, not_found
from navsync.model import Workspace

ROLES = ("viewer", "analyst", "admin")
"""From the least to the most."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as the authorizer found."""

    subject: str
    role: str
    org: str | None = None
    workspaces: frozenset[int] | None = None
    """The only workspaces the token is for; None: it names none."""

    def role_in(self, workspace: Workspace) -> str | None:
        """The role in *workspace*; None: to this caller it does not exist.

        Another organisation is never let in, whoever its subject is called: subjects are unique within one. A
        member has the role given to them there, but never more than the token says.
        """
        if self.org != workspace.org or (self.workspaces is not None and workspace.id not in self.workspaces):
            return None
        if self.subject in workspace.members:
            return min(self.role, workspace.members[self.subject], key=ROLES.index)
        return self.role if self.org is not None else None

    def may(self, role: str, workspace: Workspace) -> bool:
        """Whether the caller has at least *role* in *workspace*."""
        mine = self.role_in(workspace)
        return mine is not None and ROLES.index(mine) >= ROLES.index(role)

    def must_be(self, role: str) -> None:
        """Refuse with 403 unless the token itself says at least *role*."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise forbidden(role)

    def must_be_in(self, role: str, workspace: Workspace | None) -> Workspace:
        """*workspace*, or 404 when it is not the caller's to see, or 403 when *role* is more than theirs."""
        if workspace is None or self.role_in(workspace) is None:
            raise not_found("workspace")
        if not self.may(role, workspace):
            raise forbidden(role)
        return workspace


def caller(event: APIGatewayProxyEventV2, *, now: datetime) -> Caller:
    """Who is calling. The authorizer has checked the token; its answer is cached, so the expiry is looked at again."""
    authorizer = event.request_context.authorizer
    found: Mapping[str, Any] = (authorizer.get_lambda if authorizer else None) or {}
    if "subject" not in found or float(found["expires_at"]) <= now.timestamp():
        raise Problem(HTTPStatus.UNAUTHORIZED, "unauthenticated", "This needs a bearer token.")
    workspaces = json.loads(found["workspaces"]) if found.get("workspaces") else None
    return Caller(
        subject=found["subject"],
        role=found["role"],
        org=found.get("org") or None,
        workspaces=None if workspaces is None else frozenset(workspaces),
    )
