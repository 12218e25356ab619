"""Each error of DynamoDB means one of ours, and what passes is tried again."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from navsync.errors import LostLease, Unavailable, Unclear
from navsync.store.dynamo import TRIES, ConditionFailedError, Dynamo, Step, put, when

KEY = {"pk": "W#1", "sk": "PROFILE"}


class Answers:
    """A client that gives these answers in turn, the last one for ever."""

    def __init__(self, *answers: Exception | dict[str, Any]) -> None:
        self.answers = list(answers)
        self.calls = 0

    def answer(self, **_: Any) -> dict[str, Any]:
        self.calls += 1
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(given, Exception):
            raise given
        return given

    get_item = update_item = put_item = transact_write_items = batch_get_item = batch_write_item = answer


def failing(code: str, **more: Any) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "as AWS says"}} | more
    return ClientError(answer, "Operation")


def cancelled(*codes: str | None) -> ClientError:
    return failing("TransactionCanceledException", CancellationReasons=[{"Code": code or "None"} for code in codes])


def dynamo(client: Any, pauses: list[float] | None = None) -> Dynamo:
    return Dynamo(client, (pauses if pauses is not None else []).append)


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError"]
)
def test_a_busy_database_is_asked_again(code: str) -> None:
    assert dynamo(Answers(failing(code), {"Item": {"pk": {"S": "W#1"}}})).get("t", KEY) == {"pk": "W#1"}


def test_a_database_that_stays_busy_is_unavailable() -> None:
    client = Answers(failing("ThrottlingException"))

    with pytest.raises(Unavailable):
        dynamo(client).get("t", KEY)

    assert client.calls == TRIES


def test_pauses_grow_and_stay_short() -> None:
    pauses: list[float] = []

    with pytest.raises(Unavailable):
        dynamo(Answers(failing("ThrottlingException")), pauses).get("t", KEY)

    assert pauses == sorted(pauses)
    assert sum(pauses) < 1


def test_a_transaction_that_met_another_is_tried_again() -> None:
    client = Answers(cancelled(None, "TransactionConflict"), {})

    dynamo(client).transact([Step(put("t", {"pk": "a"})), Step(put("t", {"pk": "b"}))])

    assert client.calls == 2


def test_the_first_condition_that_failed_says_what_it_means() -> None:
    lost, other = LostLease("lost"), Unavailable("other")
    steps = [Step(put("t", {"pk": "a"})), Step(put("t", {"pk": "b"}), lost), Step(put("t", {"pk": "c"}), other)]

    with pytest.raises(LostLease):
        dynamo(Answers(cancelled(None, "ConditionalCheckFailed", "ConditionalCheckFailed"))).transact(steps)


def test_a_failed_condition_outweighs_a_conflict() -> None:
    steps = [Step(put("t", {"pk": "a"})), Step(put("t", {"pk": "b"}), LostLease("lost"))]

    with pytest.raises(LostLease):
        dynamo(Answers(cancelled("TransactionConflict", "ConditionalCheckFailed"))).transact(steps)


def test_a_failed_condition_tells_what_was_found() -> None:
    found = failing("ConditionalCheckFailedException", Item={"owner": {"S": "ana"}, "fence": {"N": "3"}})

    with pytest.raises(ConditionFailedError) as failed:
        dynamo(Answers(found)).update("t", KEY, "SET #a = :a", {"a": 1}, condition="#b = :a")

    assert failed.value.found == {"owner": "ana", "fence": 3}


def test_a_read_without_an_answer_changed_nothing() -> None:
    with pytest.raises(Unavailable):
        dynamo(Answers(ReadTimeoutError(endpoint_url="e"))).get("t", KEY)


def test_a_write_without_an_answer_may_have_happened() -> None:
    with pytest.raises(Unclear):
        dynamo(Answers(ReadTimeoutError(endpoint_url="e"))).put("t", {"pk": "a"})


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "ResourceNotFoundException"])
def test_what_is_wrong_with_the_deployment_is_not_hidden(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        dynamo(Answers(failing(code))).get("t", KEY)


def test_a_batch_that_was_read_in_part_is_read_to_the_end() -> None:
    first = {
        "Responses": {"t": [{"sk": {"S": "a"}}]},
        "UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "W#1"}, "sk": {"S": "b"}}]}},
    }
    rest = {"Responses": {"t": [{"sk": {"S": "b"}}]}, "UnprocessedKeys": {}}

    assert dynamo(Answers(first, rest)).get_many("t", [KEY]) == [{"sk": "a"}, {"sk": "b"}]


def test_a_batch_that_is_never_taken_whole_is_unavailable() -> None:
    stuck: dict[str, Any] = {"UnprocessedItems": {"t": [{"PutRequest": {"Item": {}}}]}}

    with pytest.raises(Unavailable):
        dynamo(Answers(stuck)).put_many("t", [{"pk": "a"}])


def test_every_item_carries_the_schema_number() -> None:
    assert put("t", {"pk": "a"})["Put"]["Item"]["schema"] == {"N": "2"}


def test_a_condition_names_what_it_compares() -> None:
    assert when("begins_with(#sk, :start) AND #n < :most", start="WORK#", most=5).under("ConditionExpression") == {
        "ConditionExpression": "begins_with(#sk, :start) AND #n < :most",
        "ExpressionAttributeNames": {"#sk": "sk", "#n": "n"},
        "ExpressionAttributeValues": {":start": {"S": "WORK#"}, ":most": {"N": "5"}},
    }


def test_what_an_item_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        put("t", {"pk": "a", "n": 1.5})
