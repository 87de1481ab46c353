"""A connection that is lost or spoilt in the middle of an answer: who waits is told, and nobody gets the rest."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from netstack_sync import Http1Error, NetError, Session
from netstack_sync.base.net_errors import ERR_NETWORK_CHANGED
from netstack_sync.fetcher.network_call import call_on_network_thread
from tests.support.raw_server import OK_ANSWER, raw_server, read_request, wait_for_close
from tests.support.waiting import wait_until

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"


def half_an_answer(connection: socket.socket) -> None:
    """Then nothing, until the client goes."""
    read_request(connection)
    connection.sendall(HALF)
    wait_for_close(connection)


def lose_every_address(session: Session) -> None:
    """As if this machine had none of its addresses any more."""
    network_session = session.context.network_session
    call_on_network_thread(session.context.thread, lambda: network_session.on_ip_address_changed(lambda _: True))


def read_with_result(session: Session, url: str) -> None:
    """A reader that has nothing else to do."""
    future = session.submit("GET", url, timeout=None)
    wait_until(lambda: session.stats().sockets_active == 1)
    wait_until(lambda: session.stats().sockets_opened >= 1)
    lose_every_address(session)
    future.result(10)


def read_slowly(session: Session, url: str) -> None:
    """A reader that is busy elsewhere when it happens."""
    with session.stream("GET", url, timeout=None) as response:
        lose_every_address(session)
        response.read()


@pytest.mark.parametrize("read", [read_with_result, read_slowly])
def test_a_lost_address_ends_what_came_over_it(read: Callable[[Session, str], None]) -> None:
    """At once, with the reason; the slot is free again."""
    with raw_server([half_an_answer]) as port, Session() as session:
        with pytest.raises(NetError) as caught:
            read(session, f"http://127.0.0.1:{port}/")
        assert caught.value.net_error[1] == ERR_NETWORK_CHANGED
        wait_until(lambda: session.stats().sockets_active == 0)


def test_the_rest_of_a_spoilt_answer_is_nobodys() -> None:
    """What follows broken chunks may look like the end of one answer and the beginning of the next."""

    def spoil(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n")
        wait_for_close(connection)  # no second request comes here

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK_ANSWER)

    with raw_server([spoil, answer]) as port, Session() as session:
        url = f"http://127.0.0.1:{port}/"
        with pytest.raises(Http1Error):
            session.get(url)
        assert session.get(url, timeout=10).text == "ok"
