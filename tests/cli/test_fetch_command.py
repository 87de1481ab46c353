"""`netstack fetch` against a real server: what is written where, and with which exit status it ends."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from netstack_sync import ContextShutDown, Response, SyncUrlFetcher
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN
from netstack_sync.cli import fetch_command
from netstack_sync.cli.main import make_parser
from netstack_sync.fetcher.limits import Limits
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.default_routes import pattern_bytes
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import (
    bad_chunk,
    close_before_headers,
    early_close,
    reset_before_headers,
    stall_before_headers,
)
from tests.support.command_line import Netstack
from tests.support.raw_server import raw_server


def test_body_goes_to_standard_output(netstack: Netstack, server: EmbeddedServer) -> None:
    """And nothing else goes anywhere."""
    assert netstack("fetch", server.url("/hello")) == (0, b"hello\n", "")


def test_file_is_saved_whole(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """-o streams to disk."""
    assert netstack("fetch", "-o", str(tmp_path / "x"), server.url("/bytes/3000000")) == (0, b"", "")
    assert (tmp_path / "x").read_bytes() == pattern_bytes(3_000_000)


def test_remote_name_is_the_last_part_of_the_url(
    netstack: Netstack, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """-O; with -L the name is still that of the URL which was typed, not of where the server sent us."""
    monkeypatch.chdir(tmp_path)
    assert netstack("fetch", "-LO", server.url("/redirect/2")).status == 0
    assert (tmp_path / "2").read_bytes() == b"hello\n"


@pytest.mark.parametrize("fault, status", [(early_close(), 18), (bad_chunk(), 8), (reset_before_headers(), 56)])
def test_failed_download_leaves_nothing(
    netstack: Netstack, server: EmbeddedServer, tmp_path: Path, fault: object, status: int
) -> None:
    """Half a file is not mistaken for a whole one."""
    server.route("/x", Answer(body=b"some bytes", fault=fault))  # type: ignore[arg-type]
    done = netstack("fetch", "-o", str(tmp_path / "x"), server.url("/x"))
    assert done.status == status and done.err.startswith("netstack: ERR_")
    assert list(tmp_path.iterdir()) == []


def test_coded_body_is_decoded_also_into_a_file(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """One rule for both outputs; --raw writes what came."""
    url, file = server.url("/gzip?size=5000"), tmp_path / "x"
    assert netstack("fetch", url, "-o", "-").out == pattern_bytes(5000)
    netstack("fetch", url, "-o", str(file), "--compressed")
    assert file.read_bytes() == pattern_bytes(5000)
    assert netstack("fetch", url, "--raw").out == gzip.compress(pattern_bytes(5000), mtime=0)


def test_heads_come_before_the_body(netstack: Netstack, server: EmbeddedServer) -> None:
    """-i shows the redirects on the way as well, and lines of one name apart."""
    server.route("/hello", Answer(headers=[("A", "1"), ("A", "2")], body=b"hello\n"))
    done = netstack("fetch", "-iL", server.url("/redirect/1"))
    assert done.out == (
        b"HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nContent-Length: 6\r\n\r\nhello\n"
    )


def test_head_asks_for_the_head_only(netstack: Netstack, server: EmbeddedServer) -> None:
    """-I sends HEAD and shows what comes."""
    done = netstack("fetch", "-I", server.url("/hello"))
    assert done.out == b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n"
    assert [request.method for request in server.requests] == ["HEAD"]


def test_redirect_is_an_answer_without_l(netstack: Netstack, server: EmbeddedServer) -> None:
    """And with it, too many are an error."""
    url = server.url("/redirect/3")
    assert netstack("fetch", url) == (0, b"", "")
    done = netstack("fetch", "-L", "--max-redirs", "2", url)
    assert done.status == 47 and done.err.startswith("netstack: ERR_TOO_MANY_REDIRECTS (-310): ")


def test_bad_status_is_an_answer_without_f(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """With -f it is a failure, and no file is written."""
    url = server.url("/status/404")
    assert netstack("fetch", url).status == 0
    done = netstack("fetch", "-f", url, "-o", str(tmp_path / "x"))
    assert done == (22, b"", "netstack: the server answered 404 Not Found\n")
    assert list(tmp_path.iterdir()) == [] and netstack("fetch", "-f", server.url("/hello")).out == b"hello\n"


def test_silent_says_nothing_unless_asked_to(netstack: Netstack, server: EmbeddedServer) -> None:
    """-s, and -sS for scripts that want the reason."""
    url = server.url("/status/500")
    assert netstack("fetch", "-sf", url) == (22, b"", "")
    assert netstack("fetch", "-sSf", url).err == "netstack: the server answered 500 Internal Server Error\n"


def test_deadline_ends_a_stall(netstack: Netstack, server: EmbeddedServer) -> None:
    """-m bounds everything; the error says its Chromium name."""
    server.route("/stall", Answer(fault=stall_before_headers()))
    done = netstack("fetch", "-m", "0.2", server.url("/stall"))
    assert done.status == 28 and done.err.startswith("netstack: ERR_TIMED_OUT (-7): ")


def test_empty_answer(netstack: Netstack, server: EmbeddedServer) -> None:
    """curl's 52."""
    server.route("/x", Answer(fault=close_before_headers()))
    done = netstack("fetch", server.url("/x"))
    assert done.status == 52 and "ERR_EMPTY_RESPONSE (-324)" in done.err


