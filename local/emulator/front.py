# ruff: noqa: SLF001 - a patch reaches into what it patches; vendor.py pins it
"""Who may talk to which part of the emulator?

It listens twice. On the AWS port it is AWS: whoever reaches that can create functions and so run code
here, and its signatures prove nothing, so web pages and foreign Host names (DNS rebinding) are refused. On
NavSync's port it is the deployed HTTP API and nothing else, at the root of one origin that curl, Python and
browsers all resolve.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

from local.emulator.moments import changed_by
from local.emulator.vendor import apigateway

type Scope = MutableMapping[str, Any]
type Send = Callable[[Any], Awaitable[None]]
type Receive = Callable[[], Awaitable[Any]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]

API_PATH: Final = "/_aws/execute-api/"
AT_ROOT: Final = re.compile(r"^(\$default|[A-Z]+ /)$")
DOCS: Final = re.compile(r"^(GET|ANY) /(.*/)?docs$")
LOCAL_HOST: Final = re.compile(r"^(localhost|127\.0\.0\.1|[a-z0-9.-]+\.localhost)(:\d+)?$", re.IGNORECASE)

FOREIGN_HOST = (403, "this address answers only as localhost")
WEB_PAGE = (403, "the emulator's control plane does not answer web pages")
NOT_DEPLOYED = (503, "NavSync is not deployed here yet: `make run` does that")


class Front:
    """Sends the requests of two ports on to the emulator, or refuses them.

    Args:
        changed: is told of each service of AWS that a request may have changed, once the request was answered.
    """

    def __init__(self, emulator: App, *, api_port: int, changed: Callable[[str], None] = lambda _: None) -> None:
        self.emulator = emulator
        self.api_port = api_port
        self.changed = changed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection as ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            return await self.emulator(scope, receive, send)
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if not LOCAL_HOST.match(headers.get(b"host", "")):
            return await refuse(send, *FOREIGN_HOST)
        if scope["server"][1] == self.api_port:
            return await self._api(scope, receive, send)
        if is_control_plane(scope["path"]) and is_from_a_page(headers):
            return await refuse(send, *WEB_PAGE)
        try:
            await self.emulator(scope, receive, send)
        finally:  # whoever asked may have gone before the answer
            if service := changed_by(scope.get("method", ""), headers):
                self.changed(service)

    async def _api(self, scope: Scope, receive: Receive, send: Send) -> None:
        api_id = deployed_api()
        if api_id is None:
            return await refuse(send, *NOT_DEPLOYED)
        if scope["path"] == "/" and (docs := instead_of_root(routes_of(api_id))):
            return await refuse(send, 404, f"there is nothing at this address: {docs} describes the API")
        return await self.emulator(at_api(scope, api_id), receive, send)


def is_control_plane(path: str) -> bool:
    """Say whether *path* is AWS's own API rather than the deployed one."""
    return not path.startswith(API_PATH)


def is_from_a_page(headers: MutableMapping[bytes, str]) -> bool:
    """Say whether a browser sent this on behalf of a page; programs send neither header."""
    return b"origin" in headers or headers.get(b"sec-fetch-site", "none") != "none"


def deployed_api() -> str | None:
    """Return the id of the HTTP API that was deployed last."""
    ids = [key[-1] for key, api in apigateway._apis._data.items() if api.get("protocolType") == "HTTP"]
    return ids[-1] if ids else None


def routes_of(api_id: str) -> list[str]:
    """Return the keys of an API's routes, such as ``GET /health``."""
    of_accounts = (routes for key, routes in apigateway._routes._data.items() if key[-1] == api_id)
    return [route["routeKey"] for routes in of_accounts for route in routes.values()]


def instead_of_root(routes: Sequence[str]) -> str | None:
    """Return the path of the page that describes the API, unless the root has a route of its own."""
    if any(AT_ROOT.match(route) for route in routes):
        return None
    return next((route.partition(" ")[2] for route in routes if DOCS.match(route)), None)


def at_api(scope: Scope, api_id: str) -> Scope:
    """Return *scope* with its path below the API's address; the body is untouched, since webhooks sign it."""
    prefix = f"{API_PATH}{api_id}/$default"
    raw = scope.get("raw_path") or scope["path"].encode()
    return {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + raw}


async def refuse(send: Send, status: int, why: str) -> None:
    """Answer with one sentence of plain text."""
    body = f"{why}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
