"""What waits for a person, because of what, and what is the one step that ends it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import replace
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from navsync import connection
from navsync.fields import SPECS
from navsync.model import Conflict, EntityType, State, Trouble
from navsync.model import Mapping as Pairing
from navsync.scope import ONE_WAY, OUT_OF_SCOPE
from navsync.standing import ATTENTION, Standing, standing_of


class Kind(StrEnum):
    """What sort of thing waits."""

    CONNECTION = "connection"
    """About a workspace as a whole."""
    CONFLICT = "conflict"
    APPROVAL = "approval"
    DRAFT = "draft"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cause:
    """What many records may wait for alike: one code of trouble, with one field of one kind of record."""

    code: str
    entity_type: EntityType | None = None
    """None: it is about connections."""
    field: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.code, self.entity_type, self.field) if part is not None)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form back. Raises ValueError when *text* is none."""
        code, _, rest = text.partition("/")
        kind, _, field = rest.partition("/")
        return cls(code, EntityType(kind) if kind else None, field or None)

    @property
    def kind(self) -> Kind:
        """What sort of thing waits."""
        if self.entity_type is None:
            return Kind.CONNECTION
        return Kind.APPROVAL if self.code in APPROVALS else _KINDS.get(self.code, Kind.ERROR)

    @property
    def step(self) -> Step:
        """What ends it."""
        return STEPS.get(self.code, EACH_SAYS)


APPROVALS = frozenset({"approve_delete", "mass_deletion", "unread_deletion", "needs_confirmation"})
"""Troubles that a person ends by approving or rejecting: deletions, and a second record of a row."""

DELETIONS = APPROVALS - {"needs_confirmation"}

UNDONE = "undone"
"""A row whose record went with an undo: approving or rejecting ends that, too, as does whatever is done to the row."""

