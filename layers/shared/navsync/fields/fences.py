"""Code and formulas in markdown: lines between two fences, in which nothing is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import replace
from dataclasses import dataclass
from unicodedata import normalize

_CODE = re.compile(r"(`{3,}+|~{3,}+)([^`]*)")
_FORMULA = "$$"
_PLAIN = "plain text"
_LANGUAGES = frozenset({
    "abap", "abc", "agda", "arduino", "ascii art", "assembly", "bash", "basic", "bnf", "c", "c#", "c++", "clojure",
    "coffeescript", "coq", "css", "dart", "dhall", "diff", "docker", "ebnf", "elixir", "elm", "erlang", "f#", "flow",
    "fortran", "gherkin", "glsl", "go", "graphql", "groovy", "haskell", "hcl", "html", "idris", "java",
    "java/c/c++/c#", "javascript", "json", "julia", "kotlin", "latex", "less", "lisp", "livescript", "llvm ir", "lua",
    "makefile", "markdown", "markup", "matlab", "mathematica", "mermaid", "nix", "notion formula", "objective-c",
    "ocaml", "pascal", "perl", "php", "powershell", "prolog", "protobuf", "purescript", "python", "r", "racket",
    "reason", "ruby", "rust", "sass", "scala", "scheme", "scss", "shell", "smalltalk", "solidity", "sql", "swift",
    "toml", "typescript", "vb.net", "verilog", "vhdl", "visual basic", "webassembly", "xml", "yaml",
})  # fmt: skip
"""What Notion can call code (`LanguageRequest` of its SDK); whatever else it is called, it becomes plain text."""
_ALIASES = {"js": "javascript", "ts": "typescript", "py": "python", "rb": "ruby", "sh": "shell", "yml": "yaml",
            "md": "markdown", "cpp": "c++", "cs": "c#", "dockerfile": "docker"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fenced:
    """The *lines* between two fences, without the indent of the first; *end* is the line after all of it."""

    fence: str
    heading: str
    """What stands behind the first fence: which language it is, as spelled."""
    lines: tuple[str, ...]
    end: int
    closed: bool
    """Where it is not, all that follows would belong to it."""

    @property
    def says(self) -> str:
        """Equal for what says the same."""
        return "\n".join((self.kind, *self.spoken))

    @property
    def name(self) -> str:
        """What people call it."""
        return "formula" if self.fence == _FORMULA else "piece of code"

    @property
    def kind(self) -> str:
        """What its lines are."""
        if self.fence == _FORMULA:
            return _FORMULA
        named = self.heading.strip().lower()
        language = _ALIASES.get(named, named)
        return f"```{language if language in _LANGUAGES else _PLAIN}"

    @property
    def spoken(self) -> tuple[str, ...]:
        """What people read between the fences: nothing as well where one empty line stands there."""
        return () if self.lines == ("",) else tuple(normalize("NFC", line) for line in self.lines)

    @property
    def typed(self) -> Fenced:
        """It as a person would type it."""
        return replace(self, heading=self.heading.replace(_PLAIN, ""))

    def spelled(self, indent: str) -> str:
        """It with both its fences, each in a line of its own."""
        return "\n".join(indent + line for line in (self.fence + self.heading, *self.lines, self.fence))

    def refilled(self, other: Fenced) -> Fenced:
        """What *other* says between the fences of this one, where that can be."""
        if self.kind != other.kind or any(_ends(line, self.fence) for line in other.lines):
            return other
        return replace(other, fence=self.fence, heading=self.heading)


def indent_of(line: str) -> str:
    """What nests *line*: no other space does, such as those with which a Chinese paragraph begins."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def read(lines: Sequence[str], at: int) -> Fenced | None:
    """The code or formula that begins at line *at*, if one does."""
    first = lines[at].strip()
    if first.startswith(_FORMULA):
        return _formula(lines, at, first.removeprefix(_FORMULA))
    if (opening := _CODE.fullmatch(first)) is None:
        return None
    fence, heading = opening.groups()
    indent, last = indent_of(lines[at]), _last(lines, at, fence)
    inside = (line[len(indent) :] if line.startswith(indent) else line.lstrip(" \t") for line in lines[at + 1 : last])
    return Fenced(fence, heading, tuple(inside), min(last + 1, len(lines)), closed=last < len(lines))


def _formula(lines: Sequence[str], at: int, rest: str) -> Fenced:
    """A formula, in which neither spaces around a line nor empty ones mean anything."""
    if rest.endswith(_FORMULA):
        return Fenced(_FORMULA, "", tuple(_said([rest.removesuffix(_FORMULA)])), at + 1, closed=True)
    last = _last(lines, at, _FORMULA)
    inside = tuple(_said([rest, *lines[at + 1 : last]]))
    return Fenced(_FORMULA, "", inside, min(last + 1, len(lines)), closed=last < len(lines))


def _said(lines: Sequence[str]) -> Iterator[str]:
    return (line.strip() for line in lines if line.strip() not in ("", _FORMULA))


def _last(lines: Sequence[str], at: int, fence: str) -> int:
    return next((end for end in range(at + 1, len(lines)) if _ends(lines[end], fence)), len(lines))


def _ends(line: str, fence: str) -> bool:
    text = line.strip()
    return text == fence if fence == _FORMULA else text.startswith(fence) and not text.strip(fence[0])
