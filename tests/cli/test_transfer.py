"""One URL of `netstack fetch`, from the request to the last byte in its place."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.default_routes import pattern_bytes
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.command_line import Netstack

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("arguments", [(), ("--limit-rate", "100k")])
def test_body_is_written_and_counted(netstack: Netstack, server: EmbeddedServer, arguments: tuple[str, ...]) -> None:
    """Also when it is not read at once; what is encoded is counted as it came."""
    done = netstack("fetch", "-w", "|%{size_download} %{size_header}", server.url("/bytes/9000"), *arguments)
    assert done.out.startswith(pattern_bytes(9000) + b"|9000 ") and done.status == 0
    done = netstack("fetch", "-w", "|%{size_download}", server.url("/gzip?size=90000"), *arguments)
    body, _, size = done.out.rpartition(b"|")
    assert body == pattern_bytes(90000) and int(size) < 9000


@pytest.mark.parametrize("path", ["/bytes/2000", "/chunked", "/gzip?size=2000"])
@pytest.mark.parametrize("limit, status", [("1k", 63), ("2000", 0)])
def test_size_may_be_limited(
    netstack: Netstack, server: EmbeddedServer, tmp_path: Path, path: str, limit: str, status: int
) -> None:
    """R11 (CVE-2025-66471): announced or not, counted decoded; no half file is left."""
    server.route("/chunked", Answer(chunks=[bytes(500)] * 4))
    done = netstack("fetch", "-o", str(tmp_path / "x"), "--max-filesize", limit, server.url(path))
    assert done.status == status and ("1024 bytes of --max-filesize" in done.err) == bool(status)
    assert len(list(tmp_path.iterdir())) == (0 if status else 1)
    assert netstack("fetch", "-I", "--max-filesize", "1", server.url("/bytes/2000")).status == 0


def test_deadline_counts_for_what_waits_here_too(netstack: Netstack, server: EmbeddedServer) -> None:
    """A slow reader does not outlive -m."""
    done = netstack("fetch", "-m", "0.3", "--limit-rate", "1k", server.url("/bytes/60000"))
    assert done.status == 28 and 0 < len(done.out) < 60000


def test_urls_that_nobody_answers(netstack: Netstack, tmp_path: Path) -> None:
    """data: always, file: below a root; there is no connection to tell of, and a status for what cannot be read."""
    done = netstack("fetch", "-v", "-w", "|%{num_connects}", "data:,a%20b")
    assert done.status == 0 and done.out == b"a b|0" and "Answered" not in done.err
    (tmp_path / "x").write_bytes(b"content")
    root = ("--file-root", str(tmp_path))
    assert netstack("fetch", *root, (tmp_path / "x").as_uri()) == (0, b"content", "")
    for url in ((tmp_path / "none").as_uri(), "file:///etc/hostname"):
        assert netstack("fetch", *root, url).status == 37


def test_verbose_says_who_answered(netstack: Netstack, server: EmbeddedServer) -> None:
    """Before the body comes."""
    assert "* Answered by 127.0.0.1:" in netstack("fetch", "-v", server.url("/hello")).err


@pytest.mark.parametrize("flag, out", [("-f", b""), ("--fail-with-body", b"what is wrong")])
def test_bad_status_is_a_failure_if_wanted(netstack: Netstack, server: EmbeddedServer, flag: str, out: bytes) -> None:
    """With its body, or without."""
    server.route("/x", Answer(404, body=b"what is wrong"))
    done = netstack("fetch", flag, server.url("/x"))
    assert done == (22, out, "netstack: the server answered 404 Not Found\n")


def test_file_is_uploaded_as_it_is_read(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """With PUT, under its own name in a folder; %{size_upload} counts it."""
    file = tmp_path / "a b.bin"
    file.write_bytes(pattern_bytes(200_000))
    server.route("/in/", lambda request: Answer(body=str(len(request.body)).encode()))
    done = netstack("fetch", "-T", str(file), "-w", " %{size_upload} %{method}", server.url("/in/?x#y"))
    assert done.out == b"200000 200000 PUT" and server.requests[-1].target == "/in/a%20b.bin?x"
    assert netstack("fetch", "-T", str(tmp_path), server.url("/in/")).status == 26
    assert netstack("fetch", "-T", str(tmp_path / "none"), server.url("/in/")).status == 26


def test_standard_input_is_uploaded_in_chunks(
    netstack: Netstack, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows its length before."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Pipe(b"from a pipe")))
    done = netstack("fetch", "-T", "-", "-w", "|%{size_upload}", server.url("/echo"))
    body, _, size = done.out.rpartition(b"|")
    assert json.loads(body)["body"] == "from a pipe" and size == b"11"
    assert server.requests[-1].headers.get("transfer-encoding") == "chunked"


def test_upload_is_sent_again_where_a_redirect_leads(
    netstack: Netstack, server: EmbeddedServer, tmp_path: Path
) -> None:
    """From its beginning; it counts once."""
    file = tmp_path / "f"
    file.write_bytes(pattern_bytes(150_000))
    server.route("/from", Answer(307, {"Location": "/to"}))
    server.route("/to", lambda request: Answer(body=str(len(request.body)).encode()))
    done = netstack("fetch", "-L", "-T", str(file), "-w", " %{size_upload}", server.url("/from"))
    assert done.out == b"150000 150000"


def test_small_data_is_counted_too(netstack: Netstack, server: EmbeddedServer) -> None:
    """By its length; a form with files as well."""
    assert netstack("fetch", "-so", "/dev/null", "-d", "abc", "-w", "%{size_upload}", server.url("/echo")).out == b"3"
    done = netstack("fetch", "-so", "/dev/null", server.url("/echo"), "f@/dev/null", "-w", "%{size_upload}")
    assert int(done.out) == len(server.requests[-1].body) > 0


def test_files_of_a_form_are_read_as_they_are_sent(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """Again for each URL."""
    file = tmp_path / "f"
    file.write_bytes(pattern_bytes(300_000))
    server.route("/to", lambda request: Answer(body=str(pattern_bytes(300_000) in request.body).encode()))
    urls = [server.url("/to")] * 3
    done = netstack("fetch", "-Z", "-F", f"f=@{file}", "-F", "a=b", *urls)
    assert done == (0, b"TrueTrueTrue", "")
    sizes = {len(request.body) for request in server.requests}
    done = netstack("fetch", urls[0], f"f@{file}", "a=b", "-w", " %{size_upload}")
    assert done.out == f"True {len(server.requests[-1].body)}".encode() and max(sizes) > 300_000


def test_file_that_cannot_be_read_to_its_end_is_a_read_error(
    netstack: Netstack, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With curl's status."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Failing(b"x")))
    done = netstack("fetch", "-T", "-", server.url("/echo"))
    assert done == (26, b"", "netstack: cannot read what is to be sent: Input/output error\n")


def test_large_data_is_counted_while_it_is_sent(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """As a file is."""
    file = tmp_path / "f"
    file.write_bytes(b"x" * 300_000)
    server.route("/to", lambda request: Answer(body=str(len(request.body)).encode()))
    done = netstack("fetch", "-d", f"@{file}", "-w", " %{size_upload}", server.url("/to"))
    assert done.out == b"300000 300000"


def test_server_may_name_the_file(
    netstack: Netstack, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside the folder, and never in the place of another one; without a name it is that of the URL."""
    monkeypatch.chdir(tmp_path)
    server.route("/x.bin", Answer(headers={"Content-Disposition": 'attachment; filename="../n.txt"'}, body=b"new"))
    done = netstack("fetch", "-OJ", "-w", "%{filename_effective}", server.url("/x.bin"))
    assert done == (0, b"n.txt", "") and (tmp_path / "n.txt").read_bytes() == b"new"
    server.route("/x.bin", Answer(headers={"Content-Disposition": "attachment; filename=n.txt"}, body=b"other"))
    done = netstack("fetch", "-OJ", server.url("/x.bin"))
    assert done.status == 23 and (tmp_path / "n.txt").read_bytes() == b"new"
    for _ in range(2):
        assert netstack("fetch", "-OJ", server.url("/hello")).status == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hello", "n.txt"]


