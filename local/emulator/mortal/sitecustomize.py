"""Ends this process at calls that a plan chooses, as a crash would: before the call is sent, or with its answer unread.

Python imports this module at start when its folder is on the path. The launcher puts it there for the functions that
are to be mortal and for no others, so what is deployed knows nothing of it. The plan is a JSON file, read anew at each
call; each death is appended to the file beside it before the process ends.
"""

import fnmatch
import inspect
import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import botocore.httpsession
import httpx

PLAN: Final = Path(os.environ["MORTAL_PLAN"])
DEATHS: Final = PLAN.with_suffix(".deaths")
KILLED: Final = 137

type Call[Request, Answer] = Callable[[Any, Request], Answer]


def mortal[Request, Answer](send: Call[Request, Answer], name: Callable[[Request], str]) -> Call[Request, Answer]:
    """Return *send* with a chance to die on either side of it."""

    def sending(transport: Any, request: Request) -> Answer:
        called = name(request)
        die_if_chosen(called, "before")
        answer = send(transport, request)
        die_if_chosen(called, "after")
        return answer

    return sending


def die_if_chosen(call: str, moment: str) -> None:
    """End the process by the chance that the first fitting line of the plan gives to this moment of this call."""
    try:
        plan: list[dict[str, Any]] = json.loads(PLAN.read_text())
    except FileNotFoundError:
        return
    odds = next((line[moment] for line in plan if fnmatch.fnmatchcase(call, line["call"])), 0.0)
    if random.random() >= odds:
        return
    death = {"at": time.time(), "call": call, "moment": moment, "request_id": request_id()}
    with DEATHS.open("a") as out:
        out.write(json.dumps(death) + "\n")
    os._exit(KILLED)


def request_id() -> str | None:
    """Return the id of the invocation that this thread works for: who is looked for is known by it."""
    frame = inspect.currentframe()
    while (frame := frame.f_back if frame else None) is not None:
        if (found := getattr(frame.f_locals.get("context"), "aws_request_id", None)) is not None:
            return str(found)
    return None


def by_path(request: httpx.Request) -> str:
    """Name a call of a side: `POST /v1/pages`."""
    return f"{request.method} {request.url.path}"


def by_action(request: Any) -> str:
    """Name a call of AWS: `DynamoDB_20120810.PutItem`, `AmazonSQS.SendMessage`, `secretsmanager.GetSecretValue`."""
    target = request.headers.get("X-Amz-Target", "")
    return target.decode() if isinstance(target, bytes) else str(target)


for transport, method, name in (
    (httpx.HTTPTransport, "handle_request", by_path),
    (botocore.httpsession.URLLib3Session, "send", by_action),
):
    setattr(transport, method, mortal(getattr(transport, method), name))
