"""Work is written before anybody is woken, and a wake is never taken for a repeat of one that came too early."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from navsync.errors import ConfigError, Unavailable
from navsync.inbox import Inbox
from navsync.model import Lane, Work
from tests.contract.memory_store import MemoryStore
from tests.stores.conftest import MINUTE, NOW
from tests.stores.test_contract import some_work
from tests.template.loading import of_type

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def sqs(aws: None) -> SQSClient:
    return boto3.client("sqs")


@pytest.fixture
def wake_queue(sqs: SQSClient) -> str:
    declared = of_type("AWS::SQS::Queue")["WakeQueue"]
    attributes: dict[Any, Any] = {
        "FifoQueue": "true",
        "DeduplicationScope": declared["DeduplicationScope"],
        "FifoThroughputLimit": declared["FifoThroughputLimit"],
    }
    return _fresh(sqs, "wake.fifo", attributes)


@pytest.fixture
def later_queue(sqs: SQSClient) -> str:
    return _fresh(sqs, "later", {})


def _fresh(sqs: SQSClient, name: str, attributes: dict[Any, Any]) -> str:
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


@pytest.fixture
def kept() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def inbox(kept: MemoryStore, sqs: SQSClient, wake_queue: str, later_queue: str) -> Inbox:
    return Inbox(kept.desk, sqs, wake_queue_url=wake_queue, later_queue_url=later_queue)


def messages(sqs: SQSClient, url: str) -> list[dict[str, Any]]:
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
    return [dict(message) for message in got.get("Messages", [])]


def test_put_work_is_there_and_its_workspace_is_woken(
    inbox: Inbox, kept: MemoryStore, sqs: SQSClient, wake_queue: str
) -> None:
    inbox.put(17, some_work("media_project/1"), some_work("media_project/2"))

    assert len(kept.desk(17).pending(Lane.LIVE, limit=9)) == 2
    assert len(messages(sqs, wake_queue)) == 1


def test_a_wake_says_which_workspace_and_nothing_else(inbox: Inbox, sqs: SQSClient, wake_queue: str) -> None:
    inbox.put(17, some_work())

    (message,) = messages(sqs, wake_queue)
    assert json.loads(message["Body"]) == {"workspace_id": 17}


def test_the_workspace_is_the_group(inbox: Inbox, sqs: SQSClient, wake_queue: str) -> None:
    inbox.wake(17)

    (message,) = messages(sqs, wake_queue)
    assert message["Attributes"]["MessageGroupId"] == "17"


def test_wakes_of_one_epoch_are_one(kept: MemoryStore, sqs: SQSClient, wake_queue: str) -> None:
    for process in (Inbox(kept.desk, sqs, wake_queue_url=wake_queue) for _ in range(2)):
        process.wake(17)

    assert len(messages(sqs, wake_queue)) == 1


class CountingQueue:
    """Takes every message, and counts them."""

    def __init__(self) -> None:
        self.sent = 0

    def send_message(self, **message: Any) -> None:
        self.sent += 1


def test_a_wake_that_the_queue_would_drop_as_a_repeat_is_not_even_sent(kept: MemoryStore) -> None:
    sqs: Any = CountingQueue()
    inbox = Inbox(kept.desk, sqs, wake_queue_url="w")

    for workspace in (17, 17, 18):
        inbox.wake(workspace)

    assert sqs.sent == 2


def test_a_wake_is_sent_again_before_the_queue_forgets_it(kept: MemoryStore) -> None:
    sqs: Any = CountingQueue()
    now = [0.0]
    inbox, sent = Inbox(kept.desk, sqs, wake_queue_url="w", now_s=lambda: now[0]), []
    for now[0] in (0.0, 59.0, 61.0):
        inbox.wake(17)
        sent.append(sqs.sent)

    assert sent == [1, 1, 2]


def test_a_wake_that_was_not_taken_is_sent_again(kept: MemoryStore) -> None:
    class Sqs(CountingQueue):
        def send_message(self, **message: Any) -> None:
            super().send_message()
            if self.sent == 1:
                raise BotoCoreError

    sqs: Any = Sqs()
    inbox = Inbox(kept.desk, sqs, wake_queue_url="w")
    with pytest.raises(Unavailable):
        inbox.wake(17)

    inbox.wake(17)

    assert sqs.sent == 2


def test_a_wake_after_the_worker_began_to_read_is_not_a_repeat(
    inbox: Inbox, kept: MemoryStore, sqs: SQSClient, wake_queue: str
) -> None:
    inbox.wake(17)
    (first,) = messages(sqs, wake_queue)
    sqs.delete_message(QueueUrl=wake_queue, ReceiptHandle=first["ReceiptHandle"])
    kept.desk(17).raise_epoch()

    inbox.put(17, some_work())

    assert len(messages(sqs, wake_queue)) == 1


def test_the_row_is_written_before_the_epoch_is_read(sqs: SQSClient, wake_queue: str) -> None:
    class Watched:
        def __init__(self) -> None:
            self.calls: list[str] = []

        def put(self, work: Work) -> None:
            self.calls.append("put")

        def epoch(self) -> int:
            self.calls.append("epoch")
            return 0

        def claim_later(self, at: datetime, now: datetime) -> bool:
            raise AssertionError("nothing is delayed")

        def disclaim_later(self) -> None:
            raise AssertionError("nothing is delayed")

    desk = Watched()
    Inbox(lambda _: desk, sqs, wake_queue_url=wake_queue).put(17, some_work(), some_work("page/2"))

    assert desk.calls == ["put", "put", "epoch"]


@pytest.mark.parametrize(("wait", "delay"), [(-5, 0), (0, 0), (0.2, 1), (59, 59), (900, 900), (5000, 900)])
def test_a_delayed_wake_never_comes_early_and_sqs_delays_no_longer_than_a_quarter_hour(wait: float, delay: int) -> None:
    class Sqs:
        sent: dict[str, Any]

        def send_message(self, **message: Any) -> None:
            self.sent = message

    sqs: Any = Sqs()
    at = NOW + timedelta(seconds=wait)
    Inbox(MemoryStore().desk, sqs, wake_queue_url="w", later_queue_url="l").later(17, at, NOW)

    assert sqs.sent["DelaySeconds"] == delay
    assert json.loads(sqs.sent["MessageBody"]) == {"workspace_id": 17, "at": at.isoformat()}


def test_a_delayed_wake_waits_in_the_delay_queue(
    inbox: Inbox, sqs: SQSClient, wake_queue: str, later_queue: str
) -> None:
    inbox.later(17, NOW + MINUTE, NOW)

    waiting = sqs.get_queue_attributes(QueueUrl=later_queue, AttributeNames=["All"])["Attributes"]
    assert (waiting["ApproximateNumberOfMessagesDelayed"], messages(sqs, wake_queue)) == ("1", [])


def test_a_delayed_wake_that_the_queue_did_not_take_is_sent_again(kept: MemoryStore) -> None:
    class Sqs:
        sent = 0

        def send_message(self, **message: Any) -> None:
            self.sent += 1
            if self.sent == 1:
                raise BotoCoreError

    sqs: Any = Sqs()
    inbox, at = Inbox(kept.desk, sqs, wake_queue_url="w", later_queue_url="l"), NOW + 10 * MINUTE
    with pytest.raises(Unavailable):
        inbox.later(17, at, NOW)

    inbox.later(17, at, NOW + MINUTE)

    assert sqs.sent == 2


def test_without_a_delay_queue_nothing_can_be_delayed(sqs: SQSClient, wake_queue: str) -> None:
    inbox = Inbox(MemoryStore().desk, sqs, wake_queue_url=wake_queue)

    with pytest.raises(ConfigError, match="LATER_QUEUE_URL"):
        inbox.later(17, NOW, NOW)


def test_a_queue_that_does_not_answer_can_be_tried_again(kept: MemoryStore, sqs: SQSClient, wake_queue: str) -> None:
    inbox = Inbox(kept.desk, sqs, wake_queue_url=f"{wake_queue}-gone")

    with pytest.raises(Unavailable):
        inbox.put(17, some_work())

    assert kept.desk(17).pending(Lane.LIVE, limit=9) == [some_work()]