class _Ranges:
    """A file that breaks off the first time."""

    def __init__(self) -> None:
        self.ranges: list[str | None] = []

    def __call__(self, request: ReceivedRequest) -> Answer:
        asked = request.headers.get("range")
        self.ranges.append(asked)
        headers = {"ETag": '"v1"'}
        if asked is None:
            return Answer(headers=headers, body=pattern_bytes(400_000), fault=early_close(300_000))
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        headers["Content-Range"] = f"bytes {start}-399999/400000"
        return Answer(206, headers, pattern_bytes(400_000)[start:])


def test_broken_download_goes_on(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """-C - keeps what came, and asks for the rest; a file that is complete is not touched."""
    ranges = _Ranges()
    server.route("/x", ranges)
    path = tmp_path / "d" / "x"
    arguments = ("fetch", "-C", "-", "-o", str(path), "--create-dirs", server.url("/x"))
    assert netstack(*arguments).status == 18
    kept = (tmp_path / "d" / "x.part").stat().st_size
    assert 0 < kept < 400_000 and not path.exists()
    done = netstack(*arguments, "-w", "%{http_code} %{size_download}")
    assert done == (0, f"206 {400_000 - kept}".encode(), "") and path.read_bytes() == pattern_bytes(400_000)
    assert ranges.ranges == [None, f"bytes={kept}-"]
    done = netstack(*arguments)
    assert done.status == 23 and "is there already; remove it, or leave -C out" in done.err
    assert len(ranges.ranges) == 2


def test_large_file_may_come_in_parts(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """Side by side."""
    data = pattern_bytes(3 << 20)

    def serve(request: ReceivedRequest) -> Answer:
        headers = {"ETag": '"v1"', "Accept-Ranges": "bytes"}
        asked = request.headers.get("range")
        if asked is None:
            return Answer(headers=headers, body=data)
        start, _, end = asked.removeprefix("bytes=").partition("-")
        part = data[int(start) : int(end or len(data) - 1) + 1]
        headers["Content-Range"] = f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}"
        return Answer(206, headers, part)

    server.route("/x", serve)
    done = netstack("fetch", "-C", "-", "-o", str(tmp_path / "x"), "--parts", "3", server.url("/x"))
    assert done == (0, b"", "") and (tmp_path / "x").read_bytes() == data
    assert len(server.requests) == 3


def test_resumable_download_fails_as_others_do(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """A bad status always; a folder that is not there; a range of the user's own."""
    path = str(tmp_path / "x")
    done = netstack("fetch", "-C", "-", "-o", path, server.url("/status/404"), "-w", "%{http_code}")
    assert done == (22, b"404", "netstack: the server answered 404 Not Found\n")
    done = netstack("fetch", "-C", "-", "-o", f"{path}/none/x", server.url("/hello"))
    assert done.status == 23 and done.err.startswith("netstack: cannot write")
    done = netstack("fetch", "-C", "-", "-o", path, "-H", "Range: bytes=1-", server.url("/hello"))
    assert done.status == 2 and "Range" in done.err
    done = netstack("fetch", "-C", "-", "-o", path, "--max-filesize", "3", server.url("/hello"))
    assert done.status == 63


def test_terminal_gets_readable_text(
    netstack: Netstack, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON in lines, escapes harmless; a pipe gets it as it is, and so does -o -."""
    monkeypatch.setenv("NO_COLOR", "1")
    server.route("/json", Answer(headers=JSON, body=b'{"a":"\\u001b"}'))
    server.route("/evil", Answer(headers={"X": "\x9b2J"}, body=b"a\x1b[2J\n"))
    assert netstack("fetch", server.url("/json")).out == b'{"a":"\\u001b"}'
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert netstack("fetch", server.url("/json")).out == b'{\n    "a": "\\u001b"\n}\n'
    assert netstack("fetch", "--pretty", "none", server.url("/json")).out == b'{"a":"\\u001b"}'
    evil = netstack("fetch", "-i", server.url("/evil"), "-w", "%header{x}").out
    assert b"X: \\x9b2J\n" in evil and evil.endswith(b"\n\na\\x1b[2J\n\\x9b2J")
    assert netstack("fetch", "-o", "-", server.url("/evil")).out == b"a\x1b[2J\n"


def test_name_of_a_header_is_not_looked_at_without_j(
    netstack: Netstack, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """-O alone means the URL, below --output-dir."""
    monkeypatch.chdir(tmp_path)
    server.route("/x.bin", Answer(headers={"Content-Disposition": "attachment; filename=n.txt"}, body=b"new"))
    assert netstack("fetch", "-O", "--output-dir", "d", server.url("/x.bin")).status == 23
    assert netstack("fetch", "-O", "--output-dir", "d", "--create-dirs", server.url("/x.bin")).status == 0
    assert [str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*")] == ["d", "d/x.bin"]
    assert netstack("fetch", "-O", server.url("/")).status == 2
