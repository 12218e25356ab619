"""Answers that the service is not there."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """503 to everybody."""
    return {"statusCode": 503, "body": "unavailable"}
