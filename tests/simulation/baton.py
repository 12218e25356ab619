"""How can a worker stop in the middle of a call, others go on, and it go on later, the same way every time?"""

from __future__ import annotations

from collections.abc import Callable

from greenlet import getcurrent, greenlet


class Strand:
    """Runs *act* on a stack of its own, which moves only while it is told to go. *worker* is whoever runs it."""

    def __init__(self, act: Callable[[], None], worker: object) -> None:
        self.worker = worker
        self._runner = _Runner(act)
        self._runner.strand = self

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        return bool(self._runner.dead)

    def go(self) -> None:
        """Let it run until it stops or ends; what it raised is raised here."""
        self._runner.parent = getcurrent()
        self._runner.switch()

    def stop(self) -> None:
        """Called from within: go back to whoever said `go`, until it is said again."""
        if self._runner.parent is None:
            raise AssertionError("it does not run")
        self._runner.parent.switch()


class _Runner(greenlet):
    strand: Strand


def current() -> Strand | None:
    """The strand that runs now, if any."""
    runner = getcurrent()
    return runner.strand if isinstance(runner, _Runner) else None
