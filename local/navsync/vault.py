"""What is in the deployed stack's secrets?"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from local.navsync.aws import Aws
from local.navsync.credentials import Credentials
from local.navsync.deployment import Outputs
from local.navsync.machine import Machine

ARMED_FOR = timedelta(minutes=10)


class Vault:
    """The secrets that the template made, by the outputs that name them."""

    def __init__(self, machine: Machine, outputs: Outputs) -> None:
        self._client = Aws.of(machine).secretsmanager()
        self._outputs = outputs

    def fill(self, credentials: Credentials) -> None:
        """Give the stack the secrets that the twins know."""
        self._write("NotionOAuthSecretArn", {"client_secret": credentials.notion_client_secret})
        self._write(
            "SigningSecretArn",
            {
                "jwt_secret": credentials.jwt_secret,
                "navimpact_webhook_secret": credentials.navimpact_webhook_secret,
                "navimpact_token": credentials.navimpact_token,
            },
        )

    def token(self, *, role: str, subject: str, organisation: str, valid_for: timedelta) -> str:
        """Mint a bearer token as the platform would."""
        secret = self._read("SigningSecretArn")["jwt_secret"]
        claims = {"sub": subject, "role": role, "org": organisation, "exp": datetime.now(UTC) + valid_for}
        return jwt.encode(claims, secret, algorithm="HS256")

    def arm_webhook(self) -> datetime:
        """Let Notion's next handshake through, for ten minutes."""
        until = datetime.now(UTC) + ARMED_FOR
        held = self._read("NotionWebhookSecretArn")
        self._write("NotionWebhookSecretArn", held | {"armed_until": until.isoformat()})
        return until

    def forget_webhook_token(self) -> None:
        """Let the next handshake bring another token; a live one is never replaced."""
        self._write("NotionWebhookSecretArn", {"verification_token": None, "armed_until": None})

    def webhook_token(self) -> str | None:
        """Return the token that a handshake left, which signs all of Notion's deliveries."""
        token: str | None = self._read("NotionWebhookSecretArn").get("verification_token")
        return token

    def _read(self, output: str) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(
            self._client.get_secret_value(SecretId=self._outputs[output])["SecretString"]
        )
        return value

    def _write(self, output: str, value: dict[str, Any]) -> None:
        secret, text = self._outputs[output], json.dumps(value)
        if self._client.get_secret_value(SecretId=secret)["SecretString"] != text:
            self._client.put_secret_value(SecretId=secret, SecretString=text)
