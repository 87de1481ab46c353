"""Logins out of netrc files."""

from __future__ import annotations

from pathlib import Path

import pytest

from netstack_sync.auth.netrc import find_login

FILE = r"""
# machine commented.test login x password y
machine a.test login me password secret
machine a.test login second password other
macdef init
machine macro.test login x password y

machine
    hash.test account a
    user me
    password #1   # the first
machine B.test. login you password other
machine half.test login me
machine quoted.test login "m e" password "a \"b\""
default login anybody password guest
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "logins"
    file.write_text(FILE)
    return file


@pytest.mark.parametrize(
    "host, login",
    [
        ("a.test", ("me", "secret")),
        ("b.test", ("you", "other")),
        ("x.a.test", None),
        ("test", None),
        ("a.test.evil", None),
        ("default", None),
        ("quoted.test", ("m e", 'a "b"')),
        ("hash.test", ("me", "#1")),
        ("commented.test", None),
        ("macro.test", None),
        ("half.test", None),
    ],
)
def test_exactly_this_host(file: Path, host: str, login: tuple[str, str] | None) -> None:
    """R6 (CVE-2024-11053, CVE-2024-47081): no other host, no default entry."""
    assert find_login(file, host, {}) == login


def test_half_an_entry_is_none(tmp_path: Path) -> None:
    """R6 (CVE-2025-0167): what is missing is not taken from elsewhere."""
    file = tmp_path / "logins"
    for entry in ("machine a.test login me password ''", 'machine a.test login "" password p'):
        file.write_text(entry.replace("''", '""'))
        assert find_login(str(file), "a.test", {}) is None


def test_where_the_file_is(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, $NETRC, then the home directory, where there need not be one."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    assert find_login(None, "a.test", {}) is None
    (home / "_netrc").write_text("machine a.test login old password p")
    assert find_login(None, "a.test", {}) == ("old", "p")
    (home / ".netrc").write_text("machine a.test login home password p")
    assert find_login(None, "a.test", {}) == ("home", "p")
    assert find_login(None, "a.test", {"NETRC": str(file)}) == ("me", "secret")

    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", nowhere)
    assert find_login(None, "a.test", {}) is None


@pytest.mark.parametrize(
    "content",
    [
        b"machine a.test secret",
        b"machine a.test login",
        b"machine",
        b"login me",
        b'"machine" secret',
        b"\xff\xfesecret",
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    """The error names it, and shows nothing of what is in it."""
    file = tmp_path / "broken"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"auth: cannot read the netrc file .*broken") as caught:
        find_login(file, "a.test", {})
    assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match=r"auth: cannot read the netrc file .*missing"):
        find_login(tmp_path / "missing", "a.test", {})


def test_the_error_names_the_line(tmp_path: Path) -> None:
    """And comments, macros and empty files are fine to their end."""
    file = tmp_path / "logins"
    file.write_text("# one\nmachine a.test\n  login me\n  oops")
    with pytest.raises(ValueError, match="line 4 makes no sense"):
        find_login(file, "a.test", {})
    for text in ("", " \n", "# to the end", "macdef x\nto the end"):
        file.write_text(text)
        assert find_login(file, "a.test", {}) is None
