"""How is DynamoDB called, and which of our errors is each of its errors?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from navsync.errors import OtherShape, SyncError, Unavailable, Unclear

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Scalar = str | int | bool | bytes | None
type Item = dict[str, Any]
"""An item as plain Python: text, whole numbers, booleans, bytes, and maps of these."""
type Key = dict[str, str]

SCHEMA = 2
"""The number that every item carries; one that carries another is not read. Raise it where items change their shape."""

MOST_READ = 10_000
"""Items that are looked at to find one part of a list, or to count one: somebody waits for it, and pays for it."""

MOST_AT_ONCE = 1_000

TRIES = 5
FIRST_PAUSE_S = 0.02

_PASSING = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "ThrottlingError",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ProvisionedThroughputExceeded",
    }
)
"""Codes, of calls and of cancelled transactions, that say that nothing was done and that it may be tried again."""

_CONDITION_FAILED = frozenset({"ConditionalCheckFailed", "ConditionalCheckFailedException"})


class ConditionFailedError(Exception):
    """A conditional write found another state than it asked for. *found*: the item, where it was asked for."""

    def __init__(self, found: Item | None = None) -> None:
        super().__init__("the item is not in the state that the write was for")
        self.found = found


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a transaction, and what it means when its condition does not hold."""

    operation: Mapping[str, Any]
    otherwise: SyncError | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """Names and values of an update or a condition, by their placeholders' names."""

    text: str
    names: Mapping[str, str]
    values: Mapping[str, Scalar | dict[str, Any]]

    def under(self, keyword: str) -> dict[str, Any]:
        """As a call's arguments, with the text under *keyword*."""
        arguments: dict[str, Any] = {keyword: self.text}
        if self.names:
            arguments["ExpressionAttributeNames"] = {f"#{name}": real for name, real in self.names.items()}
        if self.values:
            arguments["ExpressionAttributeValues"] = {f":{n}": wire(value) for n, value in self.values.items()}
        return arguments


def when(text: str, **values: Scalar) -> Expression:
    """A condition; `#name` in *text* stands for the attribute `name`, `:name` for the value given."""
    return Expression(text, _names_in(text), values)


def unchanged(version: int) -> Expression:
    """Nobody has saved the item since it was read at *version*; at 0 there was none."""
    return when("#version = :version", version=version) if version else when("attribute_not_exists(#pk)")


def put(table: str, item: Item, condition: Expression | None = None) -> dict[str, Any]:
    """A Put for a transaction."""
    return {"Put": {"TableName": table, "Item": wires({"schema": SCHEMA} | item), **_condition(condition)}}


def delete(table: str, key: Key, condition: Expression | None = None) -> dict[str, Any]:
    """A Delete for a transaction."""
    return {"Delete": {"TableName": table, "Key": wires(key), **_condition(condition)}}


def check(table: str, key: Key, condition: Expression) -> dict[str, Any]:
    """A ConditionCheck for a transaction."""
    return {"ConditionCheck": {"TableName": table, "Key": wires(key), **_condition(condition)}}


def add(
    table: str, key: Key, deltas: Mapping[str, int], *, condition: Expression | None = None, **also: Scalar
) -> dict[str, Any]:
    """An Update for a transaction that adds to counters and sets *also*."""
    settings = {"schema": SCHEMA, **also}
    guard = condition or Expression("", {}, {})
    names = {f"d{n}": name for n, name in enumerate(deltas)} | {name: name for name in settings} | dict(guard.names)
    added = ", ".join(f"#d{n} :d{n}" for n in range(len(deltas)))
    text = f"SET {', '.join(f'#{name} = :{name}' for name in settings)} ADD {added}"
    values = {f"d{n}": delta for n, delta in enumerate(deltas.values())} | settings | dict(guard.values)
    expression = Expression(text, names, values).under("UpdateExpression")
    guarded = {"ConditionExpression": guard.text} if condition else {}
    return {"Update": {"TableName": table, "Key": wires(key), **expression, **guarded}}


