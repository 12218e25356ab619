"""Is a secret found anywhere but where secrets are kept?"""

import json
from collections.abc import Iterator

from local.navsync.aws import Aws
from local.navsync.demo.checks import expect
from local.navsync.demo.stage import Stage

FEWEST = 7
"""Notion's client secret, three to sign with, the webhook's token, an access and a refresh token."""


def no_secret_is_told(stage: Stage) -> str:
    """No secret is found in a table, a log or an answer."""
    secrets, places = set(_secrets(stage.aws)), dict(_places(stage))
    expect(len(secrets) >= FEWEST, f"only {len(secrets)} secrets are kept")
    found = sorted({name for name, text in places.items() if any(secret in text for secret in secrets)})
    expect(not found, f"there is one in {', '.join(found)}")
    return f"{len(secrets)} secrets, 0 times in {len(places)} tables, logs and answers"


def _secrets(aws: Aws) -> Iterator[str]:
    client = aws.secretsmanager()
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            kept = json.loads(client.get_secret_value(SecretId=secret["ARN"])["SecretString"])
            yield from (value for value in kept.values() if isinstance(value, str) and value)


def _places(stage: Stage) -> Iterator[tuple[str, str]]:
    """Everything that others may read, by its name."""
    yield from stage.aws.tables()
    for log in stage.machine.log.glob("*.log"):
        yield f"the log {log.name}", log.read_text(errors="replace")
    for number, (asked, answer) in enumerate(stage.answers, 1):
        yield f"answer {number}, to {asked}", answer
