"""Does NavSync do what it promises? Each promise is one check, shown with what was seen."""

from local.navsync.demo import both_ways, several_workspaces
from local.navsync.demo.program import hasten, play
from local.navsync.narration import Narrator
from local.navsync.stack import Running

__all__ = ["prove"]


def prove(running: Running, workspaces: int, narrator: Narrator) -> bool:
    """Run every check on a stack that is up and tell its result; say whether all held."""
    narrator.say()
    hasten(running.machine, narrator)
    with running.api() as api:
        if workspaces == 1:
            return play(both_ways.CHECKS, both_ways.Workspace(running, api), narrator)
        with narrator.step(f"connect {workspaces - 1} more"):
            offices = several_workspaces.Offices(running, api, workspaces)
        return play(several_workspaces.CHECKS, offices, narrator)
