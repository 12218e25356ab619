"""Which records does a workspace hold, and by which rule of its settings not?"""

from __future__ import annotations

from typing import Protocol

from navsync.model import NEVER_SHOWN, EntityRef, EntityType, Mapping, Settings, Side, State, Trouble, Values

OUT_OF_SCOPE = "out_of_scope"
ONE_WAY = "one_way"

TRASHED = Trouble(
    ONE_WAY,
    "Its page is in the trash in Notion. The workspace syncs one way, so the page stays there and the record too.",
    "Restore the page in Notion to have it synced again, or let the workspace sync both ways.",
)
GONE = Trouble(
    ONE_WAY,
    "Its record is gone from NavImpact, and the workspace changes nothing in Notion: it syncs only to NavImpact.",
    "Move the page to the trash by hand, or edit it to have its record made again.",
)
NO_PAGE = Trouble(
    ONE_WAY,
    "It has no page, and the workspace makes none: it syncs only to NavImpact.",
    "Let the workspace sync both ways.",
)
NO_PROJECT = Trouble(
    ONE_WAY,
    "Its project has no page to point to, and the workspace makes none: it syncs only to NavImpact.",
    "Let the workspace sync both ways.",
    "project",
)

NO_RECORD = Trouble(
    "draft",
    "No record is made of the row in NavImpact: the workspace syncs only to Notion.",
    "Let the workspace sync both ways, or make the record in NavImpact.",
)


class Pairs(Protocol):
    """Which mapping pairs what."""

    def of_entity(self, entity: EntityRef) -> Mapping | None:
        """The mapping that pairs *entity*."""
        ...


def excluded(
    settings: Settings, pairs: Pairs, entity_type: EntityType, id: str | None, values: Values
) -> Trouble | None:
    """Why the scope leaves a record of *values* out; None: it is held. *id* is None while NavImpact does not know it.

    What belongs to a project follows it, by what is known of the project without looking at it.
    """
    if not settings.scope:
        return None
    if entity_type is EntityType.MEDIA_PROJECT:
        only = settings.scope.excludes(id, values)
        return None if only is None else _out(f"The workspace holds {only}, and it is none of them.")
    related = values.get("project")
    for project in related if isinstance(related, tuple) else ():
        pair = pairs.of_entity(EntityRef(EntityType.MEDIA_PROJECT, project))
        if pair is not None and (is_out(pair) or _is_to_go(settings, pair)):
            return _out("It follows its project, which the workspace does not hold.")
    return None


def is_unknown(settings: Settings, pairs: Pairs, entity_type: EntityType, values: Values) -> bool:
    """Whether nobody can tell yet: a project that it belongs to was never looked at."""
    if not settings.scope or entity_type is EntityType.MEDIA_PROJECT:
        return False
    related = values.get("project")
    projects = related if isinstance(related, tuple) else ()
    return any(pairs.of_entity(EntityRef(EntityType.MEDIA_PROJECT, id)) is None for id in projects)


def _is_to_go(settings: Settings, project: Mapping) -> bool:
    """Whether a project that was held is not to be any more, though nobody has looked at it by these *settings* yet.

    Only where nothing of it waits is what was agreed on what NavImpact shows.
    """
    waits = project.conflicts or project.troubles or project.doubted or project.intent
    if project.state is not State.LINKED or not project.bases or waits:
        return False
    return settings.scope.excludes(project.entity_id, agreed(project)) is not None


def agreed(mapping: Mapping) -> Values:
    """What NavImpact said when both sides last agreed."""
    said = {name: base.navimpact for name, base in mapping.bases.items()}
    return {name: value for name, value in said.items() if value != NEVER_SHOWN}


def _out(cause: str) -> Trouble:
    return Trouble(OUT_OF_SCOPE, cause, "Widen the workspace's scope, or change the project in NavImpact to fit it.")


def without_page(settings: Settings, pairs: Pairs, entity_type: EntityType, id: str, values: Values) -> Trouble | None:
    """Why no page is made for a record of NavImpact; None: one is."""
    return excluded(settings, pairs, entity_type, id, values) or (
        None if settings.direction.allows(Side.NOTION) else NO_PAGE
    )


def is_without_page(pairs: Pairs, project_id: str) -> bool:
    """Whether a rule keeps a project from having a page."""
    pair = pairs.of_entity(EntityRef(EntityType.MEDIA_PROJECT, project_id))
    return pair is not None and pair.state is State.EXCLUDED and pair.page_id is None


def is_remembered(entity_type: EntityType) -> bool:
    """Whether a record is remembered though it was never paired: what belongs to a project is told from the project."""
    return entity_type is EntityType.MEDIA_PROJECT


def is_out(mapping: Mapping) -> bool:
    """Whether *mapping* was found out of the workspace's scope."""
    return mapping.state is State.EXCLUDED and any(trouble.code == OUT_OF_SCOPE for trouble in mapping.troubles)
