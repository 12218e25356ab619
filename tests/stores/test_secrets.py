"""Tokens and keys live in Secrets Manager, and show themselves to nobody."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from navsync.credentials import Tokens
from navsync.errors import ConfigError, Unavailable
from navsync.secrets import CACHED_S, DeploymentSecrets, NotionWebhookToken, WorkspaceSecrets
from tests.stores.conftest import MINUTE, NOW, Clock
from tests.template.loading import of_type

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

TOKENS = Tokens("ntn_access", "nrt_refresh")


@pytest.fixture
def client(aws: None) -> SecretsManagerClient:
    client = boto3.client("secretsmanager")
    for secret in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
    return client


@pytest.fixture
def deployment(client: SecretsManagerClient, clock: Clock) -> DeploymentSecrets:
    return DeploymentSecrets(client, clock)


@pytest.fixture
def key() -> str:
    arn: str = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def workspaces(client: SecretsManagerClient, key: str) -> WorkspaceSecrets:
    return WorkspaceSecrets(client, prefix="navsync/workspace/", kms_key_arn=key)


@pytest.fixture
def webhook(client: SecretsManagerClient, clock: Clock) -> NotionWebhookToken:
    return NotionWebhookToken(client, as_deployed(client, "NotionWebhookSecret"), clock)


def as_deployed(client: SecretsManagerClient, logical_id: str) -> str:
    """A secret as the template leaves it."""
    declared = of_type("AWS::SecretsManager::Secret")[logical_id]
    value = declared.get("SecretString") or declared["GenerateSecretString"]["SecretStringTemplate"]
    return client.create_secret(Name=logical_id, SecretString=value)["ARN"]


def fill(client: SecretsManagerClient, arn: str, **values: str | None) -> None:
    """What the operator does."""
    client.put_secret_value(SecretId=arn, SecretString=json.dumps(values))


# --- workspaces -----------------------------------------------------------------------------------------------------


def test_a_workspace_gets_its_tokens_back(workspaces: WorkspaceSecrets) -> None:
    workspaces.put(17, TOKENS)

    assert workspaces.get(17) == TOKENS


def test_a_connection_may_have_no_refresh_token(workspaces: WorkspaceSecrets) -> None:
    workspaces.put(17, Tokens("ntn_access", None))

    assert workspaces.get(17) == Tokens("ntn_access", None)


def test_tokens_are_encrypted_with_our_key(workspaces: WorkspaceSecrets, key: str) -> None:
    workspaces.put(17, TOKENS)

    assert workspaces.client.describe_secret(SecretId="navsync/workspace/17")["KmsKeyId"] == key


def test_refreshed_tokens_are_in_force_at_once(workspaces: WorkspaceSecrets) -> None:
    workspaces.put(17, TOKENS)
    workspaces.get(17)
    workspaces.put(17, Tokens("ntn_new", "nrt_new"))

    assert workspaces.get(17) == Tokens("ntn_new", "nrt_new")


def test_a_workspace_that_was_never_connected_has_no_tokens(workspaces: WorkspaceSecrets) -> None:
    workspaces.put(1, TOKENS)

    assert workspaces.get(17) is None


def test_deleted_tokens_cannot_be_recovered(workspaces: WorkspaceSecrets) -> None:
    workspaces.put(17, TOKENS)
    workspaces.delete(17)

    listed = workspaces.client.list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert "navsync/workspace/17" not in {secret["Name"] for secret in listed}


def test_a_workspace_can_be_connected_again_after_its_tokens_were_deleted(workspaces: WorkspaceSecrets) -> None:
    workspaces.put(17, TOKENS)
    workspaces.delete(17)
    workspaces.put(17, TOKENS)

    assert workspaces.get(17) == TOKENS


def test_deleting_twice_is_deleting(workspaces: WorkspaceSecrets) -> None:
    workspaces.delete(17)
    workspaces.delete(17)


def test_tokens_do_not_show_when_printed() -> None:
    assert "ntn_access" not in f"{TOKENS!r} {TOKENS}"
    assert "nrt_refresh" not in f"{TOKENS!r} {TOKENS}"


# --- the deployment -------------------------------------------------------------------------------------------------


def test_the_operator_fills_the_signing_secret(deployment: DeploymentSecrets) -> None:
    arn = as_deployed(deployment.client, "SigningSecret")
    fill(deployment.client, arn, jwt_secret="j", navimpact_webhook_secret="whsec_w", navimpact_token="t")

    signing = deployment.signing(arn)

    assert (signing.jwt_secret, signing.navimpact_webhook_secret, signing.navimpact_token) == ("j", "whsec_w", "t")
    assert "whsec_w" not in repr(signing)


def test_a_secret_that_nobody_has_filled_stops_with_its_name(deployment: DeploymentSecrets) -> None:
    with pytest.raises(ConfigError, match="client_secret is empty"):
        deployment.oauth_client_secret(as_deployed(deployment.client, "NotionOAuthSecret"))


def test_a_secret_that_is_filled_at_last_is_known_at_once(deployment: DeploymentSecrets) -> None:
    arn = as_deployed(deployment.client, "NotionOAuthSecret")
    with pytest.raises(ConfigError):
        deployment.oauth_client_secret(arn)

    fill(deployment.client, arn, client_secret="filled")

    assert deployment.oauth_client_secret(arn) == "filled"


def test_a_secret_is_read_again_after_a_few_minutes(deployment: DeploymentSecrets, clock: Clock) -> None:
    arn = as_deployed(deployment.client, "NotionOAuthSecret")
    fill(deployment.client, arn, client_secret="old")
    deployment.oauth_client_secret(arn)
    fill(deployment.client, arn, client_secret="new")

    cached = deployment.oauth_client_secret(arn)
    clock.seconds = CACHED_S + 1

    assert (cached, deployment.oauth_client_secret(arn)) == ("old", "new")


def test_a_store_that_does_not_answer_can_be_tried_again(
    workspaces: WorkspaceSecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="nowhere")

    monkeypatch.setattr(workspaces.client, "get_secret_value", unreachable)

    with pytest.raises(Unavailable):
        workspaces.get(17)


# --- the webhook handshake ------------------------------------------------------------------------------------------


def arm(webhook: NotionWebhookToken, until: datetime = NOW + 10 * MINUTE, token: str | None = None) -> None:
    """What `navsync webhook arm` writes."""
    fill(webhook.client, webhook.arn, verification_token=token, armed_until=until.isoformat())


def test_before_the_first_handshake_there_is_no_token(webhook: NotionWebhookToken) -> None:
    assert webhook.live() is None


def test_a_handshake_that_nobody_awaits_is_refused(webhook: NotionWebhookToken) -> None:
    assert not webhook.capture("secret_forged", now=NOW)
    assert webhook.live() is None


def test_an_awaited_handshake_is_in_force_at_once(webhook: NotionWebhookToken) -> None:
    webhook.live()
    arm(webhook)

    assert webhook.capture("secret_live", now=NOW)
    assert webhook.live() == "secret_live"


def test_a_handshake_after_the_time_is_refused(webhook: NotionWebhookToken) -> None:
    arm(webhook, until=NOW)

    assert not webhook.capture("secret_late", now=NOW)


def test_only_the_first_handshake_is_taken(webhook: NotionWebhookToken) -> None:
    arm(webhook)
    webhook.capture("secret_first", now=NOW)

    assert not webhook.capture("secret_second", now=NOW)
    assert webhook.live() == "secret_first"


def test_a_token_in_force_is_never_replaced(webhook: NotionWebhookToken) -> None:
    arm(webhook, token="secret_live")

    assert not webhook.capture("secret_forged", now=NOW)
    assert webhook.live() == "secret_live"
