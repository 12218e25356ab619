"""How does this command reach the emulator, and never a real AWS account?"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from mypy_boto3_cloudformation import CloudFormationClient
from mypy_boto3_secretsmanager import SecretsManagerClient

from local.navsync.machine import Machine

REGION = "us-east-1"
# The emulator's account; its root is who asks with this key, whatever the secret is.
ACCESS_KEY, SECRET_KEY = "000000000000", "local"
# A server on this machine: no long waits, few retries.
QUICK = Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 2})


@dataclass(frozen=True, slots=True)
class Aws:
    """The emulator of one machine, as boto3 and other programs see it."""

    endpoint_url: str

    @staticmethod
    def of(machine: Machine) -> "Aws":
        """Return the emulator of *machine*."""
        return Aws(machine.aws.quick_url)

    def cloudformation(self) -> CloudFormationClient:
        """Return a client for stacks."""
        return self._session().client("cloudformation", endpoint_url=self.endpoint_url, config=QUICK)

    def secretsmanager(self) -> SecretsManagerClient:
        """Return a client for secrets."""
        return self._session().client("secretsmanager", endpoint_url=self.endpoint_url, config=QUICK)

    def tables(self) -> Iterator[tuple[str, str]]:
        """Return the name of each table with everything that is in it."""
        client = self._session().client("dynamodb", endpoint_url=self.endpoint_url, config=QUICK)
        for name in client.list_tables()["TableNames"]:
            pages = client.get_paginator("scan").paginate(TableName=name)
            yield name, repr([page["Items"] for page in pages])

    def invoke(self, function: str) -> None:
        """Have *function* do what it does when nobody says anything particular, and wait for its end."""
        self._session().client("lambda", endpoint_url=self.endpoint_url, config=QUICK).invoke(FunctionName=function)

    def log_groups(self, prefix: str) -> list[str]:
        """Return the names of log groups."""
        pages = self._logs().get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        return [group["logGroupName"] for page in pages for group in page["logGroups"]]

    def lines(self, log_group: str, since: datetime | None = None) -> Iterator[str]:
        """Return what a log group holds, oldest first."""
        start = {"startTime": int(since.timestamp() * 1000)} if since else {}
        pages = self._logs().get_paginator("filter_log_events").paginate(logGroupName=log_group, **start)
        return (event["message"].rstrip() for page in pages for event in page["events"])

    def _logs(self) -> Any:
        return self._session().client("logs", endpoint_url=self.endpoint_url, config=QUICK)

    def _session(self) -> boto3.Session:
        return boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)

    def environment(self) -> dict[str, str]:
        """Return what makes a program talk to the emulator, whatever profiles this machine knows."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
