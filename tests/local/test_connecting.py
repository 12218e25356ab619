"""Who brings the stack up gets the sample workspace connected, whatever was done to it before."""

from __future__ import annotations

import httpx
import pytest

from local.navsync import connecting


@pytest.mark.parametrize(
    ("states", "connects"),
    [([], True), (["connected"], False), (["paused"], False), (["disconnected"], True)],
    ids=str,
)
def test_a_workspace_that_was_disconnected_is_connected_again(
    monkeypatch: pytest.MonkeyPatch, states: list[str], *, connects: bool
) -> None:
    connected: list[httpx.Client] = []
    monkeypatch.setattr(connecting, "connect_another", connected.append)
    listed = {"items": [{"id": number, "state": state} for number, state in enumerate(states)]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=listed))

    with httpx.Client(base_url="http://navsync.test", transport=transport) as api:
        assert connecting.connect(api) is connects
        assert connected == [api] * connects
