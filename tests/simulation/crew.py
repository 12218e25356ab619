"""How do the threads of one worker overlap, the same way every time?"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from navsync.conductor import station
from tests.simulation.baton import Strand, current
from tests.simulation.swarm import Fault

if TYPE_CHECKING:
    from tests.simulation.employee import Employee


class Task:
    """One thing that a thread does."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do it, and keep what it raises."""
        try:
            self._act()
        except BaseException as error:
            self._error = error

    def exception(self) -> BaseException | None:
        """What it raised."""
        return self._error


class Crew:
    """Stands for a pool of threads: strands that take turns whenever one of them waits for an answer."""

    def __init__(self, employee: Employee, caller: Strand) -> None:
        self.employee, self.caller = employee, caller
        self.at_work = 0

    def __enter__(self) -> Self:
        return self

    def submit(self, act: Callable[..., object], *args: Any) -> Task:
        """Begin with it as soon as the caller waits."""
        task = Task(lambda: act(*args))
        self.at_work += 1
        self.employee.history.fired[Fault.CROWDED] += self.at_work > 1
        self.employee.soon(Strand(lambda: self._run(task), self.employee))
        return task

    def _run(self, task: Task) -> None:
        task.run()
        self.at_work -= 1
        if not self.at_work:
            self.employee.soon(self.caller)

    def __exit__(self, *_: object) -> None:
        if self.at_work:
            self.caller.stop()


def pool(most_threads: int) -> Any:
    """What a worker takes for a pool of threads; a real one outside of histories."""
    strand = current()
    return ThreadPoolExecutor(most_threads) if strand is None else Crew(strand.worker, strand)  # type: ignore[arg-type]


patch.object(station, "ThreadPoolExecutor", pool).start()
