"""Where do values go that are too long for an item?

An item ends at 400 kB, and a long text in it is paid for at each save of anything else in it. So a value over 4 kB is
compressed and cut into items of its own, named by what it says, which are written first; the item refers to it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from navsync.store.codec import Json

LONG = 4_096
"""Bytes of JSON from which a value goes out of line."""

WHOLE = 100_000
"""Bytes of JSON from which what is left goes out of line as a whole."""

PART = 350_000

_REFERENCE = "$blob"
"""No field is named so, and a provider's JSON is held as text: a reference cannot be mistaken."""


@dataclass(frozen=True, slots=True, order=True)
class Blob:
    """Names a long value by what it says."""

    sha256: str
    parts: int

    def sort_keys(self, owner: str) -> list[str]:
        """Sort keys of its parts, in order. *owner* has it for itself, so that it can be removed with it."""
        return [f"BLOB#{owner}#{self.sha256}#{n}" for n in range(self.parts)]


@dataclass(slots=True)
class Folded:
    """JSON text that is short enough for an item, and the long values that it refers to."""

    text: str
    blobs: dict[Blob, list[bytes]] = field(default_factory=dict)


def fold(document: Json) -> Folded:
    """Take the long values out of *document*."""
    folded = Folded("")
    text = _text(_fold(document, folded))
    folded.text = text if len(text) <= WHOLE else _text(_out_of_line(text, folded))
    return folded


def unfold(text: str, fetch: Callable[[Iterable[Blob]], Mapping[Blob, list[bytes]]]) -> Json:
    """The document again. *fetch* is asked once or, for a document that was long as a whole, twice."""
    document = json.loads(text)
    while blobs := sorted(set(_references(document))):
        document = _unfold(document, {blob: _join(parts) for blob, parts in fetch(blobs).items()})
    return document


def unfold_once(text: str, fetch: Callable[[Iterable[Blob]], Mapping[Blob, list[bytes]]]) -> Json:
    """The document, with references for its long values. *fetch* is asked only for one that was long as a whole."""
    document = json.loads(text)
    match document:
        case {"$blob": str(sha256), "parts": int(parts)}:
            blob = Blob(sha256, parts)
            return json.loads(_join(fetch([blob])[blob]))
        case _:
            return document


def _fold(node: Json, folded: Folded) -> Json:
    if isinstance(node, dict):
        return {name: _fold(inner, folded) for name, inner in node.items()}
    if isinstance(node, list) and any(isinstance(inner, dict) for inner in node):
        return [_fold(inner, folded) for inner in node]
    text = _text(node)
    return node if len(text) <= LONG else _out_of_line(text, folded)


def _out_of_line(text: str, folded: Folded) -> Json:
    packed = zlib.compress(text.encode())
    parts = [packed[start : start + PART] for start in range(0, len(packed), PART)]
    blob = Blob(hashlib.sha256(text.encode()).hexdigest(), len(parts))
    folded.blobs[blob] = parts
    return {_REFERENCE: blob.sha256, "parts": blob.parts}


def _unfold(node: Json, texts: Mapping[Blob, str]) -> Json:
    match node:
        case {"$blob": str(sha256), "parts": int(parts)}:
            return json.loads(texts[Blob(sha256, parts)])
        case dict():
            return {name: _unfold(inner, texts) for name, inner in node.items()}
        case list():
            return [_unfold(inner, texts) for inner in node]
        case _:
            return node


def _references(node: Json) -> Iterator[Blob]:
    match node:
        case {"$blob": str(sha256), "parts": int(parts)}:
            yield Blob(sha256, parts)
        case dict():
            for inner in node.values():
                yield from _references(inner)
        case list():
            for inner in node:
                yield from _references(inner)


def _join(parts: list[bytes]) -> str:
    return zlib.decompress(b"".join(parts)).decode()


def _text(node: Json) -> str:
    # ASCII only: a lone surrogate, which people do paste, survives as an escape and cannot break UTF-8.
    return json.dumps(node, separators=(",", ":"))
