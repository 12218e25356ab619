"""What the first command on a fresh checkout decides."""

import sys
from pathlib import Path

import pytest

from local import bootstrap


def test_the_newest_installed_313_is_chosen_from_pyenv() -> None:
    assert bootstrap.pyenv_choice("3.11.7\n3.13.0\n3.13.11\n3.13.2\n3.14.0\n") == "3.13.11"


def test_a_variant_of_313_is_not_chosen() -> None:
    assert bootstrap.pyenv_choice("3.13t-dev\n3.13-dev\npypy3.13\n") is None


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment made from "lock"."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    (tmp_path / bootstrap.STAMP).write_text(bootstrap.digest("lock"))
    return tmp_path


def test_an_environment_of_this_lock_is_left_alone(environment: Path) -> None:
    assert bootstrap.is_made(environment, bootstrap.digest("lock"))


def test_an_environment_of_another_lock_is_made_again(environment: Path) -> None:
    assert not bootstrap.is_made(environment, bootstrap.digest("a newer lock"))


def test_an_environment_whose_python_is_gone_is_made_again(environment: Path) -> None:
    (environment / "bin/python").unlink()
    (environment / "bin/python").symlink_to("/nonexistent/python3.13")
    assert not bootstrap.is_made(environment, bootstrap.digest("lock"))


def test_a_machine_without_313_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_python(*_command: str | Path) -> None:
        raise bootstrap.Stopped("No interpreter found for Python 3.13")

    monkeypatch.setattr(bootstrap, "run", no_python)
    with pytest.raises(bootstrap.Stopped, match=r"install one .* so that `python3\.13` works"):
        bootstrap.make_environment(tmp_path / "uv", tmp_path / "venv", tmp_path / "lock")
