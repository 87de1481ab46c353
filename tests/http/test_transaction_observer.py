"""Who is told how far a transaction is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.http.transaction_observer import TransactionObserver
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import Read, Write
from tests.support.scripted_stack import ScriptedStack, request_info

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"


class Observer:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.on_again: Callable[[], None] = lambda: None

    def on_connected(self) -> None:
        self.events.append("connected")

    def on_reconnect(self) -> None:
        self.events.append("reconnect")
        self.on_again()

    def on_request_sent(self) -> None:
        self.events.append("sent")


def test_each_step_is_told_once(stack: ScriptedStack) -> None:
    stack.connection(Write(GET), Read(b"HTTP/1.1 204 No Content\r\n\r\n"))
    told = Observer()
    observer: TransactionObserver = told
    transaction, done = stack.transaction(observer), RecordedCompletion()
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    stack.run()
    assert done.result == OK and told.events == ["connected", "sent"]
    transaction.close()


@pytest.mark.parametrize("closes", [False, True])
def test_another_connection_is_told(stack: ScriptedStack, closes: bool) -> None:
    """Whoever limits the time to connect counts anew, or ends it there."""
    challenge = (
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="r"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
    )
    stack.connection(Write(GET), Read(challenge))
    told = Observer()
    transaction, done = stack.transaction(told), RecordedCompletion()
    info = request_info()
    info.auth = AuthIdentity("u", "p", ("basic",))
    assert transaction.start(info, done) == ERR_IO_PENDING
    stack.run()
    assert transaction.is_ready_to_restart
    told.events.clear()
    if closes:
        told.on_again = transaction.close
    else:
        login = b"Authorization: Basic dTpw\r\n\r\n"
        stack.connection(Write(GET[:-2] + login), Read(b"HTTP/1.1 204 No Content\r\n\r\n"))
    again = RecordedCompletion()
    assert transaction.restart_with_auth(info, again) == ERR_IO_PENDING
    stack.run()
    assert told.events == (["reconnect"] if closes else ["reconnect", "connected", "sent"])
    assert again.results == ([] if closes else [OK])
    transaction.close()
