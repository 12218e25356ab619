"""How can a worker stop in the middle of a call, others go on, and it go on later, the same way every time?"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread


class Strand:
    """Runs *act* on a thread of its own, which moves only while it holds the baton.

    Exactly one thread runs at any moment, so nothing depends on the operating system's scheduling.
    """

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._runner: _Runner | None = None
        self.ended = False

    def go(self) -> None:
        """Let it run until it stops or ends; what it raised is raised here."""
        runner = self._runner
        if runner is None:
            runner = self._runner = _idle.pop() if _idle else _Runner()
            runner.act = self._act
        runner.hand_over()
        if runner.act is None:
            self.ended = True
            _idle.append(runner)
            if (error := runner.error) is not None:
                runner.error = None
                raise error

    def stop(self) -> None:
        """Called from within: hand the baton back until `go` is called again."""
        if self._runner is None:
            raise AssertionError("it does not run")
        self._runner.hand_back()


class _Runner:
    """A thread that is used again and again: starting one costs more than most slices."""

    def __init__(self) -> None:
        self.act: Callable[[], None] | None = None
        self.error: BaseException | None = None
        self._mine, self._theirs = Lock(), Lock()
        self._mine.acquire()
        self._theirs.acquire()
        Thread(target=self._run, daemon=True).start()

    def hand_over(self) -> None:
        self._mine.release()
        self._theirs.acquire()

    def hand_back(self) -> None:
        self._theirs.release()
        self._mine.acquire()

    def _run(self) -> None:
        while True:
            self._mine.acquire()
            self._once()
            self._theirs.release()

    def _once(self) -> None:
        if self.act is None:
            raise AssertionError("there is nothing to run")
        try:
            self.act()
        except BaseException as error:  # carried over to the thread that waits
            self.error = error
        self.act = None


_idle: list[_Runner] = []
