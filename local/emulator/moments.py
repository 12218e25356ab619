# ruff: noqa: SLF001 - a patch reaches into what it patches; vendor.py pins it
"""When is the emulator's state written? Now and then while it runs, each time all services as of one moment.

ministack writes it on the way out alone, so that a kill would lose all since the last clean end. Here each moment is
a folder, and the link *now* names the last that is complete: whenever the emulator ends, it starts from a whole one.

While it runs, a fork of it writes, as Redis saves: the copy stands still, and the emulator answers meanwhile.
"""

import asyncio
import copy
import gc
import json
import logging
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from local.emulator.vendor import app, cloudformation, persistence

logger = logging.getLogger("moments")

EVERY_S: Final = 5.0
"""How often at most."""
SHARE: Final = 0.01
"""How much of a processor saving may take; a large state is saved the more seldom."""
GIVE_UP_S: Final = 120.0
POLL_S: Final = 0.02

NOW, RUNNING, PREFIX = "now", "running", "moment-"
READS: Final = ("Get", "BatchGet", "TransactGet", "Query", "Scan", "Describe", "List")
# What functions write. What is asked in another dialect, as a deployment does, may have changed anything.
SERVICE_OF: Final = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "secretsmanager": "secretsmanager"}
ANY: Final = "*"


def changed_by(method: str, headers: Mapping[bytes, str]) -> str | None:
    """Name the service that a request to AWS may have changed; `ANY` if it could be any, None if it only reads."""
    dialect, _, operation = headers.get(b"x-amz-target", "").partition(".")
    if operation.startswith(READS) or method in {"GET", "HEAD"}:
        return None
    return SERVICE_OF.get(dialect, ANY)


class Moments:
    """The states of the emulator in a folder, of which the last complete one counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._changed: set[str] = set()
        self._is_changed = asyncio.Event()
        self._rest_s = EVERY_S

    def install(self) -> None:
        """Start from the last complete moment, and write one on the way out."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        self._take_over()
        self._tell_rest()
        persistence.STATE_DIR = str(self.folder / NOW)
        app.save_all = self._end

    def note(self, service: str) -> None:
        """Take note that *service* may have changed; it is written with the next moment."""
        self._changed.add(service)
        self._is_changed.set()

    async def keep(self) -> None:
        """Write a moment now and then, when something has changed, until cancelled."""
        while True:
            await self._is_changed.wait()
            try:
                if not is_deploying():
                    await self._save()
            except OSError:  # such as a full disk: all is written with the next moment
                logger.exception("the state was not saved, and is tried again in %.0f s", self._rest_s)
                self.note(ANY)
            await asyncio.sleep(self._rest_s)

    async def _save(self) -> None:
        """Write what has changed."""
        changed, self._changed = self._changed, set()
        self._is_changed.clear()
        started = time.perf_counter()
        moment, child = self._fork(changed)
        forked = time.perf_counter() - started
        status, took = await _end_of(child)
        if status:
            shutil.rmtree(moment)
            raise OSError(f"the fork that saves it ended with {os.waitstatus_to_exitcode(status)}")
        self._commit(moment)
        if ANY not in changed:  # a deployment has everything written, which says nothing of the moments that follow
            self._rest_s = max(EVERY_S, (forked + took) / SHARE)
            self._tell_rest()

    def _end(self, _services: object) -> None:
        """Write everything, and leave word that nothing is missing: what ministack calls on its way out."""
        moment, child = self._fork({ANY})
        _, status = os.waitpid(child, 0)
        if status == 0:
            self._commit(moment)
            (self.folder / RUNNING).unlink(missing_ok=True)

    def _fork(self, changed: set[str]) -> tuple[Path, int]:
        """Begin a moment: a fork writes it. Return its folder, and the fork's process id."""
        moment = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self.folder))
        child = os.fork()
        if child == 0:
            _write_and_exit(moment, self._last(), changed)
        return moment, child

    def _tell_rest(self) -> None:
        """Leave word that the emulator runs, and how many of its last seconds would be missing after a kill."""
        beside = self.folder / f"{RUNNING}.new"
        beside.write_text(f"{self._rest_s:.0f}")
        beside.replace(self.folder / RUNNING)

    def _take_over(self) -> None:
        """Make a moment of what ministack alone has written, before there were moments."""
        written = list(self.folder.glob("*.json"))
        if written:
            moment = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self.folder))
            write(moment, self.folder, set())
            self._commit(moment)
        for file in written:
            file.unlink()

    def _last(self) -> Path | None:
        now = self.folder / NOW
        return now.resolve() if now.is_symlink() else None

    def _commit(self, moment: Path) -> None:
        """Make *moment* the one that counts, in one step, and forget the others."""
        link = moment / NOW
        link.symlink_to(moment.name)
        link.replace(self.folder / NOW)
        self._sweep()

    def _sweep(self) -> None:
        last = self._last()
        for moment in self.folder.glob(f"{PREFIX}*"):
            if moment != last:
                shutil.rmtree(moment)


def is_deploying() -> bool:
    """Say whether a stack is under way: it would be so for ever in an emulator that starts from such a moment."""
    return any(stack.get("StackStatus", "").endswith("_IN_PROGRESS") for stack in cloudformation._stacks._data.values())


def write(moment: Path, last: Path | None, changed: set[str]) -> None:
    """Write the services that have *changed* into *moment*, and take the others from the *last* one."""
    for service, state_of in app._build_persistence_save_dict().items():
        if (changed & {ANY, service} or last is None) and (state := state_of()) is not None:
            (moment / f"{service}.json").write_text(_document(service, state))
    for file in last.glob("*.json") if last else ():
        if not (moment / file.name).exists():
            os.link(file, moment / file.name)


def _document(service: str, state: Any) -> str:
    """Return what ministack loads. It writes the same, but in Python alone, which takes five times as long."""
    wrapped = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
    return json.dumps(wrapped, default=persistence._json_default)


def _write_and_exit(moment: Path, last: Path | None, changed: set[str]) -> NoReturn:
    """Do a fork's work; whatever happens, nothing of the emulator's goes on in it."""
    failed = True
    try:
        gc.disable()  # what it would find belongs to the emulator's threads, which are not here
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # a port that a fork still holds could not be listened on again
        copy.deepcopy = _itself  # type: ignore[assignment]  # a fork is a copy already
        write(moment, last, changed)
        failed = False
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(failed)


def _itself[T](thing: T) -> T:
    return thing


async def _end_of(child: int) -> tuple[int, float]:
    """Wait for a fork; return its status and the seconds of a processor that it took."""
    give_up = time.monotonic() + GIVE_UP_S
    while True:
        pid, status, used = os.wait4(child, os.WNOHANG)
        if pid:
            return status, used.ru_utime + used.ru_stime
        if time.monotonic() > give_up:  # the fork waits for a lock that a thread held
            os.kill(child, signal.SIGKILL)
        await asyncio.sleep(POLL_S)
