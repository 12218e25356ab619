"""Each thing that the launcher adds to ministack, seen from outside."""

import json
import time
from typing import Any

import httpx
import jsonschema
import pytest

from local.emulator.front import instead_of_root
from tests.local.conftest import ROOT, Emulator


@pytest.fixture
def aws(emulator: Emulator) -> Any:
    """A client of the control plane, as any program is."""
    with httpx.Client(base_url=emulator.aws_url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def told(deployed: Emulator) -> dict[str, Any]:
    """What the sample function tells of a request with cookies, and of its surroundings."""
    response = httpx.get(
        f"http://localhost:{deployed.api_port}/public?a=1&a=2",
        headers={"cookie": "one=1; two=2"}, trust_env=False, timeout=30,
    )  # fmt: skip
    answer: dict[str, Any] = response.json()
    return answer


def test_a_route_of_the_template_reaches_its_function(api: httpx.Client) -> None:
    response = api.get("/private/ada", headers={"authorization": "Bearer good"})
    assert response.json()["event"]["pathParameters"] == {"name": "ada"}


def test_what_the_authorizer_says_reaches_the_function(api: httpx.Client) -> None:
    response = api.get("/private/ada", headers={"authorization": "Bearer good"})
    assert response.json()["event"]["requestContext"]["authorizer"] == {"lambda": {"subject": "somebody"}}


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"authorization": "Bearer bad"}, 403)])
def test_the_authorizer_keeps_others_out(api: httpx.Client, headers: dict[str, str], status: int) -> None:
    assert api.get("/private/ada", headers=headers).status_code == status


@pytest.mark.parametrize(("headers", "status"), [({}, "401"), ({"authorization": "Bearer bad"}, "403")])
def test_who_is_kept_out_is_told_what_the_apis_document_says(
    api: httpx.Client, headers: dict[str, str], status: str
) -> None:
    document = json.loads((ROOT / "functions/dashboard/openapi.json").read_text())
    described = document["paths"]["/api/v1/notion/workspaces"]["get"]["responses"][status]["content"]

    answer = api.get("/private/ada", headers=headers)

    media = described[answer.headers["content-type"]]
    assert answer.json() == media["example"]
    jsonschema.validate(answer.json(), {"components": document["components"]} | media["schema"])


def test_the_root_of_the_api_names_the_page_that_describes_it(api: httpx.Client) -> None:
    answer = api.get("/")

    assert (answer.status_code, answer.text) == (404, "there is nothing at this address: /v1/docs describes the API\n")


@pytest.mark.parametrize("root", ["GET /", "ANY /", "$default"])
def test_a_root_that_is_deployed_answers_for_itself(root: str) -> None:
    assert instead_of_root(["GET /v1/docs", root]) is None


def test_a_route_without_an_authorizer_is_public(api: httpx.Client) -> None:
    assert api.post("/public").status_code == 200


def test_a_page_of_an_allowed_origin_passes_preflight(api: httpx.Client) -> None:
    headers = {"origin": "http://page.example", "access-control-request-method": "GET"}
    response = api.options("/private/ada", headers=headers)
    assert response.headers["access-control-allow-origin"] == "http://page.example"


def test_such_a_page_may_read_the_headers_that_are_exposed(api: httpx.Client) -> None:
    response = api.post("/public", headers={"origin": "http://page.example"})
    assert response.headers["access-control-expose-headers"] == "retry-after"


def test_a_failing_function_tells_callers_nothing(api: httpx.Client) -> None:
    response = api.get("/failing")
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


def test_cookies_arrive_as_a_list(told: dict[str, Any]) -> None:
    assert told["event"]["cookies"] == ["one=1", "two=2"]


def test_cookies_do_not_arrive_as_a_header(told: dict[str, Any]) -> None:
    assert "cookie" not in told["event"]["headers"]


@pytest.mark.parametrize("body", [b'{"a":  "\xc3\xa9"}\r\n', b""])
def test_a_body_arrives_byte_for_byte(api: httpx.Client, body: bytes) -> None:
    response = api.post("/public", content=body, headers={"content-type": "application/json"})
    assert response.json()["event"].get("body", "").encode() == body


def test_the_path_that_a_function_sees_is_the_one_asked_for(told: dict[str, Any]) -> None:
    event = told["event"]
    assert (event["rawPath"], event["rawQueryString"]) == ("/public", "a=1&a=2")


