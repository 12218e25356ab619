"""Which blocks does an edited markdown leave as they are?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from local.twins.notion import richtext
from local.twins.notion.markdown import write
from local.twins.notion.nodes import CHILDREN_OF_THEIR_OWN, UNKNOWN, Node, walk

type Nodes = tuple[Node, ...]


def known(wanted: Nodes, before: Nodes) -> Nodes:
    """Child pages, databases and unknown blocks of *wanted* as those on the page that their links mean, each once.

    A link to a page that is not on this one becomes text; an unknown block that is not here cannot be made.
    """
    here = {node.id: node for node in walk(before)}
    placed: set[str | None] = set()

    def found(node: Node) -> Iterator[Node]:
        if node.type not in (*CHILDREN_OF_THEIR_OWN, UNKNOWN):
            yield replace(node, children=tuple(child for old in node.children for child in found(old)))
        elif node.id in here and node.id not in placed:
            placed.add(node.id)
            yield here[node.id]
        elif node.type != UNKNOWN:
            yield _link(node)

    return tuple(new for node in wanted for new in found(node))


def keeping(wanted: Nodes, before: Nodes, page_id: str) -> Nodes:
    """*wanted* with the ids of the blocks that it leaves alone or changes in place; a block never changes its type."""
    kept: list[Node] = []
    for is_same, old, new in _compared(_shown(before, page_id), _shown(wanted, page_id)):
        kept += before[old] if is_same else _in_place(wanted[new], before[old], page_id)
    return tuple(kept)


def _in_place(wanted: Nodes, before: Nodes, page_id: str) -> Iterator[Node]:
    for is_same, old, new in _compared([node.type for node in before], [node.type for node in wanted]):
        if is_same:
            yield from (_changed(*pair, page_id) for pair in zip(wanted[new], before[old], strict=True))
        else:
            yield from wanted[new]


def _changed(wanted: Node, old: Node, page_id: str) -> Node:
    if wanted.id is not None:
        return wanted
    return replace(wanted, id=old.id, children=keeping(wanted.children, old.children, page_id))


def _shown(nodes: Iterable[Node], page_id: str) -> list[str]:
    return [write((node,), page_id) for node in nodes]


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[bool, slice, slice]]:
    for operation, *places in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        start, stop, first, last = places
        yield operation == "equal", slice(start, stop), slice(first, last)


def _link(node: Node) -> Node:
    url = str(node.content["url"])
    text = str(node.content["title"]) or url or "Untitled"
    return Node("paragraph", {"rich_text": [richtext.styled(text, {}, url or None)]})
