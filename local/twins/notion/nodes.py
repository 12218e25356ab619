"""A page's content as a tree of values, between requests, markdown and records."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from local.twins.notion.wire import JsonObject

UNKNOWN: Final = "unknown"
"""The type of a node that stands for a block which markdown cannot show."""
CHILDREN_OF_THEIR_OWN: Final = ("child_page", "child_database")


@dataclass(frozen=True)
class Node:
    """A block with what is below it; *id* where it exists already.

    *content* may name only some of what the type holds: the rest keeps its value, or gets its default.
    """

    type: str
    content: JsonObject
    children: tuple["Node", ...] = ()
    id: str | None = None


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node, each before those below it."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def capped(nodes: tuple[Node, ...], most: int) -> tuple[tuple[Node, ...], list[str]]:
    """The first *most* nodes; the others become unknown, and their ids are told."""
    left, missing = most, []

    def keep(node: Node) -> Node:
        nonlocal left
        left -= 1
        if left < 0 and node.id is not None:
            missing.append(node.id)
            return Node(UNKNOWN, {"alt": node.type}, (), node.id)
        return replace(node, children=tuple(map(keep, node.children)))

    return tuple(map(keep, nodes)), missing
