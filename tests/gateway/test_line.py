"""The line to Notion is kept open: many requests, few connections."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.twins.serving import serving
from navsync.notion import Gateway
from tests.contract import stages


class Operator:
    """The other end, who counts the lines that are open."""

    def __init__(self) -> None:
        self.lines: set[int] = set()

    async def answer(self, request: Request) -> JSONResponse:
        assert request.client is not None
        self.lines.add(request.client.port)
        return JSONResponse({"object": "user", "id": "us"})


@pytest.fixture
def operator() -> Operator:
    return Operator()


@pytest.fixture
def gateway(operator: Operator) -> Iterator[Gateway]:
    with serving(Starlette(routes=[Route("/v1/users/me", operator.answer)])) as url:
        gateway = stages.gateway(url, stages.Tokens("ntn_any"))
        with closing(gateway.client):
            yield gateway


def test_one_request_after_the_other_shares_a_connection(operator: Operator, gateway: Gateway) -> None:
    for _ in range(5):
        gateway.read("GET", "users/me")

    assert len(operator.lines) == 1


def test_threads_open_no_more_connections_than_there_are_of_them(operator: Operator, gateway: Gateway) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: gateway.read("GET", "users/me"), range(30)))

    assert len(operator.lines) <= 3
