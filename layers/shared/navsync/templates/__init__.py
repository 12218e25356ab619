"""Templates: what a page starts with, filled from a record. A value never becomes formatting, nor a placeholder."""

from navsync.templates.built_in import BUILT_IN
from navsync.templates.commission import Commission, MadePage
from navsync.templates.start import PageStart
from navsync.templates.template import Filled, Template, fault_of, filled, named, names_of, offered, values_of

__all__ = [
    "BUILT_IN",
    "Commission",
    "Filled",
    "MadePage",
    "PageStart",
    "Template",
    "fault_of",
    "filled",
    "named",
    "names_of",
    "offered",
    "values_of",
]
