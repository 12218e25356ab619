"""One mapping: observe both sides, plan, record the intent, act, remember."""

from navsync.engine.engine import Engine
from navsync.engine.lost_answers import SETTLE
from navsync.engine.proof import CONFIRM
from navsync.engine.steps import Done, Later, Result, Run

__all__ = ["CONFIRM", "SETTLE", "Done", "Engine", "Later", "Result", "Run"]
