"""Why does a record stand as it does? In plain words, for the person who asks."""

from __future__ import annotations

from collections.abc import Sequence
from copy import replace
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import assert_never

from navsync.attention import UNSAID
from navsync.model import (
    Connection,
    EntityRef,
    EntityType,
    Mapping,
    Pause,
    PausedBy,
    Settings,
    Side,
    State,
    Work,
    Workspace,
)
from navsync.scope import ONE_WAY
from navsync.standing import Standing, standing_of


class Verdict(StrEnum):
    """How it stands."""

    IN_STEP = "in_step"
    WAITING = "waiting"
    """For time, or for our own next look."""
    WAITING_FOR_A_PERSON = "waiting_for_a_person"
    FAILING = "failing"
    NOT_SYNCED = "not_synced"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a record stands in one workspace: why, since when, and what to do."""

    verdict: Verdict
    because: str
    to_do: str | None = None
    since: datetime | None = None
    error: str | None = None
    """The code of what fails."""


NOTHING_TO_DO = None

type Asked = EntityRef | str
"""What was asked about: a record of NavImpact, or a page of Notion by its id."""


def explain(
    workspace: Workspace, asked: Asked, mapping: Mapping | None, *, queued: Sequence[Work], paused: Pause | None
) -> Explanation:
    """How what was *asked* about, the record of *mapping*, stands in *workspace*; None: no mapping pairs it there.

    *queued*: the rows that wait to have it looked at. *paused*: nobody is called for now.
    """
    if stopped := _of_workspace(workspace):
        told = stopped
    elif mapping is None:
        told = _new(queued, paused) if queued else _unknown(workspace.settings, asked)
    else:
        told = _of_mapping(mapping, queued=bool(queued), paused=paused)
    if (latest := made_again(asked, mapping)) is not None:
        told = replace(told, because=f"It was deleted, and made again as {latest.name}. {told.because}")
    return told


def made_again(asked: Asked, mapping: Mapping | None) -> EntityRef | None:
    """The record of *mapping*, where it was made again of that which was *asked* about; None: nothing was."""
    entity = None if mapping is None else mapping.entity
    return entity if isinstance(asked, EntityRef) and asked != entity else None


def _of_workspace(workspace: Workspace) -> Explanation | None:
    """What stops everything there."""
    match workspace.connection:
        case Connection.CONNECTED if workspace.is_active:
            return None
        case Connection.CONNECTED:
            return Explanation(Verdict.NOT_SYNCED, "The workspace is paused.", "Resume it, and nothing is lost.")
        case Connection.NEEDS_REAUTH:
            return Explanation(
                Verdict.NOT_SYNCED, "Notion refuses the workspace's token.", "Connect the workspace again.",
                error="needs_reauth",
            )  # fmt: skip
        case Connection.SUSPENDED:
            return Explanation(
                Verdict.NOT_SYNCED, "Notion has blocked the connection and says not to try again.",
                "Ask Notion's support, then connect again.", error="suspended",
            )  # fmt: skip
        case Connection.DISCONNECTED:
            return Explanation(Verdict.NOT_SYNCED, "The workspace is disconnected.", "Connect it again.")
        case _:
            assert_never(workspace.connection)


def _new(queued: Sequence[Work], paused: Pause | None) -> Explanation:
    """Of what nothing pairs yet, which *queued* are to look at."""
    following = min(queued, key=lambda work: work.due)
    if paused is not None:
        return Explanation(Verdict.WAITING, f"It was told of and waits. {_paused(paused)}", NOTHING_TO_DO)
    if not following.attempts:
        return Explanation(Verdict.WAITING, "It was told of and is looked at in a moment.", NOTHING_TO_DO)
    return Explanation(
        Verdict.FAILING,
        f"It is new, and looking at it failed {_times(following.attempts)}; the history says how. "
        f"It is tried again {_moment(following.due)}.",
        NOTHING_TO_DO,
        error="failing",
    )


def _unknown(settings: Settings, asked: Asked) -> Explanation:
    if not isinstance(asked, EntityRef):
        return Explanation(
            Verdict.UNKNOWN,
            f"NavSync does not know the page {asked}: it is no row of the workspace's databases, is not shared with "
            "the connection, or no reconcile has met it yet.",
            f"Check the id, and that the page is a row that is shared. If it is, {_WHOLE_SYNC}.",
        )
    unknown = f"NavSync does not know the {asked.name}"
    if settings.scope or not settings.direction.allows(Side.NOTION):
        return Explanation(
            Verdict.NOT_SYNCED,
            f"{unknown}: NavImpact does not have it, or the workspace's settings leave it out with its project.",
            "Check the id. If NavImpact has it, ask why its project stands as it does, or widen the workspace's scope "
            "or direction.",
        )
    is_project = asked.type is EntityType.MEDIA_PROJECT
    sync = f"ask for a sync of it (POST /sync-project/{asked.id})" if is_project else _WHOLE_SYNC
    return Explanation(
        Verdict.UNKNOWN,
        f"{unknown}: NavImpact does not have it, or no reconcile has met it yet.",
        f"Check the id. If NavImpact has it, {sync}, or wait for the next reconcile.",
    )


_WHOLE_SYNC = "ask for a sync of the workspace (POST /workspaces/{id}/sync)"


def _of_mapping(mapping: Mapping, *, queued: bool, paused: Pause | None) -> Explanation:
    standing = standing_of(mapping)
    match standing:
        case Standing.COMPLETED if not queued:
            return Explanation(Verdict.IN_STEP, _in_step(mapping), NOTHING_TO_DO, _agreed_at(mapping))
        case Standing.COMPLETED | Standing.PENDING:
            return _pending(mapping, paused)
        case Standing.CONFLICT:
            fields = ", ".join(conflict.field for conflict in mapping.conflicts)
            return Explanation(
                Verdict.WAITING_FOR_A_PERSON, f"Edited on both sides: {fields}. Its other fields go on syncing.",
                "Choose who wins, or make both sides say the same.", mapping.last_sync_at,
            )  # fmt: skip
        case Standing.APPROVAL | Standing.DRAFT | Standing.FAILED | Standing.UNREACHABLE:
            return _troubled(mapping, standing)
        case Standing.EXCLUDED:
            rule = mapping.troubles[0]
            return Explanation(Verdict.NOT_SYNCED, rule.cause, rule.fix, mapping.last_sync_at)
        case Standing.DELETED:
            return Explanation(
                Verdict.NOT_SYNCED, "It was deleted, and its last values are in the history.",
                "Undo the deletion in the history to bring it back.", mapping.last_change_at,
            )  # fmt: skip
        case _:
            assert_never(standing)


def _in_step(mapping: Mapping) -> str:
    written = "" if mapping.last_change_at is None else f" It was last written {_moment(mapping.last_change_at)}."
    return f"Both sides say the same since {_moment(_agreed_at(mapping))}.{written}"


def _agreed_at(mapping: Mapping) -> datetime | None:
    return mapping.agreed_at or mapping.last_sync_at


def _paused(pause: Pause) -> str:
    return f"{STOPPED[pause.by]}; it goes on {_moment(pause.until)}."


STOPPED = {
    PausedBy.NOTION: "Notion asked for a pause",
    PausedBy.NAVIMPACT: "NavImpact asked for a pause",
    PausedBy.BUDGET: "What Notion allows in a minute is used up",
    PausedBy.BREAKER: "A side failed several times in a row and is left alone",
}
"""Why nobody is called for now."""


def _pending(mapping: Mapping, paused: Pause | None) -> Explanation:
    since = mapping.last_sync_at
    if paused is not None:
        return Explanation(Verdict.WAITING, _paused(paused), NOTHING_TO_DO, since)
    if mapping.attempts:
        times = _times(mapping.attempts)
        again = "soon" if mapping.next_retry_at is None else _moment(mapping.next_retry_at)
        cause = f" {mapping.troubles[0].cause}" if mapping.troubles else ""
        return Explanation(
            Verdict.FAILING, f"It failed {times}.{cause} It is tried again {again}.", NOTHING_TO_DO, since,
            mapping.troubles[0].code if mapping.troubles else "retryable",
        )  # fmt: skip
    if mapping.state is State.CREATING:
        return Explanation(Verdict.WAITING, "Its counterpart is being made.", NOTHING_TO_DO, since)
    if mapping.gone_since is not None:
        because = (
            "NavImpact does not show its record. It is asked once more, ten minutes later at most, before that is "
            "believed."
        )
        return Explanation(Verdict.WAITING, because, NOTHING_TO_DO, mapping.gone_since)
    return Explanation(Verdict.WAITING, "It is looked at in a moment.", NOTHING_TO_DO, since)


def _troubled(mapping: Mapping, standing: Standing) -> Explanation:
    trouble = (mapping.troubles or UNSAID[standing])[0]
    fails = standing is Standing.FAILED and trouble.code != ONE_WAY
    verdict = Verdict.FAILING if fails else Verdict.WAITING_FOR_A_PERSON
    return Explanation(verdict, trouble.cause, trouble.fix, trouble.since or mapping.last_sync_at, trouble.code)


def _times(attempts: int) -> str:
    return "once" if attempts == 1 else f"{attempts} times in a row"


def _moment(at: datetime | None) -> str:
    return "just now" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
