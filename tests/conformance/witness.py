"""Sees every answer that the twin gives to a suite: notes it, and holds it against Notion's description and types."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.conformance import description, transcript
from tests.conformance.evidence import Call, Check, write

_LARGEST_TYPED: Final = 100_000
"""Larger answers are long lists of what smaller ones show already; types are too slow for them."""


@dataclass
class Witness:
    """A response hook of httpx clients."""

    calls: list[Call] = field(default_factory=list)
    described: list[Call] = field(default_factory=list)
    typed: list[Call] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def __call__(self, response: httpx.Response) -> None:
        """Note one answer; those to the control surface and the twin's own pages are not Notion's."""
        call = Call(response.request.method, response.request.url.path, response.status_code)
        if not call.path.startswith("/v1/"):
            return
        self.calls.append(call)
        if response.headers.get("content-type", "").startswith("application/json"):
            size = len(response.read())
            self._check(call, response.json(), typed=size <= _LARGEST_TYPED)

    def _check(self, call: Call, answer: Any, *, typed: bool) -> None:
        if description.described(call):
            self.described.append(call)
            self.findings += description.findings(call, answer)
        if typed and transcript.is_typed(call):
            self.typed.append(call)
            found = transcript.finding(call, answer)
            self.findings += [found] if found else []

    def testify(self, name: str, check: Check, calls: Iterable[Call], *notes: str) -> None:
        """Write down *calls* as evidence for *check*, and what was held against the description and the types."""
        write(name, name, check, calls, notes)
        write(f"{name}.openapi", name, "openapi", self.described)
        write(f"{name}.types", name, "sdk_types", self.typed)
