"""The OpenAPI document as one page that people read: no script, nothing loaded from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

type Json = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1rem }
details { border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: .5rem; margin: .5rem 0 }
details > :not(summary) { margin: .5rem 1rem }
summary { padding: .5rem 1rem; cursor: pointer }
code, pre { font: .875rem ui-monospace, monospace }
pre { overflow-x: auto; padding: .5rem 0 }
summary b { display: inline-block; width: 4.5rem }
table { border-collapse: collapse }
th, td { text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0 }
"""


def page(document: Json) -> str:
    """*document* as HTML."""
    info, schemas = document["info"], document["components"]["schemas"]
    operations = (
        _operation(method, path, operation, schemas)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(info['title'])}: its API</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(info['title'])}: its API</h1>\n"
        f"<p>{escape(info['description'])} Version {escape(info['version'])}. "
        f'For programs: <a href="openapi.json">openapi.json</a>.</p>\n'
        f"<p>Callers bring NavImpact's bearer token. Errors are <code>application/problem+json</code>. "
        f'Where a token is missing or not valid, API Gateway itself answers <code>{{"message": …}}</code>.</p>\n'
        f"{''.join(operations)}</body>\n</html>\n"
    )


def _operation(method: str, path: str, operation: Json, schemas: Json) -> str:
    parts = [*_told(operation), *_parameters(operation, schemas), *_body(operation, schemas), *_answers(operation)]
    head = f"<summary><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    return f'<details id="{escape(operation["operationId"])}">{head}{"".join(parts)}</details>\n'


def _told(operation: Json) -> Iterator[str]:
    for paragraph in operation["description"].split("\n\n"):
        yield f"<p>{_prose(paragraph)}</p>"


def _prose(text: str) -> str:
    """Of CommonMark the one thing that the descriptions use: `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _parameters(operation: Json, schemas: Json) -> Iterator[str]:
    rows = [
        (f"<code>{escape(each['name'])}</code>", f"in the {each['in']}", _type(each["schema"], schemas))
        for each in operation["parameters"]
    ]
    yield from _table("Parameters", rows)


def _body(operation: Json, schemas: Json) -> Iterator[str]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield from _table("Body", _fields(media["schema"], schemas))
        yield _example(media)


def _fields(schema: Json, schemas: Json, prefix: str = "") -> Iterator[tuple[str, ...]]:
    """A row for each field of an object, and of the objects in it."""
    shape = _plain(schema, schemas)
    for name, inner in shape.get("properties", {}).items():
        needed = "needed" if name in shape.get("required", ()) else ""
        if "properties" in _plain(inner, schemas):
            yield from _fields(inner, schemas, f"{prefix}{name}.")
        else:
            yield f"<code>{escape(prefix + name)}</code>", needed, _type(inner, schemas)


def _answers(operation: Json) -> Iterator[str]:
    rows = [(f"<code>{status}</code>", _words(answer)) for status, answer in operation["responses"].items()]
    yield from _table("Answers", rows)


def _words(answer: Json) -> str:
    shown = [_example(media) for media in answer["content"].values() if "example" in media and "schema" in media]
    is_problem = "application/problem+json" in answer["content"]
    return _prose(answer["description"]) + ("" if is_problem else "".join(shown))


def _example(media: Json) -> str:
    return f"<pre>{escape(json.dumps(media['example'], indent=2))}</pre>"


def _type(schema: Json, schemas: Json) -> str:
    """What may stand there: its kind and its limits, or each value that is allowed."""
    plain = _plain(schema, schemas)
    limits = (f"{word} {plain[name]}" for name, word in LIMITS.items() if plain.get(name) is not None)
    return ", ".join([_kind(plain, schemas), *map(escape, limits)])


LIMITS = {
    "default": "default",
    "minimum": "minimum",
    "maximum": "maximum",
    "minItems": "entries at least",
    "maxItems": "entries at most",
    "maxLength": "characters at most",
    "pattern": "pattern",
}


def _kind(plain: Json, schemas: Json) -> str:
    match plain:
        case {"enum": [*values]}:
            return _one_of(map(str, values))
        case {"type": "array", "items": dict(items)}:
            return f"list of ({_type(items, schemas)})"
        case {"type": "object", "propertyNames": dict(names), "additionalProperties": dict(values)}:
            return f"object of names ({_type(names, schemas)}) and values ({_type(values, schemas)})"
        case {"type": str(kind)}:
            return escape(kind)
    return "anything"


def _one_of(values: Iterable[str]) -> str:
    shown = [f"<code>{escape(value)}</code>" for value in values]
    more = [f"and {len(shown) - MOST_VALUES} more, in openapi.json"] if len(shown) > MOST_VALUES else []
    return ", ".join(["one of " + ", ".join(shown[:MOST_VALUES]), *more])


MOST_VALUES = 12
"""Of an enumeration, that are shown."""


def _plain(schema: Json, schemas: Json) -> Json:
    """*schema* itself, where it is referred to or may be null."""
    rest = {name: value for name, value in schema.items() if name not in ("$ref", "anyOf")}
    match schema:
        case {"$ref": str(ref)}:
            return _plain(schemas[ref.rpartition("/")[2]], schemas) | rest
        case {"anyOf": [*options]}:
            option = next(each for each in options if each != {"type": "null"})
            return _plain(option, schemas) | rest
    return schema


def _table(title: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    if lines:
        yield f"<h4>{title}</h4><table>{''.join(lines)}</table>"
