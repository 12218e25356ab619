"""What CloudFormation is given: nothing that SAM adds is open to others, or encrypted with another key than ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template import loading
from tests.template.processed import of_type, processed

KEY = {"Fn::GetAtt": ["Key", "Arn"]}

KEY_OF: dict[str, Any] = {
    "AWS::DynamoDB::Table": lambda table: table["SSESpecification"]["KMSMasterKeyId"],
    "AWS::SQS::Queue": lambda queue: queue["KmsMasterKeyId"],
    "AWS::SecretsManager::Secret": lambda secret: secret["KmsKeyId"],
    "AWS::Logs::LogGroup": lambda group: group["KmsKeyId"],
}
KEEPS_NOTHING = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Scheduler::Schedule",
}


def test_every_kind_of_resource_keeps_nothing_or_names_its_key() -> None:
    kinds = {resource["Type"] for resource in processed()["Resources"].values()}

    assert kinds == KEEPS_NOTHING | KEY_OF.keys()


@pytest.mark.parametrize("kind", sorted(KEY_OF))
def test_what_is_kept_is_encrypted_with_our_key(kind: str) -> None:
    assert [name for name, declared in of_type(kind).items() if KEY_OF[kind](declared) != KEY] == []


@pytest.mark.parametrize("name", sorted(of_type("AWS::Lambda::Permission")))
def test_a_function_may_be_invoked_by_our_api_only(name: str) -> None:
    permission = of_type("AWS::Lambda::Permission")[name]

    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["SourceArn"]["Fn::Sub"][1]["__ApiId__"] == {"Ref": "Api"}


def test_no_role_is_added_to_those_that_the_template_names() -> None:
    assert of_type("AWS::IAM::Role").keys() == loading.of_type("AWS::IAM::Role").keys()


def test_no_role_takes_more_than_what_is_written_in_it() -> None:
    assert [name for name, role in of_type("AWS::IAM::Role").items() if "ManagedPolicyArns" in role] == []


def test_a_route_without_a_caller_is_one_that_says_so() -> None:
    (api,) = of_type("AWS::ApiGatewayV2::Api").values()
    methods = [method for path in api["Body"]["paths"].values() for method in path.values()]

    asked = [method["security"] for method in methods if "security" in method]
    assert asked.count([{"NONE": []}]) + asked.count([{"Caller": []}]) == len(methods)
