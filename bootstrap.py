"""Run the demo or the whole test suite from a fresh clone, with nothing but Python and a network.

    python3 bootstrap.py demo [URL]
    python3 bootstrap.py test [--live] [arguments for tox]

Each command makes a private virtual environment under ``.venv`` and keeps it for the next time; the system's
Python is not touched. Standard library only, and written so that a Python that is too old can still read the
file and say so.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

MINIMUM_PYTHON = (3, 10)
NEWER_PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.10")
ROOT = Path(__file__).resolve().parent
ENVIRONMENTS = ROOT / ".venv"
STAMP_NAME = "complete.stamp"

# What each environment holds, and what must be importable in it for it to count as sound.
DEMO_REQUIREMENTS = ("--editable", ".[brotli,zstd,cli]")
DEMO_PROBE = "import certifi, cryptography.x509, h2, urllib3, importlib.metadata as m; m.version('netstack-sync')"
TEST_REQUIREMENTS = ("tox>=4.30",)
TEST_PROBE = "import tox.run"


class SetupError(Exception):
    """Something is missing on this machine; the text says what, and what brings it."""


def works(name: str) -> bool:
    """Whether this program is there and runs; a version manager's placeholder is there and does not."""
    path = shutil.which(name)
    return path is not None and subprocess.run([path, "-V"], capture_output=True, check=False).returncode == 0


def check_interpreter() -> None:
    """Refuse a Python that is too old or that cannot make virtual environments."""
    version = "{}.{}".format(*sys.version_info[:2])
    if sys.version_info < MINIMUM_PYTHON:
        found = [name for name in NEWER_PYTHONS if works(name)]
        advice = (
            f"This machine has a newer one: {found[0]} bootstrap.py ..."
            if found
            else "On Debian 12, Ubuntu 22.04 and later: apt-get install python3 python3-venv"
        )
        needed = "{}.{}".format(*MINIMUM_PYTHON)
        raise SetupError(f"Python {needed} or newer is needed; this is {version} ({sys.executable}).\n{advice}")
    for module in ("venv", "ensurepip"):
        try:
            importlib.import_module(module)
        except ImportError:
            raise SetupError(
                f"{sys.executable} cannot make virtual environments: its module {module} is missing.\n"
                f"On Debian and Ubuntu it is a package of its own: apt-get install python{version}-venv"
            ) from None


def clean_environ() -> dict[str, str]:
    """The environment variables without those that would make pip or Python leave the virtual environment."""
    environ = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "VIRTUAL_ENV"):
        environ.pop(name, None)
    environ.update(PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    return environ


def program(environment: Path, name: str) -> Path:
    """Where a virtual environment keeps a program."""
    return environment / "Scripts" / (name + ".exe") if os.name == "nt" else environment / "bin" / name


def fingerprint(requirements: tuple[str, ...]) -> str:
    """A value that changes with the project file, its place, the requirements and the interpreter."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes())
    digest.update(repr((sys.version, sys.executable, str(ROOT), requirements)).encode())
    return digest.hexdigest()


def is_sound(environment: Path, expected: str, probe: str) -> bool:
    """Whether the environment was finished for this very project file and still imports what it is for."""
    try:
        if (environment / STAMP_NAME).read_text(encoding="ascii") != expected:
            return False
        command = [str(program(environment, "python")), "-c", probe]
        return subprocess.run(command, env=clean_environ(), capture_output=True, check=False).returncode == 0
    except (OSError, ValueError):
        return False


def run_step(command: list[str], failure: str) -> None:
    """Run one step of the set-up quietly; on failure show the end of what it said, then what it means."""
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip().splitlines()
        print(*said[-20:], "", sep="\n", file=sys.stderr)
        raise SetupError(failure)


def ensure_environment(name: str, requirements: tuple[str, ...], probe: str) -> Path:
    """Return a virtual environment that holds the requirements; make it if there is none or it is broken."""
    environment = ENVIRONMENTS / name
    expected = fingerprint(requirements)
    if is_sound(environment, expected, probe):
        return environment
    print(f"Preparing {environment} (the first time only) ...", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    run_step(
        [sys.executable, "-m", "venv", str(environment)],
        f"The virtual environment could not be made in {environment}.",
    )
    run_step(
        [str(program(environment, "python")), "-m", "pip", "install", "--quiet", *requirements],
        "pip could not install what is needed. It needs the network, or a mirror that is set in pip's own\n"
        "configuration (pip config, PIP_INDEX_URL, HTTPS_PROXY). Then run the same command again.",
    )
    (environment / STAMP_NAME).write_text(expected, encoding="ascii")
    return environment


def hand_over(command: list[str], environ: dict[str, str]) -> int:
    """Become the program, so that Ctrl-C and the exit status are its own; on Windows wait for it."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, environ)
    return subprocess.run(command, env=environ, check=False).returncode


def demo(url: str | None) -> int:
    """Run ``netstack demo``, from a checkout that needs no installing."""
    environment = ensure_environment("demo", DEMO_REQUIREMENTS, DEMO_PROBE)
    return hand_over([str(program(environment, "netstack")), "demo", *([url] if url else [])], clean_environ())


def test(is_live: bool, tox_arguments: list[str]) -> int:
    """Run tox: format, lint, types, contracts, docs, the tests under each Python that is there, coverage, budget.

    All of it side by side, as many as there are processors; what was chosen, one after the other and seen as it runs.
    """
    environment = ensure_environment("test", TEST_REQUIREMENTS, TEST_PROBE)
    environ = clean_environ()
    if is_live:
        environ["NETSTACK_REQUIRE_LIVE"] = "1"
    os.chdir(ROOT)
    mode = "run" if tox_arguments else "run-parallel"
    return hand_over([str(program(environment, "python")), "-m", "tox", mode, *tox_arguments], environ)


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bootstrap.py", description="Try or test netstack_sync from a fresh clone.")
    commands = parser.add_subparsers(dest="command", metavar="demo | test")
    demo_parser = commands.add_parser("demo", help="fetch over http and https from several threads and show it")
    demo_parser.add_argument("url", nargs="?", metavar="URL", help="fetch this instead of the embedded server")
    test_parser = commands.add_parser("test", help="run everything CI runs; other arguments go to tox")
    test_parser.add_argument("--live", action="store_true", help="a missing live server is a failure, not a skip")
    # What follows a lone -- is for the program that tox runs; argparse must not see it.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, others = parser.parse_known_args(arguments[:end])
    others += arguments[end:]
    if options.command is None or (others and options.command != "test"):
        parser.print_usage(sys.stderr)
        return 2
    try:
        check_interpreter()
        return demo(options.url) if options.command == "demo" else test(options.live, others)
    except SetupError as error:
        print(f"bootstrap.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
