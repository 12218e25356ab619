"""The scenario, carried out at one place, and at two to compare them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from local.navsync.probe.differences import Difference, Faces, differences
from local.navsync.probe.scenario import AWAY, SCRATCH, STEPS, VERSION, Step
from local.navsync.stopped import Stopped
from local.twins.notion import Config, create_app
from local.twins.serving import serving

PACE_S: Final = 0.4
"""Between requests to the real Notion: below the least of its limits."""

PATIENCE_S: Final = 300.0
TIMEOUT_S: Final = 65.0
"""Notion gives up after about 55 seconds; its own answer is worth waiting for."""

NOT_ASKED: Final = 0
"""In place of a status: an earlier step did not teach what this one needs."""

type Look = Callable[[httpx.Response], None]


@dataclass
class Probe:
    """One Notion, real or a twin, and what it answered."""

    http: httpx.Client
    sleep: Callable[[float], None]
    pace_s: float = 0.0
    known: dict[str, str] = field(default_factory=dict)

    def answers(self, parent: str | None) -> Generator[tuple[Step, int, Any]]:
        """Each step's status and face. The scratch page is trashed whatever happens."""
        faces = Faces(str(self.http.base_url).rstrip("/"))
        self.known["parent"] = parent or self._shared_page()
        made = self._met(SCRATCH, faces)
        if "page" not in self.known:
            raise Stopped(f"Notion let us make no scratch page ({made[0]}); allow the connection to insert content")
        yield SCRATCH, *made
        try:
            for step in STEPS:
                yield step, *self._met(step, faces)
        finally:
            self._send(AWAY)

    def _shared_page(self) -> str:
        asked = {"filter": {"property": "object", "value": "page"}, "page_size": 100}
        found = self._send(Step("find a page", "POST", "search", asked))
        if found.status_code != httpx.codes.OK:
            raise Stopped(f"Notion refused the token ({found.status_code}); set NOTION_TOKEN to a connection's token")
        pages = [page for page in found.json()["results"] if "data_source_id" not in page["parent"]]
        pages.sort(key=lambda page: page["parent"]["type"] != "workspace")
        if not pages:
            raise Stopped("no page is shared with the connection; share one in Notion, or name one with --page")
        return str(pages[0]["id"])

    def _met(self, step: Step, faces: Faces) -> tuple[int, Any]:
        try:
            answer = self._send(step)
        except KeyError as unknown:
            return NOT_ASKED, f"not asked, because no answer has told what {unknown} is"
        body = _json(answer)
        if answer.is_success:
            for name, path in step.learns.items():
                self.known[name] = _at(body, path)
        return answer.status_code, faces.of(body)

    def _send(self, step: Step) -> httpx.Response:
        waited = 0.0
        while True:
            self.sleep(self.pace_s)
            answer = self.http.send(self._request(step))
            if "public_api_request_blocked" in answer.text:
                raise Stopped("Notion has blocked the connection and says not to retry; ask Notion's support")
            if answer.status_code not in (429, 529) or waited > PATIENCE_S:
                return answer
            pause = float(answer.headers.get("retry-after", "60"))
            waited += pause
            self.sleep(pause)

    def _request(self, step: Step) -> httpx.Request:
        url, content, body = f"/v1/{self._filled(step.path)}", step.raw, self._filled(step.body)
        request = self.http.build_request(step.method, url, content=content, json=None if content else body)
        request.headers["content-type"] = "application/json"
        for name, value in step.headers.items():
            if value is None:
                del request.headers[name]
            else:
                request.headers[name] = value
        return request

    def _filled(self, value: Any) -> Any:
        match value:
            case str():
                return value.format_map(self.known) if "{" in value else value
            case dict():
                return {key: self._filled(one) for key, one in value.items()}
            case list():
                return [self._filled(one) for one in value]
            case _:
                return value


def compared(there: Probe, twin: Probe, parent: str | None, tell: Callable[[str], None]) -> list[Difference]:
    """Carry out the scenario at both, step by step; *tell* is told of each step."""
    found: list[Difference] = []
    with closing(there.answers(parent)) as theirs, closing(twin.answers(None)) as twins:
        for (step, status, face), (_, twins_status, twins_face) in zip(theirs, twins, strict=True):
            new = list(differences(step.name, _told(status, face), _told(twins_status, twins_face)))
            tell(f"{'≠' if new else '='} {step.name} ({step.method} {step.path}): {status}")
            found += new
    return found


def _told(status: int, face: Any) -> dict[str, Any]:
    return {"status": status, "body": face}


@contextmanager
def probed(base_url: str, token: str, look: Look, *, pace_s: float, sleep: Callable[[float], None]) -> Iterator[Probe]:
    """A probe of the Notion at *base_url*; *look* sees each of its answers."""
    headers = {"authorization": f"Bearer {token}", "notion-version": VERSION}
    hooks: dict[str, list[Callable[..., Any]]] = {"response": [look]}
    with httpx.Client(base_url=base_url, headers=headers, timeout=TIMEOUT_S, event_hooks=hooks) as http:
        yield Probe(http, sleep, pace_s)


@contextmanager
def a_twin() -> Iterator[Probe]:
    """A probe of a twin that is started for it and knows nothing yet."""
    with serving(create_app(Config(plan="business"))) as url:
        httpx.post(f"{url}/_twin/switches", json={"requests_per_window": 100_000}).raise_for_status()
        with probed(url, connected(url), _nothing, pace_s=0, sleep=time.sleep) as probe:
            yield probe


def _nothing(_answer: httpx.Response) -> None:
    """The twin's answers are held against the description by its own suites."""


def connected(url: str) -> str:
    """A token of the twin at *url*, as a person gives it who shares every page."""
    config = Config()
    asked = {"client_id": config.client_id, "redirect_uri": config.redirect_uris[0], "decision": "allow"}
    back = httpx.post(f"{url}/v1/oauth/authorize", data=asked).headers["location"]
    code = dict(parse_qsl(urlsplit(back).query))["code"]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": config.redirect_uris[0]}
    answer = httpx.post(f"{url}/v1/oauth/token", json=grant, auth=(config.client_id, config.client_secret))
    return str(answer.raise_for_status().json()["access_token"])


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return {"no JSON": answer.text[:200]}


def _at(body: Any, path: tuple[str | int, ...]) -> str:
    for part in path:
        body = body[part]
    return str(body)
