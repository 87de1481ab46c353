"""T4 and T5: a connection that the server closed between two requests costs nobody an error."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

import netstack_sync
from netstack_sync.testing.answer import Answer, Fault
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import (
    close_before_headers,
    close_on_reuse,
    reset_before_headers,
    reset_on_reuse,
)
from tests.support.raw_server import OK_ANSWER, Play, raw_server, read_request, reset, wait_for_bytes

_METHODS = pytest.mark.parametrize("method, content", [("GET", None), ("POST", b"a body " * 1000)])


@pytest.fixture
def session() -> Iterator[netstack_sync.Session]:
    """A session that is closed at the end."""
    with netstack_sync.Session() as made:
        yield made


@_METHODS
@pytest.mark.parametrize("fault", [close_on_reuse(), reset_on_reuse()], ids=["FIN", "RST"])
def test_request_is_resent_after_the_server_read_it(
    server: EmbeddedServer, session: netstack_sync.Session, method: str, content: bytes | None, fault: Fault
) -> None:
    """T4: the reused connection ends instead of an answer; the request is sent again on a new one, GET and POST.

    An error for both in requests, httpx, httpx2, niquests, primp, wreq and pyreqwest, for POST in urllib3 and
    aiohttp.
    """
    server.route("/stale", Answer(body=b"fresh", fault=fault))
    for _ in range(3):
        response = session.request(method, server.url("/stale"), content=content)
        assert response.content == b"fresh"
    bodies = [request.body for request in server.requests]
    assert bodies == [content or b""] * 5, "sent once on the first connection, twice whenever it was reused"
    assert server.connections_opened == 3
    assert session.stats().sockets == 1


def _close_unread(connection: socket.socket) -> None:
    connection.close()


@_METHODS
@pytest.mark.parametrize("ending", [_close_unread, reset], ids=["unread", "RST"])
def test_request_is_resent_when_nobody_read_it(
    session: netstack_sync.Session, method: str, content: bytes | None, ending: Play
) -> None:
    """T4: the server closes while the request is on its way, so that nobody reads it; the system answers RST.

    The race that requests#4664 is about: "RemoteDisconnected" and "Connection reset by peer" after an idle time.
    """
    received: list[bytes] = []

    def answer_once_then_close(connection: socket.socket) -> None:
        received.append(read_request(connection))
        connection.sendall(OK_ANSWER)
        wait_for_bytes(connection)
        ending(connection)

    def answer(connection: socket.socket) -> None:
        received.append(read_request(connection))
        connection.sendall(OK_ANSWER)

    with raw_server([answer_once_then_close, answer]) as port:
        for _ in range(2):
            response = session.request(method, f"http://127.0.0.1:{port}/", content=content)
            assert response.text == "ok"
    assert len(received) == 2 and received[0] == received[1]
    assert received[1].endswith(content or b"\r\n\r\n")


@pytest.mark.parametrize("fault", [close_before_headers(), reset_before_headers()], ids=["FIN", "RST"])
def test_fresh_connection_is_not_tried_again(
    server: EmbeddedServer, session: netstack_sync.Session, fault: Fault
) -> None:
    """Resending ends by itself: what fails on a connection of its own has failed, and may have been done."""
    server.route("/bad", Answer(fault=fault))
    with pytest.raises(netstack_sync.ConnectionFailed) as caught:
        session.post(server.url("/bad"), content=b"once")
    assert caught.value.may_have_been_sent
    assert len(server.requests) == 1
    assert session.stats().sockets == 0


def test_body_that_cannot_be_sent_twice_is_not(server: EmbeddedServer, session: netstack_sync.Session) -> None:
    """An iterator is spent after the first try; the caller is told, instead of half a body being sent."""
    server.route("/stale", Answer(fault=close_on_reuse()))
    session.get(server.url("/stale"))
    with pytest.raises(netstack_sync.ConnectionFailed) as caught:
        session.post(server.url("/stale"), content=iter([b"only", b" once"]))
    assert caught.value.may_have_been_sent
    assert [request.body for request in server.requests] == [b"", b"only once"]


@_METHODS
@pytest.mark.parametrize("is_reset", [False, True], ids=["FIN", "RST"])
def test_closed_idle_connection_is_not_used(
    server: EmbeddedServer, session: netstack_sync.Session, method: str, content: bytes | None, is_reset: bool
) -> None:
    """T5: a connection whose end is already there is not reused, and the request is sent just once.

    curl_cffi gives an error for the POST.
    """
    session.get(server.url("/hello"))
    if is_reset:
        server.reset_connections()
    else:
        server.close_idle_connections()
    response = session.request(method, server.url("/echo"), content=content)
    assert response.ok and not response.connection_reused
    assert len(server.requests) == 2
    assert server.connections_opened == 2
    assert session.stats().sockets_opened == 2


def test_closed_idle_connection_gives_its_slot_back(server: EmbeddedServer, session: netstack_sync.Session) -> None:
    """T5: the end of an idle connection is noticed without a request, and its socket closed."""
    session.get(server.url("/hello"))
    assert session.stats().sockets_idle == 1
    server.close_idle_connections()
    assert server.wait_until(lambda: server.open_connections == 0), "our side was not closed"
    assert session.stats().sockets == 0


def test_stale_socket_over_tls(tls_server: EmbeddedServer) -> None:
    """T4 and T5 over TLS, where the end is a close_notify or its absence."""
    tls_server.route("/stale", Answer(body=b"fresh", fault=close_on_reuse()))
    with netstack_sync.Session(verify=tls_server.ca_file) as session:
        for _ in range(3):
            assert session.post(tls_server.url("/stale"), content=b"body").content == b"fresh"
        tls_server.close_idle_connections()
        assert session.post(tls_server.url("/stale"), content=b"body").content == b"fresh"
    assert [request.body for request in tls_server.requests] == [b"body"] * 6
