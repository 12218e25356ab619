"""How is a model value kept in an item and its blobs, and read back?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from navsync.errors import Unavailable
from navsync.store import keys
from navsync.store.blobs import Blob, Folded, fold, unfold, unfold_once
from navsync.store.codec import codec_of
from navsync.store.dynamo import Dynamo, Item


@dataclass(slots=True)
class Shelf:
    """The long values of one owner (a mapping, a log row) in one table."""

    dynamo: Dynamo
    table: str
    workspace_id: int
    owner: str
    taken: set[Blob]
    """What has been read or written here so far."""

    @classmethod
    def of(cls, dynamo: Dynamo, table: str, workspace_id: int, owner: str) -> Shelf:
        """A shelf of which nothing has been read."""
        return cls(dynamo, table, workspace_id, owner, set())

    def fetch(self, blobs: Iterable[Blob]) -> Mapping[Blob, list[bytes]]:
        """The parts of *blobs*, in one batch."""
        wanted = {blob: blob.sort_keys(self.owner) for blob in blobs}
        asked = [keys.within(self.workspace_id, sort_key) for parts in wanted.values() for sort_key in parts]
        found = {item["sk"]: item["part"] for item in self.dynamo.get_many(self.table, asked)}
        if len(found) < len(asked):
            raise Unavailable("a long value was replaced while it was read; read it again")
        self.taken |= wanted.keys()
        return {blob: [found[sort_key] for sort_key in parts] for blob, parts in wanted.items()}

    def store(self, folded: Folded, *, known: Iterable[Blob] = (), expires_at: int | None = None) -> None:
        """Write what is not *known* to be there."""
        fresh = folded.blobs.keys() - set(known)
        self.dynamo.put_many(
            self.table, [item for blob in sorted(fresh) for item in self._items(blob, folded, expires_at)]
        )
        self.taken |= folded.blobs.keys()

    def drop(self, blobs: Iterable[Blob]) -> None:
        """Remove what nothing refers to any more."""
        sort_keys = [sort_key for blob in sorted(blobs) for sort_key in blob.sort_keys(self.owner)]
        self.dynamo.delete_many(self.table, [keys.within(self.workspace_id, sort_key) for sort_key in sort_keys])

    def _items(self, blob: Blob, folded: Folded, expires_at: int | None) -> Iterable[Item]:
        end = {} if expires_at is None else {"expires_at": expires_at}
        for sort_key, part in zip(blob.sort_keys(self.owner), folded.blobs[blob], strict=True):
            yield keys.within(self.workspace_id, sort_key) | {"part": part} | end


def write(value: object) -> Folded:
    """*value* as the text of an item's body, its long values beside it."""
    return fold(codec_of(type(value)).encode(value))


def read[T](kind: type[T], body: str, shelf: Shelf) -> T:
    """The value of a body, its long values fetched."""
    value: T = codec_of(kind).decode(unfold(body, shelf.fetch))
    return value


def read_part[T](kind: type[T], body: str, shelf: Shelf) -> T:
    """Of the value of a body what *kind* has of it, nothing of which is ever long."""
    value: T = codec_of(kind).decode(unfold_once(body, shelf.fetch))
    return value


def write_short(value: object) -> str:
    """*value*, of a kind that stays short, as the text of an item's body."""
    return json.dumps(codec_of(type(value)).encode(value), separators=(",", ":"))


def read_short[T](kind: type[T], body: str) -> T:
    """The value of a body that refers to nothing."""
    value: T = codec_of(kind).decode(json.loads(body))
    return value
