"""The interface of those who are told how far an exchange is."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.http.transaction_observer import TransactionObserver
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import Read, Write
from tests.support.scripted_stack import ScriptedStack, request_info

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"


class Clerk:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def on_connected(self) -> None:
        """See TransactionObserver."""
        self.events.append("connected")

    def on_request_sent(self) -> None:
        """See TransactionObserver."""
        self.events.append("sent")


def test_each_phase_is_told_once(stack: ScriptedStack) -> None:
    """In their order, before the head."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 204 No Content\r\n\r\n"))
    clerk = Clerk()
    observer: TransactionObserver = clerk
    transaction, done = stack.transaction(observer), RecordedCompletion()
    assert transaction.start(request_info(), done) in (OK, -1)
    stack.run()
    assert clerk.events == ["connected", "sent"]
    transaction.close()
