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
        """Let Notion's next handshake through, for ten minutes; its token takes the place of the present one."""
        until = datetime.now(UTC) + ARMED_FOR
        armed = {"verification_token": None, "armed_until": until.isoformat()}
        self._write("NotionWebhookSecretArn", armed)
        return until

    def webhook_token(self) -> str | None:
        """Return what Notion signs deliveries with; None until a handshake brought it."""
        token: str | None = self._read("NotionWebhookSecretArn")["verification_token"]
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