def test_a_function_runs_on_the_runtime_client_of_aws(told: dict[str, Any]) -> None:
    assert told["surroundings"]["environment"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"


def test_a_function_has_its_own_variables(told: dict[str, Any]) -> None:
    assert told["surroundings"]["environment"]["GREETING"] == "hello"


def test_a_function_sees_nothing_of_the_shell(told: dict[str, Any]) -> None:
    assert "hunter2" not in told["surroundings"]["environment"].values()


def test_a_function_finds_only_what_lambda_has(told: dict[str, Any]) -> None:
    assert told["surroundings"]["can_import"] == {"boto3": True, "ministack": False, "httpx": False}


def test_a_function_may_do_what_its_role_grants_and_no_more(told: dict[str, Any]) -> None:
    assert told["surroundings"]["write_to"] == {"TABLE": "ok", "OTHER_TABLE": "AccessDeniedException"}


def test_a_function_that_cannot_be_imported_says_so_in_its_log(deployed: Emulator) -> None:
    name = deployed.outputs()["Unimportable"]
    deployed.session.client("lambda", endpoint_url=deployed.aws_url).invoke(FunctionName=name)
    logs: Any = deployed.session.client("logs", endpoint_url=deployed.aws_url)
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert "Unable to import module 'missing'" in "".join(event["message"] for event in events)


def test_every_permission_that_was_used_is_noted(deployed: Emulator, told: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in deployed.iam_log.read_text().splitlines()]
    used = {(line["action"], line["resource"].split("/")[-1], line["decision"]) for line in lines}
    outputs = deployed.outputs()
    assert {
        ("dynamodb:PutItem", outputs["Table"], "Allow"),
        ("dynamodb:PutItem", outputs["OtherTable"], "ImplicitDeny"),
    } <= used


def test_expiry_of_a_table_is_what_the_template_says(deployed: Emulator) -> None:
    client = deployed.session.client("dynamodb", endpoint_url=deployed.aws_url)
    described = client.describe_time_to_live(TableName=deployed.outputs()["Table"])["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_recovery_of_a_table_is_what_the_template_says(deployed: Emulator) -> None:
    client = deployed.session.client("dynamodb", endpoint_url=deployed.aws_url)
    described = client.describe_continuous_backups(TableName=deployed.outputs()["Table"])
    recovery = described["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


@pytest.fixture(scope="session")
def worked(deployed: Emulator) -> list[dict[str, Any]]:
    """What became of two messages in each of two groups, each a second's work."""
    outputs = deployed.outputs()
    queue = deployed.session.client("sqs", endpoint_url=deployed.aws_url)
    for body, group in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("b2", "b")):
        queue.send_message(
            QueueUrl=outputs["Queue"], MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body
        )
    table = deployed.session.resource("dynamodb", endpoint_url=deployed.aws_url).Table(outputs["Table"])
    return wait_for_items(table, {"a1", "a2", "b1", "b2"})


def wait_for_items(table: Any, ids: set[str]) -> list[dict[str, Any]]:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        items = [item for item in table.scan(ConsistentRead=True)["Items"] if item["id"] in ids]
        if len(items) == len(ids):
            return sorted(items, key=lambda item: str(item["id"]))
        time.sleep(0.1)
    pytest.fail("the queue was not worked off")


def test_groups_of_a_queue_are_worked_side_by_side(worked: list[dict[str, Any]]) -> None:
    a1, _, b1, _ = worked
    assert max(a1["started"], b1["started"]) < min(a1["ended"], b1["ended"])


def test_messages_of_a_group_are_worked_one_after_the_other(worked: list[dict[str, Any]]) -> None:
    a1, a2, b1, b2 = worked
    assert (a1["ended"] <= a2["started"], b1["ended"] <= b2["started"]) == (True, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-origin"},
        {"host": "evil.example"},
        {"host": "localhost.evil.example"},
    ],
)
def test_the_control_plane_answers_no_web_page(aws: httpx.Client, headers: dict[str, str]) -> None:
    forged = {"authorization": "AWS4-HMAC-SHA256 Credential=000000000000/x,Signature=00"}
    response = aws.post("/", headers=forged | {"x-amz-target": "DynamoDB_20120810.ListTables"} | headers)
    assert response.status_code == 403


def test_the_control_plane_answers_programs(aws: httpx.Client) -> None:
    assert aws.get("/_ministack/ready").status_code == 200


def test_the_control_plane_is_not_at_the_origin_of_the_api(api: httpx.Client) -> None:
    assert api.get("/_ministack/ready").status_code == 404


def test_the_api_answers_no_foreign_host(api: httpx.Client) -> None:
    assert api.get("/public", headers={"host": "rebound.example"}).status_code == 403


def test_the_emulator_listens_on_this_machine_only(emulator: Emulator) -> None:
    # 127.0.0.2 is this machine too, and answers wherever a server listens on every address
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.2:{emulator.aws_port}/_ministack/ready", trust_env=False)
