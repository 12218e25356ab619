"""Which permissions were used? Every decision of the emulator's IAM, one JSON line each."""

import json
from pathlib import Path
from typing import Any

from local.emulator.vendor import iam_evaluator


def install(log: Path) -> None:
    """Append each decision to *log*, so that a test can compare what roles grant with what functions use."""
    evaluate = iam_evaluator.evaluate

    def recorded(context: Any, policies: Any, *limits: Any) -> Any:
        result = evaluate(context, policies, *limits)
        decision = {
            "principal": context.principal_arn,
            "action": context.action,
            "resource": context.resource_arn,
            "decision": result.decision,
        }
        with log.open("a") as out:
            out.write(json.dumps(decision) + "\n")
        return result

    iam_evaluator.evaluate = recorded
