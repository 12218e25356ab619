"""Recorded exchanges with the real API made again, with a twin or with it: what differs, and how much is compared?"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from local.twins.notion.records import Bot, Person, Workspace
from local.twins.notion.seed import BOT_ID, PERSON_ID, ROOT_PAGE_ID, WORKSPACE_ID
from tests.conformance.evidence import Call
from tests.conformance.faces import OF_THE_ACCOUNT, face_of_time
from tests.conformance.place import Place
from tests.conformance.witness import Witness
from tests.twins.notion.rig import RECORDED, Api, Rig

RECORDINGS: Final = {path.stem: path for path in sorted((Path(__file__).parent / "recordings").glob("*.json"))}
IGNORED: Final = {
    "request_id": "random in every answer",
}
"""Names whose values are not compared, with the reason; that they are there, where and of which kind, is."""

OF_A_TWIN: Final = {
    "async_tasks_retrieve": "only a twin ends its task at once",
    "custom_emojis_list": "it shows what an account holds",
    "file_uploads_list": "it shows what an account holds",
    "file_uploads_list_with_status_filter": "it shows what an account holds",
    "users_list": "it shows who is in an account",
    "users_retrieve": "it asks for a person of one account",
}
"""Recordings that another account cannot repeat, with the reason."""

_ID: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|\+00:00)")
_STANDING_STILL: Final = 1e-9
_MARKS: Final = ("000b", "000c", "001c", "001d", "00b2")
_AHEAD_S: Final = {"expiry_time": 3600, "expires_at": 900}
_PERSON: Final = Person(
    "00000000-0000-4000-8000-00000000000a",
    WORKSPACE_ID,
    "Example Person",
    "person@example.com",
    "https://s3-us-west-2.amazonaws.com/public.notion-static.com/00000000-0000-4000-8000-00000000000b/avatar.jpeg",
)
_ORIGIN: Final = "https://api.notion.com"


@dataclass
class Outcome:
    """How a recording went: sentences on what differs, and how many values were compared how."""

    differences: list[str] = field(default_factory=list)
    values: Counter[str] = field(default_factory=Counter)
    calls: list[Call] = field(default_factory=list)


def _as_it_runs(_moment: float) -> None:
    """Nobody sets the real Notion's clock."""


