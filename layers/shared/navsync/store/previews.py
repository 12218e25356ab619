"""Dry runs in DynamoDB: how far each has come, and an item for each thing that it foresees. Gone after a day."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from copy import replace
from datetime import timedelta

from navsync.errors import StaleMapping
from navsync.foresight import Foreseen, Preview
from navsync.store import keys, records
from navsync.store.dynamo import Dynamo, Item, Step, put, unchanged
from navsync.store.keys import Tables, within

KEPT = timedelta(hours=24)


class DynamoPreviews:
    """A `navsync.ports.Previews`. What is foreseen is read by its place: every part of the list costs the same."""

    def __init__(self, dynamo: Dynamo, tables: Tables, workspace_id: int) -> None:
        self.dynamo = dynamo
        self.tables = tables
        self.workspace_id = workspace_id

    def get(self, preview_id: int) -> Preview | None:
        """The preview, read consistently."""
        item = self.dynamo.get(self.tables.workspaces, within(self.workspace_id, keys.preview(preview_id)))
        return None if item is None else records.read_short(Preview, item["body"])

    def save(self, preview: Preview, *fresh: Foreseen) -> Preview:
        """Keep how far it has come, and what is *fresh* first: what nobody counts is not there."""
        self.dynamo.put_many(self.tables.mappings, self._items(preview, fresh))
        after = replace(preview.with_more(fresh), version=preview.version + 1)
        body = {"version": after.version, "body": records.write_short(after), "expires_at": _end(preview)}
        moved_on = StaleMapping("the preview was saved by somebody else since; read it again")
        key = within(self.workspace_id, keys.preview(preview.id))
        self.dynamo.transact([Step(put(self.tables.workspaces, key | body, unchanged(preview.version)), moved_on)])
        return after

    def foreseen(self, preview: Preview, *, skip: int, limit: int) -> Sequence[Foreseen]:
        """What it foresees, in the order in which a sync would do it."""
        places = range(skip, min(skip + limit, preview.foreseen))
        asked = [within(self.workspace_id, keys.foreseen(preview.id, place)) for place in places]
        found = {item["sk"]: item["body"] for item in self.dynamo.get_many(self.tables.mappings, asked)}
        return [_unpacked(found[key["sk"]]) for key in asked if key["sk"] in found]

    def _items(self, preview: Preview, fresh: Iterable[Foreseen]) -> Iterator[Item]:
        for place, each in enumerate(fresh, preview.foreseen):
            key = within(self.workspace_id, keys.foreseen(preview.id, place))
            yield {**key} | {"body": _packed(each), "expires_at": _end(preview)}


def _packed(each: Foreseen) -> bytes:
    """Compressed: cut values still add up to more than an item takes (400 kB), where every letter is an escape."""
    return zlib.compress(records.write_short(each).encode())


def _unpacked(body: bytes) -> Foreseen:
    return records.read_short(Foreseen, zlib.decompress(body).decode())


def _end(preview: Preview) -> int:
    return int((preview.asked_at + KEPT).timestamp())
