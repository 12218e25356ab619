"""What do functions see of the emulator? They tell."""

import importlib.util
import json
import os
import time
from typing import Any

import boto3


def authorize(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Let the bearer of "good" in."""
    allowed = event["headers"].get("authorization") == "Bearer good"
    return {"isAuthorized": allowed, "context": {"subject": "somebody"}}


def echo(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with the request and with what surrounds the function."""
    if event["rawPath"] == "/failing":
        raise RuntimeError("a detail that callers must not see")
    surroundings = {
        "environment": dict(os.environ),
        "can_import": {name: bool(importlib.util.find_spec(name)) for name in ("boto3", "ministack", "httpx")},
        "write_to": {name: _outcome(os.environ[name]) for name in ("TABLE", "OTHER_TABLE")},
    }
    body = json.dumps({"event": event, "surroundings": surroundings})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}


def work(event: dict[str, Any], _context: object) -> None:
    """Take a second, and note when that was."""
    started = time.time()
    time.sleep(1)
    record = event["Records"][0]
    item = {
        "id": {"S": record["body"]},
        "group": {"S": record["attributes"]["MessageGroupId"]},
        "started": {"N": str(started)},
        "ended": {"N": str(time.time())},
    }
    boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)


def _outcome(table: str) -> str:
    client = boto3.client("dynamodb")
    try:
        client.put_item(TableName=table, Item={"id": {"S": "echo"}})
    except client.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"
