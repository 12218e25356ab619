"""`python -m tests.simulation`: soak, replay, and the mutants."""

# ruff: noqa: T201  # a command prints

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2] / "layers" / "shared"))  # `python -m` does not read pyproject.toml

from tests.simulation import crashes, mutants
from tests.simulation.campaign import OPERATIONS, PROMISED, Tally, campaign, played, shrunk, tally_of
from tests.simulation.swarm import PACE, drawn, ordinary

UNHEALED = "second pages are left"
MOST_TO_KILL = 4_000
"""Histories within which every mutant must be noticed."""


def main() -> int:
    """0 when every promise was kept, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--replay", type=int, metavar="SEED", help="one history, made as short as it still fails")
    parser.add_argument("--mutants", action="store_true", help="see that each bad design is noticed")
    parser.add_argument("--blind", action="store_true", help="measure how many edits are overwritten unseen")
    parser.add_argument("--crashes", action="store_true", help="kill workers everywhere, and at every two places")
    asked = parser.parse_args()
    if asked.replay is not None:
        return replay(asked.replay)
    if asked.mutants:
        return hunt(asked.seed)
    if asked.crashes:
        return kill_everywhere()
    if asked.blind:
        return measure_blindness(asked.seed, asked.histories)
    return soak(asked.seed, asked.histories, asked.processes)


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
    for number, rules in enumerate(short.rules, start=1):
        print(f"    W{number} holds {rules.scope} at first, syncs {rules.direction}, {rules.field_directions}")
    for fault, count in sorted(history.fired.items()):
        print(f"    {count} × {fault}")
    for line in wrong:
        print(line)
    return 1


def hunt(first: int) -> int:
    """Every mutant, until it is noticed."""
    escaped = 0
    for name in mutants.MUTANTS:
        killed = mutants.killed_after(name, MOST_TO_KILL, first)
        escaped += killed is None
        print(f"{killed[0]:>6} {name}: {killed[1]}" if killed else f"  none {name}: it got away", flush=True)
    return 1 if escaped else 0


def kill_everywhere() -> int:
    """Every crash point of every scenario, with a capable platform and without; every pair of some, healed and not."""
    broken = 0
    for name in crashes.SCENARIOS:
        for capable in (True, False):
            known = {"conditional": capable, "idempotent": capable}
            places = crashes.points(name, **known)
            broken += _told(
                f"{name}, killed at {{}}", ((place, crashes.wrong(name, place, **known)) for place in places)
            )
            print(f"{name}, {'a' if capable else 'no'} capable platform: {len(places)} places", flush=True)
    for name in crashes.PAIRED:
        for heals in (True, False):
            with nullcontext() if heals else mutants.MUTANTS[UNHEALED]():
                pairs = list(crashes.pairs(name))
                broken += _told(f"{name}, killed at {{}}", ((pair, crashes.wrong(name, *pair)) for pair in pairs))
            print(f"{name}, second pages {'healed' if heals else 'left'}: {len(pairs)} pairs", flush=True)
    return 1 if broken else 0


def _told(what: str, found: Iterable[tuple[object, list[str]]]) -> int:
    broken = 0
    for place, wrong in found:
        if wrong:
            broken += 1
            print(f"{what.format(place)}: {wrong[0]}")
    return broken


def measure_blindness(first: int, histories: int) -> int:
    """The price of having no conditional writes in Notion, at 2 % of webhooks lost and people who hurry."""
    total = Tally()
    for seed in range(first, first + histories):
        total.add(tally_of(*played(ordinary(seed, OPERATIONS))))
    for line in total.blind.report(total.edits):
        print(line)
    print(f"{histories} histories; an edit every {PACE:g} s, in two fields of a few records; 2 % of webhooks lost")
    if total.blind.told < PROMISED:
        print(f"too few of those in Notion were flagged: {PROMISED:.0%} is what is promised")
        return 1
    return 0


def soak(first: int, histories: int, processes: int) -> int:
    """Many histories."""
    began, total = perf_counter(), Tally()
    for tally in campaign(first, histories, processes):
        total.add(tally)
        for seed, wrong in tally.broken.items():
            print(f"\rseed {seed}: {wrong[0]}", file=sys.stderr)
        left = (perf_counter() - began) * (histories / total.histories - 1)
        told = f"{total.histories} histories, {len(total.broken)} broken, {left / 60:.0f} minutes to go  "
        print(f"\r{told}", end="", file=sys.stderr, flush=True)
    seconds = perf_counter() - began
    print(file=sys.stderr)
    for line in total.report():
        print(line)
    per_core = histories / sum(os.times()[:4])  # of this process and of those it started
    print(f"{seconds:.0f} s, {per_core:.0f} histories/s/core; seeds {first} to {first + histories - 1}")
    for fault in total.never_fired:
        print(f"{fault} never struck: this run proves nothing about it")
    return 1 if total.broken or total.never_fired else 0


if __name__ == "__main__":
    raise SystemExit(main())
