"""Which identifiers Notion hands out and which spellings of them it accepts back."""

import random
import re
import secrets
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote
from uuid import UUID

_COMPACT: Final = re.compile(r"[0-9a-f]{32}\Z")
_DASHED: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_HOSTED: Final = re.compile(r"/_files/([0-9a-f-]{36})/")
_URI_COMPONENT_SAFE: Final = "-_.!~*'()"
# Real property ids use the printable characters from ';' to '}'; quotes and brackets among them are what makes
# their URL-encoded form differ from the plain one, so clients that decode or encode once too often are caught.
_PROPERTY_ALPHABET: Final = "".join(chr(code) for code in range(0x3B, 0x7E))

DATA_SOURCE_MARK: Final = "000b"
VIEW_MARK: Final = "000c"
DISCUSSION_MARK: Final = "001c"
COMMENT_MARK: Final = "001d"
UPLOAD_MARK: Final = "00b2"


class Minter:
    """Makes ids; with a seed the same calls give the same ids again."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)

    def _hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"

    def plain(self) -> str:
        """A version 4 UUID: databases, their first data source, users, workspaces."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def prefix(self) -> str:
        """The first two groups, which all pages of one workspace share."""
        return f"{self._hex(8)}-{self._hex(4)}"

    def page(self, prefix: str) -> str:
        """A version 8 UUID as pages and blocks have it."""
        return f"{prefix}-81{self._hex(2)}-{self._variant()}{self._hex(3)}-{self._hex(12)}"

    def data_source(self, prefix: str) -> str:
        """A version 8 UUID as data sources added to an existing database have it."""
        return self.marked(prefix, DATA_SOURCE_MARK)

    def marked(self, prefix: str, mark: str) -> str:
        """A version 8 UUID whose last group begins with the mark of its kind."""
        return f"{prefix}-81{self._hex(2)}-{self._variant()}{self._hex(3)}-{mark}{self._hex(8)}"

    def _variant(self) -> str:
        return self._random.choice("89ab")

    def property(self, taken: set[str]) -> str:
        """A property id in its plain form, different from all *taken*."""
        while (fresh := "".join(self._random.choices(_PROPERTY_ALPHABET, k=4))) in taken:
            pass
        return fresh

    def color(self) -> str:
        """The colour Notion picks for a new option."""
        return self._random.choice(COLORS)


COLORS: Final = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")


def parse(value: object) -> str | None:
    """The dashed form of an id in either spelling, or None when *value* is no UUID."""
    if not isinstance(value, str):
        return None
    text = value.lower()
    if _DASHED.match(text):
        return text
    return str(UUID(hex=text)) if _COMPACT.match(text) else None


def compact(identifier: str) -> str:
    """The spelling without dashes, used in links."""
    return identifier.replace("-", "")


def encoded(property_id: str) -> str:
    """A property id as answers show it: URL-encoded."""
    return quote(property_id, safe=_URI_COMPONENT_SAFE)


def link(identifier: str, title: str = "") -> str:
    """The address of a page or database; the title, if any, is only decoration in front of the id."""
    slug = re.sub(r"[^0-9A-Za-z]+", "-", title).strip("-")
    return f"https://app.notion.com/p/{slug}{'-' if slug else ''}{compact(identifier)}"


def upload_in(url: object) -> str | None:
    """The upload whose hosted file a link leads to, if it is one."""
    found = _HOSTED.search(url) if isinstance(url, str) else None
    return found[1] if found else None


def access_token() -> str:
    """A fresh access token."""
    return "ntn_" + secrets.token_urlsafe(34)


def refresh_token() -> str:
    """A fresh refresh token."""
    return "nrt_" + secrets.token_urlsafe(34)


def minute(seconds: float) -> str:
    """A time as pages and data sources show it: floored to the minute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")


def millisecond(seconds: float) -> str:
    """A time as databases show it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def event_time(seconds: float) -> str:
    """A time as webhooks show it."""
    return millisecond(seconds).replace("+00:00", "Z")
