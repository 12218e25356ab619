"""Which calls to a twin are made to fail, and how?"""

import glob
import re
from collections import Counter
from functools import cached_property
from random import Random
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, model_validator

Actor = Literal["person", "api"]


class Match(BaseModel):
    """Which calls a fault is about.

    *path* is a glob over the whole path without its query: `*` stays within one segment (and never matches
    an empty one), `**` as a whole segment spans any number of them. Without *nth* and *probability* every
    matching call fails; *nth* picks one (1 is the next), *probability* some. Only calls of the API fail
    unless *actor* says otherwise, so that a person's edit can be made while the sync is disturbed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str = "*"
    path: str = "/**"
    nth: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    actor: Actor | Literal["any"] = "api"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(glob.translate(self.path, recursive=True, include_hidden=True, seps="/"))

    def concerns(self, *, actor: Actor, method: str, path: str) -> bool:
        """Whether this call is meant, before counting and chance."""
        return (
            self.method.upper() in ("*", method)
            and self.actor in ("any", actor)
            and self._pattern.match(path) is not None
        )


class Effect(BaseModel):
    """What a fault does to a call.

    *delay_ms* (real time: the caller's timeout runs on a real watch) waits before the call is looked at.
    *status* answers instead of the twin, which applies nothing; a *body* that is text is sent as it is,
    anything else as JSON. *drop* cuts the TCP connection without an answer: `before` applies nothing,
    `after` applies the call first. `after` together with *status* applies the call and then answers that
    status: a 5xx that follows a committed write.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Annotated[int, Field(ge=200, le=599)] | None = None
    body: JsonValue = None
    headers: dict[str, str] = {}
    delay_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    drop: Literal["before", "after"] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Effect":
        if self.status is None and (self.body is not None or self.headers):
            raise ValueError("a body or headers need a status to go with")
        if self.status is not None and self.drop == "before":
            raise ValueError("a call dropped before it is applied has no status")
        if not (self.status or self.drop or self.delay_ms):
            raise ValueError("name at least one of status, delay_ms and drop")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The counters this effect raises when it happens."""
        named = {
            "delay": self.delay_ms > 0,
            "status": self.status is not None,
            f"drop_{self.drop}": bool(self.drop),
        }
        return tuple(kind for kind, happens in named.items() if happens)


class Fault(BaseModel):
    """A match and its effect, with how often it was met and how often it fired."""

    model_config = ConfigDict(extra="forbid")

    match: Match = Match()
    do: Effect
    _met: int = PrivateAttr(0)
    _fired: int = PrivateAttr(0)

    @property
    def fired(self) -> int:
        """How many calls this fault disturbed."""
        return self._fired

    def meets(self, chance: Random) -> bool:
        """Count one more matching call and say whether it is one that fails."""
        self._met += 1
        return self.match.nth in (None, self._met) and chance.random() < self.match.probability

    def fire(self, counters: Counter[str]) -> Effect:
        """Count one failing call and return what happens to it."""
        self._fired += 1
        counters.update(self.do.kinds)
        return self.do


def pick(
    faults: list[Fault], counters: Counter[str], chance: Random, *, actor: Actor, method: str, path: str
) -> Effect | None:
    """The effect of the first fault that fails this call; all that match count it for their *nth*."""
    concerned = [fault for fault in faults if fault.match.concerns(actor=actor, method=method, path=path)]
    failing = [fault for fault in concerned if fault.meets(chance)]
    return failing[0].fire(counters) if failing else None
