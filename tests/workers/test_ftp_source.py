"""Files of FTP servers, good ones and others."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_ACCESS_DENIED,
    ERR_ADDRESS_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_TIMED_OUT,
    ERR_FILE_NOT_FOUND,
    ERR_FTP_FAILED,
    ERR_FTP_SERVICE_UNAVAILABLE,
    ERR_FTP_TRANSFER_ABORTED,
    ERR_UNSAFE_PORT,
)
from netstack_sync.workers import ftp_source as module
from netstack_sync.workers.answer_source import AnswerSource, SourceError
from netstack_sync.workers.ftp_source import FtpSource
from tests.support.ftp_server import FtpServer, ftp_server

LIMIT_S = 20.0
BIG = bytes(range(256)) * 2000


@pytest.fixture
def server() -> Iterator[FtpServer]:
    with ftp_server({"a.html": b"hello", "big": BIG, "d/x": b"x", "/root": b"absolute", "empty": b""}) as server:
        yield server


def endpoint(server: FtpServer, host: str = "127.0.0.1") -> IPEndPoint:
    return IPEndPoint(host, server.port, socket.AF_INET6 if ":" in host else socket.AF_INET)


def source_of(server: FtpServer, path: str, user: str = "", password: str = "") -> FtpSource:
    return FtpSource((endpoint(server),), path, user, password)


def fetched(source: AnswerSource) -> bytes:
    try:
        source.open()
        return b"".join(iter(source.read_piece, b""))
    finally:
        source.close()


def failure(source: AnswerSource) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetched(source)
    return caught.value


def test_a_file(server: FtpServer) -> None:
    """Anonymous, binary, passive; its size is known before it comes."""
    source: AnswerSource = source_of(server, "a.html")
    answer = source.open()
    assert answer == (200, "OK", (("Content-Type", "text/html"),), 5, None)
    assert source.read_piece() == b"hello" and source.read_piece() == b"" and source.read_piece() == b""
    source.close()
    assert server.users == [("anonymous", "anonymous@")]
    assert server.commands[2:] == ["TYPE I", "SIZE a.html", "PASV", "RETR a.html"]
    assert source.is_remote and not source.has_effects


def test_large_files_come_in_pieces(server: FtpServer) -> None:
    source = source_of(server, "big")
    source.open()
    pieces = list(iter(source.read_piece, b""))
    source.close()
    assert b"".join(pieces) == BIG and max(map(len, pieces)) <= 64 * 1024


def test_user_and_path(server: FtpServer) -> None:
    """A path may begin at the server's root."""
    assert fetched(source_of(server, "/root", "me", "secret")) == b"absolute"
    assert server.users == [("me", "secret")]


@pytest.mark.parametrize("path, folder, listed", [("", "", 5), ("d/", "CWD d", 1), ("/", "CWD /", 1)])
def test_folders(server: FtpServer, path: str, folder: str, listed: int) -> None:
    """Listed as the server lists them."""
    source = source_of(server, path)
    assert source.open()[2:] == ((("Content-Type", "text/plain"),), None, None)
    lines = b"".join(iter(source.read_piece, b"")).splitlines()
    source.close()
    assert len(lines) == listed and server.commands[2:] == [*([folder] if folder else []), "PASV", "LIST"]


def test_ipv6(server: FtpServer) -> None:
    """EPSV names a port only."""
    try:
        context = ftp_server({"a": b"six"}, "::1")
        with context as six:
            assert fetched(FtpSource((endpoint(six, "::1"),), "a", "", "")) == b"six"
            assert "EPSV" in six.commands
    except OSError:
        pytest.skip("no IPv6 here")


