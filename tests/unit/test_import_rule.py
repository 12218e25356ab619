"""Who may import whom (ARCHITECTURE.md, the import rule), read from the source itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from navsync.config import (
    AuthorizerSettings,
    DashboardSettings,
    OAuthSettings,
    ReconcileSettings,
    TriggerSettings,
    WorkerSettings,
)

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "navsync"
FUNCTIONS = ROOT / "functions"

AWS = {"botocore", "mypy_boto3_dynamodb", "mypy_boto3_secretsmanager", "mypy_boto3_sqs"}
MEMORY = {"cachetools"}  # no vendor: what a warm function remembers of what it has read
SHELL: dict[str, set[str]] = {
    "notion": {"notion_client"},
    "navimpact": {"httpx"},
    "store": AWS | MEMORY,
    "inbox": AWS | MEMORY,
    "secrets": AWS | MEMORY,
    "tokens": {"jwt"},
    "config": set(),
    "webhooks": {"pydantic", "standardwebhooks"},
    "api": {"aws_lambda_powertools", "pydantic"},  # the HTTP face of functions; bytes from outside become values
    "bootstrap": {*AWS, "boto3"},
}
"""Modules at the edge, each with the vendor it may know. Every other module is core and knows none."""
NAMED_CORE = {"model", "errors", "ports", "merge", "fields", "text", "engine", "conductor", "reconcile"}
FUNCTION_VENDORS = {"aws_lambda_powertools", "pydantic"}  # pydantic: where bytes from outside become values


def imports(path: Path) -> Iterator[str]:
    """Dotted names that the file imports, wherever in it; for the package's own, down to the module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(level=0, module=str(module), names=names):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.ImportFrom():
                yield "a relative import"


def modules() -> dict[str, list[Path]]:
    """The package's modules by name, each with its files; a sub-package is one module."""
    names = sorted(path for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    return {path.stem: sorted(path.rglob("*.py")) if path.is_dir() else [path] for path in names}


MODULES = {name: files for name, files in modules().items() if name != "__init__"}
CORE = MODULES.keys() - SHELL.keys()
FUNCTION_FILES = sorted(FUNCTIONS.rglob("*.py"))
every_function = pytest.mark.parametrize(
    "path", FUNCTION_FILES, ids=lambda path: path.relative_to(FUNCTIONS).with_suffix("").as_posix()
)


def own_imports(module: str) -> set[str]:
    """Other modules of the package that *module* imports."""
    dotted = (name.split(".") for path in MODULES[module] for name in imports(path))
    return {parts[1] for parts in dotted if parts[0] == "navsync"} - {module}


def vendors(paths: list[Path]) -> set[str]:
    """Packages that are neither ours nor Python's."""
    tops = {name.split(".")[0] for path in paths for name in imports(path)}
    return tops - sys.stdlib_module_names - {"navsync"}


def test_the_modules_of_the_core_are_core() -> None:
    assert not NAMED_CORE & SHELL.keys()
    assert NAMED_CORE & MODULES.keys()


@pytest.mark.parametrize("module", sorted(CORE))
def test_a_core_module_imports_the_core_and_the_standard_library(module: str) -> None:
    assert own_imports(module) <= CORE
    assert vendors(MODULES[module]) == set()


@pytest.mark.parametrize("module", sorted(SHELL.keys() & MODULES.keys()))
def test_a_shell_module_knows_one_vendor(module: str) -> None:
    assert vendors(MODULES[module]) <= SHELL[module]


@pytest.mark.parametrize("module", sorted(SHELL.keys() & MODULES.keys() - {"bootstrap"}))
def test_shell_modules_never_import_each_other(module: str) -> None:
    assert own_imports(module) <= CORE


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_module_of_the_package_reads_the_environment(module: str) -> None:
    assert [line for path in MODULES[module] for line in environment_reads(path)] == []


@every_function
def test_a_function_imports_the_package_and_powertools(path: Path) -> None:
    assert vendors([path]) - own_packages(path) <= FUNCTION_VENDORS


def own_packages(path: Path) -> set[str]:
    """What lies beside the function's app.py, as Lambda finds it."""
    folder = FUNCTIONS / path.relative_to(FUNCTIONS).parts[0]
    return {package.parent.name for package in folder.glob("*/__init__.py")}


@every_function
def test_a_function_reads_the_environment_through_its_settings(path: Path) -> None:
    assert environment_reads(path) == []


def environment_reads(path: Path) -> list[int]:
    """Lines that touch the environment other than to hand it to a `from_env`."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    handed = {id(argument) for node in nodes for argument in _handed_to_settings(node)}
    return [line for node in nodes if id(node) not in handed for line in _environment(node)]


def _handed_to_settings(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(attr="from_env"), args=arguments):
            return arguments
        case _:
            return []


def _environment(node: ast.AST) -> list[int]:
    match node:
        case ast.Attribute(attr="environ" | "environb" | "getenv") | ast.alias(name="environ" | "environb" | "getenv"):
            return [node.lineno]
        case _:
            return []


NOT_LOADED = {
    "authorizer": {"api", "engine", "notion", "store"},
    "dashboard": {"engine", "notion"},
    "oauth_callback": {"engine"},
    "scheduled_reconcile": {"api", "engine", "notion"},
    "sync_trigger": {"engine", "notion"},
    "sync_worker": {"api"},
}
ALL_SETTINGS = AuthorizerSettings, DashboardSettings, OAuthSettings, ReconcileSettings, TriggerSettings, WorkerSettings
BARE = {each.name.upper(): "1" for settings in ALL_SETTINGS for each in fields(settings)} | {
    "NAVIMPACT_API": "contract",
    "JWKS_URL": "",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PYTHONPATH": str(PACKAGE.parent),
}
"""Nobody is called while a function starts, so anything will do."""


@pytest.mark.parametrize("function", NOT_LOADED)
def test_a_function_that_starts_loads_only_what_it_needs(function: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, app; print(*sys.modules)"],
        cwd=FUNCTIONS / function, env=BARE, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert loaded.returncode == 0, loaded.stderr
    modules = {name.split(".")[1] for name in loaded.stdout.split() if name.startswith("navsync.")}
    assert "bootstrap" in modules
    assert NOT_LOADED[function] & modules == set()
