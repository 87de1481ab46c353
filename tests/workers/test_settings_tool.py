"""output_of(): a tool's words, or what is wrong with it."""

from __future__ import annotations

import sys

import pytest

from netstack_sync.workers.settings_tool import output_of


def python(program: str) -> tuple[str, ...]:
    """A command that this machine has."""
    return sys.executable, "-c", program


def test_the_output_is_text() -> None:
    """Whatever its bytes are; nothing is to be read from standard input."""
    program = "import sys; sys.stdout.buffer.write(b'a\\xff' + sys.stdin.buffer.read())"
    assert output_of(python(program)) == "a\ufffd"


def test_a_failure_tells_why() -> None:
    """With the first words on standard error."""
    with pytest.raises(OSError, match=r"failed with status 1: No such schema\Z"):
        output_of(python("import sys; sys.exit('No such schema')"))
    with pytest.raises(OSError, match=r"failed with status 3: it does not say why\Z"):
        output_of(python("import sys; sys.exit(3)"))


def test_a_tool_that_hangs_is_killed() -> None:
    """Within the limit."""
    with pytest.raises(TimeoutError, match=r"has not answered within 0\.05 s"):
        output_of(python("import time; time.sleep(60)"), 0.05)


def test_a_missing_tool_is_told_apart() -> None:
    """It may be no failure."""
    with pytest.raises(FileNotFoundError):
        output_of(("/no/such/tool",))
