"""Where among the children of a page or block does something new go?"""

from typing import Any, Final

from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.validation import Findings
from local.twins.notion.world import Caller, Container

_KINDS: Final = ("after_block", "start", "end")


def index(caller: Caller, container: Container, wanted: Any, path: str) -> int | None:
    """The index that a request asks for, as a position or as the id to come after; None is the end."""
    if wanted is None:
        return None
    findings = caller.findings()
    spelled = {"type": "after_block", "after_block": {"id": wanted}} if isinstance(wanted, str) else wanted
    given = findings.mapping(spelled, path)
    kind = str(given.get("type", "")).removeprefix("page_")
    findings.one_of(kind, _KINDS, f"{path}.type")
    findings.check()
    if kind == "after_block":
        return _after(caller, container, _block_id(given, path, findings))
    return 0 if kind == "start" else None


def _block_id(given: dict[str, Any], path: str, findings: Findings) -> str:
    block = findings.mapping(given.get("after_block", UNDEFINED), f"{path}.after_block")
    identifier = findings.uuid(block.get("id", UNDEFINED), f"{path}.after_block.id")
    findings.check()
    return identifier


def _after(caller: Caller, container: Container, identifier: str) -> int:
    here = [child.id for child in caller.world.inside(container)]
    if identifier not in here:
        raise validation(f"Could not insert after block {identifier}: it is not a child of {container.id}.")
    return here.index(identifier) + 1
