"""What people see, set and decide; each topic is a module of the package beside this file."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

# Imported for the routes that they declare, in the order in which documents list them.
# isort: off
from dashboard import (  # noqa: F401  # each declares its routes when it is imported
    documents,
    workspaces,
    status,
    attention,
    lists,
    deciding,
    history,
    syncing,
    previewing,
    templating,
    explaining,
    counting,
    audit,
)

# isort: on
from dashboard.front import logger, routes, runtime

__all__ = ["handler", "routes", "runtime"]


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP request."""
    return routes.app.resolve(event, context)
