"""What is answered to a client that is not ours, held against the SDK's own types."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.twins.notion import create_app
from local.twins.serving import serving
from tests.conformance.evidence import Call, endpoint
from tests.twins.notion.rig import CONFIG, Rig, nobody

TYPES: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "sdk_types" / "answers.json").read_text())
UNTYPED: Final = {
    "request_id": "in every answer and in no type",
    "email_verified": "in recorded answers since July 2026, not in the types yet",
    "quick_filters": "the types leave their conditions open, spelled as objects without any key",
}
"""Names that the types leave out, with what speaks for them."""
ANSWERS: Final[dict[str, Any]] = TYPES["definitions"]["Answers"]["properties"]


@dataclass
class Transcript:
    """Answers to /v1, in their order."""

    answers: list[tuple[Call, Any]] = field(default_factory=list)

    def take_down(self, call: Call, body: bytes) -> None:
        """Keep one answer; refusals have no type."""
        if 200 <= call.status < 300 and call.path.startswith("/v1/"):
            self.answers.append((call, json.loads(body)))

    def hear(self, answer: httpx.Response) -> None:
        """A response hook of a client."""
        self.take_down(Call(answer.request.method, answer.request.url.path, answer.status_code), answer.read())

    async def listen(self, answer: httpx.Response) -> None:
        """The same of an asynchronous one."""
        await answer.aread()
        self.hear(answer)

    def checked(self) -> list[Call]:
        """The calls whose answers the types describe."""
        return [call for call, _ in self.answers if is_typed(call)]

    def findings(self) -> list[str]:
        """Where an answer is not of the type that the SDK declares for it."""
        told = (finding(call, answer) for call, answer in self.answers if is_typed(call))
        return [finding for finding in told if finding is not None]


@dataclass
class Stenographer:
    """An ASGI application around the twin that takes down its answers."""

    twin: ASGIApp
    transcript: Transcript

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.twin(scope, receive, send)
            return
        status, body = 0, b""

        async def noting(message: Message) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")
            await send(message)

        await self.twin(scope, receive, noting)
        self.transcript.take_down(Call(scope["method"], scope["path"], status), body)


@contextmanager
def recorded() -> Iterator[tuple[Rig, Transcript]]:
    """A twin of its own, and the transcript of its answers."""
    app = create_app(CONFIG)
    transcript = Transcript()
    with serving(Stenographer(app, transcript)) as url, httpx.Client(base_url=url) as http:
        yield Rig(url, app.state.twin, http, nobody), transcript


def is_typed(call: Call) -> bool:
    """Whether the SDK declares a type for an answer; its refusals have none."""
    return call.status < 300 and _key(call) in ANSWERS


def finding(call: Call, answer: Any) -> str | None:
    """Where an answer is not of the type that the SDK declares for it."""
    error = best_match(_validator(_key(call)).iter_errors(_typed(answer)))
    return error and f"{_key(call)} at {error.json_path}: {error.message[:400]}"


def _typed(answer: Any) -> Any:
    match answer:
        case {"type": "relation", "relation": _, "has_more": _}:
            # The flag of a relation over 25 is documented; only lists have it in the types.
            return {name: _typed(value) for name, value in answer.items() if name != "has_more"}
        case dict():
            # Whether answers of 2026-03-11 still have `archived` is an open question; the types say yes.
            old_name = {"archived": answer["in_trash"]} if "in_trash" in answer else {}
            return {name: _typed(value) for name, value in (old_name | answer).items() if name not in UNTYPED}
        case list():
            return [_typed(item) for item in answer]
        case _:
            return answer


def _key(call: Call) -> str:
    """Which answer it is; a write that goes on after its answer is told as the task that it has become."""
    return "GET /v1/async_tasks/{task_id}" if call.status == 202 else " ".join(endpoint(call) or ())


@cache
def _validator(key: str) -> Draft7Validator:
    return Draft7Validator(ANSWERS[key] | {"definitions": TYPES["definitions"]})
