"""What a test needs of the machine: skipped with the reason on a laptop, a failure where CI promises it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import NoReturn

import pytest

# Debian keeps servers out of a user's PATH.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def unavailable(reason: str) -> NoReturn:
    """Ends the test."""
    if os.environ.get("NETSTACK_REQUIRE_LIVE") == "1":
        pytest.fail(f"NETSTACK_REQUIRE_LIVE=1, but {reason}")
    pytest.skip(reason)


def program(name: str, package: str) -> str:
    """The path of a program that Debian's `package` brings."""
    path = shutil.which(name, path=_PATH)
    return path if path is not None else unavailable(f"{name} is missing (apt-get install {package})")


def need_root(what_for: str) -> None:
    """For tests in namespaces of their own."""
    if os.geteuid() != 0:
        unavailable(f"root is needed: {what_for}")


def module(name: str, package: str) -> None:
    """For tests of a library that is in the test group of pyproject.toml, so that CI has it without asking."""
    if importlib.util.find_spec(name) is None:
        reason = f"{name} is missing (pip install {package})"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true, but {reason}")
        unavailable(reason)
