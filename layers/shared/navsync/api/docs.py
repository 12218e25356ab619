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
    info = document["info"]
    operations = (
        _operation(method, path, operation)
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


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [*_told(operation), *_parameters(operation), *_body(operation), *_answers(operation)]
    head = f"<summary><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    return f'<details id="{escape(operation["operationId"])}">{head}{"".join(parts)}</details>\n'


def _told(operation: Json) -> Iterator[str]:
    for paragraph in operation["description"].split("\n\n"):
        yield f"<p>{_prose(paragraph)}</p>"


def _prose(text: str) -> str:
    """Of CommonMark the one thing that the descriptions use: `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _parameters(operation: Json) -> Iterator[str]:
    rows = [
        (f"<code>{escape(each['name'])}</code>", f"in the {each['in']}", _type(each["schema"]))
        for each in operation["parameters"]
    ]
    yield from _table("Parameters", rows)


def _body(operation: Json) -> Iterator[str]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield f"<h4>Body</h4>{_example(media)}"


def _answers(operation: Json) -> Iterator[str]:
    rows = [(f"<code>{status}</code>", _words(answer)) for status, answer in operation["responses"].items()]
    yield from _table("Answers", rows)


def _words(answer: Json) -> str:
    shown = [_example(media) for media in answer["content"].values() if "example" in media and "schema" in media]
    is_problem = "application/problem+json" in answer["content"]
    return _prose(answer["description"]) + ("" if is_problem else "".join(shown))


def _example(media: Json) -> str:
    return f"<pre>{escape(json.dumps(media['example'], indent=2))}</pre>"


def _type(schema: Json) -> str:
    kind = schema.get("type") or schema.get("$ref", "").rpartition("/")[2] or "one of several"
    more = [f"{name} {schema[name]}" for name in ("default", "minimum", "maximum", "pattern") if name in schema]
    return escape(", ".join([str(kind), *more]))


def _table(title: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    if lines:
        yield f"<h4>{title}</h4><table>{''.join(lines)}</table>"
