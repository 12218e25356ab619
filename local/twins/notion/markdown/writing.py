"""Blocks → markdown."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from local.twins.notion import ids, kinds, richtext
from local.twins.notion.markdown import inline, tables, tags
from local.twins.notion.markdown.lines import guarded
from local.twins.notion.nodes import Node
from local.twins.notion.wire import JsonArray

_PREFIXES: Final = {"bulleted_list_item": "- ", "quote": "> "}
EMPTY: Final = "<empty-block/>"


def write(nodes: Iterable[Node], page_id: str) -> str:
    """The markdown of a page's blocks; *page_id* is in the links of those that cannot be shown."""
    return "\n".join(_Writer(page_id).lines(nodes))


class _Writer:
    """Writes the blocks of one page."""

    def __init__(self, page_id: str) -> None:
        self._page_id = page_id

    def lines(self, nodes: Iterable[Node]) -> Iterator[str]:
        numbers = count(1)
        for node in nodes:
            if node.type != "numbered_list_item":
                numbers = count(1)
            yield from self._block(node, numbers)

    def _below(self, node: Node) -> Iterator[str]:
        yield from (f"\t{line}" for line in self.lines(node.children))

    def _block(self, node: Node, numbers: Iterator[int]) -> Iterator[str]:
        match node.type:
            case "toggle":
                yield from self._toggle(node)
            case "callout":
                yield from self._callout(node)
            case "column_list" | "column":
                yield from self._wrapped(node, "columns" if node.type == "column_list" else "column")
            case "synced_block" if node.content.get("synced_from") is None:
                yield from self._wrapped(node, "synced_block")
            case "meeting_notes":
                yield from self._meeting(node)
            case "table":
                yield from tables.write(node)
            case "code":
                yield from _code(node)
            case "equation":
                yield from ("$$", *_expression(node), "$$")
            case "paragraph" | "to_do" | "bulleted_list_item" | "numbered_list_item" | "quote":
                yield _first_line(node, numbers)
                yield from self._below(node)
            case _ if node.type in kinds.HEADINGS:
                yield _heading(node)
                yield from self._below(node)
            case _:
                yield self._alone(node)

    def _toggle(self, node: Node) -> Iterator[str]:
        yield tags.opening("details", {"color": tags.shown_color(node.content.get("color"))})
        yield f"<summary>{_text(node)}</summary>"
        yield from self._below(node)
        yield "</details>"

    def _callout(self, node: Node) -> Iterator[str]:
        icon = (node.content.get("icon") or {}).get("emoji")
        yield tags.opening("callout", {"icon": icon, "color": tags.shown_color(node.content.get("color"))})
        yield f"\t{guarded(_text(node)) or EMPTY}"
        yield from self._below(node)
        yield "</callout>"

    def _meeting(self, node: Node) -> Iterator[str]:
        yield "<meeting-notes>"
        yield f"\t{_line(node.content['title'])}"
        yield "\t<notes>"
        yield from (f"\t{line}" for line in self._below(node))
        yield "\t</notes>"
        yield "</meeting-notes>"

    def _wrapped(self, node: Node, name: str) -> Iterator[str]:
        yield f"<{name}>"
        yield from self._below(node)
        yield f"</{name}>"

    def _alone(self, node: Node) -> str:
        """A block of one line, without text that could be nested."""
        match node.type:
            case "divider":
                return "---"
            case "table_of_contents":
                return tags.alone("table_of_contents", {"color": tags.shown_color(node.content.get("color"))})
            case "image":
                url = node.content["external"]["url"]
                return f"![{_line(node.content.get('caption', []))}]({inline.address(url)})"
            case "audio" | "file" | "pdf" | "video":
                caption = _line(node.content.get("caption", []))
                return f"{tags.opening(node.type, {'src': node.content['external']['url']})}{caption}</{node.type}>"
            case "child_page":
                return f"{tags.opening('page', {'url': node.content['url']})}{_title(node)}</page>"
            case "child_database":
                return f"{tags.opening('database', {'url': node.content['url']})}{_title(node)}</database>"
            case _:
                url = f"{ids.link(self._page_id)}#{ids.compact(node.id or '')}"
                return tags.alone("unknown", {"url": url, "alt": _kind(node)})


def _first_line(node: Node, numbers: Iterator[int]) -> str:
    text, color = _text(node), tags.listed({"color": tags.shown_color(node.content.get("color"))})
    match node.type:
        case "paragraph":
            return f"{guarded(text + color)}" if text else EMPTY
        case "to_do":
            return f"- [{'x' if node.content.get('checked') else ' '}] {text}{color}"
        case "numbered_list_item":
            return f"{next(numbers)}. {text}{color}"
        case _:
            return f"{_PREFIXES[node.type]}{text}{color}"


def _heading(node: Node) -> str:
    toggle = "true" if node.content.get("is_toggleable") else None
    given = tags.listed({"toggle": toggle, "color": tags.shown_color(node.content.get("color"))})
    return f"{'#' * (kinds.HEADINGS.index(node.type) + 1)} {_text(node)}{given}"


def _code(node: Node) -> Iterator[str]:
    text = richtext.plain(node.content["rich_text"]).replace("\r\n", "\n").replace("\r", "\n")
    fence = "```"
    while fence in text:
        fence += "`"
    yield f"{fence}{node.content['language']}"
    yield from text.split("\n")
    yield fence


def _expression(node: Node) -> list[str]:
    """Its lines; one that would end the block is left out."""
    lines = (line.strip() for line in node.content["expression"].split("\n"))
    return [line for line in lines if line not in ("", "$$")]


def _text(node: Node) -> str:
    return _line(node.content["rich_text"])


def _line(items: JsonArray) -> str:
    return inline.render(items).strip()


def _kind(node: Node) -> str:
    """What a block is called that cannot be shown; one that the API does not know keeps the application's name."""
    return str(node.content.get("alt") or node.content.get("block_type") or node.type)


def _title(node: Node) -> str:
    return inline.escaped(str(node.content["title"]))
