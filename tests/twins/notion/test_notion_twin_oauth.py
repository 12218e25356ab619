import httpx
import pytest

from local.twins.notion import Config
from local.twins.notion.seed import ROOT_PAGE_ID, WORKSPACE_ID
from tests.twins.notion.rig import BASIC, CONFIG, REDIRECT, Rig, running


def authorize_link(**changes: str) -> dict[str, str]:
    asked = {"client_id": CONFIG.client_id, "redirect_uri": REDIRECT, "response_type": "code", "owner": "user"}
    return asked | changes


def test_the_consent_page_names_the_connection_the_workspace_and_the_pages(rig: Rig) -> None:
    page = rig.http.get("/v1/oauth/authorize", params=authorize_link()).text

    assert all(words in page for words in ("NavSync", "Impact Films", "NavSync home", "Allow access", "Cancel"))


def test_allowing_brings_back_a_code_and_the_state(rig: Rig) -> None:
    back = rig.consent(state="abc&d")

    assert back.keys() == {"code", "state"}
    assert back["state"] == "abc&d"


def test_cancelling_brings_back_access_denied(rig: Rig) -> None:
    assert rig.consent(decision="cancel") == {"error": "access_denied", "state": "s1"}


def test_a_browser_that_unticks_every_page_is_asked_again(rig: Rig) -> None:
    form = authorize_link(decision="allow", pages_listed="1")

    answer = rig.http.post("/v1/oauth/authorize", data=form)

    assert answer.status_code == 400
    assert "choose at least one page" in answer.text


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "somebody-else"}, {"redirect_uri": "http://evil.example/"}, {"response_type": "token"}],
)
def test_an_unfit_link_is_never_redirected(rig: Rig, changes: dict[str, str]) -> None:
    assert rig.http.get("/v1/oauth/authorize", params=authorize_link(**changes)).status_code == 400


def test_a_grant_says_everything_notion_says_in_its_order(rig: Rig) -> None:
    grant = rig.connect()

    assert list(grant) == [
        "access_token", "token_type", "refresh_token", "bot_id", "workspace_icon", "workspace_name", "workspace_id",
        "owner", "duplicated_template_id", "request_id",
    ]  # fmt: skip
    assert grant["owner"]["user"]["person"].keys() == {"email", "email_verified"}


def test_a_granted_token_belongs_to_the_bot_it_names(rig: Rig) -> None:
    grant = rig.connect()

    with rig.api(grant["access_token"]) as api:
        assert api.ok("GET", "/v1/users/me")["id"] == grant["bot_id"]


