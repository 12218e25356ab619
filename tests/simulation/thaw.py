"""How are values made, and copied, as fast as simulations need them?

To set the fields of a frozen value takes ten times as long as of any other, and to copy it, each field is asked whether
it may be copied. That nobody changes a value is seen by mypy, and by every test that runs without this module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import Field, field, fields, is_dataclass, make_dataclass
from operator import attrgetter
from typing import Any


def thaw() -> None:
    """Let the frozen values of the core, and of who watches it, be made as if they were not."""
    for kind in set(_frozen()):
        unlocked = make_dataclass(kind.__name__, [(f.name, object, _again(f)) for f in fields(kind)])
        kind.__init__ = vars(unlocked)["__init__"]
        del kind.__setattr__, kind.__delattr__
        if len(fields(kind)) > 1:
            kind.__replace__ = _replaced(kind)


def _frozen() -> Iterator[Any]:
    for name in [name for name in sys.modules if name.startswith(("navsync.", "tests.simulation."))]:
        for kind in vars(sys.modules[name]).values():
            if isinstance(kind, type) and is_dataclass(kind) and _is_plain(kind):
                yield kind


def _is_plain(kind: Any) -> bool:
    made = kind.__dataclass_params__
    return made.frozen and made.init and not hasattr(kind, "__post_init__")


def _replaced(kind: Any) -> Callable[..., Any]:
    names = [f.name for f in fields(kind)]
    values_of, place_of = attrgetter(*names), {name: place for place, name in enumerate(names)}

    def replaced(self: Any, /, **changes: Any) -> Any:
        unknown = changes.keys() - place_of.keys()
        if unknown:
            raise TypeError(f"{kind.__name__} has no {', '.join(unknown)}")
        values = [*values_of(self)]
        for name, value in changes.items():
            values[place_of[name]] = value
        return kind(*values)

    return replaced


def _again(known: Field[Any]) -> Any:
    return field(
        default=known.default, default_factory=known.default_factory, init=known.init, kw_only=bool(known.kw_only)
    )
