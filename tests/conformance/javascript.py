"""Node.js at work for the suites: it comes with the development environment, its packages with the first run."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.navsync.stopped import Stopped
from tests import npm

SUITE: Final = Path(__file__).parent / "sdk_js"
FILES: Final = tuple(sorted(SUITE.glob("*.test.js")))
_TEST: Final = re.compile(r'^(?:test|steered)\("(.+?)", ', re.MULTILINE)
_RUN_WITHIN_S: Final = 100


@dataclass(frozen=True)
class Outcome:
    """How one test ended, and what it said if it failed."""

    name: str
    passed: bool
    skipped: bool
    said: str | None
    code: str | None
    """Of the SDK's error, or of the network's, where one ended the test."""


def declared() -> list[str]:
    """The names of the tests as they stand in the files, which all begin a line with `test("` or `steered("`."""
    return [name for file in FILES for name in _TEST.findall(file.read_text())]


def run(environment: Mapping[str, str], *, within_s: float = _RUN_WITHIN_S) -> list[Outcome]:
    """Run the suite; one outcome for each test, in the order in which they ended.

    Raises:
        Stopped: the runner itself failed, so that nothing is known about the tests.
    """
    options = ("--test", "--test-isolation=none", f"--test-reporter={SUITE / 'reporter.mjs'}")
    command = [str(npm.NODE), *options, *map(str, FILES)]
    env = os.environ | environment | {"NODE_PATH": str(npm.packages(SUITE))}
    done = npm.call(command, env, within_s)
    outcomes = [Outcome(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
    if not outcomes:
        raise Stopped(f"Node.js ran no test; it said:\n{done.stdout}{done.stderr}")
    return outcomes
