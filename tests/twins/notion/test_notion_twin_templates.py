"""Templates of a data source: listed, and applied some time after a row was made with one."""

from typing import Any

import pytest

from tests.twins.conftest import until
from tests.twins.notion.rig import Api, Rig


@pytest.fixture
def source(api: Api) -> str:
    return api.table()


def template(rig: Rig, source: str, name: str = "Premiere", **more: Any) -> str:
    order = {"data_source_id": source, "name": name, "markdown": "# Checklist\n- invite the press"} | more
    return str(rig.order("templates", order)["template_id"])


def made_with(api: Api, source: str, given: Any) -> str:
    return str(api.ok("POST", "/v1/pages", {"parent": {"data_source_id": source}, "template": given})["id"])


def body(api: Api, page: str) -> str:
    return str(api.ok("GET", f"/v1/pages/{page}/markdown")["markdown"])


def later(rig: Rig) -> None:
    rig.order("clock", {"offset_s": 60})


def test_templates_are_listed_and_can_be_found_by_name(rig: Rig, api: Api, source: str) -> None:
    first = template(rig, source, is_default=True)
    template(rig, source, "Festival run")

    listed = api.ok("GET", f"/v1/data_sources/{source}/templates?name=prem")

    assert listed == {
        "templates": [{"id": first, "name": "Premiere", "is_default": True}],
        "has_more": False,
        "next_cursor": None,
    }


def test_templates_are_no_rows(rig: Rig, api: Api, source: str) -> None:
    template(rig, source)

    assert api.titles(source) == []


def test_a_row_made_with_a_template_is_blank_at_first(rig: Rig, api: Api, source: str) -> None:
    page = made_with(api, source, {"type": "template_id", "template_id": template(rig, source)})

    assert body(api, page) == ""


def test_a_row_made_with_a_template_has_its_content_later(rig: Rig, api: Api, source: str) -> None:
    page = made_with(api, source, {"type": "template_id", "template_id": template(rig, source)})

    later(rig)

    assert body(api, page) == "# Checklist\n- invite the press"


def test_a_template_is_applied_even_when_nobody_asks(rig: Rig, api: Api, source: str) -> None:
    rig.order("switches", {"template_s": 0})
    page = made_with(api, source, {"type": "template_id", "template_id": template(rig, source)})

    until(lambda: page in rig.look("state")["bodies"])


def test_the_default_template_is_meant_where_it_is_said(rig: Rig, api: Api, source: str) -> None:
    template(rig, source, is_default=True)
    page = made_with(api, source, {"type": "default"})

    later(rig)

    assert body(api, page).startswith("# Checklist")


def test_a_default_that_is_not_there_is_refused(api: Api, source: str) -> None:
    body = {"parent": {"data_source_id": source}, "template": {"type": "default"}}

    assert api.refused("POST", "/v1/pages", body)["code"] == "validation_error"


@pytest.mark.parametrize("content", [{"children": []}, {"markdown": "x"}])
def test_a_template_and_content_exclude_each_other(rig: Rig, api: Api, source: str, content: Any) -> None:
    chosen = {"type": "template_id", "template_id": template(rig, source)}

    refusal = api.refused("POST", "/v1/pages", {"parent": {"data_source_id": source}, "template": chosen} | content)

    assert "should be not present" in refusal["message"]


def test_a_template_can_replace_what_is_on_a_page(rig: Rig, api: Api, source: str) -> None:
    page = api.row(source)["id"]
    api.ok("PATCH", f"/v1/blocks/{page}/children", {"children": [{"divider": {}}]})
    chosen = {"type": "template_id", "template_id": template(rig, source)}

    api.ok("PATCH", f"/v1/pages/{page}", {"template": chosen, "erase_content": True})
    later(rig)

    assert body(api, page) == "# Checklist\n- invite the press"
