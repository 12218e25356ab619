"""`python -m tests.simulation`: soak, replay, and the mutants."""

from __future__ import annotations

import argparse
import sys
from time import perf_counter

from tests.simulation.campaign import OPERATIONS, Tally, campaign, played, shrunk
from tests.simulation.swarm import drawn


def main() -> int:
    """0 when every promise was kept, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--replay", type=int, metavar="SEED", help="one history, made as short as it still fails")
    asked = parser.parse_args()
    return replay(asked.replay) if asked.replay is not None else soak(asked.seed, asked.histories, asked.processes)


def replay(seed: int) -> int:
    """Play one history again and show the shortest that breaks the same promise."""
    swarm = drawn(seed, OPERATIONS)
    wrong = played(swarm)[1]
    for line in wrong or ["nothing is wrong"]:
        print(line)
    if not wrong:
        return 0
    short = shrunk(swarm)
    print(f"\nThe shortest has {len(short.ops)} operations:")
    for op in short.ops:
        print(f"    {op}")
    print()
    history, wrong = played(short, tell=print)
    print(f"    with {short.workspaces} workspaces, {short.policies}, fields={short.fields}, {short.conditional=}")
    for fault, count in sorted(history.fired.items()):
        print(f"    {count} × {fault}")
    for line in wrong:
        print(line)
    return 1


def soak(first: int, histories: int, processes: int) -> int:
    """Many histories."""
    began, total = perf_counter(), Tally()
    for tally in campaign(first, histories, processes):
        total.add(tally)
        print(f"\r{total.histories} histories, {len(total.broken)} broken", end="", file=sys.stderr, flush=True)
    seconds = perf_counter() - began
    print(file=sys.stderr)
    for line in total.report():
        print(line)
    print(f"{seconds:.0f} s, {histories / seconds:.0f} histories/s; seeds {first} to {first + histories - 1}")
    for fault in total.never_fired:
        print(f"{fault} never struck: this run proves nothing about it")
    return 1 if total.broken or total.never_fired else 0


if __name__ == "__main__":
    raise SystemExit(main())
