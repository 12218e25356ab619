"""How is a twin put on a port, for a command or inside a test?"""

import asyncio
import errno
import socket
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "twin.cut"
"""Key of the ASGI extension that aborts the client's TCP connection; ASGI itself has no such call."""


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol that also hands the application a way to cut the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport's abort into the scope of every request of this connection."""
        super().connection_made(transport)
        inner = self.app

        async def with_cut(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[CUT] = transport.abort
            await inner(scope, receive, send)

        self.app = with_cut


@contextmanager
def serving(app: ASGIApp, *, port: int = 0) -> Iterator[str]:
    """Serve *app* on a free port of this machine, lifespan included, and yield its base URL.

    Raises:
        RuntimeError: the server did not come up; its own log says why.
    """
    listener = _listen(port)
    server = _server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def serve_forever(app: ASGIApp, *, port: int, name: str) -> None:
    """Serve *app* on *port* until Ctrl-C or SIGTERM.

    Raises:
        SystemExit: the port is taken, said in one sentence.
    """
    try:
        listener = _listen(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise SystemExit(f"{name} stopped because port {port} is taken; choose another") from error
    with listener, suppress(KeyboardInterrupt):
        _server(app).run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else an answer waits 40 ms for a delayed ACK
    return listener


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server stopped because its application did not start; its log says why")
        time.sleep(0.005)
