"""Which endpoints were checked how, and what was not: told from the evidence that the suites left."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from tests.conformance import description
from tests.conformance.evidence import Check, Evidence, endpoint, endpoints
from tests.npm import CACHE

COLUMNS: Final[dict[Check, str]] = {
    "recording": "recorded",
    "openapi": "OpenAPI",
    "error_text": "error text",
    "twin_tests": "own tests",
    "js_sdk": "JS SDK",
    "python_sdk": "Python SDK",
    "sdk_types": "SDK types",
}
FROM_OUTSIDE: Final[tuple[Check, ...]] = ("recording", "js_sdk", "python_sdk")
_NONE: Final = "-"
_SDK_ENDPOINT: Final = re.compile(r'method: "(\w+)",.*?path: \(p?\) => `([^`]*)`', re.DOTALL)

type Tally = Counter[tuple[tuple[str, str], Check]]


def told(found: list[Evidence]) -> str:
    """The report."""
    tally = _tally(found)
    return "\n".join([*_table(tally), "", *_notes(found), *_gaps(found, tally)])


def _tally(found: list[Evidence]) -> Tally:
    """How many calls of each endpoint each check saw."""
    seen = ((endpoint(call), evidence.check) for evidence in found for call in evidence.calls)
    return Counter((reached, check) for reached, check in seen if reached is not None)


def _table(tally: Tally) -> Iterable[str]:
    width = max(len(path) for _, path in endpoints())
    yield f"{'endpoint':<{width + 8}}" + "".join(f"{title:>12}" for title in COLUMNS.values())
    for one in sorted(endpoints(), key=lambda one: (one[1], one[0])):
        cells = (tally[one, check] or _NONE for check in COLUMNS)
        yield f"{one[0]:<7} {one[1]:<{width}}" + "".join(f"{cell:>12}" for cell in cells)


def _notes(found: list[Evidence]) -> Iterable[str]:
    yield from (note for evidence in found for note in evidence.notes)
    answers = [call for evidence in found if evidence.check == "openapi" for call in evidence.calls]
    in_detail = sum(description.in_detail(call) for call in answers)
    yield f"OpenAPI: {len(answers):,} answers agree with the description; it says what is in {in_detail:,} of them."


def _gaps(found: list[Evidence], tally: Tally) -> Iterable[str]:
    yield ""
    yield from _listed("Never called:", [one for one in endpoints() if not any(tally[one, check] for check in COLUMNS)])
    alone = [one for one in endpoints() if not any(tally[one, check] for check in FROM_OUTSIDE)]
    yield from _listed("Neither recorded nor called by an SDK of Notion's:", alone)
    yield from _listed("Described by Notion, but not by the twin:", description.operations() - set(endpoints()))
    yield from _listed("Known to the JavaScript SDK, but not to the twin:", _known_to_the_sdk() - _shapes(endpoints()))
    ran = {evidence.check for evidence in found}
    yield from (f"Not run: {title}." for check, title in COLUMNS.items() if check not in ran)
    lost = {call for evidence in found for call in evidence.calls if call.status < 400 and endpoint(call) is None}
    yield from _listed("Answered, but no endpoint of the API:", {(call.method, call.path) for call in lost})


def _known_to_the_sdk() -> set[tuple[str, str]]:
    """Every endpoint in the installed SDK's own list; nothing before it was installed."""
    texts = (path.read_text() for path in CACHE.glob("*/node_modules/@notionhq/client/build/src/api-endpoints/*.js"))
    found = (pair for text in texts for pair in _SDK_ENDPOINT.findall(text))
    return _shapes((method.upper(), f"/v1/{path.replace('$', '')}") for method, path in found)


def _shapes(found: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Endpoints whatever their ids are called."""
    return {(method, re.sub(r"\{[^}]+\}", "{id}", path)) for method, path in found}


def _listed(title: str, found: Iterable[tuple[str, str]]) -> Iterable[str]:
    lines = [f"  {method} {path}" for method, path in sorted(set(found), key=lambda one: (one[1], one[0]))]
    return [title, *(lines or ["  nothing"])]
