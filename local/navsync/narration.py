"""What does a person read while a command works?"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

NAME_WIDTH = 34
# A file or a pipe gets a line of progress when both have passed since the last one.
SHARE_BETWEEN_LINES = 0.1
SECONDS_BETWEEN_LINES = 10.0

type Show = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class Narrator:
    """Tells each step with the time it took."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console or Console(highlight=False)
        self._clock = clock
        self._started = time.perf_counter()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show *name* while the step runs, then how long it took."""
        started = time.perf_counter()
        with self.console.status(f"{name} …"):
            yield
        self.console.print(f"  [green]✓[/] {name:<{NAME_WIDTH}}{time.perf_counter() - started:6.1f} s")

    def skip(self, name: str, why: str) -> None:
        """Say that a step was not needed."""
        self.console.print(f"  [dim]· {name:<{NAME_WIDTH}}{why}[/]")

    def held(self, promise: str, found: str) -> None:
        """Say that a promise held, and what was seen."""
        self.console.print(f"  [green]✓[/] {promise}\n      [dim]{escape(found)}[/]", soft_wrap=True)

    def failed(self, promise: str, found: str) -> None:
        """Say that a promise did not hold, and what was seen."""
        self.console.print(f"  [red]✗ {promise}[/]\n      {escape(found)}", soft_wrap=True)

    def warn(self, what: str) -> None:
        """Say what a person should know, though the work goes on."""
        self.console.print(f"  [yellow]![/] {escape(what)}", soft_wrap=True)

    def say(self, what: str = "") -> None:
        """Print a line as it is."""
        self.console.print(what, soft_wrap=True)

    def elapsed(self) -> float:
        """Return the seconds since the narration began."""
        return time.perf_counter() - self._started

    @contextmanager
    def counting(self, what: str) -> Iterator[Show]:
        """Show how much of *what* is done: as a bar that moves in a terminal, elsewhere as a few lines."""
        if not self.console.is_terminal:
            lines = _Lines(what, self.say, self._clock)
            yield lines.show
            lines.end()
            return
        with self._bar() as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, total=total, completed=done)

    def _bar(self) -> Progress:
        return Progress(
            TextColumn("    {task.description}"), BarColumn(bar_width=32), MofNCompleteColumn(),
            TimeElapsedColumn(), console=self.console, transient=True,
        )  # fmt: skip


class _Lines:
    """Tells a count in as few lines as let a reader see that it goes on, and last of all how it ended."""

    def __init__(self, what: str, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._what = what
        self._say = say
        self._clock = clock
        self._told_at = clock()
        self._told = self._seen = (0, 0)

    def show(self, done: int, total: int) -> None:
        self._seen = (done, total)
        is_much = done - self._told[0] >= SHARE_BETWEEN_LINES * total
        if is_much and self._clock() - self._told_at >= SECONDS_BETWEEN_LINES:
            self._tell()

    def end(self) -> None:
        if self._seen != self._told:
            self._tell()

    def _tell(self) -> None:
        done, total = self._seen
        self._say(f"    {self._what}: {done} of {total}")
        self._told, self._told_at = self._seen, self._clock()
