"""What a request may give as content: blocks, two levels deep, or markdown."""

from collections.abc import Iterator, Sequence
from typing import Final

from local.twins.notion import kinds, markdown, richtext
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.nodes import Node, walk
from local.twins.notion.requests import Ask
from local.twins.notion.validation import MAX_ARRAY, MAX_EQUATION, MAX_TEXT, Findings
from local.twins.notion.wire import JsonObject

MAX_DEPTH: Final = 2
MAX_BLOCKS: Final = 1000
_LEAST_CHILDREN: Final = {"column_list": 2, "column": 1, "tab": 1}
_AROUND: Final = ("object", "type", "id", "created_time", "last_edited_time", "has_children", "archived", "in_trash")

type Nodes = tuple[Node, ...]


def parse(ask: Ask, findings: Findings, makes: Sequence[str]) -> Nodes:
    """The content of a new page, under the key that it came with; *makes* are the kinds that the caller can make."""
    if "children" in ask.body and "markdown" in ask.body:
        raise validation("Only one of children and markdown can be given.")
    if "markdown" in ask.body:
        return fitting(markdown.read(findings.string(ask.body["markdown"], "body.markdown")), findings)
    return children(ask.body["children"], findings, makes) if "children" in ask.body else ()


def fitting(nodes: Nodes, findings: Findings, before: Nodes = ()) -> Nodes:
    """*nodes* made of markdown; what is longer than a block holds is a finding, unless it stood there *before*."""
    known = {text for node in walk(before) for _, text, _ in _texts(node)}
    for path, text, most in (found for node in walk(nodes) for found in _texts(node)):
        if text not in known:
            findings.string(text, f"body.markdown.{path}", most=most)
    return nodes


def children(raw: object, findings: Findings, makes: Sequence[str]) -> Nodes:
    """The blocks under the key `children` of a request."""
    nodes = _blocks(raw, "body.children", findings, makes, depth=1)
    count = sum(1 for _ in walk(nodes))
    if count > MAX_BLOCKS:
        findings.add("body.children", f"at most `{MAX_BLOCKS}` blocks in one payload", count)
    return nodes


def _texts(node: Node) -> Iterator[tuple[str, str, int]]:
    """What a block itself says, where, and how long that may be in a request; nothing is documented of people."""
    if node.type == "equation":
        yield "equation.expression", node.content["expression"], MAX_EQUATION
    for text in (node.content.get("rich_text", []), *node.content.get("cells", ())):
        yield f"{node.type}.rich_text", richtext.plain(text), MAX_TEXT * MAX_ARRAY


def _type_of(block: JsonObject, path: str, findings: Findings, makes: Sequence[str]) -> str | None:
    """The kind of a block: what its type says, or the one kind among its keys."""
    kind = block.get("type") or next((key for key in block if key in kinds.KINDS), None)
    if kind is None:
        findings.add(f"{path}.type", "defined", UNDEFINED)
    elif kind not in makes:
        findings.one_of(kind, makes, f"{path}.type")
        return None
    return kind


def content(kind: str, block: JsonObject, path: str, findings: Findings, *, all_of_it: bool) -> JsonObject:
    """What a block of this kind holds; refuses keys that a block cannot have beside it."""
    findings.only(block, (*_AROUND, kind), path)
    raw = findings.mapping(block.get(kind, UNDEFINED), f"{path}.{kind}")
    return kinds.read(kind, raw, f"{path}.{kind}", findings, all_of_it=all_of_it)


def _blocks(raw: object, path: str, findings: Findings, makes: Sequence[str], *, depth: int) -> Nodes:
    places = [(f"{path}[{index}]", item) for index, item in enumerate(findings.array(raw, path))]
    found = [_block(findings.mapping(item, here), here, findings, makes, depth) for here, item in places]
    return tuple(node for node in found if node is not None)


def _block(block: JsonObject, path: str, findings: Findings, makes: Sequence[str], depth: int) -> Node | None:
    kind = _type_of(block, path, findings, makes)
    if kind is None:
        return None
    holds = content(kind, block, path, findings, all_of_it=True)
    nested = block[kind].get("children") if isinstance(block.get(kind), dict) else None
    deeper = 0 if kind in ("column_list", "tab") else 1  # else no request could give a column or a tab its content
    if nested is not None and depth >= MAX_DEPTH:
        findings.add(f"{path}.{kind}.children", "not present", nested)
        return None
    below = () if nested is None else _blocks(nested, f"{path}.{kind}.children", findings, makes, depth=depth + deeper)
    node = Node(kind, holds, below)
    _check_nesting(node, path, findings)
    return node


def _check_nesting(node: Node, path: str, findings: Findings) -> None:
    misplaced = [child.type for child in node.children if not kinds.may_hold(node.type, node.content, child.type)]
    if misplaced:
        findings.add(f"{path}.{node.type}.children", f"blocks that a {node.type} can hold", misplaced)
    if node.type in _LEAST_CHILDREN and len(node.children) < (least := _LEAST_CHILDREN[node.type]):
        findings.add(f"{path}.{node.type}.children.length", f"≥ `{least}`", len(node.children))
    if node.type == "table":
        _check_rows(node, f"{path}.table", findings)


def _check_rows(table: Node, path: str, findings: Findings) -> None:
    width = table.content.get("table_width")
    if not table.children:
        findings.add(f"{path}.children", "defined", UNDEFINED)
    for index, row in enumerate(table.children):
        cells = len(row.content.get("cells", ()))
        if cells != width:
            findings.add(f"{path}.children[{index}].table_row.cells.length", f"`{width}`", cells)
