"""A hop over http."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.job import URLRequestJob
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import Pause, Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"


class Watcher:
    """A TransactionObserver that counts."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def on_connected(self) -> None:
        self.events.append("connected")

    def on_request_sent(self) -> None:
        self.events.append("sent")


def test_it_speaks_for_its_transaction(stack: ScriptedStack) -> None:
    """Every question and order is passed on."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    watcher = Watcher()
    job: URLRequestJob = HttpJob(stack.session, request_info(), stack.log(), watcher)
    assert job.load_state == LoadState.IDLE and job.response is None and not job.has_sent_bytes
    done = RecordedCompletion()
    assert job.start(done) == ERR_IO_PENDING
    stack.run()
    assert done.result == OK and watcher.events == ["connected", "sent"]
    assert job.response is not None and job.response.head.status == 200 and job.has_sent_bytes
    assert job.timing is not None and job.timing.request_start == 100.0 and job.error_detail == ""
    assert job.load_state == LoadState.READING_RESPONSE and not job.is_body_complete
    assert job.sent_bytes == len(GET)
    assert job.read(lambda _: None) == b"ok" and job.is_body_complete
    assert job.read(lambda _: None) == b""
    job.close()
    assert stack.sockets[0].is_open


def test_it_can_be_moved_while_it_waits(stack: ScriptedStack) -> None:
    """In the pool's queue; it says since when a connection has been under way for it."""
    stack.failed_connection(NEVER)
    job: URLRequestJob = HttpJob(stack.session, request_info(), stack.log(), Watcher())
    assert job.connecting_since is None
    assert job.start(RecordedCompletion()) == ERR_IO_PENDING
    job.set_priority(RequestPriority.HIGHEST)
    (group,) = stack.pool.groups()
    assert group.top_priority == RequestPriority.HIGHEST and job.connecting_since == 100.0
    job.close()


def test_closing_ends_the_transaction(stack: ScriptedStack) -> None:
    """No callback comes any more."""
    socket = stack.connection(Write(GET), Pause())
    job = HttpJob(stack.session, request_info(), stack.log(), Watcher())
    done = RecordedCompletion()
    job.start(done)
    stack.run()
    job.close()
    job.close()
    assert not socket.is_open and not done.is_called
