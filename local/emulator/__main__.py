"""How is the emulator started? ``python -m local.emulator``, configured by its environment.

``NAVSYNC_AWS_PORT`` (4566) and ``NAVSYNC_PORT`` (8787) are its ports, ``RUNTIME_PYTHON`` the Python of
functions, ``IAM_LOG`` a file for permission decisions. ``MORTAL_FUNCTIONS`` names functions whose processes end at
the calls that the file ``MORTAL_PLAN`` chooses. The rest (``STATE_DIR``, ``AUTH``, …) is ministack's.
"""

import asyncio
import os
from pathlib import Path

HOST = "127.0.0.1"


def main() -> None:
    """Patch the emulator and serve until a signal ends it; its state is written on the way out."""
    aws_port, api_port = os.environ.get("NAVSYNC_AWS_PORT", "4566"), os.environ.get("NAVSYNC_PORT", "8787")
    os.environ["GATEWAY_PORT"] = aws_port  # ministack reads it on import
    _patch(endpoint=f"http://{HOST}:{aws_port}")

    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from local.emulator.front import Front
    from local.emulator.vendor import app

    config = Config()
    config.bind = [f"{HOST}:{aws_port}", f"{HOST}:{api_port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    asyncio.run(serve(Front(app.app, api_port=int(api_port)), config))  # type: ignore[arg-type]


def _patch(*, endpoint: str) -> None:
    from local.emulator import functions, http_api, permissions, queues, tables

    functions.install(Path(os.environ["RUNTIME_PYTHON"]), endpoint)
    http_api.install()
    queues.install()
    tables.install()
    if log := os.environ.get("IAM_LOG"):
        permissions.install(Path(log))


if __name__ == "__main__":
    main()