def test_a_code_is_good_once(rig: Rig) -> None:
    code = rig.consent()["code"]
    rig.exchange(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)

    again = rig.exchange(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_code_dies_after_ten_minutes(rig: Rig) -> None:
    code = rig.consent()["code"]
    rig.order("clock", {"offset_s": 601})

    late = rig.exchange(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)

    assert late.json()["error"] == "invalid_grant"


def test_a_redirect_uri_of_the_link_must_be_repeated(rig: Rig) -> None:
    code = rig.consent()["code"]

    assert rig.exchange(grant_type="authorization_code", code=code).status_code == 400


def test_a_redirect_uri_that_was_not_in_the_link_must_be_left_out(rig: Rig) -> None:
    code = rig.consent(redirect_uri="")["code"]

    with_it = rig.exchange(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    without = rig.exchange(grant_type="authorization_code", code=code)

    assert (with_it.status_code, without.status_code) == (400, 200)


def test_a_link_without_redirect_uri_is_refused_when_several_are_registered() -> None:
    config = Config(redirect_uris=("http://localhost:1/a", "http://localhost:1/b"))
    with running(config) as several:
        params = {"client_id": config.client_id, "response_type": "code"}

        assert several.http.get("/v1/oauth/authorize", params=params).status_code == 400


def test_refreshing_replaces_both_tokens_and_kills_the_old_pair_at_once(rig: Rig) -> None:
    old = rig.connect()

    new = rig.exchange(grant_type="refresh_token", refresh_token=old["refresh_token"]).json()

    with rig.api(old["access_token"]) as api:
        assert api.refused("GET", "/v1/users/me")["code"] == "unauthorized"
    with rig.api(new["access_token"]) as api:
        assert api.ok("GET", "/v1/users/me")["id"] == old["bot_id"]
    assert (
        rig.exchange(grant_type="refresh_token", refresh_token=old["refresh_token"]).json()["error"] == "invalid_grant"
    )


def test_authorizing_again_gives_a_second_pair_for_the_same_bot(rig: Rig) -> None:
    first, second = rig.connect(), rig.connect()

    assert first["bot_id"] == second["bot_id"]
    for grant in (first, second):
        with rig.api(grant["access_token"]) as api:
            api.ok("GET", "/v1/users/me")


@pytest.mark.parametrize("path", ["token", "introspect", "revoke"])
def test_a_wrong_secret_is_an_invalid_client_in_oauths_own_envelope(rig: Rig, path: str) -> None:
    answer = rig.http.post(f"/v1/oauth/{path}", json={}, auth=("x", "y"))

    assert answer.status_code == 401
    assert answer.json().keys() == {"error", "request_id"}
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "nrt_dead"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "bad"}, "invalid_grant"),
    ],
)
def test_bad_token_requests_are_named(rig: Rig, body: dict[str, str], error: str) -> None:
    answer = rig.exchange(**body)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_revoked_token_is_inactive_and_refused(rig: Rig) -> None:
    token = rig.connect()["access_token"]
    rig.http.post("/v1/oauth/revoke", json={"token": token}, auth=BASIC)

    told = rig.http.post("/v1/oauth/introspect", json={"token": token}, auth=BASIC).json()

    assert told["active"] is False
    with rig.api(token) as api:
        assert api.refused("GET", "/v1/users/me")["message"] == "API token is invalid."


def test_a_living_token_is_active(rig: Rig) -> None:
    token = rig.connect()["access_token"]

    told = rig.http.post("/v1/oauth/introspect", json={"token": token}, auth=BASIC).json()

    assert told["active"] is True


def test_removing_the_connection_kills_its_tokens(rig: Rig) -> None:
    grant = rig.connect()
    rig.order("disconnect", {"workspace_id": grant["workspace_id"]})

    with rig.api(grant["access_token"]) as api:
        assert api.refused("GET", "/v1/users/me")["code"] == "unauthorized"


def test_each_workspace_has_a_bot_of_its_own_that_sees_only_its_pages(rig: Rig) -> None:
    other = rig.order("workspaces", {"name": "River Trust", "plan": "business"})
    here, there = rig.connect(WORKSPACE_ID), rig.connect(other["id"])

    assert here["bot_id"] != there["bot_id"]
    with rig.api(there["access_token"]) as api:
        assert api.refused("GET", f"/v1/pages/{ROOT_PAGE_ID}")["code"] == "object_not_found"
        assert api.ok("GET", f"/v1/pages/{other['pages'][0]}")["object"] == "page"


def test_the_consent_form_refuses_a_post_from_another_website(rig: Rig) -> None:
    headers = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}

    answer = rig.http.post("/v1/oauth/authorize", data=authorize_link(decision="allow"), headers=headers)

    assert answer.status_code == 403


def test_what_the_link_says_is_shown_as_text(rig: Rig) -> None:
    page = rig.http.get("/v1/oauth/authorize", params=authorize_link(state='"><script>x</script>')).text

    assert "<script>x" not in page


def test_a_page_that_is_no_longer_shared_is_not_found(rig: Rig) -> None:
    grant = rig.connect()
    rig.order("share", {"bot_id": grant["bot_id"], "page_id": ROOT_PAGE_ID, "shared": False})

    with rig.api(grant["access_token"]) as api:
        refusal = api.refused("GET", f"/v1/pages/{ROOT_PAGE_ID}")

    assert refusal["additional_data"] == {"integration_id": grant["bot_id"]}


def test_the_standard_form_encoding_is_taken(rig: Rig) -> None:
    code = rig.consent()["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}

    with httpx.Client(base_url=rig.url) as http:
        assert http.post("/v1/oauth/token", data=form, auth=BASIC).status_code == 200