@dataclass
class Replay:
    """One recording: recorded ids are translated to those here as answers teach them."""

    api: Api
    set_time: Callable[[float], None] = _as_it_runs
    """Makes it that moment, and lets time stand still there."""
    elsewhere: bool = False
    """In another account, at another time: what tells of those is compared by its form."""
    outcome: Outcome = field(default_factory=Outcome)
    ids: dict[str, str] = field(default_factory=dict)
    now: float = 0.0

    def exchange(self, recorded: Any) -> None:
        """Make one request again and compare the answers."""
        self.set_clock(recorded["response_body"])
        answer = self.ask(recorded)
        where = f"{recorded['method']} {recorded['path']}"
        self.outcome.calls.append(Call(recorded["method"], recorded["path"], recorded["status"]))
        if answer.status_code != recorded["status"]:
            self.outcome.differences.append(f"{where}: {recorded['status']} but {answer.status_code} {answer.text}")
        else:
            body = answer.text.replace(str(self.api.http.base_url).rstrip("/"), _ORIGIN)  # a twin's links lead to it
            self.compare(recorded["response_body"], json.loads(body), where)

    def ask(self, recorded: Any) -> Any:
        """The twin's answer to a recorded request."""
        query = f"?{self.translated(recorded['query'])}" if recorded.get("query") else ""
        path, body = self.translated(recorded["path"]) + query, recorded["request_body"]
        kind = recorded.get("request_content_type")
        if kind is None:
            return self.api.call(recorded["method"], path, self.translated(body))
        return self.api.http.request(recorded["method"], path, content=body, headers={"content-type": kind})

    def set_clock(self, body: Any) -> None:
        """Make it the latest time that an answer tells of."""
        moment = max(_moments(body), default=self.now)
        if moment != self.now:
            self.set_time(moment)
        self.now = moment

    def learn(self, recorded: str, twins: str) -> None:
        """From now on the one stands for the other."""
        self.ids[recorded] = twins

    def translated(self, value: Any) -> Any:
        """A recorded value with the twin's ids in it."""
        match value:
            case dict():
                return {self.translated(key): self.translated(one) for key, one in value.items()}
            case list():
                return [self.translated(one) for one in value]
            case str():
                return self.ids.get(value) or _ID.sub(self._twins_id, value)
            case _:
                return value

    def compare(self, recorded: Any, twins: Any, where: str) -> None:
        """Note where keys, their order, kinds of values or values differ."""
        match recorded, twins:
            case dict(), dict():
                self._compare_keys(recorded, twins, where)
            case list(), list():
                self._compare_items(recorded, twins, where)
            case _:
                self._compare_values(recorded, twins, where)

    def _compare_keys(self, recorded: Any, twins: Any, where: str) -> None:
        if self.translated(list(recorded)) != list(twins):
            self._differs(where, f"keys {list(recorded)}", f"keys {list(twins)}")
        for key, value in recorded.items():
            if key in twins:
                self.compare(value, twins[key], f"{where}.{key}")

    def _compare_items(self, recorded: Any, twins: Any, where: str) -> None:
        if len(recorded) != len(twins):
            self._differs(where, f"{len(recorded)} items", f"{len(twins)} items")
        for at, (one, other) in enumerate(zip(recorded, twins, strict=False)):
            self.compare(one, other, f"{where}[{at}]")

    def _compare_values(self, recorded: Any, twins: Any, where: str) -> None:
        name = where.rpartition(".")[2].partition("[")[0]
        if self.elsewhere and _is_of_elsewhere(name, recorded, twins):
            self.outcome.values["ignored"] += 1
        elif type(recorded) is not type(twins):
            self._differs(where, recorded, twins)
        elif name in IGNORED:
            self.outcome.values["ignored"] += 1
        elif self._is_new(name, recorded):
            self._meet(recorded, twins, where)
        elif self.translated(recorded) == twins:
            self.outcome.values["compared"] += 1
        else:
            self._differs(where, recorded, twins)

    def _is_new(self, name: str, recorded: Any) -> bool:
        is_id = name == "id" or name.endswith("_id") or bool(isinstance(recorded, str) and _ID.fullmatch(recorded))
        return is_id and isinstance(recorded, str) and recorded not in self.ids

    def _meet(self, recorded: str, twins: str, where: str) -> None:
        """An id seen for the first time must have the same form and stand for nothing else."""
        if _form(recorded) != _form(twins) or twins in self.ids.values():
            self._differs(where, recorded, twins)
        self.outcome.values["met"] += 1
        self.learn(recorded, twins)
        self.learn(recorded.replace("-", ""), twins.replace("-", ""))

    def _differs(self, where: str, recorded: object, twins: object) -> None:
        self.outcome.values["different"] += 1
        self.outcome.differences.append(f"{where}: {recorded!r} but {twins!r}")

    def _twins_id(self, found: re.Match[str]) -> str:
        return self.ids.get(found[0], found[0])


def exchanges(name: str) -> list[Any]:
    """The recorded exchanges of a file, in their order."""
    found: list[Any] = json.loads(RECORDINGS[name].read_text())["interactions"]
    return found


@contextmanager
def replaying(rig: Rig) -> Iterator[Replay]:
    """A twin that is as the account was in which the recordings were made."""
    rig.order("reset", {"seed": 4})
    rig.order("switches", {"requests_per_window": 100_000, "async_task_s": 0})
    token = rig.order("tokens", {"workspace_id": WORKSPACE_ID})["token"]
    _name_as_recorded(rig)
    with rig.api(token, RECORDED) as api:
        replay = Replay(api, partial(_stand_still, rig))
        for fixed in (ROOT_PAGE_ID, BOT_ID, WORKSPACE_ID, _PERSON.id, "title"):
            replay.learn(fixed, fixed)
            replay.learn(fixed.replace("-", ""), fixed.replace("-", ""))
        yield replay


def replayed(rig: Rig, name: str) -> Outcome:
    """What came of one recording at a twin."""
    with replaying(rig) as replay:
        for number, recorded in enumerate(exchanges(name)):
            _UNRECORDED.get((name, number), _nothing)(rig, replay)
            replay.exchange(recorded)
    return replay.outcome


def replayed_elsewhere(place: Place, name: str, witness: Witness) -> Outcome:
    """What came of one recording in an account that nobody prepared for it."""
    with place.http(witness, place.headers(RECORDED)) as http:
        replay = Replay(Api(http), elsewhere=True)
        us = replay.api.ok("GET", "/v1/users/me")
        known = {ROOT_PAGE_ID: place.page, BOT_ID: us["id"], WORKSPACE_ID: us["bot"]["workspace_id"], "title": "title"}
        for recorded, here in known.items():
            replay.learn(recorded, here)
            replay.learn(recorded.replace("-", ""), here.replace("-", ""))
        for exchange in exchanges(name):
            replay.exchange(exchange)
    return replay.outcome


