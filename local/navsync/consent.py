"""How does a person's "Allow" on Notion's consent page happen without a browser?"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from local.navsync.http import checked, client
from local.navsync.stopped import Stopped


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and its fields as they would be sent."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class FormReader(HTMLParser):
    """Reads the forms of a page; every box is ticked, as by a person who shares all."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field or a button."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", "")))
        elif tag == "input" and said.get("type") == "submit":
            self._press(said, said.get("value", ""))
        elif tag == "input" and said.get("type") == "radio" and "checked" not in said:
            return
        elif tag == "input" and self.forms and "name" in said:
            self.forms[-1].fields.append((said["name"], said.get("value", "on")))
        elif tag == "button":
            self._button = (said.get("name", ""), said.get("value", ""))

    def handle_data(self, data: str) -> None:
        """Note what is written on a button."""
        if self._button and self.forms and data.strip():
            self.forms[-1].buttons.append((*self._button, data.strip()))
            self._button = None

    def _press(self, said: dict[str, str], label: str) -> None:
        if self.forms:
            self.forms[-1].buttons.append((said.get("name", ""), said.get("value", ""), label))


def allow(authorize_url: str) -> tuple[str, str, str]:
    """Open the consent page, share everything, press Allow; return where it leads, the code and the state."""
    with client("", person=True) as person:
        page = checked(person.get(authorize_url))
        action, fields = press(page.text, "allow")
        answer = checked(person.post(urljoin(str(page.url), action), data=fields))
    return _what_came_back(answer)


def press(page: str, label: str) -> tuple[str, dict[str, list[str]]]:
    """Return the action and the fields that pressing the button with *label* sends."""
    reader = FormReader()
    reader.feed(page)
    for form in reader.forms:
        for name, value, written in form.buttons:
            if label in written.lower():
                return form.action, _by_name([*form.fields, *([(name, value)] if name else [])])
    raise Stopped(f"the consent page has no button that says {label!r}: open it in a browser to see what it says")


def _by_name(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for name, value in fields:
        named.setdefault(name, []).append(value)
    return named


def _what_came_back(answer: httpx.Response) -> tuple[str, str, str]:
    location = answer.headers.get("location", "")
    query = parse_qs(urlsplit(location).query)
    if "code" not in query or "state" not in query:
        raise Stopped(f"Notion's consent page led to {location or 'nowhere'} instead of back with a code")
    return location, query["code"][0], query["state"][0]
