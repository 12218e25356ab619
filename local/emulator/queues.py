# ruff: noqa: SLF001 - a patch reaches into what it patches; vendor.py pins it
"""How many messages of a FIFO queue are worked on at once? As on AWS: one per message group."""

from typing import Any

from local.emulator.vendor import lambda_svc


def install() -> None:
    """Let groups of a FIFO queue run side by side.

    The emulator allows one batch in flight per FIFO mapping, so one slow workspace would hold up all others.
    Receiving already locks the groups that are in flight, which keeps each group's order.
    """
    concurrency = lambda_svc._sqs_esm_concurrency

    def as_for_a_standard_queue(esm: Any, func: Any, config: Any, queue: Any = None) -> int:  # noqa: ARG001
        return int(concurrency(esm, func, config, None))

    lambda_svc._sqs_esm_concurrency = as_for_a_standard_queue