def _stand_still(rig: Rig, moment: float) -> None:
    clock, half_a_millisecond = rig.twin.control.clock, 0.0005
    while not 0 <= clock.now().timestamp() - moment < 2 * half_a_millisecond:
        # An offset can only be said from here, and a busy machine may take a millisecond to say it.
        clock.set(moment + half_a_millisecond - time.time(), _STANDING_STILL)


def _is_of_elsewhere(name: str, recorded: object, here: object) -> bool:
    if name in (*OF_THE_ACCOUNT, "color"):  # a new option's colour is drawn by lot
        return True
    if isinstance(recorded, str) and isinstance(here, str):
        return face_of_time(recorded) is not None and face_of_time(recorded) == face_of_time(here)
    return False


def _name_as_recorded(rig: Rig) -> None:
    store = rig.twin.world.store
    workspace, bot, person = store.get(Workspace, WORKSPACE_ID), store.get(Bot, BOT_ID), store.get(Person, PERSON_ID)
    assert workspace
    assert bot
    assert person
    with store.transaction():
        store.put(replace(workspace, name="notion-sdk-py"))
        store.put(replace(bot, name="notion-sdk-py"))
        store.drop(person)
        store.put(_PERSON)


def _nothing(_rig: Rig, _replay: Replay) -> None:
    """Most exchanges need nothing but those before them."""


def _write_asynchronously(_rig: Rig, replay: Replay) -> None:
    """The write whose task the recording polls; its text is what the recorded result must come from."""
    created, polled = exchanges("async_tasks_retrieve")[:2]
    replay.set_clock(polled["response_body"])
    page = replay.translated(created["response_body"]["id"])
    write = {"type": "replace_content", "replace_content": {"new_str": "# Hello\n\nAsync test content."}}
    task = replay.api.call("PATCH", f"/v1/pages/{page}/markdown", write | {"allow_async": True}).json()
    replay.learn(polled["response_body"]["id"], task["id"])
    replay.learn(polled["response_body"]["id"].removeprefix("task_"), task["id"].removeprefix("task_"))


def _upload_what_was_there(name: str) -> Callable[[Rig, Replay], None]:
    """The files that the recorded account held already, oldest first."""

    def upload(rig: Rig, replay: Replay) -> None:
        made = {recorded["response_body"].get("id") for recorded in exchanges(name)}
        listed = exchanges(name)[-1]["response_body"]["results"]
        for known in reversed([one for one in listed if one["id"] not in made]):
            _upload(rig, replay, known)

    return upload


def _upload(rig: Rig, replay: Replay, known: Any) -> None:
    imported = "file_import_result" in known
    rig.order("switches", {"import_s": 0})
    replay.set_clock(known["file_import_result"] if imported else known["created_time"])
    mode = {"mode": "external_url", "external_url": "https://files.example/a.pdf"} if imported else {}
    kind = {} if imported else {"content_type": known["content_type"]}
    made = replay.api.ok("POST", "/v1/file_uploads", {"filename": known["filename"]} | mode | kind)
    replay.learn(known["id"], made["id"])
    if not imported and known["content_length"] is not None:
        file = ("file", (known["filename"], b"x" * known["content_length"], known["content_type"]))
        assert replay.api.http.post(f"/v1/file_uploads/{made['id']}/send", files=[file]).status_code == 200


_UNRECORDED: Final[dict[tuple[str, int], Callable[[Rig, Replay], None]]] = {
    ("async_tasks_retrieve", 1): _write_asynchronously,
    ("file_uploads_list", 0): _upload_what_was_there("file_uploads_list"),
    ("file_uploads_list_with_status_filter", 0): _upload_what_was_there("file_uploads_list_with_status_filter"),
}
"""What happened between recorded exchanges, by the exchange before which it did."""


def _moments(body: Any, name: str = "") -> Iterator[float]:
    """Every time at which something happened when an answer was given; times ahead tell when they were set."""
    match body:
        case dict():
            for key, value in body.items():
                yield from _moments(value, key)
        case list():
            for value in body:
                yield from _moments(value)
        case str() if _TIME.fullmatch(body):
            yield datetime.fromisoformat(body).timestamp() - _AHEAD_S.get(name, 0)


def _form(identifier: str) -> str:
    """What ids of one kind have in common: the version, and the mark of the kind where there is one."""
    if not _ID.fullmatch(identifier):
        return re.sub(r"[0-9a-f]{32}", "<id>", identifier) if _ID.search(identifier) else ""
    plain = identifier.replace("-", "")
    mark = plain[20:24] if plain[20:24] in _MARKS else ""
    return f"{len(identifier)} {plain[12]} {mark}"