_KINDS = {"conflict": Kind.CONFLICT, "draft": Kind.DRAFT, "copied": Kind.DRAFT}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing about a record that waits for a person, in words."""

    cause: Cause
    trouble: Trouble
    conflict: Conflict | None = None


def waiting(shown: Pairing) -> Iterator[Waiting]:
    """Everything about *shown* that waits for a person: nothing, where only time is waited for."""
    standing = standing_of(shown)
    if standing not in ATTENTION:
        return
    for clash in shown.conflicts:
        cause = f"{clash.field} was edited on both sides."
        yield _waiting(shown, Trouble("conflict", cause, STEPS["conflict"].fix, clash.field), clash)
    for trouble in shown.troubles or UNSAID.get(standing, ()):
        yield _waiting(shown, trouble)


def _waiting(shown: Pairing, trouble: Trouble, conflict: Conflict | None = None) -> Waiting:
    known = {field.name for field in SPECS[shown.entity_type].fields}
    field = trouble.field if trouble.field in known else None
    return Waiting(Cause(trouble.code, shown.entity_type, field), trouble, conflict)


def causes_of(shown: Pairing) -> frozenset[Cause]:
    """Because of what *shown* waits."""
    return frozenset(each.cause for each in waiting(shown))


UNSAID: Mapping[Standing, tuple[Trouble, ...]] = {
    Standing.APPROVAL: (
        Trouble("approve_delete", "It was deleted on one side.", "Approve the deletion, or reject it."),
    ),
    Standing.DRAFT: (Trouble("draft", "Its row lacks a required field.", "Fill it in in Notion."),),
    Standing.UNREACHABLE: (
        Trouble(
            "unreachable",
            "Notion does not show its page: it is not shared with the connection any more, or gone.",
            "Share the page with the connection again.",
        ),
    ),
}
"""What is said of a mapping that waits and gives no trouble of its own."""


def question_of(shown: Pairing) -> Trouble:
    """What a person is asked who may approve or reject what *shown* waits with."""
    (unsaid,) = UNSAID[Standing.APPROVAL]
    since = next((trouble.since for trouble in shown.troubles if trouble.since is not None), None)
    asked = (trouble for trouble in shown.troubles if trouble.code in APPROVALS | {UNDONE})
    return next(asked, replace(unsaid, since=since))


def takes_along(shown: Pairing) -> bool:
    """Whether other pairs go with *shown*, should the deletion that it waits with be approved."""
    is_project = shown.entity_type is EntityType.MEDIA_PROJECT and shown.entity_id is not None
    return is_project and shown.state is State.AWAITING_APPROVAL and question_of(shown).code in DELETIONS


def still_asks(shown: Pairing, version: str | None) -> bool:
    """Whether *shown* waits with the question that a person saw as *version*; None: with any."""
    return shown.state is State.AWAITING_APPROVAL and version in (None, question_of(shown).version)


@dataclass(frozen=True, slots=True)
class Step:
    """What those that wait because of the same have in common, and the step that ends it."""

    cause: str
    fix: str
    call: str | None = None
    """The route that takes the step; None: it is made in Notion or NavImpact."""


_DECIDE = "POST /approvals/{mapping_id}"
_SET = "PUT /workspaces/{id}"

EACH_SAYS = Step("Each says why it waits.", "Do what each says.")

STEPS: Mapping[str, Step] = {
    "conflict": Step(
        "The field was edited on both sides to different values.",
        "Choose who wins, or make both sides say the same; nothing is overwritten until then.",
        "POST /conflicts/{mapping_id}/resolve",
    ),
    "approve_delete": Step(
        "Pages were moved to the trash in Notion. NavImpact deletes for good; each project says what goes with it.",
        "Approve the deletion, or restore the page in Notion; reject it where the page is not in the trash any more.",
        _DECIDE,
    ),
    "mass_deletion": Step(
        "Many records vanished from NavImpact within an hour, which looks more like a fault than like intent.",
        "Approve the deletion to move the page to the trash, or reject it to make its record again.",
        _DECIDE,
    ),
    "unread_deletion": Step(
        "The record was deleted in NavImpact, but its page says what NavImpact never had, or may say so where it "
        "cannot be read; each names the columns.",
        "Approve the deletion to move the page to the trash, or reject it to make its record again.",
        _DECIDE,
    ),
    "needs_confirmation": Step(
        "NavImpact did not say whether it made a record of a row, and shows one that may be it; each names it.",
        "Reject to pair the row with the record that it names, or approve to have another one made.",
        _DECIDE,
    ),
    "draft": Step(
        "No record can be made of a row that was added in Notion; each says why.",
        "Fill in what the row lacks, or change the rule of the settings that it names.",
    ),
    "copied": Step(
        "Rows that were copied in Notion carry the ids of the records that they were copied from, which each names.",
        "Clear “NavImpact ID” in Notion to make a row a record of its own, or move it to the trash.",
    ),
    "quarantined": Step(
        "The property is missing in Notion, or is of another type: the field is held, and nothing is cleared.",
        "Restore the property in Notion with its old type.",
    ),
    "unreadable": Step(
        "A side shows what means nothing, or does not show the field at all; each says which side, and what. The field "
        "is held, and nothing is cleared.",
        "Correct the value on the side that each names, or tell whoever runs that side.",
    ),
    "moved": Step(
        "The page was moved out of its database: nothing that it says can be read, and nothing is cleared.",
        "Move the page back into its database.",
    ),
    "unpaired": Step(
        "The row points to a page that is no project's, or whose project has no record in NavImpact: perhaps an old "
        "one in the trash. The field is held, and nothing is cleared.",
        "Point the row at the project's page, or restore that page in Notion and give it what it lacks.",
    ),
    "refused": Step(
        "A side refused the value; each says which, and why.",
        "Change the value on the other side, where it is sent from again, or do what each says.",
    ),
    "cannot_carry": Step(
        "The other side cannot hold the value; each says why.", "Change the value on the side that each names."
    ),
    ONE_WAY: Step(
        "It was changed on a side from which it does not sync.",
        "Let it sync both ways, or do what each says.",
        _SET,
    ),
    OUT_OF_SCOPE: Step(
        "The workspace's scope leaves it out.", "Widen the scope, or change the project in NavImpact to fit it.", _SET
    ),
    "oscillating": Step(
        "Something changes the field each time it is written.",
        "Stop the automation that changes it, or let one side win by a policy.",
        _SET,
    ),
    "unreachable": Step(
        "Notion does not show the page to NavSync any more: it is no longer shared, or gone for good.",
        "Share the page with the connection again. NavSync deletes nothing because it does not see a page.",
    ),
    "not_put_back": Step(
        "Pages that were moved to the trash in Notion were taken out to be read what they say, and Notion does not put "
        "them back; each says why.",
        "Move the page to the trash in Notion by hand, or edit it to keep it.",
    ),
    UNDONE: Step(
        "The record in NavImpact was removed by undoing what made it; the row in Notion stays.",
        "Edit the row to make its record again, or move it to the trash.",
    ),
    "failing": Step(
        "The last look failed; each says how.",
        "It is tried again by itself, ever more rarely. A sync of what failed tries it now: "
        '{"filter": {"sync_status": "failed"}}.',
        "POST /workspaces/{id}/sync",
    ),
}
"""By the code of what waits."""


def is_known(text: str) -> bool:
    """Whether *text* names a cause that something may wait because of, though perhaps nothing does now."""
    try:
        cause = Cause.parse(text)
    except ValueError:
        return False
    if cause.entity_type is None:
        return text in connection.CALLS
    has_field = cause.field is None or cause.field in SPECS[cause.entity_type].names
    return text == str(cause) and cause.code in STEPS and has_field
