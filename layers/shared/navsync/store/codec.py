"""How do model values become JSON and come back the same?

The declarations in `navsync.model` decide: a codec is made from a type's annotations, so a field added there is stored
without a line here. Fields at their default are left out; what an older version stored and nobody knows is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

from navsync.model import Value

type Json = Any


@dataclass(frozen=True, slots=True)
class Codec:
    """A pair that round-trips."""

    encode: Callable[[Any], Json]
    decode: Callable[[Json], Any]


def _same(value: Any) -> Any:
    return value


def codec_of(hint: Any) -> Codec:
    """The codec of a type as annotations write it."""
    return _codec_of(hint)


@cache
def _codec_of(hint: Any) -> Codec:
    if hint is Value:
        return Codec(_encode_value, _decode_value)
    if isinstance(hint, TypeAliasType):
        return codec_of(hint.__value__)
    if hint is Any:
        # A provider's own JSON: as text, so that nothing in it can be taken for ours.
        return _or_none(Codec(json.dumps, json.loads))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Union or origin is UnionType:
        return _union([argument for argument in arguments if argument is not NoneType])
    if origin is tuple:
        return _tuple(codec_of(arguments[0]))
    if origin is Mapping:
        return _mapping(*map(codec_of, arguments))
    return _of_class(hint)


def _of_class(hint: type[Any]) -> Codec:
    if is_dataclass(hint):
        return _record(hint)
    if issubclass(hint, StrEnum):
        return Codec(str, hint)
    if issubclass(hint, datetime):
        return Codec(datetime.isoformat, datetime.fromisoformat)
    if hint in (str, int, bool):
        return Codec(_same, _same)
    raise TypeError(f"there is no codec for {hint}; give the model a type that JSON can hold")


def _encode_value(value: Value) -> Json:
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case tuple():
            return list(value)
        case _:
            return value


def _decode_value(stored: Json) -> Value:
    match stored:
        case {"decimal": str(digits)}:
            return Decimal(digits)
        case list():
            return tuple(stored)
        case None | str():
            return stored
        case _:
            raise ValueError(f"a stored value is of no kind that we know: {type(stored)}")


def _or_none(inner: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else inner.encode(value),
        lambda stored: None if stored is None else inner.decode(stored),
    )


def _tuple(inner: Codec) -> Codec:
    return Codec(
        lambda values: [inner.encode(value) for value in values],
        lambda stored: tuple(inner.decode(value) for value in stored),
    )


def _mapping(key: Codec, inner: Codec) -> Codec:
    return Codec(
        lambda values: {key.encode(name): inner.encode(value) for name, value in values.items()},
        lambda stored: {key.decode(name): inner.decode(value) for name, value in stored.items()},
    )


def _union(members: list[Any]) -> Codec:
    if len(members) == 1:
        return _or_none(codec_of(members[0]))
    if [member for member in members if isinstance(member, TypeAliasType)]:
        raise TypeError("a union of aliases has no codec; name its members")
    by_name = {member.__name__: codec_of(member) for member in members}
    return _or_none(
        Codec(
            lambda value: {"is": type(value).__name__} | by_name[type(value).__name__].encode(value),
            lambda stored: by_name[stored["is"]].decode(stored),
        )
    )


def _record(kind: type[Any]) -> Codec:
    hints = get_type_hints(kind)
    codecs = {field.name: codec_of(hints[field.name]) for field in fields(kind)}
    defaults = {field.name: _default(field) for field in fields(kind)}

    def encode(value: Any) -> Json:
        stored = {name: getattr(value, name) for name in codecs}
        return {name: codecs[name].encode(each) for name, each in stored.items() if each != defaults[name]}

    def decode(stored: Json) -> Any:
        return kind(**{name: codec.decode(stored[name]) for name, codec in codecs.items() if name in stored})

    return Codec(encode, decode)


def _default(field: Any) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
