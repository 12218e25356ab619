"""Which browser opens the pages? A Chromium that npm carries; where it carries none for it, the machine's own."""

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.navsync.stopped import Stopped
from tests import npm

WANTED: Final = Path(__file__).parent
KEPT: Final = npm.CACHE.parent / "chromium"
# Only in Lambda, which it knows by this, the package also unpacks the libraries that bare machines lack.
_UNPACK: Final = "require('@sparticuz/chromium').executablePath()"
_LAMBDA: Final = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
_UNPACK_WITHIN_S: Final = 60
_OWN: Final = ("chromium", "google-chrome", "chrome", "chromium-browser")
_OF_MACS: Final = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
QUIET: Final = (
    "--no-sandbox",  # of root's there is none, and the pages are all ours
    "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class NoBrowser(Exception):
    """There is none; the message says what the reader can do."""


@dataclass(frozen=True)
class Chromium:
    """A browser, and the environment in which it starts."""

    executable: Path
    environment: Mapping[str, str]


def found() -> Chromium:
    """Return the browser, installed when it is not there yet.

    Raises:
        NoBrowser: none is made for this machine, and it has none of its own.
        Stopped: npm or the package failed.
    """
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        return _carried()
    own = next(filter(None, map(shutil.which, _OWN)), None) or (_OF_MACS if _OF_MACS.exists() else None)
    if own is None:
        machine = f"{platform.system()} on {platform.machine()}"
        raise NoBrowser(f"no browser was found, and npm has none for {machine}: install Chromium or Chrome")
    return Chromium(Path(own), {})


def _carried() -> Chromium:
    where = KEPT / hashlib.sha256((WANTED / "package-lock.json").read_bytes()).hexdigest()[:16]
    modules = npm.packages(WANTED)
    with npm.alone():
        if not where.exists():
            _unpack(modules, where)
    libraries, fonts = {"LD_LIBRARY_PATH": str(where / "al2023/lib")}, {"XDG_DATA_HOME": str(where)}
    return Chromium(where / "chromium", libraries | fonts)


def _unpack(modules: Path, where: Path) -> None:
    """Unpack elsewhere and move here in one step, so that a cut one leaves nothing half done."""
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
        env = os.environ | _LAMBDA | {"NODE_PATH": str(modules), "TMPDIR": scratch}
        done = npm.call([str(npm.NODE), "--eval", _UNPACK], env, _UNPACK_WITHIN_S)
        if done.returncode:
            raise Stopped(f"Chromium could not be unpacked; Node.js said:\n{done.stderr}")
        Path(scratch).rename(where)
        Path(scratch).mkdir()
