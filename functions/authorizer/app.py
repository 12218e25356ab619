"""API Gateway asks: who is calling? Nothing more is decided here."""

from __future__ import annotations

import json
import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from navsync.bootstrap.authorizer import start
from navsync.config import AuthorizerSettings
from navsync.tokens import BadToken

logger = Logger()
verify = start(AuthorizerSettings.from_env(os.environ))


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer in the simple format of HTTP APIs; cached by API Gateway for 60 s per token."""
    scheme, _, token = event.get("headers", {}).get("authorization", "").partition(" ")
    try:
        claims = verify(token.strip() if scheme.lower() == "bearer" else "")
    except BadToken as refusal:
        logger.info("refused", extra={"reason": str(refusal)})
        return {"isAuthorized": False}
    who = {"subject": claims.subject, "role": claims.role, "org": claims.org or "", "expires_at": claims.expires_at}
    limit = {} if claims.workspaces is None else {"workspaces": json.dumps(claims.workspaces)}
    return {"isAuthorized": True, "context": who | limit}
