"""What is in records and answers makes nobody call where the deployment does not say, nor writes lines of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.handlers.known import captured
from tests.handlers.test_working import PROJECTS, Stage, stage, synced

__all__ = ["stage", "synced"]


@dataclass
class Sink:
    """A server that nobody has a reason to call."""

    url: str
    called: list[str] = field(default_factory=list)


@pytest.fixture
def sink() -> Iterator[Sink]:
    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            found.called.append(self.rfile.readline().decode(errors="replace"))
            self.close_connection = True

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Sink(f"http://127.0.0.1:{server.server_port}/latest/meta-data")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def tick(stage: Stage) -> None:
    stage.cloud["scheduled_reconcile"](captured("tick"))
    stage.work()


@pytest.mark.parametrize("side", ["navimpact", "notion"])
def test_a_redirect_is_not_followed(synced: Stage, sink: Sink, side: str) -> None:
    away = {"match": {"path": "/**"}, "do": {"status": 307, "body": {}, "headers": {"Location": sink.url}}}
    client = getattr(synced, side)
    client.post("/_twin/faults", json=[away]).raise_for_status()

    tick(synced)

    client.delete("/_twin/faults").raise_for_status()
    assert sink.called == []


def test_an_address_in_a_record_is_not_called(synced: Stage, sink: Sink) -> None:
    reef, _ = synced.projects
    told = {"title": f"Reef {sink.url}", "description": f"see [this]({sink.url}) and ![that]({sink.url})"}
    synced.navimpact.put(f"{PROJECTS}{reef}", json=told).raise_for_status()

    tick(synced)

    assert (synced.title(synced.page_of(reef)), sink.called) == (f"Reef {sink.url}", [])


def test_a_title_writes_no_line_of_the_log(synced: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    log = synced.cloud["sync_worker"].listen(monkeypatch)
    reef, _ = synced.projects
    forged = 'Reef\r\n{"level":"INFO","message":"forged"}\x1b[2J'
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": forged}).raise_for_status()

    tick(synced)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert lines
    assert [line for line in lines if line["message"] == "forged"] == []
    assert "\x1b" not in log.getvalue()
