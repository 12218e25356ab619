"""The report of conformance says what the suites did, and what nobody did."""

from tests.conformance.evidence import Call, Evidence
from tests.conformance.report import told

PAGE = "/v1/pages/393abc1e-edcd-80f3-813b-e205934558c6"


def test_calls_are_counted_by_endpoint_and_check() -> None:
    report = told([Evidence("recordings", "recording", (Call("GET", PAGE, 200), Call("GET", PAGE, 404)))])

    row = next(line for line in report.splitlines() if line.startswith("GET     /v1/pages/{page_id} "))
    assert row.split()[2:] == ["2", "-", "-", "-", "-", "-", "-"]


def test_an_endpoint_that_nobody_called_is_named() -> None:
    report = told([Evidence("recordings", "recording", (Call("GET", PAGE, 200),))])

    never = report.partition("Never called:\n")[2].partition("\nNeither")[0]
    assert "  PATCH /v1/pages/{page_id}" in never
    assert "  GET /v1/pages/{page_id}" not in never.splitlines()


def test_a_check_that_did_not_run_is_named() -> None:
    assert "Not run: JS SDK." in told([])


def test_an_answer_at_an_address_that_is_no_endpoint_is_named() -> None:
    report = told([Evidence("recordings", "recording", (Call("GET", "/v1/surprise", 200),))])

    assert "Answered, but no endpoint of the API:\n  GET /v1/surprise" in report