class Dynamo:
    """One client. Reads are consistent unless an index cannot be.

    What passes with time is tried a few times, then raised as `Unavailable`; a write that got no answer is `Unclear`.
    """

    def __init__(self, client: DynamoDBClient, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = client
        self.sleep = sleep

    def get(self, table: str, key: Key) -> Item | None:
        """The item, or None."""
        answer = self._read(self.client.get_item, TableName=table, Key=wires(key), ConsistentRead=True)
        return _read(answer["Item"]) if "Item" in answer else None

    def get_many(self, table: str, keys: Iterable[Key]) -> list[Item]:
        """The items that exist, in no order."""
        return [item for some in batched(keys, 100, strict=False) for item in self._get_batch(table, some)]

    def query(
        self,
        table: str,
        condition: Expression,
        *,
        index: str | None = None,
        where: Expression | None = None,
        **how: Any,
    ) -> Iterator[Item]:
        """Items in order of the range key, those that *where* holds for; more is asked for as they are taken."""
        for answer in self._pages(_query(table, condition, index, where) | {"ConsistentRead": True} | how):
            yield from map(_read, answer["Items"])

    def part(
        self,
        table: str,
        condition: Expression,
        *,
        most: int,
        room: int,
        index: str | None = None,
        where: Expression | None = None,
        **how: Any,
    ) -> tuple[list[Item], Item | None]:
        """At most *most* items, and the last that was looked at where there may be more behind it; None at the end.

        However few *where* holds for, *room* items are looked at and no more, and in any case as many as are wanted.
        """
        arguments = _query(table, condition, index, where) | {"ConsistentRead": True} | how
        room = max(room, most + 1)
        found: list[Item] = []
        looked, at_once = 0, most + 1
        while True:
            answer = self._read(self.client.query, **arguments, Limit=min(at_once, room - looked))
            found += map(_read, answer["Items"])
            looked, at_once = looked + answer["ScannedCount"], min(4 * at_once, MOST_AT_ONCE)
            last = answer.get("LastEvaluatedKey")
            if len(found) > most or (last is not None and len(found) == most):
                return found[:most], found[most - 1]
            if last is None:
                return found, None
            if looked >= room:
                return found, plains(last)
            arguments["ExclusiveStartKey"] = last

    def count(
        self, table: str, condition: Expression, *, index: str, room: int, where: Expression | None = None
    ) -> tuple[int, bool]:
        """How many items of *index* the conditions hold for, and whether all were looked at or only *room*."""
        arguments = _query(table, condition, index, where) | {"Select": "COUNT"}
        held = looked = 0
        while looked < room:
            answer = self._read(self.client.query, **arguments, Limit=room - looked)
            held, looked = held + answer["Count"], looked + answer["ScannedCount"]
            if "LastEvaluatedKey" not in answer:
                return held, True
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return held, False

    def put(self, table: str, item: Item, condition: Expression | None = None) -> None:
        """Write the item, whatever was there. Raises `ConditionFailedError` with what was found instead."""
        how = {} if condition is None else _condition(condition) | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        self._write(self.client.put_item, TableName=table, Item=wires({"schema": SCHEMA} | item), **how)

    def update(
        self,
        table: str,
        key: Key,
        text: str,
        values: Mapping[str, Any],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Item:
        """Update the item and return it as it is then. Raises `ConditionFailedError` with what was found instead.

        *names* are placeholders for attributes that are not called as their placeholder is.
        """
        settings = {"schema": SCHEMA, **values}
        text = text.replace("SET ", "SET #schema = :schema, ", 1) if "SET " in text else f"SET #schema = :schema {text}"
        expression = Expression(text, _names_in(f"{text} {condition or ''}") | dict(names or {}), settings)
        arguments = expression.under("UpdateExpression")
        if condition is not None:
            arguments |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        answer = self._write(
            self.client.update_item, TableName=table, Key=wires(key), ReturnValues="ALL_NEW", **arguments
        )
        return plains(answer["Attributes"])

    def delete(self, table: str, key: Key, condition: Expression | None = None) -> Item | None:
        """Remove the item and return it as it was. Raises `ConditionFailedError`."""
        answer = self._write(
            self.client.delete_item, TableName=table, Key=wires(key), ReturnValues="ALL_OLD", **_condition(condition)
        )
        return plains(answer["Attributes"]) if "Attributes" in answer else None

    def put_many(self, table: str, items: Iterable[Item]) -> None:
        """Write items, not in one transaction."""
        self._batch(table, [{"PutRequest": {"Item": wires({"schema": SCHEMA} | item)}} for item in items])

    def delete_many(self, table: str, keys: Iterable[Key]) -> None:
        """Remove items, not in one transaction."""
        self._batch(table, [{"DeleteRequest": {"Key": wires(key)}} for key in keys])

    def transact(self, steps: Sequence[Step]) -> None:
        """Do all steps or none. Raises what the first step whose condition failed says."""
        try:
            self._write(self.client.transact_write_items, TransactItems=[step.operation for step in steps])
        except _CancelledError as cancelled:
            failed = (step.otherwise for step, code in zip(steps, cancelled.codes, strict=True) if code)
            raise next(failed, None) or ConditionFailedError from cancelled

    def _pages(self, arguments: dict[str, Any]) -> Iterator[Any]:
        while True:
            answer = self._read(self.client.query, **arguments)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            arguments = arguments | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _get_batch(self, table: str, keys: Iterable[Key]) -> Iterator[Item]:
        asked: Mapping[str, Any] = {table: {"Keys": [wires(key) for key in keys], "ConsistentRead": True}}
        for pause in self._pauses():
            answer = self._read(self.client.batch_get_item, RequestItems=asked)
            yield from map(_read, answer["Responses"].get(table, ()))
            asked = answer["UnprocessedKeys"]
            if not asked:
                return
            self.sleep(pause)
        raise Unavailable("the database answered only a part of what was asked; try again in a moment")

    def _batch(self, table: str, requests: Sequence[dict[str, Any]]) -> None:
        for some in batched(requests, 25, strict=False):
            asked: Mapping[str, Any] = {table: list(some)}
            for pause in self._pauses():
                asked = self._write(self.client.batch_write_item, RequestItems=asked)["UnprocessedItems"]
                if not asked:
                    break
                self.sleep(pause)
            else:
                raise Unavailable("the database took only a part of what was written; try again in a moment")

    def _read(self, call: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return self._call(call, arguments)
        except BotoCoreError as error:
            raise Unavailable("the database did not answer; try again in a moment") from error

    def _write(self, call: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return self._call(call, arguments)
        except BotoCoreError as error:
            raise Unclear("the database did not answer a write; read again before it is repeated") from error

    def _call(self, call: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        for pause in self._pauses():
            try:
                return call(**arguments)
            except ClientError as error:
                _translate(error)
            self.sleep(pause)
        raise Unavailable("the database is busy; try again in a moment")

    def _pauses(self) -> Iterator[float]:
        return (FIRST_PAUSE_S * 2**n for n in range(TRIES))


class _CancelledError(Exception):
    """A transaction was cancelled because conditions failed. *codes*: for each step, whether its own did."""

    def __init__(self, codes: Sequence[bool]) -> None:
        super().__init__("a condition of the transaction does not hold")
        self.codes = codes


def _translate(error: ClientError) -> None:
    """Return when the call may be tried again, else raise what it means."""
    code = error.response["Error"]["Code"]
    if code in _PASSING:
        return
    if code in _CONDITION_FAILED:
        found = error.response.get("Item")
        raise ConditionFailedError(plains(found) if isinstance(found, Mapping) else None) from error
    if code == "TransactionCanceledException":
        reasons = [reason.get("Code") or "None" for reason in error.response["CancellationReasons"]]
        if any(reason in _CONDITION_FAILED for reason in reasons):
            raise _CancelledError([reason in _CONDITION_FAILED for reason in reasons]) from error
        if any(reason in _PASSING for reason in reasons):
            return
    raise error


def _query(table: str, condition: Expression, index: str | None, where: Expression | None) -> dict[str, Any]:
    arguments = condition.under("KeyConditionExpression") | {"TableName": table}
    if index is not None:
        arguments["IndexName"] = index
    for name, value in ({} if where is None else where.under("FilterExpression")).items():
        arguments[name] = {**arguments[name], **value} if isinstance(value, dict) else value
    return arguments


def _condition(condition: Expression | None) -> dict[str, Any]:
    return {} if condition is None else condition.under("ConditionExpression")


def _names_in(text: str) -> dict[str, str]:
    words = text.replace("(", " ").replace(")", " ").replace(",", " ").replace(".", " ").split()
    return {word[1:]: word[1:] for word in words if word.startswith("#")}


# --- DynamoDB's JSON --------------------------------------------------------------------------------------------


def wire(value: Any) -> dict[str, Any]:
    """A value as DynamoDB's JSON."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case dict():
            return {"M": wires(value)}
        case _:
            raise TypeError(f"an item cannot hold {type(value)}; make it text first")


def wires(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB's JSON."""
    return {name: wire(value) for name, value in item.items()}


def plain(attribute: Mapping[str, Any]) -> Any:
    """A value from DynamoDB's JSON. Numbers are whole here."""
    ((kind, value),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return int(value)
        case "M":
            return plains(value)
        case _:
            return value


def plains(item: Mapping[str, Any]) -> Item:
    """An item from DynamoDB's JSON."""
    return {name: plain(attribute) for name, attribute in item.items()}


def _read(item: Mapping[str, Any]) -> Item:
    """An item of this version's. An index need not show whose it is. Raises `OtherShape`."""
    found = plains(item)
    if found.get("schema", SCHEMA) != SCHEMA:
        raise OtherShape(
            "what is kept was written by another version of NavSync: start anew with empty tables "
            "(on a laptop: make reset), then connect the workspaces again"
        )
    return found
