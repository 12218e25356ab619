"""What does the page of a new row start with?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from navsync.errors import Refused
from navsync.fields import SPECS
from navsync.model import EntityRef, EntityType, Values
from navsync.templates.template import Template, filled, named


@dataclass(frozen=True, slots=True)
class PageStart:
    """The body of a row's page, by the workspace's settings. Afterwards it is people's own: no sync touches it."""

    chosen: Mapping[str, str]
    """Entity type → the name of a template."""
    template: Callable[[str], Template | None]
    title_of: Callable[[EntityRef], str | None]

    def __call__(self, entity_type: EntityType, values: Values) -> str | None:
        """Markdown; None for a kind whose body is synced or none is wanted. A row is never held up for want of it."""
        name = self.chosen.get(entity_type)
        template = None if name is None or SPECS[entity_type].has_body else self.template(name)
        if template is None or template.entity_type is not entity_type:
            return None
        try:
            return filled(template, named(values, self.title_of)).markdown
        except Refused:
            return None
