"""What the tests of the twins share: a receiver of webhooks and a way to wait."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.twins.serving import serving


@dataclass
class Receiver:
    """A webhook target that remembers what it got and answers what it is told."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, seconds: float = 30.0) -> list[tuple[dict[str, str], bytes]]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, seconds), f"got {len(self.got)}"
            return list(self.got)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        with self.arrived:
            self.got.append((dict(request.headers), body))
            self.arrived.notify_all()
            return Response(status_code=self.answers.pop(0) if self.answers else 200)


@pytest.fixture(scope="module")
def listening() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])) as url:
        receiver.url = f"{url}/hook"
        yield receiver


@pytest.fixture
def receiver(listening: Receiver) -> Receiver:
    """A receiver that got nothing yet; the server behind it is the module's."""
    listening.got.clear()
    listening.answers.clear()
    return listening


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
