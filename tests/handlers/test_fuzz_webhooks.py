"""Whatever a webhook brings, signed as it should be, the answer is no error of ours; and fifty a second are taken."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.handlers.deployed import Cloud
from tests.handlers.fuzzing import CASES
from tests.handlers.known import a_workspace, captured
from tests.handlers.test_webhook_routes import SENDERS, by_navimpact, sent_to

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def almost(event: Any) -> st.SearchStrategy[Any]:
    """*event*, with anything in some of its places."""
    if not isinstance(event, dict):
        return st.just(event) | ANYTHING
    return st.fixed_dictionaries({}, optional={name: almost(inner) for name, inner in event.items()}) | ANYTHING


@pytest.mark.parametrize("sender", SENDERS)
def test_a_signed_webhook_is_never_an_error_of_ours(cloud: Cloud, sender: str) -> None:
    a_workspace(cloud)
    original = json.loads(captured(f"webhook_{sender}")["body"])

    @settings(max_examples=CASES, deadline=None, database=None, derandomize=True, suppress_health_check=HealthCheck)
    @given(body=almost(original))
    def never(body: Any) -> None:
        answer = sent_to(cloud, SENDERS[sender](json.dumps(body).encode()))

        assert answer.status < 500
        assert answer.status == 202 or answer.is_problem

    never()


def test_fifty_webhooks_take_less_than_a_second_of_the_processor(cloud: Cloud) -> None:
    a_workspace(cloud)
    body = captured("webhook_navimpact")["body"].encode()
    started = time.process_time()

    statuses = {sent_to(cloud, by_navimpact(body)).status for _ in range(50)}

    assert statuses == {202}
    assert time.process_time() - started < 1
