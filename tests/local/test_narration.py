"""What a person reads while a command works, in a terminal and in a file."""

from io import StringIO

import pytest
from rich.console import Console

from local.navsync.narration import Narrator


class Told:
    """A narration into *file*, and a clock that is put forward by hand."""

    def __init__(self, *, terminal: bool = False) -> None:
        self.now = 0.0
        self.file = StringIO()
        console = Console(file=self.file, force_terminal=terminal, width=100)
        self.narrator = Narrator(console, lambda: self.now)

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("records", "seconds_each", "lines"),
    [(100, 10.0, 10), (1000, 0.1, 10), (100, 0.3, 3), (20, 0.1, 1)],
    ids=["slow: by tenths", "long: by tenths", "fast: by ten seconds", "over at once: the end alone"],
)
def test_a_file_gets_a_line_each_tenth_or_each_ten_seconds_whichever_is_rarer(
    records: int, seconds_each: float, lines: int
) -> None:
    told = Told()

    with told.narrator.counting("records") as show:
        for done in range(1, records + 1):
            told.now += seconds_each
            show(done, records)

    assert len(told.lines) == lines
    assert told.lines[-1] == f"records: {records} of {records}"


def test_a_file_learns_how_far_a_count_came_that_stopped_short() -> None:
    told = Told()

    with told.narrator.counting("records") as show:
        show(3, 40)

    assert told.lines == ["records: 3 of 40"]


def test_the_end_is_told_once() -> None:
    told = Told()

    with told.narrator.counting("records") as show:
        told.now = 60.0
        show(40, 40)
        show(40, 40)

    assert told.lines == ["records: 40 of 40"]


def test_a_terminal_has_a_bar_and_no_lines() -> None:
    told = Told(terminal=True)

    with told.narrator.counting("records") as show:
        told.now = 60.0
        show(20, 40)

    assert "records: 20 of 40" not in told.file.getvalue()
    assert "━" in told.file.getvalue()
