"""curl's -b and -c."""

from __future__ import annotations

import io
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstack_sync.cli.cookie_files import cookie_pairs, load_cookies, save_cookies
from netstack_sync.cli.exit_status import CommandError
from netstack_sync.fetcher.session import Session
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.command_line import Netstack

LINES = "h.test\tFALSE\t/\tFALSE\t0\ta\t1\n#HttpOnly_.h.test\tTRUE\t/x\tTRUE\t9999999999\tb\t2\n"


@pytest.fixture
def session() -> Iterator[Session]:
    """One that is closed."""
    with Session() as session:
        yield session


def test_pairs_are_taken_from_text() -> None:
    """What has no "=" is a file; bytes go out as they were typed."""
    assert cookie_pairs(["a=1; b=2=3", "file", "", "c=ü;"]) == [
        ("a", "1"),
        ("b", "2=3"),
        ("c", "ü".encode().decode("latin-1")),
    ]
    with pytest.raises(CommandError, match="'b' is no cookie") as caught:
        cookie_pairs(["a=1; b"])
    assert caught.value.status == 2


def test_file_is_read_into_the_session(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from standard input."""
    path = tmp_path / "jar"
    path.write_text(LINES)
    messages = io.StringIO()
    load_cookies(session, [str(path), "x=y", ""], messages)
    assert [(each.name, each.domain, each.path, each.http_only) for each in session.cookies] == [
        ("a", "h.test", "/", False),
        ("b", ".h.test", "/x", True),
    ]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES.replace("h.test", "g.test").encode())))
    load_cookies(session, ["-"], messages)
    assert len(session.cookies) == 4 and messages.getvalue() == ""


def test_what_is_left_out_is_told(session: Session, tmp_path: Path) -> None:
    """A file that is not there, lines that are none, cookies that nobody may have."""
    path = tmp_path / "jar"
    path.write_text("nonsense\n" + LINES + ".com\tTRUE\t/\tFALSE\t0\ta\t1\n")
    messages = io.StringIO()
    load_cookies(session, [str(path), "/no/such"], messages)
    lines = messages.getvalue().splitlines()
    assert lines[0] == f"netstack: -b {path}: line 1 is no cookie" and "left out: cookies: 'a'" in lines[1]
    assert lines[2] == "netstack: -b /no/such: no cookies: No such file or directory"
    load_cookies(session, ["/no/such"], None)
    assert len(session.cookies) == 2


def test_file_is_written_for_nobody_else(session: Session, tmp_path: Path) -> None:
    """R10 (CVE-2026-34993): in lines of text, session cookies too; it is there whole, or as it was."""
    path = tmp_path / "jar"
    session.cookies.set("n", "v", domain="h.test")
    save_cookies(session, str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().endswith("h.test\tFALSE\t/\tFALSE\t0\tn\tv\n")
    (tmp_path / "link").symlink_to(path)
    session.cookies.clear()
    save_cookies(session, str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink() and "\tn\t" not in path.read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["jar", "link"]


def test_file_that_cannot_be_written(session: Session, tmp_path: Path) -> None:
    """Nothing is left behind."""
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "none" / "jar"):
        with pytest.raises(CommandError, match="-c: cannot write") as caught:
            save_cookies(session, str(path))
        assert caught.value.status == 23
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_one_file_for_both(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """A login in one command serves the next; text beside it goes along."""
    server.route("/login", Answer(headers=[("Set-Cookie", "id=7; HttpOnly")], body=b"in"))
    jar = str(tmp_path / "jar")
    first = netstack("fetch", "-b", jar, "-c", jar, server.url("/login"))
    assert first.status == 0 and first.err.startswith(f"netstack: -b {jar}: no cookies: ")
    assert netstack("fetch", "-s", "-b", jar, "-b", "x=y", server.url("/headers")).status == 0
    assert server.requests[-1].headers.get("cookie") == "id=7; x=y"
    done = netstack("fetch", "-f", "-b", jar, "-c", "-", server.url("/status/404"))
    assert done.status == 22 and done.out.endswith(b"#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tid\t7\n")


def test_cookies_of_the_command_line_stay_with_the_host(netstack: Netstack, server: EmbeddedServer) -> None:
    """R5 (CVE-2026-47265): where a redirect leads to another origin, they do not go."""
    with EmbeddedServer() as other:
        server.route("/away", Answer(302, {"Location": other.url("/headers")}))
        assert netstack("fetch", "-L", "-b", "secret=1", server.url("/away")).status == 0
        assert server.requests[-1].headers.get("cookie") == "secret=1"
        assert other.requests[-1].headers.get("cookie") is None
