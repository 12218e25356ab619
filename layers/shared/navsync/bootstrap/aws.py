"""AWS's clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

QUICK = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
"""AWS answers in milliseconds; an API request must not hang for botocore's minute."""


def dynamodb() -> DynamoDBClient:
    """The tables."""
    return boto3.client("dynamodb", config=QUICK)


def sqs() -> SQSClient:
    """The queues."""
    return boto3.client("sqs", config=QUICK)


def vault() -> SecretsManagerClient:
    """Secrets Manager."""
    return boto3.client("secretsmanager", config=QUICK)
