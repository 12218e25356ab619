"""For the function that says who is calling."""

from __future__ import annotations

from collections.abc import Callable

from navsync import tokens
from navsync.bootstrap import aws
from navsync.config import AuthorizerSettings
from navsync.secrets import DeploymentSecrets
from navsync.tokens import Claims, Expected, PublicKeys


def start(settings: AuthorizerSettings) -> Callable[[str], Claims]:
    """Bearer token → claims. Secret or public keys are read at the first call and again every few minutes."""
    expected = Expected(settings.jwt_audience, settings.jwt_issuer)
    if settings.jwks_url is not None:
        return PublicKeys(settings.jwks_url, expected).verify
    kept = DeploymentSecrets(aws.vault())
    return lambda token: tokens.verify(token, kept.jwt_secret(settings.signing_secret_arn), expected)
