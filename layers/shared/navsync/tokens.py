"""Bearer token → who is calling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

from navsync.errors import SyncError

ROLES = frozenset({"viewer", "analyst", "admin"})


class BadToken(SyncError):
    """The token is not one of NavImpact's, or is not valid any more."""

    code = "bad_token"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    subject: str
    role: str
    org: str | None
    workspaces: tuple[int, ...] | None
    """The only workspaces it is for; None: it names none."""
    expires_at: int
    """Seconds since 1970."""


def verify(token: str, secret: str) -> Claims:
    """Check an HS256 token against *secret*. `exp` is required: one without would be valid for ever.

    Raises BadToken, which does not say what was wrong with it.
    """
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp", "sub"]})
        return _read(claims)
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise BadToken("the bearer token is not valid") from error


def mint(secret: str, *, subject: str, role: str, org: str | None, expires_at: int) -> str:
    """A token as NavImpact makes them; for operators and tests."""
    claims = {"sub": subject, "role": role, "exp": expires_at} | ({"org": org} if org else {})
    return jwt.encode(claims, secret, algorithm="HS256")


def _read(claims: dict[str, Any]) -> Claims:
    role, workspaces = claims.get("role", "viewer"), claims.get("workspaces")
    if role not in ROLES:
        raise ValueError("unknown role")
    if not isinstance(workspaces, list | None):
        raise TypeError("workspaces is no list")  # the digits of a text would pass for ids
    return Claims(
        subject=str(claims["sub"]),
        role=role,
        org=str(claims["org"]) if claims.get("org") else None,
        workspaces=None if workspaces is None else tuple(int(each) for each in workspaces),
        expires_at=int(claims["exp"]),
    )
