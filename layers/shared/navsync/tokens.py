"""Bearer token → who is calling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

from navsync.errors import SyncError, Unavailable

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


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must be for and from; None: nothing is asked for, and one that is for somebody is refused."""

    audience: str | None = None
    issuer: str | None = None


ANYBODY = Expected()


def verify(token: str, secrets: str, expected: Expected = ANYBODY) -> Claims:
    """Check an HS256 token against *secrets*: one, or two separated by a space while one takes over from the other.

    `exp` is required: a token without would be valid for ever. Raises BadToken, which does not say what was wrong.
    """
    refusal: BadToken | None = None
    for secret in secrets.split():
        try:
            return _claims(token, secret, "HS256", expected)
        except BadToken as bad:
            refusal = bad
    raise refusal or _bad()


class PublicKeys:
    """The platform's published keys (JWKS), for RS256 tokens.

    Kept for a few minutes; a key that is not known yet is looked for again, but not at every token that names one.
    """

    def __init__(self, url: str, expected: Expected = ANYBODY) -> None:
        self.client = jwt.PyJWKClient(url, lifespan=KEYS_LAST_S, timeout=FETCH_TIMEOUT_S, cooldown_duration=COOLDOWN_S)
        self.expected = expected

    def verify(self, token: str) -> Claims:
        """Check an RS256 token. Raises BadToken, or Unavailable where the keys cannot be had now."""
        try:
            if jwt.get_unverified_header(token).get("alg") != "RS256":
                raise _bad()
            key = self.client.get_signing_key_from_jwt(token)
        except jwt.PyJWKClientConnectionError as error:
            raise Unavailable("the platform's public keys cannot be read now; try again in a moment") from error
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise _bad() from error
        return _claims(token, key, "RS256", self.expected)


KEYS_LAST_S = 300
FETCH_TIMEOUT_S = 5
COOLDOWN_S = 30


def _claims(token: str, key: str | jwt.PyJWK, algorithm: str, expected: Expected) -> Claims:
    required = ["exp", "sub", *(["iss"] if expected.issuer else []), *(["aud"] if expected.audience else [])]
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=expected.audience,
            issuer=expected.issuer,
            options={"require": required},
        )
        return _read(claims)
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise _bad() from error


def _bad() -> BadToken:
    return BadToken("the bearer token is not valid")


def _read(claims: dict[str, Any]) -> Claims:
    role, workspaces = claims.get("role", "viewer"), claims.get("workspaces")
    if role not in ROLES:
        raise ValueError("unknown role")
    if not isinstance(workspaces, list | None):
        raise TypeError("workspaces is no list")  # the digits of a text would pass for ids
    return Claims(
        subject=_short(claims["sub"]),
        role=role,
        org=_short(claims["org"]) if claims.get("org") else None,
        workspaces=None if workspaces is None else tuple(int(each) for each in workspaces),
        expires_at=int(claims["exp"]),
    )


LONGEST_NAME = 200


def _short(name: Any) -> str:
    """A subject or organisation: they become parts of keys, which have an end."""
    text = str(name)
    if not 0 < len(text) <= LONGEST_NAME:
        raise ValueError("a subject or organisation is empty or too long")
    return text
