"""The recorded exchanges with the real API, replayed: same status, same keys in the same order, same kinds."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.twins.notion.seed import BOT_ID, ROOT_PAGE_ID, WORKSPACE_ID
from tests.twins.notion.rig import RECORDED, Api, Rig

RECORDINGS = sorted((Path(__file__).parents[1] / "recordings").glob("*.json"))
WITH_A_GAP = "async_tasks_retrieve"
ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
MEANING = (
    "object", "type", "has_more", "in_trash", "archived", "is_archived", "is_locked", "is_inline", "bold", "color",
    "content", "plain_text", "name_of_type", "emoji", "title", "has_children", "public_url", "markdown", "truncated",
    "status", "surface",
)  # fmt: skip
RECORDED_PERSON = "00000000-0000-4000-8000-00000000000a"


@dataclass
class Replay:
    """One file, with the recorded ids translated to the twin's as answers teach them."""

    api: Api
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for fixed in (ROOT_PAGE_ID, BOT_ID, WORKSPACE_ID):
            self.learn(fixed, fixed)

    def learn(self, recorded: str, twins: str) -> None:
        self.ids[recorded.replace("-", "")] = twins

    def translated(self, value: Any) -> Any:
        text = json.dumps(value)
        return json.loads(ID.sub(lambda found: self.ids.get(found[0].replace("-", ""), found[0]), text))

    def answer(self, exchange: Any) -> Any:
        path = self.translated(exchange["path"])
        query = self.translated(f"?{exchange['query']}") if exchange.get("query") else ""
        answer = self.api.call(exchange["method"], path + query, self.translated(exchange["request_body"]))
        assert answer.status_code == exchange["status"], answer.text
        return answer.json()

    def study(self, recorded: Any, twins: Any) -> None:
        """Learn every id that stands in the same place."""
        if isinstance(recorded, dict):
            for key in recorded.keys() & twins.keys():
                self.study(recorded[key], twins[key])
        elif isinstance(recorded, list):
            for one, other in zip(recorded, twins, strict=False):
                self.study(one, other)
        elif isinstance(recorded, str) and ID.fullmatch(recorded) and isinstance(twins, str):
            self.learn(recorded, twins)


@pytest.fixture
def replay(rig: Rig) -> Iterator[Replay]:
    token = rig.order("tokens", {"workspace_id": WORKSPACE_ID})["token"]
    with rig.api(token, RECORDED) as api:
        yield Replay(api)


WHOLE = [recording for recording in RECORDINGS if recording.stem != WITH_A_GAP]


@pytest.mark.parametrize("recording", WHOLE, ids=lambda path: path.stem)
def test_a_recorded_exchange_gets_the_same_answer(replay: Replay, recording: Path) -> None:
    for exchange in json.loads(recording.read_text())["interactions"]:
        compare(replay, exchange)


def test_a_recorded_asynchronous_write_ends_the_same(rig: Rig, replay: Replay) -> None:
    """The write itself is missing in the recording; its text is what the recorded result must come from."""
    recording = next(recording for recording in RECORDINGS if recording.stem == WITH_A_GAP)
    create, poll, delete = json.loads(recording.read_text())["interactions"]
    rig.order("switches", {"async_task_s": 0})
    compare(replay, create)
    page = replay.translated(create["response_body"]["id"])
    write = {"type": "replace_content", "replace_content": {"new_str": "# Hello\n\nAsync test content."}}
    task = replay.api.call("PATCH", f"/v1/pages/{page}/markdown", write | {"allow_async": True})
    replay.learn(poll["response_body"]["id"].removeprefix("task_"), task.json()["id"].removeprefix("task_"))

    compare(replay, poll)
    compare(replay, delete)


def compare(replay: Replay, exchange: Any) -> None:
    answer = replay.answer(exchange)
    replay.study(exchange["response_body"], answer)
    assert differences(exchange["response_body"], answer) == []


def differences(recorded: Any, twins: Any, where: str = "body") -> list[str]:
    """Where keys, their order, kinds of values or meaningful values differ."""
    if isinstance(recorded, dict) and isinstance(twins, dict):
        if list(recorded) != list(twins):
            return [f"{where}: keys {list(recorded)} but {list(twins)}"]
        return [found for key in recorded for found in differences(recorded[key], twins[key], f"{where}.{key}")]
    if isinstance(recorded, list) and isinstance(twins, list):
        if len(recorded) != len(twins):
            return [f"{where}: {len(recorded)} items but {len(twins)}"]
        pairs = zip(recorded, twins, strict=True)
        return [found for at, (one, other) in enumerate(pairs) for found in differences(one, other, f"{where}[{at}]")]
    return leaf_differences(recorded, twins, where)


def leaf_differences(recorded: Any, twins: Any, where: str) -> list[str]:
    key = where.rsplit(".", 1)[-1]
    if key == "avatar_url":
        return []  # people of the twin have no picture
    if type(recorded) is not type(twins):
        return [f"{where}: {recorded!r} but {twins!r}"]
    if key in MEANING and recorded != twins:
        return [f"{where}: {recorded!r} but {twins!r}"]
    if isinstance(recorded, str) and shape(recorded) != shape(twins) and key.endswith(("time", "id", "url")):
        return [f"{where}: {recorded!r} but {twins!r}"]
    return []


def shape(text: str) -> str:
    """A text with its changeable parts blanked: ids, and digits of times."""
    return re.sub(r"\d", "9", re.sub(r"[0-9a-f]{32}$", "<id>", ID.sub("<id>", text)))
