"""What does a person read while a command works?"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

NAME_WIDTH = 34


class Narrator:
    """Tells each step with the time it took."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
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

    def bar(self) -> Progress:
        """Return a progress bar in the style of the steps."""
        return Progress(
            TextColumn("    {task.description}"), BarColumn(bar_width=32), MofNCompleteColumn(),
            TimeElapsedColumn(), console=self.console, transient=True, disable=not self.console.is_terminal,
        )  # fmt: skip
