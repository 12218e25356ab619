"""How does the real Notion differ from its twin?"""

from local.navsync.probe.differences import Difference, differences
from local.navsync.probe.report import report
from local.navsync.probe.run import connected

__all__ = ["Difference", "connected", "differences", "report"]
