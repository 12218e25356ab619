# ruff: noqa: SLF001 - it answers in the emulator's place, with the emulator's own idea of pages, filters and projections
"""What the store has written for a hundred records, many times over, read as DynamoDB reads.

A record is anything whose key bears an id from `FIRST` on; its repetitions bear others. Keys are sorted once and found
by bisection, where the emulator would compare every row with every condition. Writes go to the emulator.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local.emulator.vendor import dynamodb
from navsync.store import keys
from tests.handlers.deployed import TABLES, Cloud
from tests.handlers.emulated import called

type Item = dict[str, Any]
type Place = tuple[int | str, str]
"""Where a row stands in its partition: its range key, then its sort key."""

FIRST = 700_000_000_000_000
"""Ids of the records that are repeated: this and those after it, fewer than `STRIDE`."""
STRIDE = 1_000
ID = re.compile(r"7\d{14}")

COUNTERS = (keys.MAPPING_COUNTS, keys.LOG_COUNTS, keys.AUDIT_COUNTS)
NO_COUNTS = {"schema", "expires_at"}


class Row(NamedTuple):
    """One row of a partition."""

    place: Place
    original: Item
    repetition: int

    @property
    def item(self) -> Item:
        return _repeated(self.original, self.repetition)


@dataclass(frozen=True)
class Vast:
    """The tables of *cloud* as they were when this was made, every record in them *times* over."""

    cloud: Cloud
    times: int
    originals: dict[str, dict[tuple[str, str], Item]] = field(default_factory=dict)
    sorted: dict[tuple[str, ...], Sequence[Row]] = field(default_factory=dict)
    """What was read of partitions, in order."""

    def __post_init__(self) -> None:
        for name in TABLES:
            items = (dict(item) for item in self.cloud.dynamodb.scan(TableName=name)["Items"])
            self.originals[name] = {_key(item): self._counted(item) for item in items}

    def answer(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Any:
        """In place of `emulated.called`."""
        match service, operation:
            case "dynamodb", "Query":
                return self._query(**arguments)
            case "dynamodb", "GetItem":
                found = self._item(arguments["TableName"], arguments["Key"])
                return {} if found is None else {"Item": found}
            case "dynamodb", "BatchGetItem":
                asked = {table: wanted["Keys"] for table, wanted in arguments["RequestItems"].items()}
                answers = {table: [self._item(table, key) for key in keys] for table, keys in asked.items()}
                there = {table: [item for item in items if item] for table, items in answers.items()}
                return {"Responses": there, "UnprocessedKeys": {}}
        return called(service, operation, arguments)

    def _counted(self, item: Item) -> Item:
        if not item["sk"]["S"].startswith(COUNTERS):
            return item
        return {
            name: {"N": str(int(value["N"]) * self.times)} if "N" in value and name not in NO_COUNTS else value
            for name, value in item.items()
        }

    def _item(self, table: str, key: Item) -> Item | None:
        place, repetition = _original(key)
        if repetition >= self.times:
            return None
        found = self.originals[table].get(_key(place))
        if found is None:  # such as how often somebody called: written since
            live: Item | None = called("dynamodb", "GetItem", {"TableName": table, "Key": key}).get("Item")
            return live
        return _repeated(found, repetition)

    def _query(self, **asked: Any) -> Any:
        table, index = asked["TableName"], asked.get("IndexName")
        declared = dynamodb._tables[table]
        page, has_more = dynamodb._paginate_evaluated_items(self._found(asked), asked.get("Limit"), declared, index)
        held = [item for item in page if _holds(asked, item)]
        answer: Item = {"Count": len(held), "ScannedCount": len(page)}
        if asked.get("Select") != "COUNT":
            answer["Items"] = [dynamodb._apply_index_projection(item, declared, index) for item in held]
        if has_more:
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in _keys_of(table, index)}
        return answer

    def _found(self, asked: Mapping[str, Any]) -> Iterator[Item]:
        """What the condition on keys holds for, in the order asked for, behind where the last page ended."""
        is_forward, range_key = (
            asked.get("ScanIndexForward", True),
            _keys_of(asked["TableName"], asked.get("IndexName"))[-1],
        )
        rows, first, last = self._range(asked, range_key)
        if start := asked.get("ExclusiveStartKey"):
            at = bisect_left(rows, _place(start, range_key), key=lambda row: row.place)
            first, last = (at + 1, last) if is_forward else (first, at)
        for at in range(first, last) if is_forward else range(last - 1, first - 1, -1):
            yield rows[at].item

    def _range(self, asked: Mapping[str, Any], range_key: str) -> tuple[Sequence[Row], int, int]:
        """The rows of a partition, and which of them the condition on keys holds for."""
        values = {mark: _text(value) for mark, value in asked["ExpressionAttributeValues"].items()}
        match = re.fullmatch(r"(#\w+) = (:\w+)(.*)", asked["KeyConditionExpression"])
        assert match, f"not a condition that this understands: {asked['KeyConditionExpression']}"
        name, partition, bounds = match.groups()
        first, *_, last = [values[mark] for mark in re.findall(r":\w+", bounds)] * 2 or ["", ""]
        is_range = "BETWEEN" in bounds
        alike = first.rpartition("#")[0] if is_range else first
        known = asked["TableName"], asked["ExpressionAttributeNames"][name], values[partition], range_key
        rows = self._rows(*known, alike if last.startswith(alike) else "")
        if not is_range:
            return rows, 0, len(rows)
        of = int if range_key == "id" else str
        return (
            rows,
            bisect_left(rows, of(first), key=lambda row: row.place[0]),
            bisect_right(rows, of(last), key=lambda row: row.place[0]),
        )

    def _rows(self, *known: str) -> Sequence[Row]:
        if known not in self.sorted:
            self.sorted[known] = sorted(self._repetitions(*known), key=lambda row: row.place)
        return self.sorted[known]

    def _repetitions(self, table: str, hash_key: str, partition: str, range_key: str, prefix: str) -> Iterator[Row]:
        """The rows of *partition* whose range keys begin with *prefix*."""
        wanted, only = _original({hash_key: {"S": partition}})
        for item in self.originals[table].values():
            if item.get(hash_key) != wanted[hash_key] or range_key not in item:
                continue
            if not _text(item[range_key]).startswith(prefix):
                continue
            for repetition in [only] if ID.search(partition) else range(self.times if _is_record(item) else 1):
                moved = _repeated({name: item[name] for name in (range_key, "sk")}, repetition)
                yield Row(_place(moved, range_key), item, repetition)


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _is_record(item: Item) -> bool:
    return ID.search(item["sk"]["S"]) is not None


def _original(key: Item) -> tuple[Item, int]:
    """The key of what is repeated, and which repetition *key* is of."""
    text = json.dumps(key)
    found = ID.search(text)
    repetition = 0 if found is None else (int(found[0]) - FIRST) // STRIDE
    return _repeated(key, -repetition), repetition


def _repeated(item: Item, repetition: int) -> Item:
    """*item* with the ids of its *repetition*."""
    if not repetition:
        return item
    moved: Item = json.loads(ID.sub(lambda id: str(int(id[0]) + repetition * STRIDE), json.dumps(item)))
    return moved


def _text(value: Item) -> str:
    ((_, text),) = value.items()
    return str(text)


def _place(item: Item, range_key: str) -> Place:
    at = _text(item[range_key])
    return (int(at) if "N" in item[range_key] else at), _text(item["sk"])


def _keys_of(table: str, index: str | None) -> list[str]:
    """The table's keys, then those of *index*; the last is what its rows are sorted by."""
    indexes = [*TABLES[table].get("GlobalSecondaryIndexes", []), *TABLES[table].get("LocalSecondaryIndexes", [])]
    own = [key["AttributeName"] for each in indexes if each["IndexName"] == index for key in each["KeySchema"]]
    return list(dict.fromkeys(["pk", "sk", *own]))


def _holds(asked: Mapping[str, Any], item: Item) -> bool:
    condition, values, names = asked.get("FilterExpression"), "ExpressionAttributeValues", "ExpressionAttributeNames"
    return condition is None or dynamodb._evaluate_condition(condition, item, asked[values], asked[names])
