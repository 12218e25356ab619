# ruff: noqa: SLF001 - a patch reaches into what it patches; vendor.py pins it
"""How is something added to what CloudFormation does for a resource type?"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.emulator.vendor import provisioners

type Properties = Mapping[str, Any]


def after_provisioning(kind: str, finish: Callable[[str, Properties], None]) -> None:
    """Call *finish* with the physical id and the resolved properties after a *kind* is created or updated."""
    handler = provisioners._RESOURCE_HANDLERS[kind]
    create, update = handler["create"], handler["update"]

    def created(logical_id: str, properties: Properties, stack: str) -> Any:
        made = create(logical_id, properties, stack)
        finish(made[0], properties)
        return made

    def updated(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        made = update(physical_id, old, new, *rest)
        finish(made[0], new)
        return made

    handler["create"], handler["update"] = created, updated


def answer_of(response: tuple[int, Any, bytes | str]) -> dict[str, Any]:
    """Return what a service of the emulator answered; a refusal fails the stack, as it would on AWS."""
    status, _, body = response
    if status >= 400:
        raise ValueError(f"the emulator refused part of a resource: {body!r}")
    answer: dict[str, Any] = json.loads(body) if body else {}
    return answer
