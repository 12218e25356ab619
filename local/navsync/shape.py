"""Was what is kept on this machine written by a NavSync that keeps it as this checkout does?"""

import re
from pathlib import Path

from local.navsync.machine import ROOT, Machine
from local.navsync.stopped import Stopped

DECLARED = ROOT / "layers/shared/navsync/store/dynamo.py"


def check(machine: Machine) -> None:
    """Stop where another version has written it, before anything is started; nothing is deleted unasked."""
    stamp, ours = machine.state / "shape", declared()
    written = stamp.read_text() if stamp.exists() else None
    if written != ours and (machine.state / "aws").exists():
        raise Stopped(
            f"what {machine.state} keeps was written by another version of NavSync: "
            "forget it with `make reset`, then start anew"
        )
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(ours)


def declared(source: Path = DECLARED) -> str:
    """The number that this checkout's items carry. Read, not imported: what is deployed has its own environment."""
    found = re.search(r"^SCHEMA = (\d+)$", source.read_text(), re.MULTILINE)
    if found is None:
        raise Stopped(f"{source} does not say which shape its items have: restore its line `SCHEMA = `")
    return found[1]
