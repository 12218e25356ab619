"""How many plans a second does the pure planner make, beside one reading of the record's JSON?

python -m benchmarks.planner
"""
# ruff: noqa: T201  # a command prints

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from navsync import merge
from navsync.fields import SPECS
from navsync.model import Base, Bases, EntityType, Present, Settings, Value

SECONDS = 1.0

PARAGRAPHS = "\n\n".join(f"Paragraph {n} of a story about the reef, with some words in it." for n in range(20))

EXAMPLES: dict[EntityType, dict[str, Value]] = {
    EntityType.MEDIA_PROJECT: {
        "title": "Voices of the Reef",
        "description": "Two years below the surface.",
        "project_type": "documentary",
        "status": "active",
        "start_date": "2026-03-01",
        "budget": Decimal("1234.50"),
        "team_members": ("Ana", "Bo"),
    },
    EntityType.IMPACT_STORY: {"title": "Fishers", "description": PARAGRAPHS, "project": ("1",)},
}


def shown(entity_type: EntityType, **changes: Value) -> Present:
    """A record with every field, *changes* applied."""
    values = {f.name: EXAMPLES[entity_type].get(f.name) for f in SPECS[entity_type].fields}
    return Present("1", {**values, **changes})


def per_second(act: Callable[[], object]) -> float:
    """How often *act* can be done in a second."""
    done, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < SECONDS:
        for _ in range(10):
            act()
        done += 10
    return done / passed


def plans(entity_type: EntityType, navimpact: Present, notion: Present) -> float:
    """Plans per second."""
    agreed = shown(entity_type).values
    bases: Bases = {name: Base(value, value) for name, value in agreed.items()}
    spec = SPECS[entity_type]
    return per_second(lambda: merge.plan(spec, bases, navimpact, notion, Settings()))


def readings(record: Present) -> float:
    """Readings of the record's JSON per second: what to compare with, on the same machine in the same minute."""
    text = json.dumps({name: str(value) for name, value in record.values.items()})
    return per_second(partial(json.loads, text))


def main() -> None:
    """Print the table."""
    both = "One edit here. " + PARAGRAPHS, PARAGRAPHS + " Another there."
    for kind in EXAMPLES:
        same = shown(kind)
        read = readings(same)
        cases = {
            "nothing changed": (same, same),
            "one side changed": (shown(kind, title="Reefs"), same),
            "long text merged": (shown(kind, description=both[0]), shown(kind, description=both[1])),
        }
        for case, (navimpact, notion) in cases.items():
            made = plans(kind, navimpact, notion)
            print(f"{kind}, {case}: {made:>10,.0f} plans a second, {made / read:.3f} for each reading of its JSON")


if __name__ == "__main__":
    main()
