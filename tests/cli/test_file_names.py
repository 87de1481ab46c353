"""Names that strangers choose for files stay in their folder."""

from __future__ import annotations

import pytest

from netstack_sync.base.url import Url
from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.file_names import disposition_name, remote_name


@pytest.mark.parametrize(
    "path, name",
    [
        ("a/b.tar.gz?x=1#y", "b.tar.gz"),
        ("caf%C3%A9.txt", "café.txt"),
        ("..%2f..%2fetc%2fpasswd", "_._.._etc_passwd"),
        (".bashrc", "_bashrc"),
        ("a%00b%0A.txt", "a_b_.txt"),
        ("c%3A%5Cx", "c__x"),
        ("%FF", "\ufffd"),
        ("nul", "_nul"),
        ("com1.txt", "_com1.txt"),
        ("console", "console"),
        ("x" * 300 + ".iso", "x" * 196 + ".iso"),
    ],
)
def test_remote_name_stays_in_the_current_folder(path: str, name: str) -> None:
    """No separators, no control characters, not hidden, no device, not too long."""
    assert remote_name(Url.parse(f"http://h/{path}")) == name


def test_url_without_a_file_name_is_refused() -> None:
    """-O needs one."""
    with pytest.raises(CommandError, match="use -o FILE"):
        remote_name(Url.parse("http://h/folder/"))


@pytest.mark.parametrize(
    "header, name",
    [
        (None, ""),
        ("inline", ""),
        ("attachment; filename=plain.txt", "plain.txt"),
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("attachment; filename*=UTF-8''caf%C3%A9.txt", "café.txt"),
        ('attachment; filename="na\u00c3\u00afve.txt"', "naïve.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\dir\\\\x.txt"', "x.txt"),
        ('attachment; filename=".bashrc"', "_bashrc"),
        ('attachment; filename="a\x1b[31m"', "a_[31m"),
        ('attachment; filename=".."', "_."),
        ("attachment; filename*=no-such-codec''x", "x"),
        ("attachment; filename*" + "1" * 5000 + "=x", ""),
        ('attachment; filename=""', ""),
    ],
)
def test_name_of_the_server_stays_in_its_folder(header: str | None, name: str) -> None:
    """What looks like a path loses its folders."""
    assert disposition_name(header) == name


def test_name_has_only_what_the_locale_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else no such file could be made."""
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")
    assert disposition_name("attachment; filename*=UTF-8''caf%C3%A9.txt") == "caf_.txt"
