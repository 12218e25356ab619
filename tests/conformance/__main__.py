"""Run every suite that compares the twin with Notion, and report what was compared."""

import subprocess
import sys
from pathlib import Path

from tests.conformance import evidence
from tests.conformance.report import told

ROOT = Path(__file__).parents[2]
SUITES = ("tests/conformance", "tests/twins/notion")


def main() -> int:
    """0 when every suite passed; the report comes either way."""
    evidence.clear()
    tests = ("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *SUITES)
    ended = subprocess.run([sys.executable, *tests], cwd=ROOT, check=False)  # noqa: S603  # our own tests
    print(told(evidence.read()))  # noqa: T201
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
