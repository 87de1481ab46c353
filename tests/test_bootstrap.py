"""The two commands of a fresh clone: what they refuse, what they say, when an environment is made anew."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import bootstrap


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands that would have been run; a virtual environment is a link to this Python."""
    seen: list[list[str]] = []

    def run_step(command: list[str], failure: str) -> None:
        seen.append(command)
        if "venv" in command:
            python = bootstrap.program(Path(command[-1]), "python")
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)

    def hand_over(command: list[str], environ: dict[str, str]) -> int:
        seen.append(command)
        return 0

    monkeypatch.setattr(bootstrap, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(bootstrap, "run_step", run_step)
    monkeypatch.setattr(bootstrap, "hand_over", hand_over)
    return seen


def test_too_old_python_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An old interpreter gets one clear line and the way out, not a traceback."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 0, "final", 0))
    monkeypatch.setattr(bootstrap, "works", lambda name: name == "python3.11")
    assert bootstrap.main(["demo"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"bootstrap.py: Python 3.10 or newer is needed; this is 3.9 ({sys.executable}).",
        "This machine has a newer one: python3.11 bootstrap.py ...",
    ]


def test_missing_ensurepip_names_the_debian_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian splits venv from Python; the message names the package that brings it."""
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert bootstrap.main(["test"]) == 1
    version = "{}.{}".format(*sys.version_info[:2])
    assert f"apt-get install python{version}-venv" in capsys.readouterr().err


def test_demo_installs_once_and_is_reused(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run goes straight to the program; the URL is handed on."""
    monkeypatch.setattr(bootstrap, "DEMO_PROBE", "")
    assert bootstrap.main(["demo"]) == 0
    assert [Path(command[0]).name for command in commands][-1] == "netstack"
    assert len(commands) == 3
    commands.clear()
    assert bootstrap.main(["demo", "http://localhost/"]) == 0
    assert [command[1:] for command in commands] == [["demo", "http://localhost/"]]


def test_broken_environment_is_made_anew(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished environment that cannot import what it is for does not count."""
    monkeypatch.setattr(bootstrap, "TEST_PROBE", "raise SystemExit(1)")
    assert bootstrap.main(["test"]) == 0
    assert bootstrap.main(["test"]) == 0
    assert len(commands) == 6


def test_changed_project_file_makes_the_environment_anew(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The stamp belongs to one content of pyproject.toml."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "TEST_PROBE", "")
    monkeypatch.chdir(tmp_path)
    for content, steps in (("a", 3), ("a", 1), ("b", 3)):
        (tmp_path / "pyproject.toml").write_text(content)
        commands.clear()
        bootstrap.main(["test"])
        assert len(commands) == steps


def test_arguments_of_test_go_to_tox(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """All but --live is tox's, and what follows a lone -- reaches pytest untouched; without, all runs side by side."""
    monkeypatch.setattr(bootstrap, "TEST_PROBE", "")
    environs: list[dict[str, str]] = []

    def hand_over(command: list[str], environ: dict[str, str]) -> int:
        commands.append(command)
        environs.append(environ)
        return 0

    monkeypatch.setattr(bootstrap, "hand_over", hand_over)
    bootstrap.main(["test", "--live", "-e", "py311", "--", "-k", "fetch", "--live"])
    assert commands[-1][1:] == ["-m", "tox", "run", "-e", "py311", "--", "-k", "fetch", "--live"]
    assert environs[-1]["NETSTACK_REQUIRE_LIVE"] == "1"
    bootstrap.main(["test", "--live"])
    assert commands[-1][1:] == ["-m", "tox", "run-parallel"]


def test_failed_step_shows_what_it_said_and_what_it_means(capsys: pytest.CaptureFixture[str]) -> None:
    """The last lines of the tool come first, the advice last."""
    with pytest.raises(bootstrap.SetupError, match="needs the network"):
        bootstrap.run_step([sys.executable, "-c", "raise SystemExit('no index')"], "It needs the network.")
    assert capsys.readouterr().err == "no index\n\n"


@pytest.mark.parametrize("arguments", [[], ["demo", "a", "b"]])
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No command, or too many words after one, shows how it is meant."""
    assert bootstrap.main(arguments) == 2
    assert "usage: bootstrap.py" in capsys.readouterr().err
