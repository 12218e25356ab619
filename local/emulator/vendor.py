"""Which insides of ministack do we reach into? This module alone imports it, and only the version we know.

The patches beside this module replace functions that ministack does not promise to keep, so any other version
is refused. To move to a new one, change the pin here and in ``requirements/dev.in`` and run ``tests/local``:
every patch has a test there that fails when the part it replaces has moved.
"""

from importlib.metadata import version

PINNED = "1.5.33"

if (found := version("ministack")) != PINNED:
    raise SystemExit(
        f"we stopped because the emulator is fitted to ministack {PINNED} and {found} is installed: "
        "run `python3 local/bootstrap.py` to bring back the locked version"
    )

# ministack carries no types; what crosses from it into our code is typed where it crosses.
from ministack import app  # type: ignore[import-untyped]  # noqa: E402
from ministack.core import iam_evaluator, lambda_runtime, persistence  # type: ignore[import-untyped]  # noqa: E402
from ministack.services import (  # type: ignore[import-untyped]  # noqa: E402
    apigateway,
    cloudformation,
    dynamodb,
    kms,
    lambda_svc,
    secretsmanager,
    sqs,
)
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # noqa: E402

__all__ = [
    "apigateway",
    "app",
    "cloudformation",
    "dynamodb",
    "iam_evaluator",
    "kms",
    "lambda_runtime",
    "lambda_svc",
    "persistence",
    "provisioners",
    "secretsmanager",
    "sqs",
]