def test_the_next_address(server: FtpServer) -> None:
    """One that does not answer is not the end."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = IPEndPoint("127.0.0.1", closed.getsockname()[1], socket.AF_INET)
        assert fetched(FtpSource((dead, endpoint(server)), "a.html", "", "")) == b"hello"
        error = failure(FtpSource((dead,), "a.html", "", ""))
        assert error.net_error == ERR_CONNECTION_REFUSED and "no connection to 127.0.0.1:" in error.detail
    assert failure(FtpSource((), "a", "", "")).net_error == ERR_ADDRESS_INVALID


def test_a_server_that_takes_no_connections(server: FtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_QUIET_S", 0.01)
    monkeypatch.setattr(socket.socket, "connect", _time_out)
    assert failure(source_of(server, "a")).net_error == ERR_CONNECTION_TIMED_OUT


def _time_out(*_: object) -> None:
    raise TimeoutError("timed out")


def test_the_address_for_the_data_is_the_servers_own(server: FtpServer) -> None:
    """CVE-2020-8284 (curl), CVE-2021-4189 (ftplib): PASV cannot send us elsewhere."""
    server.data_host = "192.0.2.1"
    assert fetched(source_of(server, "a.html")) == b"hello"


def test_ports_of_other_services(server: FtpServer) -> None:
    """Nor to another service of the same machine."""
    server.data_port = 25
    error = failure(source_of(server, "a.html"))
    assert error.net_error == ERR_UNSAFE_PORT and "25" in error.detail


@pytest.mark.parametrize("size", ["500 what", "213 many", "213 -7"])
def test_a_server_that_does_not_know_the_size(server: FtpServer, size: str) -> None:
    server.replies["SIZE"] = size
    source = source_of(server, "a.html")
    assert source.open().size is None
    assert b"".join(iter(source.read_piece, b"")) == b"hello"
    source.close()


def test_a_file_that_grows(server: FtpServer) -> None:
    """What was announced, and no more."""
    server.replies["SIZE"] = "213 3"
    source = source_of(server, "a.html")
    assert source.open().size == 3
    assert (source.read_piece(), source.read_piece()) == (b"hel", b"")
    source.close()


def test_an_empty_file(server: FtpServer) -> None:
    assert fetched(source_of(server, "empty")) == b""


@pytest.mark.parametrize(
    "verb, reply, net_error",
    [
        ("WELCOME", "421 full", ERR_FTP_SERVICE_UNAVAILABLE),
        ("WELCOME", "", ERR_CONNECTION_CLOSED),
        ("WELCOME", "nonsense", ERR_FTP_FAILED),
        ("PASS", "530 who?", ERR_ACCESS_DENIED),
        ("PASV", "227 nonsense", ERR_FTP_FAILED),
        ("PASV", "227 (1,2,3,4,5,99999)", ERR_UNSAFE_PORT),
        ("RETR", "550 no", ERR_FILE_NOT_FOUND),
        ("1xx", "332 account", ERR_FTP_FAILED),
        ("END", "426 broken", ERR_FTP_TRANSFER_ABORTED),
        ("END", "", ERR_CONNECTION_CLOSED),
        ("WELCOME", "220-" + "x" * 9000, ERR_FTP_FAILED),
    ],
)
def test_failures(server: FtpServer, verb: str, reply: str, net_error: int) -> None:
    """Chromium's numbers for what the server says; the end of the data alone proves nothing."""
    server.replies[verb] = reply
    error = failure(source_of(server, "a.html"))
    assert error.net_error == net_error and "FTP server" in error.detail


def test_two_answers_to_one_command(server: FtpServer) -> None:
    """Some servers say something polite first."""
    server.replies["1xx"] = "200 certainly\r\n150 here"
    assert fetched(source_of(server, "a.html")) == b"hello"


def test_a_server_that_never_stops_talking(server: FtpServer) -> None:
    """What it says is bounded, where ftplib has no bound."""
    server.replies["WELCOME"] = "\r\n".join(["220-" + "x" * 1000] * 300)
    error = failure(source_of(server, "a.html"))
    assert error.net_error == ERR_FTP_FAILED and "exceed" in error.detail


@pytest.mark.parametrize("stall", ["WELCOME", "PASS", "PASV", "data", "END"])
def test_cancelled_at_any_moment(server: FtpServer, stall: str) -> None:
    """The worker that waits for the server is woken."""
    server.stalls_at = stall
    source = source_of(server, "a.html")
    ended: list[BaseException | None] = []

    def work() -> None:
        try:
            source.open()
            while source.read_piece():
                pass
            ended.append(None)
        except (SourceError, OSError) as error:
            ended.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    assert server.is_stalled.wait(LIMIT_S)
    source.abort(is_busy=True)
    worker.join(LIMIT_S)
    assert not worker.is_alive() and len(ended) == 1 and ended[0] is not None
    source.close()


def test_cancelled_before_it_begins(server: FtpServer) -> None:
    source = source_of(server, "a.html")
    source.abort(is_busy=False)
    assert failure(source).net_error == ERR_ABORTED
    assert not server.commands


def test_cancelled_between_two_pieces(server: FtpServer) -> None:
    """Every socket is closed at once, and once more later."""
    source = source_of(server, "big")
    source.open()
    assert source.read_piece()
    source.abort(is_busy=False)
    source.close()
    assert source.read_piece() == b""


def test_cancelled_while_it_connects(server: FtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system then says of the socket does not count, and no other address is tried."""
    source = FtpSource((endpoint(server), endpoint(server)), "a.html", "", "")
    attempts: list[object] = []

    def connect(sock: socket.socket, address: object) -> None:
        attempts.append(address)
        source.abort(is_busy=True)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert failure(source).net_error == ERR_ABORTED and len(attempts) == 1
