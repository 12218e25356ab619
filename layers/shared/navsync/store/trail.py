"""Audit rows in DynamoDB: written once, ended once, kept for 400 days."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from copy import replace
from datetime import datetime, timedelta
from itertools import islice

from navsync.audit import AuditRow
from navsync.store import keys, records
from navsync.store.dynamo import ConditionFailedError, Dynamo, Item, Step, add, put, when
from navsync.store.keys import Tables
from navsync.store.lists import Page

KEEP_DAYS = 400


class AuditTrail:
    """A `navsync.api.Trail`, and what people read of it."""

    def __init__(self, dynamo: Dynamo, tables: Tables) -> None:
        self.dynamo = dynamo
        self.table = tables.sync_logs

    def begin(self, row: AuditRow) -> None:
        """Keep *row* and count it."""
        expires_at = int((row.at + timedelta(days=KEEP_DAYS)).timestamp())
        body = records.write_short(replace(row, status=None, code=None, run_id=None))
        item = {"pk": row.trail, "sk": keys.audit_row(row.id), "id": row.id, "body": body, "expires_at": expires_at}
        counted = {"pk": row.trail, "sk": keys.audit_counts(row.at)}
        self.dynamo.transact(
            [
                Step(put(self.table, item | _ending(row), when("attribute_not_exists(#pk)"))),
                Step(add(self.table, counted, {"n": 1}, expires_at=expires_at + 86_400)),
            ]
        )

    def end(self, row: AuditRow) -> None:
        """Say how the row that was begun ended; nothing happens when that was said before."""
        ending = _ending(row)
        try:
            self.dynamo.update(
                self.table,
                {"pk": row.trail, "sk": keys.audit_row(row.id)},
                f"SET {', '.join(f'#{name} = :{name}' for name in ending)}",
                ending,
                condition="attribute_exists(#pk) AND attribute_not_exists(#status)",
            )
        except ConditionFailedError:
            return

    def rows(
        self, trails: Iterable[str], *, now: datetime, skip: int = 0, limit: int = 100, cursor: int | None = None
    ) -> Page[AuditRow]:
        """Rows of *trails*, newest first."""
        wanted = list(trails)
        last = 10**16 - 1 if cursor is None else cursor - 1
        newest_first = [self._query(trail, last, skip + limit) for trail in wanted]
        merged = heapq.merge(*newest_first, key=lambda item: int(item["id"]), reverse=True)
        items = [_read(item) for item in islice(merged, skip, skip + limit)]
        total = sum(self._count(trail, now) for trail in wanted)
        return Page(items, total, str(items[-1].id) if len(items) == limit else None)

    def _query(self, trail: str, last: int, most: int) -> Iterable[Item]:
        if last < 0:
            return ()  # DynamoDB refuses a range that ends before it begins
        found = when(
            "#pk = :pk AND #sk BETWEEN :first AND :last", pk=trail, first=keys.audit_row(0), last=keys.audit_row(last)
        )
        return self.dynamo.query(self.table, found, ScanIndexForward=False, Limit=min(most, 1000))

    def _count(self, trail: str, now: datetime) -> int:
        oldest = keys.audit_counts(now - timedelta(days=KEEP_DAYS))
        days = when("#pk = :pk AND #sk BETWEEN :oldest AND :newest", pk=trail, oldest=oldest,
                    newest=f"{keys.AUDIT_COUNTS}9")  # fmt: skip
        return sum(day["n"] for day in self.dynamo.query(self.table, days))


def _ending(row: AuditRow) -> Item:
    ending = {"status": row.status, "code": row.code, "run_id": row.run_id}
    return {name: value for name, value in ending.items() if value is not None}


def _read(item: Item) -> AuditRow:
    row = records.read_short(AuditRow, item["body"])
    return replace(row, status=item.get("status"), code=item.get("code"), run_id=item.get("run_id"))
