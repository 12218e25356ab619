"""Failures, named by what the caller does next.

Two families: a `Retryable` passes with time or a fresh look, a `Fatal` needs a person. Vendors' errors are translated
into these in one place each (`notion.py`, `navimpact.py`); a vendor's text never leaves that place.
"""

from __future__ import annotations

from datetime import datetime

from navsync.model import PausedBy


class SyncError(Exception):
    """Any failure of the sync. *code* is stable and machine-readable; the message is for people."""

    code = "sync_error"


class Retryable(SyncError):
    """Passes with time or with a fresh look."""

    code = "retryable"


class Blocked(Retryable):
    """Send nothing before *until*: a rate limit or an overload, *by* whomever.

    *whole_workspace*: stop all its connections. *everybody*: stop every workspace, for all call with one token.
    *too_fast*: a limit on our own pace, so go on more slowly after it.
    """

    code = "blocked"

    def __init__(
        self,
        message: str,
        *,
        until: datetime,
        whole_workspace: bool = False,
        everybody: bool = False,
        too_fast: bool = False,
        by: PausedBy = PausedBy.NOTION,
    ) -> None:
        super().__init__(message)
        self.until = until
        self.whole_workspace = whole_workspace
        self.everybody = everybody
        self.too_fast = too_fast
        self.by = by


class Unavailable(Retryable):
    """The side could not be asked, and nothing was changed: try again after a pause."""

    code = "unavailable"


class Down(Unavailable):
    """The side did not answer, or with a failure of its own. Several in a row open the circuit breaker.

    *until*: it wants not to be asked before, perhaps for this one record alone.
    """

    code = "down"

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class Unclear(Retryable):
    """A write whose outcome is unknown (timeout, reset, 5xx): read again; never repeat it blindly."""

    code = "unclear"


class Raced(Retryable):
    """Somebody else changed it between our read and our write (409, 412): read again and decide anew."""

    code = "raced"


class StaleMapping(Retryable):
    """The stored item has moved on since we read it: read it again."""

    code = "stale"


class LostLease(Retryable):
    """Another worker owns the workspace now: stop, write nothing more."""

    code = "lost_lease"


class OutOfTime(Retryable):
    """The slice has ended: leave the rest as work and wake again."""

    code = "out_of_time"


class Fatal(SyncError):
    """Needs a person; trying again changes nothing."""

    code = "fatal"


class Refused(Fatal):
    """The side will not take this value, or we will not send it. *field* where it is about one."""

    code = "refused"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class SchemaChanged(Fatal):
    """The data source is not as we last read it: read its schema again, then look once more."""

    code = "schema_changed"


class NotReachable(Fatal):
    """Not shared with us, or gone: Notion does not tell which. Nothing is deleted for it."""

    code = "not_reachable"


class MissingCapability(Fatal):
    """The connection lacks a permission (403)."""

    code = "missing_capability"


class Forbidden(MissingCapability):
    """Notion says that the connection may not."""


class OutOfBlocks(Forbidden):
    """The Notion workspace has used the blocks of its plan: nothing new can be made there."""

    code = "out_of_blocks"


class NeedsReauth(Fatal):
    """The connection was removed or its token is dead: a person must connect again."""

    code = "needs_reauth"


class Suspended(Fatal):
    """The provider has blocked us for good and says not to retry."""

    code = "suspended"


class OtherShape(Fatal):
    """What is kept was written by another version of NavSync."""

    code = "other_shape"


class ConfigError(Fatal):
    """A setting is missing or wrong. Raised at start, naming the setting."""

    code = "config"


STOP_EVERYTHING = (Blocked, LostLease, OutOfTime, NeedsReauth, Suspended)
"""What is not about the record or the list that was being looked at: nothing goes on."""
