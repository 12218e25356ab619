"""How do the command's steps talk HTTP, and what do they say when the other side does not answer as hoped?"""

import time
from collections.abc import Callable

import httpx

from local.navsync.stopped import Stopped


def client(base_url: str, *, token: str | None = None, person: bool = False) -> httpx.Client:
    """Return a client of one server on this machine; proxies of the shell are not asked."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if person:
        headers["Twin-Actor"] = "person"
    return httpx.Client(base_url=base_url, headers=headers, timeout=35.0, trust_env=False)


def checked(response: httpx.Response) -> httpx.Response:
    """Return *response* if it is a success or a redirect, else stop with what was asked and answered."""
    if response.status_code >= 400:
        request = response.request
        raise Stopped(f"{request.method} {request.url} answered {response.status_code}: {response.text[:500].strip()}")
    return response


def wait_for[T](look: Callable[[], T | None], *, within_s: float, otherwise: str, every_s: float = 0.1) -> T:
    """Look until there is something, or stop because of *otherwise*."""
    give_up = time.monotonic() + within_s
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() >= give_up:
            raise Stopped(otherwise)
        time.sleep(every_s)


def answers(url: str) -> bool:
    """Say whether a server answers at *url* with a success."""
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).is_success
    except httpx.TransportError:
        return False
