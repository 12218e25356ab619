"""A wake arrived: work on its workspace for one slice, and see that somebody goes on when there is more."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from navsync.bootstrap.sync_worker import start
from navsync.conductor import SLICE, conduct, pass_on
from navsync.config import WorkerSettings
from navsync.model import Connection

logger = Logger()
runtime = start(WorkerSettings.from_env(os.environ))


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Work for one slice per message.

    Whatever fails for one record is recorded and put off; an error that escapes is broken machinery, and the message
    comes back until it ends in the dead-letter queue.
    """
    for record in event["Records"]:
        workspace_id = int(json.loads(record["body"])["workspace_id"])
        ended = conduct(runtime.tools(workspace_id), context.aws_request_id, until=runtime.clock() + SLICE)
        pass_on(ended, workspace_id, runtime.inbox, now=runtime.clock())
        logger.info("slice", extra={"workspace_id": workspace_id, **asdict(ended)})
        if ended.note == Connection.SUSPENDED:
            _alarm(context.function_name)


def _alarm(function_name: str) -> None:
    """Notion will not take it back by itself: whoever operates this has to ask its support."""
    of = {"FunctionName": function_name}
    with single_metric("NotionBlockedUs", MetricUnit.Count, 1, namespace="NavSync", default_dimensions=of):
        pass  # it is written when the block ends
