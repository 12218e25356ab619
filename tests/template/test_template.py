"""What template.yaml promises: who may do what, what is encrypted, and that the numbers fit each other."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from navsync import config
from navsync.audit import DEPLOYMENT
from navsync.conductor import LEASE, SLICE
from tests.template.loading import TEMPLATE, of_type, template

ROOT = TEMPLATE.parent
KEY = {"Fn::GetAtt": ["Key", "Arn"]}

FUNCTIONS = of_type("AWS::Serverless::Function")
ROLES = of_type("AWS::IAM::Role")
QUEUES = of_type("AWS::SQS::Queue")

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TAKE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
AUDIT = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
"""Of audit rows only: a condition keeps the role to their partitions."""

ERASE = {"dynamodb:Query", "dynamodb:DeleteItem"}

MAY = {
    "AuthorizerRole": {
        "AuthorizerLogs": LOGS,
        "SigningSecret": {"secretsmanager:GetSecretValue"},
        "Key": {"kms:Decrypt"},
    },
    "OAuthCallbackRole": {
        "OAuthCallbackLogs": LOGS,
        "WorkspacesTable": {
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
        },
        "MappingsTable": {"dynamodb:PutItem"} | ERASE,
        "SyncLogsTable": AUDIT | ERASE,
        "WakeQueue": {"sqs:SendMessage"},
        "NotionOAuthSecret": {"secretsmanager:GetSecretValue"},
        "secret:<stack>/workspace/*": {
            "secretsmanager:CreateSecret",
            "secretsmanager:DeleteSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
        },
        "Key": {"kms:Decrypt", "kms:GenerateDataKey"},
    },
    "SyncTriggerRole": {
        "SyncTriggerLogs": LOGS,
        "WorkspacesTable": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "MappingsTable": {"dynamodb:PutItem"},
        "SyncLogsTable": AUDIT,
        "WakeQueue": {"sqs:SendMessage"},
        "LaterQueue": {"sqs:SendMessage"} | TAKE,
        "SigningSecret": {"secretsmanager:GetSecretValue"},
        "NotionWebhookSecret": {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"},
        "Key": {"kms:Decrypt", "kms:GenerateDataKey"},
    },
    "SyncWorkerRole": {
        "SyncWorkerLogs": LOGS,
        "WorkspacesTable": {
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
        "MappingsTable": {
            "dynamodb:BatchGetItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
        },
        "MappingsTable/index/by_due": {"dynamodb:Query"},
        "MappingsTable/index/by_project": {"dynamodb:Query"},
        "SyncLogsTable": {
            "dynamodb:BatchGetItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
        },
        "SyncLogsTable/index/by_run": {"dynamodb:Query"},
        "WakeQueue": {"sqs:SendMessage"} | TAKE,
        "LaterQueue": {"sqs:SendMessage"},
        "NotionOAuthSecret": {"secretsmanager:GetSecretValue"},
        "SigningSecret": {"secretsmanager:GetSecretValue"},
        "secret:<stack>/workspace/*": {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"},
        "Key": {"kms:Decrypt", "kms:GenerateDataKey"},
    },
    "ScheduledReconcileRole": {
        "ScheduledReconcileLogs": LOGS,
        "WorkspacesTable": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"},
        "MappingsTable": {"dynamodb:PutItem"} | ERASE,
        "SyncLogsTable": ERASE,
        "secret:<stack>/workspace/*": {"secretsmanager:DeleteSecret"},
        "WakeQueue": {"sqs:SendMessage"},
        "Key": {"kms:Decrypt", "kms:GenerateDataKey"},
    },
    "DashboardRole": {
        "DashboardLogs": LOGS,
        "WorkspacesTable": {
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
        "MappingsTable": {
            "dynamodb:GetItem",
            "dynamodb:BatchGetItem",
            "dynamodb:Query",
            "dynamodb:PutItem",
            "dynamodb:BatchWriteItem",
        },
        "MappingsTable/index/by_project": {"dynamodb:Query"},
        "MappingsTable/index/by_due": {"dynamodb:Query"},
        "MappingsTable/index/by_time": {"dynamodb:Query"},
        "MappingsTable/index/by_standing": {"dynamodb:Query"},
        "SyncLogsTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"} | AUDIT,
        "SyncLogsTable/index/by_time": {"dynamodb:Query"},
        "SyncLogsTable/index/by_outcome": {"dynamodb:Query"},
        "SyncLogsTable/index/by_run": {"dynamodb:Query"},
        "SyncLogsTable/index/by_record": {"dynamodb:Query"},
        "WakeQueue": {"sqs:SendMessage"},
        "Key": {"kms:Decrypt", "kms:GenerateDataKey"},
    },
    "TickRole": {"ScheduledReconcileFunction": {"lambda:InvokeFunction"}},
}
"""Each role: what it may do to what, and nothing else."""

ROUTES = {
    "OAuthCallbackFunction": {
        ("GET", "/connect", "caller"),
        ("GET", "/callback", "anybody"),
        ("POST", "/connect-workspace", "caller"),
        ("DELETE", "/workspaces/{id}", "caller"),
    },
    "SyncTriggerFunction": {
        ("POST", "/webhooks/navimpact", "anybody"),
        ("POST", "/webhooks/notion", "anybody"),
    },
    "DashboardFunction": {
        ("GET", "/workspaces", "caller"),
        ("GET", "/workspaces/{id}", "caller"),
        ("PUT", "/workspaces/{id}", "caller"),
        ("GET", "/sync-status", "caller"),
        ("GET", "/sync-mappings", "caller"),
        ("GET", "/sync-logs", "caller"),
        ("GET", "/dashboard", "caller"),
        ("GET", "/attention", "caller"),
        ("POST", "/sync-project/{project_id}", "caller"),
        ("POST", "/workspaces/{id}/sync", "caller"),
        ("POST", "/workspaces/{id}/preview", "caller"),
        ("GET", "/workspaces/{id}/previews/{preview_id}", "caller"),
        ("POST", "/workspaces/{id}/setup", "caller"),
        ("GET", "/conflicts", "caller"),
        ("POST", "/conflicts/{mapping_id}/resolve", "caller"),
        ("GET", "/approvals", "caller"),
        ("POST", "/approvals/{mapping_id}", "caller"),
        ("GET", "/history", "caller"),
        ("POST", "/history/{log_id}/revert", "caller"),
        ("GET", "/history/{log_id}/value", "caller"),
        ("GET", "/audit", "caller"),
        ("GET", "/explain/{entity_type}/{entity_id}", "caller"),
        ("GET", "/analytics", "caller"),
        ("GET", "/templates", "caller"),
        ("POST", "/templates", "caller"),
        ("PUT", "/templates/{template}", "caller"),
        ("DELETE", "/templates/{template}", "caller"),
        ("POST", "/create-template", "caller"),
        ("GET", "/openapi.json", "anybody"),
        ("GET", "/docs", "anybody"),
        ("GET", "/health", "anybody"),
    },
}

SETTINGS = {
    "AuthorizerFunction": config.AuthorizerSettings,
    "OAuthCallbackFunction": config.OAuthSettings,
    "SyncTriggerFunction": config.TriggerSettings,
    "SyncWorkerFunction": config.WorkerSettings,
    "ScheduledReconcileFunction": config.ReconcileSettings,
    "DashboardFunction": config.DashboardSettings,
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(role: str) -> list[dict[str, Any]]:
    return [each for policy in ROLES[role]["Policies"] for each in policy["PolicyDocument"]["Statement"]]


def resource_name(resource: dict[str, Any]) -> str:
    """`MappingsTable/index/by_time` for what the template writes as an ARN."""
    match resource:
        case {"Fn::GetAtt": [str(name), "Arn" | "Id"]}:
            return name
        case {"Fn::Sub": str(arn)}:
            arn = arn.removeprefix("arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:")
            return arn.replace("${AWS::StackName}", "<stack>").replace("${", "").replace(".Arn}", "")
    raise AssertionError(f"{resource} is no single resource")


# --- who may do what ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_may_do_what_is_written_here_and_nothing_else(role: str) -> None:
    granted: dict[str, set[str]] = {}
    for statement in statements(role):
        for resource in listed(statement["Resource"]):
            granted.setdefault(resource_name(resource), set()).update(listed(statement["Action"]))

    assert granted == MAY[role]


AUDITED = {
    "DashboardRole": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#AUDIT"]}},
    "OAuthCallbackRole": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#AUDIT"]}},
    "SyncTriggerRole": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [DEPLOYMENT]}},
}
"""Which rows of the sync log's table a role may write: anybody may call the last one's function."""


@pytest.mark.parametrize("role", AUDITED)
def test_a_role_adds_to_the_audit_trails_that_are_its_own_and_rewrites_no_row_of_the_sync_log(role: str) -> None:
    (trail,) = (each for each in statements(role) if each["Sid"] == "AuditTrail")

    assert trail["Condition"] == AUDITED[role]


def test_a_webhook_writes_no_more_of_the_workspaces_than_how_often_it_came() -> None:
    grants = [each for each in statements("SyncTriggerRole") if "dynamodb:UpdateItem" in listed(each["Action"])]
    on_workspaces = [each for each in grants if resource_name(each["Resource"]) == "WorkspacesTable"]

    assert [each["Condition"]["ForAllValues:StringLike"] for each in on_workspaces] == [
        {"dynamodb:LeadingKeys": ["CALLS#*"]}
    ]


def test_no_role_allows_a_wildcard_action() -> None:
    actions = {action for role in ROLES for each in statements(role) for action in listed(each["Action"])}

    assert [action for action in actions if "*" in action] == []


def test_each_function_has_a_role_of_its_own() -> None:
    roles = [function["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()]

    assert sorted(roles) == sorted(set(ROLES) - {"TickRole"})


def test_no_function_is_given_policies_beside_its_role() -> None:
    assert [name for name, function in FUNCTIONS.items() if "Policies" in function] == []


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"TickRole"}))
def test_the_key_is_used_only_through_services_that_the_role_uses(role: str) -> None:
    (key,) = (each for each in statements(role) if each["Sid"] == "Key")
    through = {service["Fn::Sub"].split(".")[0] for service in key["Condition"]["StringEquals"]["kms:ViaService"]}
    used = {action.split(":")[0] for each in statements(role) for action in listed(each["Action"])}

    assert through == used & {"dynamodb", "sqs", "secretsmanager"}


def test_only_the_account_and_the_log_service_are_named_in_the_keys_policy() -> None:
    (key,) = of_type("AWS::KMS::Key").values()
    principals = [statement["Principal"] for statement in key["KeyPolicy"]["Statement"]]

    assert principals == [
        {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
        {"Service": {"Fn::Sub": "logs.${AWS::Region}.${AWS::URLSuffix}"}},
    ]


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_the_key_is_rotated() -> None:
    (key,) = of_type("AWS::KMS::Key").values()

    assert key["EnableKeyRotation"] is True


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("AWS::DynamoDB::Table", lambda table: table["SSESpecification"]["KMSMasterKeyId"]),
        ("AWS::SQS::Queue", lambda queue: queue["KmsMasterKeyId"]),
        ("AWS::SecretsManager::Secret", lambda secret: secret["KmsKeyId"]),
        ("AWS::Logs::LogGroup", lambda group: group["KmsKeyId"]),
    ],
)
def test_everything_that_is_kept_is_encrypted_with_our_key(kind: str, where: Any) -> None:
    assert {name: where(each) for name, each in of_type(kind).items()} == dict.fromkeys(of_type(kind), KEY)


@pytest.mark.parametrize("table", sorted(of_type("AWS::DynamoDB::Table")))
def test_a_table_can_be_brought_back_and_forgets_what_expires(table: str) -> None:
    declared = of_type("AWS::DynamoDB::Table")[table]

    assert declared["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert declared["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert declared["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("kept", [*sorted(of_type("AWS::DynamoDB::Table")), "Key"])
def test_data_and_its_key_outlive_the_stack(kept: str) -> None:
    resource = template()["Resources"][kept]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_an_index_that_is_deployed_keeps_what_it_shows() -> None:
    """DynamoDB makes or removes one index in an update: two that changed what they show would be refused for good."""
    (mappings,) = (table for name, table in of_type("AWS::DynamoDB::Table").items() if name == "MappingsTable")
    shown = {index["IndexName"]: index["Projection"] for index in mappings["GlobalSecondaryIndexes"]}

    deployed = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["entity_type", "project_id"]}
    assert (shown["by_time"], shown["by_standing"]) == (deployed, deployed)


def test_tables_are_protected_unless_somebody_says_otherwise() -> None:
    protections = [table["DeletionProtectionEnabled"] for table in of_type("AWS::DynamoDB::Table").values()]

    assert protections == [{"Fn::If": ["Protected", True, False]}] * 3
    assert template()["Parameters"]["Protect"]["Default"] == "true"


def test_every_log_group_ends_and_every_function_writes_to_its_own() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    written = {function["LoggingConfig"]["LogGroup"]["Ref"] for function in FUNCTIONS.values()}

    assert written | {"ApiLogs"} == set(groups)
    assert [group["RetentionInDays"] for group in groups.values()] == [{"Ref": "LogRetentionDays"}] * len(groups)


def test_a_function_writes_to_the_log_group_that_lambda_would_give_it() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    for function in FUNCTIONS.values():
        group = groups[function["LoggingConfig"]["LogGroup"]["Ref"]]["LogGroupName"]["Fn::Sub"]
        assert group == f"/aws/lambda/{function['FunctionName']['Fn::Sub']}"


def test_no_secret_value_is_in_the_template() -> None:
    declared = of_type("AWS::SecretsManager::Secret")

    assert declared["NotionOAuthSecret"]["SecretString"] == '{"client_secret": ""}'
    assert declared["NotionWebhookSecret"]["SecretString"] == '{"verification_token": null, "armed_until": null}'
    assert "SecretString" not in declared["SigningSecret"]


# --- queues ---------------------------------------------------------------------------------------------------------


def consumers() -> list[tuple[str, str]]:
    """Queue and function of each subscription."""
    return [
        (event["Properties"]["Queue"]["Fn::GetAtt"][0], name)
        for name, function in FUNCTIONS.items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    ]


def timeout_of(function: str) -> int:
    seconds: int = FUNCTIONS[function].get("Timeout", template()["Globals"]["Function"]["Timeout"])
    return seconds


@pytest.mark.parametrize(("queue", "function"), consumers())
def test_a_message_stays_invisible_for_longer_than_its_function_may_run(queue: str, function: str) -> None:
    assert QUEUES[queue]["VisibilityTimeout"] > timeout_of(function)


def test_a_lease_ends_after_its_holder_and_before_the_message_comes_back() -> None:
    lease = LEASE.total_seconds()

    assert timeout_of("SyncWorkerFunction") < lease < QUEUES["WakeQueue"]["VisibilityTimeout"]


def test_a_slice_and_its_last_call_fit_into_the_workers_time() -> None:
    longest_call = template()["Parameters"]["NotionTimeout"]["MaxValue"]
    saving = 20

    assert SLICE.total_seconds() + longest_call + saving < timeout_of("SyncWorkerFunction")


@pytest.mark.parametrize("queue", ["WakeQueue", "LaterQueue"])
def test_a_queue_has_dead_letters_of_its_own_kind_and_an_alarm_at_the_first(queue: str) -> None:
    dead = QUEUES[queue]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    alarm = of_type("AWS::CloudWatch::Alarm")[f"{dead}Alarm"]

    assert QUEUES[dead].get("FifoQueue") == QUEUES[queue].get("FifoQueue")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [dead, "QueueName"]}}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")


@pytest.mark.parametrize("alarm", of_type("AWS::CloudWatch::Alarm").values(), ids=of_type("AWS::CloudWatch::Alarm"))
def test_an_alarm_rings_at_the_first_sign_and_is_sent_where_the_operator_said(alarm: Any) -> None:
    assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, 1, "notBreaching")
    assert alarm["AlarmActions"] == {"Fn::If": ["AlarmsAreSent", [{"Ref": "AlarmTopicArn"}], []]}


def test_a_deadly_record_is_parked_before_its_wake_ends_in_the_dead_letters() -> None:
    assert QUEUES["WakeQueue"]["RedrivePolicy"]["maxReceiveCount"] > 3


def test_wakes_are_repeats_only_within_their_workspace() -> None:
    assert QUEUES["WakeQueue"]["DeduplicationScope"] == "messageGroup"


def test_one_wake_is_worked_on_at_a_time() -> None:
    sizes = [
        event["Properties"]["BatchSize"]
        for function in FUNCTIONS.values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    ]

    assert sizes == [1, 1]


@pytest.mark.parametrize("function", ["SyncWorkerFunction", "SyncTriggerFunction"])
def test_the_chain_of_wakes_is_not_taken_for_a_runaway_loop(function: str) -> None:
    assert FUNCTIONS[function]["RecursiveLoop"] == "Allow"


# --- the schedule ---------------------------------------------------------------------------------------------------


def test_every_interval_that_is_allowed_has_its_rate() -> None:
    rates = template()["Mappings"]["Every"]

    assert list(rates) == [str(n) for n in template()["Parameters"]["NotionSyncInterval"]["AllowedValues"]]


@pytest.mark.parametrize(("seconds", "rate"), [(n, r["Rate"]) for n, r in template()["Mappings"]["Every"].items()])
def test_a_rate_is_as_long_as_its_interval_and_singular_for_one(seconds: str, rate: str) -> None:
    matched = re.fullmatch(r"rate\((\d+) (minute|hour)(s?)\)", rate)
    assert matched is not None
    number, unit, plural = int(matched[1]), matched[2], matched[3]

    assert number * {"minute": 60, "hour": 3600}[unit] == int(seconds)
    assert (plural == "s") == (number > 1)


def test_the_tick_follows_the_setting() -> None:
    (tick,) = of_type("AWS::Scheduler::Schedule").values()

    assert tick["ScheduleExpression"] == {"Fn::FindInMap": ["Every", {"Ref": "NotionSyncInterval"}, "Rate"]}
    assert template()["Parameters"]["NotionSyncInterval"]["Default"] == 300


# --- the API --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_serves_its_routes_to_whom_they_are_for(function: str) -> None:
    events = FUNCTIONS[function].get("Events", {}).values()
    routes = {
        (
            event["Properties"]["Method"],
            event["Properties"]["Path"].removeprefix("/api/v1/notion"),
            "anybody" if event["Properties"].get("Auth") == {"Authorizer": "NONE"} else "caller",
        )
        for event in events
        if event["Type"] == "HttpApi"
    }

    assert routes == ROUTES.get(function, set())


def test_who_is_calling_is_asked_once_a_minute() -> None:
    auth = of_type("AWS::Serverless::HttpApi")["Api"]["Auth"]
    caller = auth["Authorizers"][auth["DefaultAuthorizer"]]

    assert caller["Identity"] == {"Headers": ["Authorization"], "ReauthorizeEvery": 60}
    assert (caller["AuthorizerPayloadFormatVersion"], caller["EnableSimpleResponses"]) == ("2.0", True)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example.com", True),
        ("http://localhost:8787", True),
        ("*", False),
        ("https://*", False),
        ("https://a.example.com/path", False),
    ],
)
def test_only_exact_origins_may_call(origin: str, allowed: bool) -> None:
    pattern = template()["Parameters"]["AllowedOrigin"]["AllowedPattern"]
    cors = of_type("AWS::Serverless::HttpApi")["Api"]["CorsConfiguration"]

    assert cors["AllowOrigins"] == [{"Ref": "AllowedOrigin"}]
    assert bool(re.fullmatch(pattern, origin)) is allowed


def test_a_page_of_the_platform_may_read_every_header_that_is_meant_for_it() -> None:
    exposed = of_type("AWS::Serverless::HttpApi")["Api"]["CorsConfiguration"]["ExposeHeaders"]

    assert set(exposed) == {"retry-after", "preference-applied", "location"}


def test_the_access_log_has_no_query_string() -> None:
    written = of_type("AWS::Serverless::HttpApi")["Api"]["AccessLogSettings"]["Format"]

    assert re.findall(r"querystring|\$context\.requestOverride|protocol", written, re.IGNORECASE) == []
    assert "$context.path" in written


# --- functions and the layer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_is_told_what_it_reads_and_nothing_else(function: str) -> None:
    told = set(FUNCTIONS[function]["Environment"]["Variables"])

    assert {field.name.upper() for field in fields(SETTINGS[function])} == told - {"POWERTOOLS_SERVICE_NAME"}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_has_its_code(function: str) -> None:
    assert (ROOT / FUNCTIONS[function]["CodeUri"] / "app.py").is_file()


def test_no_function_is_told_a_secret_itself() -> None:
    told = {name for function in FUNCTIONS.values() for name in function["Environment"]["Variables"]}

    assert [
        name for name in told if re.search("TOKEN|PASSWORD|SECRET", name) and not re.search("ARN|PREFIX", name)
    ] == []


def test_the_layer_leaves_boto3_to_the_runtime() -> None:
    (layer,) = of_type("AWS::Serverless::LayerVersion").values()
    declared = (ROOT / layer["ContentUri"] / "requirements.txt").read_text() + (
        ROOT / "requirements" / "layer.txt"
    ).read_text()

    assert re.findall(r"^(?:boto3|botocore|s3transfer)\b.*", declared, re.MULTILINE) == []


def test_the_layer_and_the_functions_are_built_for_one_architecture() -> None:
    (layer,) = of_type("AWS::Serverless::LayerVersion").values()
    parameter = {"Ref": "Architecture"}

    assert template()["Globals"]["Function"]["Architectures"] == layer["CompatibleArchitectures"] == [parameter]
    assert template()["Parameters"]["Architecture"]["Default"] == "arm64"


def test_the_outputs_name_what_the_operator_needs() -> None:
    assert set(template()["Outputs"]) == {
        "ApiId",
        "ApiUrl",
        "WorkspacesTable",
        "MappingsTable",
        "SyncLogsTable",
        "WakeQueueUrl",
        "LaterQueueUrl",
        "NotionOAuthSecretArn",
        "SigningSecretArn",
        "NotionWebhookSecretArn",
        *FUNCTIONS,
    }


# --- environments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_an_environment_gives_every_parameter_that_has_no_default(environment: str) -> None:
    overrides = tomllib.loads(Path(ROOT, "samconfig.toml").read_text())[environment]["deploy"]["parameters"]
    given = {override.partition("=")[0] for override in overrides["parameter_overrides"]}
    parameters = template()["Parameters"]

    assert {name for name, each in parameters.items() if "Default" not in each} <= given <= set(parameters)
