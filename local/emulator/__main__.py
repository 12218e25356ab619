"""How is the emulator started? ``python -m local.emulator``, configured by its environment.

``NAVSYNC_AWS_PORT`` (4566) and ``NAVSYNC_PORT`` (8787) are its ports, ``RUNTIME_PYTHON`` the Python of
functions, ``IAM_LOG`` a file for permission decisions. ``MORTAL_FUNCTIONS`` names functions whose processes end at
the calls that the file ``MORTAL_PLAN`` chooses. With ``PERSIST_STATE`` its state is kept in ``STATE_DIR``. The rest
(``AUTH``, …) is ministack's.
"""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypercorn.config import Config

HOST = "127.0.0.1"


def main() -> None:
    """Patch the emulator and serve until a signal ends it; its state is written now and then, and on the way out."""
    aws_port, api_port = os.environ.get("NAVSYNC_AWS_PORT", "4566"), os.environ.get("NAVSYNC_PORT", "8787")
    os.environ["GATEWAY_PORT"] = aws_port  # ministack reads it on import
    _patch(endpoint=f"http://{HOST}:{aws_port}")

    from hypercorn.config import Config

    config = Config()
    config.bind = [f"{HOST}:{aws_port}", f"{HOST}:{api_port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    asyncio.run(_serve(config, int(api_port)))


async def _serve(config: "Config", api_port: int) -> None:
    from hypercorn.asyncio import serve

    from local.emulator.front import Front
    from local.emulator.moments import Moments
    from local.emulator.vendor import app, persistence

    if not persistence.PERSIST_STATE:
        await serve(Front(app.app, api_port=api_port), config)  # type: ignore[arg-type]
        return
    moments = Moments(Path(persistence.STATE_DIR))
    moments.install()
    saving = asyncio.create_task(moments.keep())
    await serve(Front(app.app, api_port=api_port, changed=moments.note), config)  # type: ignore[arg-type]
    saving.cancel()


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
