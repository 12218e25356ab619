"""Says, test by test, whether the Notion that is probed does what its twin does: a plugin of pytest."""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

import httpx
import pytest
from notion_client.errors import HTTPResponseError, RequestTimeoutError

from local.navsync.stopped import Stopped

STOPPED: Final = 3
"""The exit status where Notion did not let the suites finish."""

_OUT: Final = os.dup(1)
"""Out of reach of pytest, which keeps what tests and SDKs print to itself."""


@dataclass(eq=False)
class Teller:
    """Hears how each test ended."""

    differences: list[str] = field(default_factory=list)
    not_run: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    stopped: bool = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One test, in words."""
        if report.skipped:
            self.not_run[str(report.longrepr[2]).removeprefix("Skipped: ")].append(_name(report))  # type: ignore[index]
        elif report.failed and not self.stopped:
            _say(f"≠ {_name(report)}")
            self.differences.append(f"{_name(report)}: {_said(report)}")
        elif report.when == "call":
            _say(f"= {_name(report)}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
        """Notion wants to be left alone, or is not there."""
        if call.excinfo is not None and (stopped := _what_stops(call.excinfo.value)) is not None:
            self.stopped = True
            _say(str(stopped))
            item.session.shouldstop = True

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What was found, and what was not looked at."""
        if self.stopped:
            session.exitstatus = STOPPED
            return
        for reason, names in self.not_run.items():
            _list(f"{len(names)} not run live, because {reason}", names)
        _list(f"{len(self.differences)} differences from the twin", self.differences)


def pytest_configure(config: pytest.Config) -> None:
    """Listen."""
    config.pluginmanager.register(Teller())


def _what_stops(error: BaseException) -> Stopped | None:
    """No answer is no difference: neither the transport nor the SDK, which has asked five times more, got one."""
    match error:
        case Stopped():
            return error
        case HTTPResponseError(status=429 | 529):
            return Stopped("Notion was at its limit all the time; probe again when nothing else uses the connection")
        case httpx.TransportError() | RequestTimeoutError():
            return Stopped(f"Notion did not answer ({type(error).__name__}); probe again when it can be reached")
        case _:
            return None


def _name(report: pytest.TestReport) -> str:
    """The sentence that a test is called, with what it was about."""
    file, _, test = report.nodeid.partition("::")
    suite = file.removeprefix("tests/conformance/").removesuffix(".py").replace("test_", "").replace("/", " ")
    sentence, _, about = test.removeprefix("test_").partition("[")
    return f"{suite}: {sentence.replace('_', ' ')}{f' [{about}' if about else ''}"


def _said(report: pytest.TestReport) -> str:
    """The test's own words; where it has none, what it compared."""
    crash = getattr(report.longrepr, "reprcrash", None)
    message = str(crash.message if crash else report.longreprtext).removeprefix("AssertionError: ")
    lines = message.splitlines()
    own = [*takewhile(lambda line: not line.startswith("assert "), lines)]
    where = [line.strip() for line in lines if "At index" in line]
    return "\n    ".join(own or where or lines)


def _list(title: str, lines: list[str]) -> None:
    _say(f"\n{title}{':' if lines else ''}")
    for line in lines:
        _say(f"  {line}")


def _say(line: str) -> None:
    os.write(_OUT, f"{line}\n".encode())
