"""template.yaml as CloudFormation gets it: SAM's resources written out as those that they stand for.

`python -m tests.template.processed` prints it, for tools that judge templates.
"""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any
from unittest import mock

from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]  # it comes with sam, without types
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]  # as above

from tests.template.loading import template

GIVEN = {
    "NotionClientId": "client",
    "NotionRedirectUri": "https://navimpact.example/callback",
    "NavImpactBaseUrl": "https://navimpact.example",
    "AllowedOrigin": "https://navimpact.example",
}
"""Parameters without a default."""


@cache
def processed() -> dict[str, Any]:
    """The whole of it."""
    uploaded = deepcopy(template())
    for resource in uploaded["Resources"].values():
        for place in resource["Properties"].keys() & {"CodeUri", "ContentUri"}:
            resource["Properties"][place] = f"s3://code/{resource['Properties'][place]}"
    defaults = {name: each["Default"] for name, each in uploaded["Parameters"].items() if "Default" in each}
    with mock.patch.dict("os.environ", AWS_DEFAULT_REGION="us-east-1"):
        written: dict[str, Any] = Translator({}, Parser()).translate(uploaded, defaults | GIVEN)
    return written


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Properties of the resources of one type, by logical id."""
    resources = processed()["Resources"].items()
    return {name: resource["Properties"] for name, resource in resources if resource["Type"] == kind}


if __name__ == "__main__":
    print(json.dumps(processed(), indent=1))  # noqa: T201 - a command prints
