"""A page that somebody asked for, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from navsync.model import EntityRef, Value
from navsync.templates.template import Template


@dataclass(frozen=True, slots=True)
class MadePage:
    """A page that is there."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Commission:
    """A page to be made from a template, once, though answers get lost and workers die.

    Making a page is not idempotent, and a page that is no row carries no key of ours. So before it is asked for, the
    children that its parent has by our hand are noted: a new one among them is what a lost call has made.
    """

    id: int
    """Of the run, too."""
    template: Template
    """As it was when the page was asked for."""
    parent_page_id: str
    asked_at: datetime
    entity: EntityRef | None = None
    """The record to fill it from, where the values were not given."""
    values: Mapping[str, Value] = field(default_factory=dict)
    title: str | None = None
    """What the page is called, once it was filled."""
    known: tuple[str, ...] = ()
    """The parent's children by our hand, before the first attempt."""
    attempted_at: datetime | None = None
    """When it was last sent; None while it surely was not."""
    page_id: str | None = None
    url: str | None = None
    refused: str | None = None
    """Why it could not be made."""

    @property
    def is_unclear(self) -> bool:
        """Whether nobody knows yet what became of it."""
        return self.attempted_at is not None and self.page_id is None and self.refused is None
