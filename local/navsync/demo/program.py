"""In which order are the checks run, and what is told of them?"""

from collections.abc import Sequence

from rich.table import Table

from local.navsync.both_sides import Notion
from local.navsync.demo.checks import Check, perform, says
from local.navsync.demo.stage import Stage
from local.navsync.machine import Machine
from local.navsync.narration import Narrator
from local.navsync.traffic import Traffic, by_kind

# Notion holds further edits of a page, and deletions, for up to a minute before it tells of them.
WAITING_CUT_TO = 0.1


def hasten(machine: Machine, narrator: Narrator) -> None:
    """Cut Notion's own waiting, and say so."""
    Notion(machine).hold_events(WAITING_CUT_TO)
    narrator.say(
        f"  Notion's own waiting, up to a minute before it tells of an edit, is cut to {WAITING_CUT_TO:.0%} here"
    )


def play[S: Stage](checks: Sequence[Check[S]], stage: S, narrator: Narrator) -> bool:
    """Run every check and tell its result; say whether all held."""
    calls = {"connect and first sync": len(stage.traffic.notion())}
    results = []
    for check in checks:
        before = stage.traffic.mark()[0]
        results.append(perform(check, stage, narrator))
        calls[says(check)] = len(stage.traffic.notion(before))
    tell_calls(stage.traffic, calls, narrator)
    return all(results)


def tell_calls(traffic: Traffic, per_step: dict[str, int], narrator: Narrator) -> None:
    """Print how many calls of Notion each step took, and of which kind they were."""
    made = traffic.notion()
    steps = Table("step", "Notion calls", title="Notion calls used")
    for step, count in per_step.items():
        steps.add_row(step, str(count))
    steps.add_section()
    for kind, count in by_kind(made).most_common():
        steps.add_row(kind, str(count))
    steps.add_section()
    steps.add_row("in all", str(len(made)))
    narrator.console.print(steps)
