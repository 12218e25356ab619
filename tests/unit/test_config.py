"""Settings come from the environment, and one that is missing is named."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from navsync import config
from navsync.errors import ConfigError

type AnySettings = type[Any]  # what they share is private to the module

ALL: tuple[AnySettings, ...] = (
    config.AuthorizerSettings,
    config.DashboardSettings,
    config.OAuthSettings,
    config.ReconcileSettings,
    config.TriggerSettings,
    config.WorkerSettings,
)


def environment(settings: AnySettings) -> dict[str, str]:
    return {field.name.upper(): "7" for field in fields(settings)}


@pytest.mark.parametrize("settings", ALL)
def test_each_field_is_read_from_the_variable_of_its_name(settings: AnySettings) -> None:
    read = settings.from_env(environment(settings))

    assert {str(getattr(read, field.name)) for field in fields(settings)} == {"7"}


OPTIONAL = {"JWKS_URL", "JWT_AUDIENCE", "JWT_ISSUER"}


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        (settings, field.name.upper(), value)
        for settings in ALL
        for field in fields(settings)
        for value in (None, "", " \n")
        if value is None or field.name.upper() not in OPTIONAL
    ],
)
def test_a_missing_variable_is_named_with_what_to_do(settings: AnySettings, name: str, value: str | None) -> None:
    env = environment(settings) | ({} if value is None else {name: value})
    if value is None:
        del env[name]

    with pytest.raises(ConfigError, match=rf"the setting {name} is missing: set it in template\.yaml"):
        settings.from_env(env)


@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_what_may_be_left_empty_is_none_then(name: str) -> None:
    env = environment(config.AuthorizerSettings) | {name: " "}

    assert getattr(config.AuthorizerSettings.from_env(env), name.lower()) is None


def test_blanks_around_a_value_are_none_of_it() -> None:
    env = environment(config.WorkerSettings) | {"NOTION_BASE_URL": " https://api.notion.com\n", "NOTION_TIMEOUT": " 5 "}

    read = config.WorkerSettings.from_env(env)

    assert (read.notion_base_url, read.notion_timeout) == ("https://api.notion.com", 5)


@pytest.mark.parametrize("value", ["5s", "1.5", "five", "0x5"])
def test_a_number_that_is_none_is_named_and_shown(value: str) -> None:
    env = environment(config.WorkerSettings) | {"NOTION_MAX_RETRIES": value}

    with pytest.raises(ConfigError, match=f"NOTION_MAX_RETRIES must be a whole number, and is '{value}'"):
        config.WorkerSettings.from_env(env)


def test_variables_that_nobody_asked_for_are_left_alone() -> None:
    env = environment(config.AuthorizerSettings) | {"PATH": "/bin", "NOTION_TIMEOUT": "soon"}

    assert config.AuthorizerSettings.from_env(env).signing_secret_arn == "7"