def test_certificate_must_be_trusted(netstack: Netstack, secure_server: EmbeddedServer) -> None:
    """Unless its authority is named, or -k says that it does not matter."""
    url = secure_server.url("/hello", "localhost")
    refused = netstack("fetch", url)
    assert refused.status == 60 and "ERR_CERT_AUTHORITY_INVALID (-202)" in refused.err
    assert netstack("fetch", url, "--cacert", secure_server.ca_file).out == b"hello\n"
    assert netstack("fetch", url, "-k").out == b"hello\n"


def test_http_server_does_not_speak_tls(netstack: Netstack) -> None:
    """curl's 35."""

    def answer_in_plain_text(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server([answer_in_plain_text]) as port:
        done = netstack("fetch", f"https://127.0.0.1:{port}/")
    assert done.status == 35 and "ERR_SSL_PROTOCOL_ERROR (-107)" in done.err


def test_verbose_tells_the_whole_way(netstack: Netstack, secure_server: EmbeddedServer) -> None:
    """Connection, TLS, verdict, both heads, time; the password is not shown."""
    url, ca_file = secure_server.url("/hello", "localhost"), secure_server.ca_file
    done = netstack("fetch", "-v", "-u", "user:secret", "--cacert", ca_file, url)
    lines = done.err.splitlines()
    assert done.status == 0 and done.out == b"hello\n"
    for line in ("* Connected", "* The certificate is good", "> GET /hello HTTP/1.1", "< HTTP/1.1 200 OK"):
        assert line in lines
    assert "* The certificate names CN=localhost" in lines and "> Authorization: [" in done.err
    assert lines[-1].startswith("* Timing on a new socket: dns ") and " tls " in lines[-1]
    assert "secret" not in done.err and "dXNlcjpzZWNyZXQ" not in done.err


def test_verbose_shows_how_far_a_failed_request_came(netstack: Netstack, server: EmbeddedServer) -> None:
    """The timing comes before the error."""
    server.route("/x", Answer(fault=close_before_headers()))
    done = netstack("fetch", "-v", server.url("/x"))
    assert [line[:9] for line in done.err.splitlines()[-2:]] == ["* Timing ", "netstack:"]
    assert netstack("fetch", "-v", "http://h.invalid/").status == 6


def test_verbose_has_no_timing_of_what_never_began(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a fetch in a session that is being closed."""

    def refused(_: SyncUrlFetcher) -> Response:
        raise ContextShutDown(ERR_CONTEXT_SHUT_DOWN)

    monkeypatch.setattr(SyncUrlFetcher, "fetch", refused)
    done = netstack("fetch", "-v", "h")
    assert done.status == 1 and done.err.startswith("netstack: ERR_CONTEXT_SHUT_DOWN (-26): ")


@pytest.mark.parametrize(
    "path, arguments, is_shown",
    [
        ("/bytes/5000", (), True),
        ("/gzip", (), True),
        ("/bytes/5000", ("-s",), False),
        ("/bytes/5000", ("-v",), False),
        ("/bytes/5000", ("-I",), False),
    ],
)
def test_progress_is_for_downloads_on_a_terminal(
    netstack: Netstack,
    server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    arguments: tuple[str, ...],
    is_shown: bool,
) -> None:
    """Not with -s, and not among the lines of -v."""
    monkeypatch.setitem(sys.modules, "netstack_sync.cli.rich_progress", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    done = netstack("fetch", "-o", str(tmp_path / "x"), server.url(path), *arguments)
    assert done.status == 0 and ("\r" in done.err) == is_shown
    assert ("100%" in done.err) == is_shown  # also of what is decoded: what comes is counted


def test_binary_data_is_not_written_to_a_terminal(
    netstack: Netstack, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused with a hint, as curl does; the hint works."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    done = netstack("fetch", server.url("/bytes/10"))
    assert done.status == 23 and done.out == b"" and "-o FILE" in done.err
    assert netstack("fetch", server.url("/bytes/10"), "-o", "-").out == pattern_bytes(10)


def test_words_may_stand_between_options(netstack: Netstack, server: EmbeddedServer) -> None:
    """Method, URL and items as with HTTPie, in any place."""
    done = netstack("fetch", "-s", "PATCH", server.url("/echo"), "-A", "me", "a=b", "--max-time", "9", "q==1", "X-Y:z")
    seen = json.loads(done.out)
    assert (seen["method"], seen["target"], seen["body"]) == ("PATCH", "/echo?q=1", '{"a":"b"}')
    assert seen["headers"]["User-Agent"] == "me" and seen["headers"]["X-Y"] == "z"
    assert seen["headers"]["Content-Type"] == "application/json"


@pytest.mark.parametrize("parallel", [(), ("-Z",), ("-Z", "--parallel-max", "1")])
def test_several_urls_go_where_they_belong(
    netstack: Netstack, server: EmbeddedServer, tmp_path: Path, parallel: tuple[str, ...]
) -> None:
    """One after another or at the same time, on one session."""
    urls = [server.url(f"/bytes/{size}") for size in (1000, 200_000, 3000)]
    done = netstack("fetch", *parallel, "--output-dir", str(tmp_path), "-o", "first", "-O", *urls)
    assert done == (0, b"", "")
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {
        "first": 1000,
        "200000": 200_000,
        "3000": 3000,
    }


def test_bodies_of_several_do_not_mix(netstack: Netstack, server: EmbeddedServer) -> None:
    """Each is written whole, whichever comes first."""
    sizes = [300_000, 400_000, 500_000]
    for size in sizes:
        server.route(f"/{size}", Answer(chunks=[b"%d;" % size * 1000] * 40))
    done = netstack("fetch", "-Z", *[server.url(f"/{size}") for size in sizes])
    runs = [name for name, _ in itertools.groupby(done.out.decode().rstrip(";").split(";"))]
    assert sorted(runs) == [str(size) for size in sizes]


@pytest.mark.parametrize("parallel", [(), ("-Z",)])
def test_first_failure_is_the_status_of_all(
    netstack: Netstack, server: EmbeddedServer, parallel: tuple[str, ...]
) -> None:
    """In the order of the URLs; the others are fetched all the same."""
    server.route("/x", Answer(fault=close_before_headers()))
    done = netstack("fetch", *parallel, "-f", server.url("/hello"), server.url("/x"), server.url("/status/404"))
    assert done.status == 52 and done.out == b"hello\n"
    assert done.err.splitlines()[-1] == "netstack: 2 of 3 URLs failed" and "/x\n" in done.err
    assert netstack("fetch", *parallel, "-s", "http://[", server.url("/hello")) == (3, b"hello\n", "")


@pytest.mark.parametrize(
    "arguments, limits",
    [
        ((), None),
        (("-Z",), None),
        (("--parallel-max", "8"), None),
        (("-Z", "--parallel-max", "8"), Limits(per_host=8)),
        (("-Z", "--parallel-max", "500"), Limits(per_host=500, total=500)),
    ],
)
def test_number_at_the_same_time_is_meant(arguments: tuple[str, ...], limits: Limits | None) -> None:
    """Also for one host; without it the session is as polite as ever."""
    assert fetch_command._limits(make_parser().parse_args(["fetch", "h", *arguments])) == limits


@pytest.mark.parametrize("parallel", [(), ("-Z",)])
def test_ctrl_c_ends_all_at_once(server: EmbeddedServer, tmp_path: Path, parallel: tuple[str, ...]) -> None:
    """With 130 and without a word; no half file is left."""
    server.route("/slow", Answer(fault=stall_before_headers()))
    arguments = ["fetch", *parallel, "-O", "-O", server.url("/slow"), server.url("/slow")]
    process = subprocess.Popen(
        [sys.executable, "-m", "netstack_sync", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stderr=subprocess.PIPE,
    )
    while not server.requests:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")
    assert list(tmp_path.iterdir()) == []


def test_reader_that_goes_away_ends_all_quietly(server: EmbeddedServer) -> None:
    """As in `netstack fetch -Z ... | head`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "netstack_sync", "fetch", "-Z", *[server.url("/bytes/3000000")] * 3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(30) == 23
    process.stderr.close()


def test_names_may_be_mapped(netstack: Netstack, server: EmbeddedServer) -> None:
    """--resolve and --connect-to; the Host header keeps the name."""
    port = server.url().split(":")[2].strip("/")
    done = netstack("fetch", f"http://any.test:{port}/headers", "--resolve", f"any.test:{port}:127.0.0.1")
    assert json.loads(done.out)["headers"]["Host"] == f"any.test:{port}"
    done = netstack("fetch", "http://any.test/headers", "--connect-to", f"any.test:80:127.0.0.1:{port}")
    assert json.loads(done.out)["headers"]["Host"] == "any.test"


def test_failure_that_passes_is_tried_again(netstack: Netstack, server: EmbeddedServer) -> None:
    """--retry, with the wait that was asked for; requests may be rationed."""
    answers = iter([Answer(503), Answer(fault=close_before_headers()), Answer(body=b"at last")])
    server.route("/x", lambda request: next(answers))
    done = netstack("fetch", "--retry", "3", "--retry-delay", "0.01", "--rate", "1000/s", server.url("/x"))
    assert done == (0, b"at last", "")


def test_cookies_go_from_url_to_url_and_into_the_jar(
    netstack: Netstack, server: EmbeddedServer, tmp_path: Path
) -> None:
    """Also when something failed."""
    server.route("/login", Answer(404, [("Set-Cookie", "id=7")]))
    done = netstack("fetch", "-f", "-c", str(tmp_path / "jar"), server.url("/login"), server.url("/headers"))
    assert done.status == 22 and json.loads(done.out)["headers"]["Cookie"] == "id=7"
    assert "\tid\t7\n" in (tmp_path / "jar").read_text()
