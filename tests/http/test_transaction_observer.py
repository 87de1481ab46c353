"""Who is told how far a transaction is."""

from __future__ import annotations

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

    def on_connected(self) -> None:
        self.events.append("connected")

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
