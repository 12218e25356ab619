"""What a new page may be given as content, checked and kept as it came."""

from typing import Final

from local.twins.notion import richtext
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.requests import Ask
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject

MAX_DEPTH: Final = 2
MAX_BLOCKS: Final = 1000


def parse(ask: Ask, findings: Findings) -> JsonObject:
    """The content under the key it came with."""
    if "children" in ask.body and "markdown" in ask.body:
        raise validation("Only one of children and markdown can be given.")
    if "markdown" in ask.body:
        return {"markdown": findings.string(ask.body["markdown"], "body.markdown")}
    if "children" not in ask.body:
        return {}
    count = _blocks(ask.body["children"], "body.children", findings, depth=1)
    if count > MAX_BLOCKS:
        findings.add("body.children", f"at most `{MAX_BLOCKS}` blocks in one payload", count)
    return {"children": ask.body["children"]}


def _blocks(raw: object, path: str, findings: Findings, *, depth: int) -> int:
    places = [(f"{path}[{index}]", item) for index, item in enumerate(findings.array(raw, path))]
    return sum(1 + _block(findings.mapping(item, here), here, findings, depth) for here, item in places)


def _block(block: JsonObject, path: str, findings: Findings, depth: int) -> int:
    kind = block.get("type") or next((key for key in block if key not in ("object", "children")), None)
    if kind is None:
        findings.add(f"{path}.type", "defined", UNDEFINED)
        return 0
    content = findings.mapping(block.get(kind, UNDEFINED), f"{path}.{kind}")
    if "rich_text" in content:
        richtext.parse(content["rich_text"], f"{path}.{kind}.rich_text", findings)
    nested = content.get("children")
    if nested is None:
        return 0
    if depth >= MAX_DEPTH:
        findings.add(f"{path}.{kind}.children", "not present", nested)
        return 0
    return _blocks(nested, f"{path}.{kind}.children", findings, depth=depth + 1)
