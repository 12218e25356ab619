"""A Notion twin under test: how tests connect to it and call it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from local.twins.notion import Config, create_app
from local.twins.notion.app import Twin
from local.twins.notion.seed import ROOT_PAGE_ID, WORKSPACE_ID
from local.twins.serving import serving

CONFIG = Config(redirect_uris=("http://localhost:8787/callback",))
BASIC = (CONFIG.client_id, CONFIG.client_secret)
REDIRECT = CONFIG.redirect_uris[0]
NEWEST = "2026-03-11"
RECORDED = "2025-09-03"
EVERY_TYPE = {
    "Name": {"title": {}},
    "Description": {"rich_text": {}},
    "Type": {"select": {"options": [{"name": "Film", "color": "blue"}, {"name": "Series", "color": "red"}]}},
    "Status": {"status": {}},
    "Start": {"date": {}},
    "Budget": {"number": {"format": "dollar"}},
    "Team": {"multi_select": {}},
    "Link": {"url": {}},
    "Public": {"checkbox": {}},
    "Mail": {"email": {}},
    "Owner": {"people": {}},
    "Edited": {"last_edited_time": {}},
}


@dataclass
class Api:
    """Calls to the API with one set of headers; answers are JSON."""

    http: httpx.Client

    def call(self, method: str, path: str, body: Any = None, **kwargs: Any) -> httpx.Response:
        return self.http.request(method, path, json=body, **kwargs)

    def ok(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        answer = self.call(method, path, body, **kwargs)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        answer = self.call(method, path, body, **kwargs)
        assert answer.status_code >= 400, answer.text
        return answer.json()

    def table(self, properties: Any = None, title: str = "Projects", below: str = ROOT_PAGE_ID) -> str:
        """A data source with these columns."""
        body = {
            "parent": {"type": "page_id", "page_id": below},
            "title": [{"text": {"content": title}}],
            "initial_data_source": {"properties": EVERY_TYPE if properties is None else properties},
        }
        return str(self.ok("POST", "/v1/databases", body)["data_sources"][0]["id"])

    def row(self, source: str, title: str = "A film", **properties: Any) -> Any:
        given = {"Name": {"title": [{"text": {"content": title}}]}} | properties
        return self.ok("POST", "/v1/pages", {"parent": {"data_source_id": source}, "properties": given})

    def write(self, page: str, **properties: Any) -> Any:
        return self.ok("PATCH", f"/v1/pages/{page}", {"properties": properties})

    def schema(self, source: str) -> Any:
        return self.ok("GET", f"/v1/data_sources/{source}")["properties"]

    def query(self, source: str, **body: Any) -> Any:
        return self.ok("POST", f"/v1/data_sources/{source}/query", body)

    def titles(self, source: str, **body: Any) -> list[str]:
        rows = self.query(source, **body)["results"]
        return ["".join(run["plain_text"] for run in row["properties"]["Name"]["title"]) for row in rows]


@dataclass
class Rig:
    """A running twin."""

    url: str
    twin: Twin
    http: httpx.Client
    witness: Callable[[httpx.Response], None]

    def order(self, what: str, body: Any) -> Any:
        answer = self.http.post(f"/_twin/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, what: str) -> Any:
        return self.http.get(f"/_twin/{what}").json()

    def consent(self, **form: str) -> dict[str, str]:
        """Decide on the consent page; what comes back to the connection."""
        asked = {"client_id": CONFIG.client_id, "redirect_uri": REDIRECT, "state": "s1", "decision": "allow"}
        answer = self.http.post("/v1/oauth/authorize", data=asked | form)
        assert answer.status_code == 302, answer.text
        return {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def exchange(self, **body: str) -> httpx.Response:
        return self.http.post("/v1/oauth/token", json=body, auth=BASIC)

    def connect(self, workspace: str = WORKSPACE_ID) -> Any:
        code = self.consent(workspace_id=workspace)["code"]
        answer = self.exchange(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @contextmanager
    def api(self, token: str, version: str = NEWEST) -> Iterator[Api]:
        headers = {"authorization": f"Bearer {token}", "notion-version": version}
        with httpx.Client(base_url=self.url, headers=headers, event_hooks={"response": [self.witness]}) as http:
            yield Api(http)

    @contextmanager
    def person(self) -> Iterator[Api]:
        with httpx.Client(base_url=self.url, headers={"twin-actor": "person"}) as http:
            yield Api(http)


def nobody(_answer: httpx.Response) -> None:
    """A witness that sees nothing."""


@contextmanager
def running(config: Config = CONFIG, witness: Callable[[httpx.Response], None] = nobody) -> Iterator[Rig]:
    """A twin on a free port; *witness* sees every answer that a connection or a caller without token gets."""
    app = create_app(config)
    with serving(app) as url, httpx.Client(base_url=url, event_hooks={"response": [witness]}) as http:
        yield Rig(url, app.state.twin, http, witness)
