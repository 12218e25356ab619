"""How does this command reach the emulator, and never a real AWS account?"""

import os
from dataclasses import dataclass

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
