"""The functions behind HTTP, as API Gateway puts them there: for tools that speak only that."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.handlers.deployed import FUNCTIONS, Function

type Reply = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Declared:
    """A route of template.yaml."""

    method: str
    path: str
    function: str
    is_open: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def parameters(self, method: str, path: str) -> dict[str, str] | None:
        """The parameters of *path*; None: it is another route's."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        matched = re.fullmatch(pattern, path) if method == self.method else None
        return None if matched is None else {name: unquote(text) for name, text in matched.groupdict().items()}


@cache
def routes() -> list[Declared]:
    """All of them, those without parameters first."""
    events = [
        (function, event["Properties"])
        for function, declared in FUNCTIONS.items()
        for event in declared.get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    found = [
        Declared(e["Method"], e["Path"], function, e.get("Auth") == {"Authorizer": "NONE"}) for function, e in events
    ]
    return sorted(found, key=lambda route: route.path.count("{"))


@dataclass(frozen=True)
class Served:
    """Where the functions are served, and how often each route was called."""

    url: str
    calls: Counter[str]


@contextmanager
def serving(functions: Mapping[str, Function]) -> Iterator[Served]:
    """Serve *functions* until the block ends."""
    calls: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, content = _answer(functions, calls, self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content if self.command != "HEAD" else b"")

        def __getattr__(self, name: str) -> Any:
            """Any method is answered: the server looks for `do_GET` and its like."""
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{server.server_port}", calls)
        finally:
            server.shutdown()
            thread.join()


def _answer(
    functions: Mapping[str, Function],
    calls: Counter[str],
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Reply:
    split = urlsplit(target)
    found = ((route, route.parameters(method, split.path)) for route in routes())
    route, parameters = next(((r, p) for r, p in found if p is not None), (None, None))
    if route is None:
        return _refusal(404, "Not Found")
    calls[str(route)] += 1
    lowered = {name.lower(): value for name, value in headers.items()}
    event = _event(route, method, split.path, split.query, lowered, body) | {"pathParameters": parameters}
    if not route.is_open:
        if not lowered.get("authorization"):
            return _refusal(401, "Unauthorized")
        said = functions["authorizer"]({"headers": lowered})
        if not said["isAuthorized"]:
            return _refusal(403, "Forbidden")
        event["requestContext"]["authorizer"] = {"lambda": said["context"]}
    given = functions[route.function](event)
    many = {name: values[0] for name, values in given.get("multiValueHeaders", {}).items()}
    return given["statusCode"], {**many, **given["headers"]}, given["body"].encode()


def _refusal(status: int, message: str) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()


def _event(
    route: Declared, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    together: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        together[name] = f"{together[name]},{value}" if name in together else value
    key = str(route)
    http = {"method": method, "path": unquote(path), "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9"}
    return {
        "version": "2.0",
        "routeKey": key,
        "rawPath": unquote(path),
        "rawQueryString": query,
        "queryStringParameters": together,
        "headers": dict(headers),
        "requestContext": {"http": http, "requestId": "r-1", "routeKey": key, "stage": "$default"},
        **_body(body, headers.get("content-type", "")),
    }


def _body(body: bytes, kind: str) -> dict[str, Any]:
    if not body:
        return {"isBase64Encoded": False}
    if re.match(r"text/|application/(json|javascript|xml)", kind):
        return {"body": body.decode("utf-8", "replace"), "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
