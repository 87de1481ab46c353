"""curl's -F."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.form_fields import form_parts


@pytest.mark.parametrize(
    "field, part",
    [
        ("a=b", ("a", (None, b"b"))),
        ("a=b;c", ("a", (None, b"b;c"))),
        ("a=", ("a", (None, b""))),
        ("a=b;type=x/y", ("a", (None, b"b", "x/y"))),
        ('a="b;type=c";type=x/y', ("a", (None, b"b;type=c", "x/y"))),
        (r'a="\"q\""', ("a", (None, b'"q"'))),
        ('a="open', ("a", (None, b'"open'))),
        ("a=ü", ("a", (None, "ü".encode()))),
        ("a=@FILE", ("a", ("f.txt", Path("f.txt")))),
        ("a=@FILE;type=x/y", ("a", ("f.txt", Path("f.txt"), "x/y"))),
        ("a=@FILE;filename=g;type=x/y; charset=z", ("a", ("g", Path("f.txt"), "x/y; charset=z"))),
        ('a=@"FILE"; filename="g;h"', ("a", ("g;h", Path("f.txt")))),
        ("a=<FILE", ("a", (None, b"content"))),
        ("a=<FILE;filename=g", ("a", ("g", b"content"))),
        ("a=@-", ("a", ("-", b"typed"))),
    ],
)
def test_parts(field: str, part: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, files, which are read later, and text from files, with type and name behind them."""
    (tmp_path / "f.txt").write_bytes(b"content")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    assert form_parts([field.replace("FILE", "f.txt")]) == [part]


@pytest.mark.parametrize(
    "field, status, why",
    [
        ("a", 2, "NAME=VALUE, NAME=@FILE or NAME=<FILE"),
        ("=b", 2, "NAME=VALUE"),
        ("a=@/no/such", 26, "/no/such"),
        ('a="b" c', 2, ";type=TYPE and ;filename=NAME"),
    ],
)
def test_what_makes_no_sense_is_explained(field: str, status: int, why: str) -> None:
    """With what would."""
    with pytest.raises(CommandError, match=why) as caught:
        form_parts([field])
    assert caught.value.status == status
