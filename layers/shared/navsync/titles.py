"""What is a page called whose title is generated, and is that name ours to change?

A name that a person typed on the page is said nowhere else, so it stays. When they clear it, one is generated again.
"""

from __future__ import annotations

from navsync.fields import SPECS
from navsync.model import EntityType, Mapping, Present, Values


def generated(entity_type: EntityType, values: Values) -> str | None:
    """The title made of *values*; None where people write it."""
    spec = SPECS[entity_type]
    return spec.title_of(values) if spec.title_is_generated else None


def names(entity_type: EntityType, values: Values) -> tuple[str, ...]:
    """The names that are ours of a page that is made of *values*."""
    title = generated(entity_type, values)
    return () if title is None else (title,)


def ours(mapping: Mapping, page: Present) -> tuple[str, ...]:
    """The names that we gave *page*: the one it shows, where that is the generated one, else what we knew before."""
    known = (mapping.title, *names(mapping.entity_type, page.values))
    return (page.name,) if page.name is not None and page.name in known else mapping.named


def announced(mapping: Mapping, page: Present, values: Values) -> tuple[str, ...]:
    """The names that are ours while *values* are written to *page*: a worker may die before it can tell which it is."""
    shown = [name for name in mapping.named if name == page.name]
    return tuple(dict.fromkeys((*shown, *ours(mapping, page)[-1:], *names(mapping.entity_type, values))))


def wanted(mapping: Mapping, page: Present) -> str | None:
    """The name for *page*; None where a person has named it, or what it is made of cannot all be read."""
    title = generated(mapping.entity_type, page.values)
    is_whole = all(name in page.values for name in SPECS[mapping.entity_type].titled_by)
    known = (None, title, mapping.title, *mapping.named)  # what an older release gave is kept in `title` alone
    return title if is_whole and page.name in known else None


def is_stale(mapping: Mapping, page: Present) -> bool:
    """Whether *page* has no name, or one of ours that does not tell what the page says now."""
    return wanted(mapping, page) not in (None, page.name)
