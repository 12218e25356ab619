"""AWS in this process: the emulator's services, called as boto3's clients are.

Without HTTP, signatures and boto3's own checks, which took nine tenths of these tests' time; the stores' tests call
boto3 itself, and the tests of the whole stack call it over HTTP.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.emulator.vendor import dynamodb, kms, secretsmanager, sqs

type Reply = tuple[int, Mapping[str, str], bytes | str]

SERVICES = {"dynamodb": dynamodb, "kms": kms, "secretsmanager": secretsmanager, "sqs": sqs}
TARGETS = {
    "dynamodb": "DynamoDB_20120810",
    "kms": "TrentService",
    "secretsmanager": "secretsmanager",
    "sqs": "AmazonSQS",
}


@dataclass(frozen=True, slots=True)
class Client:
    """One service. Its operations are named as boto3 names them: `put_item`, `send_message`."""

    service: str
    judge: Callable[[str, str, Mapping[str, Any]], None]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = name.title().replace("_", "")

        def call(**arguments: Any) -> Any:
            self.judge(self.service, operation, arguments)
            return called(self.service, operation, arguments)

        return call


def client(service: str, *, judge: Callable[[str, str, Mapping[str, Any]], None] | None = None, **_: Any) -> Client:
    """As `boto3.client`: settings of the connection mean nothing where there is none. *judge* raises what is denied."""
    return Client(service, judge or _anything)


def quiet() -> None:
    """The emulator tells of every table and queue; of what a test makes, nobody wants to know."""
    for service in SERVICES:
        logging.getLogger(service).setLevel(logging.WARNING)


def _anything(*_: object) -> None:
    """Whoever runs the tests may do everything."""


def called(service: str, operation: str, arguments: Mapping[str, Any]) -> Any:
    headers = {"x-amz-target": f"{TARGETS[service]}.{operation}", "content-type": "application/x-amz-json-1.0"}
    body = json.dumps(arguments, default=_as_base64).encode()
    status, _, answer = _at_once(SERVICES[service].handle_request("POST", "/", headers, body, {}))
    found = json.loads(answer or "{}", object_hook=_with_bytes)
    if status >= 400:
        raise ClientError(_as_boto3_tells(found), operation)
    return found


def _at_once(coroutine: Coroutine[Any, Any, Reply]) -> Reply:
    """Nothing is waited for where every answer is at hand: a loop would be made for each call in vain."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        reply: Reply = ended.value
        return reply
    raise asyncio.InvalidStateError("the emulator waits for something; call it over HTTP")


def _as_boto3_tells(error: Mapping[str, Any]) -> Any:
    code = error["__type"].rpartition("#")[2]
    return {**error, "Error": {"Code": code, "Message": error.get("message", error.get("Message", ""))}}


def _as_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _with_bytes(found: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's `{"B": …}` is the only binary value here."""
    return {"B": base64.b64decode(found["B"])} if found.keys() == {"B"} else found
