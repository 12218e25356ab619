"""Which of Notion's undocumented or inconvenient behaviours are on."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

RETRIES_S: Final = (60.0, 300.0, 900.0, 3600.0, 7200.0, 21600.0, 52740.0)
"""With the first attempt these make eight, the last about a day later."""


class Switches(BaseModel):
    """Set by the control surface; the defaults are the most likely behaviour of the real API."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    index_lag_s: float = Field(default=0, ge=0)
    """Query and search show the rows as they were this many seconds ago."""
    merge_scale: float = Field(default=1, ge=0)
    """Factor on the minute during which webhooks are held and merged; 0 sends each at once."""
    event_latency_s: float = Field(default=0, ge=0)
    """Seconds before an immediate webhook goes out; a page trashed meanwhile is never announced."""
    archived_key_in_2026: bool = True
    """Whether answers of version 2026-03-11 still carry `archived` beside `in_trash`."""
    not_found_wording: Literal["integration", "connection"] = "integration"
    """The noun in the text of a 404."""
    cursor_wording: Literal["newer", "older"] = "newer"
    """The text for a cursor that is none; both were seen."""
    free_block_limit: int = Field(default=1_000, ge=0)
    """How many blocks, pages included, a free workspace with several members can ever make."""
    trash_days: float = Field(default=30, gt=0)
    """After how many days in the trash something is gone for good; Enterprise workspaces can change it."""
    length_unit: Literal["utf16", "code_points"] = "utf16"
    """What the limit of 2,000 characters counts."""
    trash_twice: Literal["ok", "refused"] = "ok"
    """The answer to trashing what is in the trash already."""
    restoring_below_trash: Literal["refused", "without_effect"] = "refused"
    """The answer to taking a page out of the trash whose database, or a page above it, is there, too."""
    default_order: Literal["newest_first", "oldest_first", "shuffled"] = "newest_first"
    """The order of query results without sorts, which Notion does not promise."""
    short_pages: bool = False
    """Query answers hold only half of the rows asked for, with `has_more` true, as Notion reserves the right to."""
    query_in_trash: Literal["refused", "ignored", "honoured"] = "refused"
    """What `in_trash` in the body of a query does; Notion's types list it, its manual calls it unsupported."""
    capabilities_checked: Literal["first", "after_lookup"] = "first"
    """Whether a missing capability is told before it is known what a request is about, or only of what is shared."""
    template_blocks_can_be_made: bool = False
    """Whether a connection can make template buttons: the manual says no since 2023, the types still take them."""
    status_options_can_be_edited: bool = False
    """Whether the schema takes another name or colour for a status that there is, since these can be put in groups."""
    own_writes_are_told: bool = True
    """Whether a connection's own writes raise webhooks; seen, but not for every type."""
    webhook_retries_s: tuple[float, ...] = RETRIES_S
    """Seconds between the attempts to deliver a webhook; Notion names only their number and the last one's time."""
    webhook_answer_within_s: float = Field(default=10, gt=0)
    """Real seconds that the receiver of a webhook may take before it counts as failed; not documented."""
    most_subscriptions: int = Field(default=1, ge=1)
    """How many webhook subscriptions one connection may have; one more replaces the oldest. Not documented."""
    unknown_version_wording: Literal["naming_the_known", "naming_none"] = "naming_the_known"
    """Whether the text for a version that does not exist lists those that do."""
    unknown_version_code: Literal["validation_error", "missing_version"] = "validation_error"
    """The code for a version that is well formed and does not exist."""
    access_token_life_s: float | None = Field(default=None, gt=0)
    """After how many seconds an access token dies by itself; Notion documents no end."""
    old_token_outlives_refresh_s: float = Field(default=0, ge=0)
    """How long the access token before a refresh is still taken."""
    locked_pages_refuse_edits: bool = False
    """Whether a connection's edit of a locked page is refused; the lock is thought to be the application's only."""
    sign_handshake: bool = True
    """Whether the request that brings the verification token is signed (with that token)."""
    block_edits_touch_page: bool = True
    """Whether a connection's edit of blocks or markdown moves the page's `last_edited_time`; a person's always does."""
    unmatched_updates: Literal["refused", "skipped"] = "refused"
    """What becomes of an `old_str` that is not on the page beside others that are; alone it is always refused."""
    unknown_lists_unsupported: bool = False
    """Whether `unknown_block_ids` names blocks whose kind markdown cannot show, beside those that were not loaded."""
    markdown_block_cap: int = Field(default=20_000, ge=1)
    """How many blocks one answer of markdown can hold."""
    async_task_s: float = Field(default=1, ge=0)
    """Seconds during which an asynchronous write says that it is running."""
    import_s: float = Field(default=1, ge=0)
    """Seconds until an external file is imported."""
    template_s: float = Field(default=2, ge=0)
    """Seconds until a template that a page was made with is applied to it; until then the page is blank."""
    query_cap: int = Field(default=10_000, ge=1)
    """How many rows one query can reach."""
    requests_per_window: int | None = Field(default=None, ge=1)
    """Overrides the plan's budget per connection."""
    workspace_requests_per_window: int | None = Field(default=None, ge=1)
    """The budget that all connections of a workspace share; not published by Notion, off by default."""
    workspace_window_s: float = Field(default=60, gt=0)
    """The length of that shared window; its Retry-After may exceed a minute."""
