# ruff: noqa: SLF001 - a patch reaches into what it patches; vendor.py pins it
"""Which settings of a table does the emulator's CloudFormation drop? Expiry and point-in-time recovery."""

from local.emulator.provisioning import Properties, after_provisioning, answer_of
from local.emulator.vendor import dynamodb


def install() -> None:
    """Apply TTL and point-in-time recovery when a stack creates or changes a table."""
    after_provisioning("AWS::DynamoDB::Table", _finish)


def _finish(name: str, properties: Properties) -> None:
    if ttl := properties.get("TimeToLiveSpecification"):
        answer_of(dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": ttl}))
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        wanted = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        answer_of(dynamodb._update_continuous_backups(wanted))
