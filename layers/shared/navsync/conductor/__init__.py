"""One workspace: its lease, its lanes, its budget, and what to look at next."""

from navsync.conductor.shift import LEASE, SLICE, Slice, Waker, conduct, pass_on
from navsync.conductor.tools import NotionWorkspace, Tools

__all__ = ["LEASE", "SLICE", "NotionWorkspace", "Slice", "Tools", "Waker", "conduct", "pass_on"]
