"""Which of Notion's undocumented or inconvenient behaviours are on."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
    length_unit: Literal["utf16", "code_points"] = "utf16"
    """What the limit of 2,000 characters counts."""
    trash_twice: Literal["ok", "refused"] = "ok"
    """The answer to trashing what is in the trash already."""
    default_order: Literal["newest_first", "oldest_first", "shuffled"] = "newest_first"
    """The order of query results without sorts, which Notion does not promise."""
    short_pages: bool = False
    """Query answers hold only half of the rows asked for, with `has_more` true, as Notion reserves the right to."""
    query_in_trash: Literal["refused", "ignored", "honoured"] = "refused"
    """What `in_trash` in the body of a query does; Notion's types list it, its manual calls it unsupported."""
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
    query_cap: int = Field(default=10_000, ge=1)
    """How many rows one query can reach."""
    requests_per_window: int | None = Field(default=None, ge=1)
    """Overrides the plan's budget per connection."""
    workspace_requests_per_window: int | None = Field(default=None, ge=1)
    """The budget that all connections of a workspace share; not published by Notion, off by default."""
    workspace_window_s: float = Field(default=60, gt=0)
    """The length of that shared window; its Retry-After may exceed a minute."""
