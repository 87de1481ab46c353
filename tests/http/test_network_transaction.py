"""One request and its response, from the wait for a socket to the socket's return."""

from __future__ import annotations

import io

import pytest

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_EMPTY_RESPONSE,
    ERR_FAILED,
    ERR_INVALID_HTTP_RESPONSE,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_SOCKET_NOT_CONNECTED,
    ERR_UPLOAD_FILE_CHANGED,
    ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.network_transaction import NetworkTransaction
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.retry_rules import MAX_RECONNECTS
from netstack_sync.http.upload import BytesUpload, FileSource, IterableSource, UploadStream, WorkerUpload
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool import close_reasons
from tests.support.digest_server import PLAIN_CHALLENGE, plain_answer
from tests.support.exchange_delegates import ScriptedExchangeDelegate
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import use_proxies
from tests.support.scripted_socket import EOF, PEER, Pause, Read, ScriptedSocket, Step, Write, each_step_failing
from tests.support.scripted_stack import NEVER, ScriptedStack, read_body, request_info

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"
POST_HEAD = b"POST / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n"
POST = POST_HEAD + b"hello"
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
TIMEOUT_408 = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Watcher:
    """A TransactionObserver that counts, and closes the transaction if it is told to."""

    def __init__(self, close_on: str = "") -> None:
        self.events: list[str] = []
        self.close_on = close_on
        self.transaction: NetworkTransaction | None = None

    def on_connected(self) -> None:
        self._note("connected")

    def on_reconnect(self) -> None:
        """Nothing."""

    def on_request_sent(self) -> None:
        self._note("sent")

    def _note(self, event: str) -> None:
        self.events.append(event)
        if event == self.close_on:
            assert self.transaction is not None
            self.transaction.close()


def post(upload: UploadStream | None = None) -> HttpRequestInfo:
    return request_info(method="POST", upload=upload if upload is not None else BytesUpload(b"hello"))


def load_state(transaction: NetworkTransaction) -> LoadState:
    """A property that changes by itself, which the type checker cannot know."""
    return transaction.load_state


def start(stack: ScriptedStack, transaction: NetworkTransaction, info: HttpRequestInfo | None = None) -> int:
    """Runs to the head or an error, which comes exactly once."""
    done = RecordedCompletion()
    result = transaction.start(info if info is not None else request_info(), done)
    assert not done.is_called, "never from inside start()"
    stack.run_workers()
    assert done.is_called == (result == ERR_IO_PENDING)
    return done.result if done.is_called else result


def restart(stack: ScriptedStack, transaction: NetworkTransaction, info: HttpRequestInfo) -> int:
    """Meets the challenge, and runs to the next head or an error."""
    done = RecordedCompletion()
    result = transaction.restart_with_auth(info, done)
    stack.run_workers()
    return done.result if result == ERR_IO_PENDING else result


def fetch(stack: ScriptedStack, info: HttpRequestInfo | None = None) -> bytes | int:
    """A whole exchange: the body or the first error."""
    transaction = stack.transaction()
    result = start(stack, transaction, info)
    body = result if result != OK else read_body(stack, transaction)
    transaction.close()
    stack.run()
    return body


def used_connection(stack: ScriptedStack, *steps: Step) -> ScriptedSocket:
    """A connection that has served a request and idles; then it plays `steps`."""
    socket = stack.connection(Write(GET), Read(FINE), *steps)
    assert fetch(stack) == b"fine"
    assert socket.is_open
    return socket


def unused_idle_connection(stack: ScriptedStack, *steps: Step) -> ScriptedSocket:
    """A connection that was made and never used (Chromium's preconnect)."""
    socket = stack.connection(*steps)
    stack.handle(socket).reset()
    return socket


# --- the way of a good request


def test_a_request_and_its_answer(stack: ScriptedStack) -> None:
    """Row 160, SimpleGET: what is known at the end, and the socket idles."""
    socket = stack.connection(Write(GET), Read(FINE))
    watcher = Watcher()
    transaction = stack.transaction(watcher)
    assert load_state(transaction) == LoadState.IDLE and not transaction.has_sent_bytes
    assert start(stack, transaction) == OK
    response = transaction.response
    assert response is not None and response.head.status == 200 and response.url.href == "http://a.test/"
    assert response.remote_address == PEER and not response.timing.socket_reused and response.ssl_info is None
    assert transaction.ssl_info is None
    assert load_state(transaction) == LoadState.READING_RESPONSE and transaction.has_sent_bytes
    assert not transaction.is_body_complete
    assert read_body(stack, transaction) == b"fine" and transaction.is_body_complete
    assert watcher.events == ["connected", "sent"] and transaction.error_detail == ""
    transaction.close()
    transaction.close()
    assert socket.is_open and not transaction.is_body_complete and stack.pool.slots == 1


def test_the_timing_says_where_the_time_went(stack: ScriptedStack) -> None:
    """Every stamp is there, in order; a reused socket has no connect timing."""
    stack.connection(Write(GET), Pause(), Read(FINE), Write(GET), Read(FINE))
    transaction = stack.transaction()
    done = RecordedCompletion()
    transaction.start(request_info(), done)
    stack.run()
    stack.advance(1.0)
    stack.sockets[0].resume()
    stack.run()
    timing = transaction.timing
    assert done.result == OK and timing.request_start == timing.send_start == timing.send_end == 100.0
    assert timing.receive_headers_start == timing.receive_headers_end == 101.0
    assert timing.connect is not None and not timing.socket_reused
    assert timing.socket_log_id == stack.sockets[0].net_log.source.id
    read_body(stack, transaction)
    transaction.close()
    second = stack.transaction()
    assert start(stack, second) == OK
    assert second.timing.connect is None and second.timing.socket_reused
    assert second.response is not None and second.response.timing.socket_reused
    second.close()


@pytest.mark.parametrize("is_interim_split", [False, True])
@pytest.mark.parametrize("is_head_split", [False, True])
def test_when_the_answer_began(stack: ScriptedStack, is_interim_split: bool, is_head_split: bool) -> None:
    """Row 152, NonInformationalResponseStart: with its first byte, after all 1xx responses, each in pieces or not."""
    hints = b"HTTP/1.1 103 E\r\nLink: x\r\n\r\n"
    interim: list[Step] = [Read(hints[:9]), Pause(), Read(hints[9:])] if is_interim_split else [Read(hints)]
    answer: list[Step] = [Read(FINE[:9]), Pause(), Read(FINE[9:20]), Pause(), Read(FINE[20:])]
    if not is_head_split:
        answer = [Read(FINE)]
    socket = stack.connection(Write(GET), Pause(), *interim, Pause(), *answer)
    transaction, done = stack.transaction(), RecordedCompletion()
    transaction.start(request_info(), done)
    stack.run()
    while not done.is_called:
        stack.advance(1.0)
        socket.resume()
        stack.run()
    begun = 102.0 + is_interim_split
    timing = transaction.timing
    assert (timing.receive_headers_start, timing.receive_headers_end) == (begun, begun + 2 * is_head_split)
    assert timing.wait == begun - 100.0
    transaction.close()


def test_an_answer_that_was_not_taken_leaves_no_beginning(stack: ScriptedStack) -> None:
    """Only the attempt that gave the answer counts."""
    used_connection(stack, Write(GET), Read(TIMEOUT_408[:9]), Read(TIMEOUT_408[9:]))
    socket = stack.connection(Write(GET), Pause(), Read(FINE))
    transaction, done = stack.transaction(), RecordedCompletion()
    transaction.start(request_info(), done)
    stack.run()
    stack.advance(1.0)
    socket.resume()
    stack.run()
    assert done.result == OK and transaction.timing.receive_headers_start == 101.0
    transaction.close()


def test_load_states(stack: ScriptedStack) -> None:
    """What the exchange waits for, at each pause."""
    socket = stack.connection(Pause(), Write(GET), Pause(), Read(FINE))
    transaction = stack.transaction()
    transaction.start(request_info(), RecordedCompletion())
    assert transaction.load_state == (LoadState.CONNECTING if stack.is_async else LoadState.SENDING_REQUEST)
    stack.run()
    assert load_state(transaction) == LoadState.SENDING_REQUEST
    socket.resume()
    stack.run()
    assert load_state(transaction) == LoadState.WAITING_FOR_RESPONSE
    transaction.close()
    assert load_state(transaction) == LoadState.IDLE and not socket.is_open


def test_a_socket_serves_one_request_after_the_other(stack: ScriptedStack) -> None:
    """Row 172, RecycleSocket."""
    stack.connection(Write(GET), Read(FINE), Write(POST), Read(FINE), Write(GET), Read(FINE))
    assert [fetch(stack), fetch(stack, post()), fetch(stack)] == [b"fine"] * 3
    assert (stack.pool.sockets_opened, stack.pool.sockets_reused) == (1, 2)


@pytest.mark.parametrize("is_drained", [False, True])
def test_a_body_that_nobody_reads(stack: ScriptedStack, is_drained: bool) -> None:
    """Row 167, KeepAliveAfterUnreadBody: a small rest is read for the sake of the connection."""
    size = 4 if is_drained else 10**6
    socket = stack.connection(
        Write(GET), Read(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size), Read(b"x" * min(size, 60000))
    )
    transaction = stack.transaction()
    assert start(stack, transaction) == OK
    transaction.close()
    stack.run()
    assert socket.is_open == is_drained


@pytest.mark.parametrize("surplus", [b"X", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_unused_data_spoils_a_connection(stack: ScriptedStack, surplus: bytes) -> None:
    """Row 167, KeepAliveWithUnusedData: the next request gets another socket."""
    first = stack.connection(Write(GET), Read(FINE + surplus))
    assert fetch(stack) == b"fine" and not first.is_open
    stack.connection(Write(GET), Read(FINE))
    assert fetch(stack) == b"fine"


def test_data_that_comes_while_idle_spoils_a_connection(stack: ScriptedStack) -> None:
    """Row 167: the socket is watched while it idles."""
    socket = used_connection(stack)
    socket.extend(Read(b"HTTP/1.1 200 OK\r\n\r\n"))
    stack.run()
    assert not socket.is_open


# --- failures


def test_no_connection(stack: ScriptedStack) -> None:
    """Row 182: the connect job's error is final, with what it knows of the server; nothing was sent."""
    info = stack.failed_ssl_info = SSLInfo("TLSv1.3", "cipher", "", (b"leaf",))
    stack.failed_connection(ERR_CONNECTION_REFUSED)
    transaction = stack.transaction()
    assert transaction.ssl_info is None
    assert start(stack, transaction) == ERR_CONNECTION_REFUSED and transaction.ssl_info is info
    assert transaction.error_detail == "scripted failure" and not transaction.has_sent_bytes
    transaction.close()


@pytest.mark.parametrize("kind", ["bytes", "file", "chunks"])
def test_every_byte_is_counted(stack: ScriptedStack, kind: str) -> None:
    """Row 184, TotalNetworkBytesPost, TotalNetworkBytesPost100Continue and TotalNetworkBytesChunkedPost; on the present
    connection only: what a stale one has eaten is not counted again.
    """
    chunked = POST_HEAD.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
    uploads: dict[str, tuple[UploadStream, list[Step]]] = {
        "bytes": (BytesUpload(b"hello"), [Write(POST)]),
        "file": (WorkerUpload(FileSource(io.BytesIO(b"hello")), 5, stack.workers), [Write(POST_HEAD), Write(b"hello")]),
        "chunks": (
            WorkerUpload(IterableSource([b"he", b"llo"]), None, stack.workers),
            [Write(chunked), Write(b"5\r\nhello\r\n"), Write(b"0\r\n\r\n")],
        ),
    }
    upload, writes = uploads[kind]
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + FINE
    used_connection(stack, *writes, EOF)
    socket = stack.connection(*writes, Read(answer))
    transaction = stack.transaction()
    assert transaction.sent_bytes == 0
    assert start(stack, transaction, post(upload)) == OK and read_body(stack, transaction) == b"fine"
    assert transaction.sent_bytes == len(socket.written)
    transaction.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_step_may_fail(stack: ScriptedStack, method: str) -> None:
    """Rows 166, 180 and 182: on a fresh connection the first failure is final; it is told once, nothing leaks."""
    request = GET if method == "GET" else POST
    for script in each_step_failing(
        [Write(request[:9]), Write(request[9:]), Read(FINE[:9]), Read(FINE[9:-4]), Read(b"fine")]
    ):
        socket = stack.connection(*script)
        assert fetch(stack, request_info() if method == "GET" else post()) == ERR_CONNECTION_RESET
        assert not socket.is_open and stack.pool.slots == 0


@pytest.mark.parametrize(
    "steps, error",
    [
        ([Write(GET), EOF], ERR_EMPTY_RESPONSE),
        ([Write(GET), Read(ERR_CONNECTION_RESET)], ERR_CONNECTION_RESET),
        ([Write(ERR_CONNECTION_ABORTED)], ERR_CONNECTION_ABORTED),
        ([Write(ERR_SOCKET_NOT_CONNECTED)], ERR_SOCKET_NOT_CONNECTED),
        ([Write(GET), Read(b"HTTP/1.1 100 Continue\r\n\r\n"), EOF], ERR_CONNECTION_CLOSED),
        ([Write(GET), Read(b"nonsense"), EOF], ERR_INVALID_HTTP_RESPONSE),
        ([Write(GET), Read(FINE[:-1]), EOF], ERR_CONTENT_LENGTH_MISMATCH),
    ],
)
def test_a_fresh_connections_failure_is_final(stack: ScriptedStack, steps: list[Step], error: int) -> None:
    """Rows 163, 166 and 173, NonKeepAliveConnectionReset and EOF: nothing is sent twice."""
    stack.connection(*steps)
    assert fetch(stack) == error
    assert stack.pool.sockets_opened == 1


def test_what_may_have_reached_the_server(stack: ScriptedStack) -> None:
    """True from the first byte on, also for the attempts that failed or were closed."""
    for steps, has_sent in (
        ([Write(ERR_CONNECTION_RESET)], False),
        ([Write(GET[:1]), Write(ERR_CONNECTION_ABORTED)], True),
        ([Write(GET), EOF], True),
    ):
        stack.connection(*steps)
        transaction = stack.transaction()
        assert start(stack, transaction) < 0
        assert transaction.has_sent_bytes is has_sent
        transaction.close()
    stack.connection(Write(GET), Pause())
    transaction = stack.transaction()
    transaction.start(request_info(), RecordedCompletion())
    stack.run()
    transaction.close()
    assert transaction.has_sent_bytes


def test_the_words_on_a_malformed_answer_outlive_the_stream(stack: ScriptedStack) -> None:
    """They can be asked before and after close()."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"))
    transaction = stack.transaction()
    assert start(stack, transaction) == ERR_INVALID_HTTP_RESPONSE
    detail = transaction.error_detail
    assert transaction.sent_bytes == len(GET)
    transaction.close()
    assert "Content-Length" in detail and transaction.error_detail == detail and transaction.sent_bytes == 0


def test_a_failing_upload_is_final(stack: ScriptedStack) -> None:
    """Rows 145 and 174, UploadFileSmallerThanLength: not the connection's fault, so no resend even when reused."""
    socket = used_connection(stack, Write(POST_HEAD), Write(b"hel"))
    upload = WorkerUpload(FileSource(io.BytesIO(b"hel")), 5, stack.workers)
    assert fetch(stack, post(upload)) == ERR_UPLOAD_FILE_CHANGED
    assert not socket.is_open and stack.pool.sockets_opened == 1


def test_an_error_of_the_users_iterator(stack: ScriptedStack) -> None:
    """Row 145: it fails the request and is kept for the caller."""

    class Broken:
        def __iter__(self) -> Broken:
            return self

        def __next__(self) -> bytes:
            raise ZeroDivisionError

    head = b"POST / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    socket = stack.connection(Write(head))
    upload = WorkerUpload(IterableSource(Broken()), None, stack.workers)
    assert fetch(stack, post(upload)) == ERR_FAILED
    assert isinstance(upload.error, ZeroDivisionError) and not socket.is_open


# --- the resend rule

STALE: list[tuple[str, list[Step]]] = [
    ("reset on read", [Write(GET), Read(ERR_CONNECTION_RESET)]),
    ("closed", [Write(GET), EOF]),
    ("aborted on write", [Write(ERR_CONNECTION_ABORTED)]),
    ("not connected on write", [Write(ERR_SOCKET_NOT_CONNECTED)]),
    ("reset on write", [Write(ERR_CONNECTION_RESET)]),
    ("reset after a part", [Write(GET[:5]), Write(ERR_CONNECTION_RESET)]),
    ("408", [Write(GET), Read(TIMEOUT_408)]),
]


@pytest.mark.parametrize("name, steps", STALE, ids=[row[0] for row in STALE])
def test_a_stale_connection_costs_nothing_but_time(stack: ScriptedStack, name: str, steps: list[Step]) -> None:
    """Row 164, KeepAliveConnectionReset, EOF, NotConnectedOnWrite, KeepAlive408: sent again on a fresh one."""
    stale = used_connection(stack, *steps)
    stack.connection(Write(GET), Read(FINE))
    assert fetch(stack) == b"fine"
    assert stale.is_done and not stale.is_open and stack.pool.sockets_opened == 2
    if stack.is_async:
        (params,) = stack.recorded.params_of(
            NetLogEventType.HTTP_TRANSACTION_RESTART_AFTER_ERROR, NetLogEventPhase.NONE
        )
        assert params == {"http_status_code": 408} if name == "408" else params["net_error"] in (-101, -100, -103, -15)


@pytest.mark.parametrize("name, steps", STALE, ids=[row[0] for row in STALE])
def test_an_unused_idle_connection_may_be_stale_as_well(stack: ScriptedStack, name: str, steps: list[Step]) -> None:
    """Row 165, PreconnectErrorReset, EOF, NotConnectedOnWrite, and row 164, RetryOnIdle408."""
    stale = unused_idle_connection(stack, *steps)
    stack.connection(Write(GET), Read(FINE))
    assert fetch(stack) == b"fine"
    assert stale.is_done and not stale.is_open


def test_several_stale_connections_in_a_row(stack: ScriptedStack) -> None:
    """Row 163, FiniteRetriesOnIOError: it ends with the first fresh connection, whose failure is final."""
    for _ in range(3):
        stack.connection(Write(GET), Pause(), Read(FINE), Write(GET), EOF)
    transactions = [stack.transaction() for _ in range(3)]
    for transaction in transactions:
        transaction.start(request_info(), RecordedCompletion())
    stack.run()
    for socket, transaction in zip(stack.sockets, transactions, strict=True):
        socket.resume()
        stack.run()
        assert read_body(stack, transaction) == b"fine"
    for transaction in transactions:
        transaction.close()
    stack.connection(Write(GET), EOF)
    assert fetch(stack) == ERR_EMPTY_RESPONSE
    assert all(not socket.is_open and socket.is_done for socket in stack.sockets)


@pytest.mark.parametrize("kind", ["bytes", "file", "unread iterator"])
@pytest.mark.parametrize("is_408", [False, True])
def test_a_post_is_resent_with_its_body(stack: ScriptedStack, kind: str, is_408: bool) -> None:
    """Row 174, ResendRequestOnWriteBodyError: the method does not matter, the upload starts over."""
    chunked = b"POST / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    uploads: dict[str, tuple[UploadStream, list[Step]]] = {
        "bytes": (BytesUpload(b"hello"), [Write(POST)]),
        "file": (WorkerUpload(FileSource(io.BytesIO(b"hello")), 5, stack.workers), [Write(POST_HEAD), Write(b"hello")]),
        "unread iterator": (
            WorkerUpload(IterableSource([b"hello"]), None, stack.workers),
            [Write(chunked), Write(b"5\r\nhello\r\n"), Write(b"0\r\n\r\n")],
        ),
    }
    upload, writes = uploads[kind]
    used_connection(stack, *writes, Read(TIMEOUT_408) if is_408 else EOF)
    fresh = stack.connection(*writes, Read(FINE))
    assert fetch(stack, post(upload)) == b"fine" and fresh.is_done


@pytest.mark.parametrize("last, error", [(EOF, ERR_CONNECTION_CLOSED), (Read(TIMEOUT_408), OK)])
def test_a_body_that_is_gone_cannot_be_resent(stack: ScriptedStack, last: Read, error: int) -> None:
    """The connection's error, or the 408, is the result; it is said that the server may have got something."""
    head = POST_HEAD.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
    used_connection(stack, Write(head), Write(b"5\r\nhello\r\n"), Write(b"0\r\n\r\n"), last)
    transaction = stack.transaction()
    upload = WorkerUpload(IterableSource(iter([b"hello"])), None, stack.workers)
    assert start(stack, transaction, post(upload)) == error
    assert transaction.has_sent_bytes and stack.pool.sockets_opened == 1
    if error == OK:
        assert transaction.response is not None and transaction.response.head.status == 408
        assert read_body(stack, transaction) == b""
    transaction.close()


def test_a_generator_that_was_not_touched_can_be_sent(stack: ScriptedStack) -> None:
    """The head failed before the first piece was read: nothing is lost."""
    head = POST_HEAD.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
    used_connection(stack, Write(ERR_CONNECTION_RESET))
    stack.connection(Write(head), Write(b"5\r\nhello\r\n"), Write(b"0\r\n\r\n"), Read(FINE))
    upload = WorkerUpload(IterableSource(iter([b"hello"])), None, stack.workers)
    assert fetch(stack, post(upload)) == b"fine"


@pytest.mark.parametrize(
    "steps, error",
    [
        ([Read(b"H"), Read(ERR_CONNECTION_RESET)], ERR_CONNECTION_RESET),
        ([Read(b"HTTP/1.1 100 Continue\r\n\r\n"), EOF], ERR_CONNECTION_CLOSED),
        ([Read(FINE[:-1]), Read(ERR_CONNECTION_RESET)], ERR_CONNECTION_RESET),
        ([Read(b"nonsense"), EOF], ERR_INVALID_HTTP_RESPONSE),
    ],
)
def test_after_the_first_byte_of_an_answer_nothing_is_resent(
    stack: ScriptedStack, steps: list[Step], error: int
) -> None:
    """Rows 167, KeepAliveEarlyClose, and 180, ConnectionClosedAfterStartOfHeaders: the server has seen it."""
    used_connection(stack, Write(GET), *steps)
    assert fetch(stack) == error
    assert stack.pool.sockets_opened == 1


def test_408_on_a_fresh_connection_is_an_answer(stack: ScriptedStack) -> None:
    """Row 164: only a reused connection can have timed out before."""
    stack.connection(Write(GET), Read(TIMEOUT_408))
    transaction = stack.transaction()
    assert start(stack, transaction) == OK
    assert transaction.response is not None and transaction.response.head.status == 408
    transaction.close()


@pytest.mark.parametrize("is_used", [False, True])
def test_an_error_answer_after_a_reset_is_no_reason_to_resend(stack: ScriptedStack, is_used: bool) -> None:
    """Row 181, PostReadsErrorResponseAfterResetOnReusedSocket and …Preconnected: the server has said why."""
    body = b"x" * 2000
    head = POST_HEAD.replace(b"5", b"2000")
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    idle_connection = used_connection if is_used else unused_idle_connection
    socket = idle_connection(stack, Write(head), Write(ERR_CONNECTION_RESET), Read(answer))
    transaction = stack.transaction()
    assert start(stack, transaction, post(BytesUpload(body))) == OK
    assert transaction.response is not None and transaction.response.head.status == 413
    transaction.close()
    assert not socket.is_open


# --- a change of the network


def test_a_request_that_waits_asks_the_new_network(stack: ScriptedStack) -> None:
    """Row 244, RetryOnNetworkChangedAndSucceed: nothing of it has left, so it asks again, body and all."""
    stack.failed_connection(NEVER)
    transaction = stack.transaction()
    done = RecordedCompletion()
    assert transaction.start(post(), done) == ERR_IO_PENDING
    stack.run()
    stack.connection(Write(POST), Read(FINE))
    stack.session.on_ip_address_changed(lambda _: True)
    assert not done.is_called, "never from inside the call"
    stack.run()
    assert done.result == OK and read_body(stack, transaction) == b"fine" and transaction.error_detail == ""
    transaction.close()
    if stack.is_async:
        restarts = stack.recorded.params_of(NetLogEventType.HTTP_TRANSACTION_RESTART_AFTER_ERROR, NetLogEventPhase.NONE)
        assert restarts == [{"net_error": ERR_NETWORK_CHANGED}]


@pytest.mark.parametrize("changes", [1, MAX_RECONNECTS])
def test_each_change_of_the_network_costs_one_try(stack: ScriptedStack, changes: int) -> None:
    """Row 244, RetryOnNetworkChangedAndSucceed."""
    for _ in range(changes):
        stack.failed_connection(ERR_NETWORK_CHANGED)
    stack.connection(Write(GET), Read(FINE))
    assert fetch(stack) == b"fine" and len(stack.requested_groups) == changes + 1


@pytest.mark.parametrize(
    "last, changes", [(ERR_NETWORK_CHANGED, MAX_RECONNECTS), (ERR_CONNECTION_REFUSED, 1)], ids=["never rests", "error"]
)
def test_the_last_try_is_final(stack: ScriptedStack, last: int, changes: int) -> None:
    """Row 244, RetryOnNetworkChangedAndFail: its error and words are the request's, of which nothing has left."""
    for error in [ERR_NETWORK_CHANGED] * changes + [last]:
        stack.failed_connection(error)
    transaction = stack.transaction()
    assert start(stack, transaction) == last and len(stack.requested_groups) == changes + 1
    assert transaction.error_detail == "scripted failure" and not transaction.has_sent_bytes
    transaction.close()


@pytest.mark.parametrize("is_reused", [False, True])
def test_a_request_of_which_nothing_was_sent_goes_to_another_connection(stack: ScriptedStack, is_reused: bool) -> None:
    """Row 244: the network changed while the first byte waited for room; the upload starts over."""
    before: list[Step] = [Write(GET), Read(FINE)] if is_reused else []
    lost = stack.connection(*before, Pause())
    lost.local_ip = "10.0.0.1"
    if is_reused:
        assert fetch(stack) == b"fine"
    transaction = stack.transaction()
    done = RecordedCompletion()
    assert transaction.start(post(), done) == ERR_IO_PENDING
    stack.run()
    stack.connection(Write(POST), Read(FINE))
    stack.session.on_ip_address_changed(lambda _: True)
    stack.run()
    assert done.result == OK and read_body(stack, transaction) == b"fine" and not lost.is_open
    transaction.close()
    assert stack.meter.told[-2:] == [["started", "ended"], ["started", "headers", "ended"]]


@pytest.mark.parametrize("is_reused", [False, True])
@pytest.mark.parametrize("state", ["sending", "waiting", "in the head", "in the body"])
def test_what_is_under_way_is_not_sent_again(stack: ScriptedStack, state: str, is_reused: bool) -> None:
    """Row 182: its connection is lost, and nobody knows what the server has seen of it."""
    before: list[Step] = [Write(GET), Read(FINE)] if is_reused else []
    steps: dict[str, list[Step]] = {
        "sending": [Write(GET[:5]), Pause()],
        "waiting": [Write(GET), Pause()],
        "in the head": [Write(GET), Read(FINE[:9]), Pause()],
        "in the body": [Write(GET), Read(FINE[:-2]), Pause()],
    }
    socket = stack.connection(*before, *steps[state])
    socket.local_ip = "10.0.0.1"
    if is_reused:
        assert fetch(stack) == b"fine"
    transaction = stack.transaction()
    done = RecordedCompletion()
    data: list[bytes | int] = []
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    stack.run()
    if state == "in the body":
        assert transaction.read(data.append) == b"fi" and transaction.read(data.append) == ERR_IO_PENDING
    stack.session.on_ip_address_changed(lambda address: address == "10.0.0.1")
    stack.run()
    assert [done.result, *data][-1] == ERR_NETWORK_CHANGED and transaction.has_sent_bytes
    transaction.close()
    stack.run()
    assert not socket.is_open and stack.pool.sockets_opened == 1


def test_closed_after_the_network_changed(stack: ScriptedStack) -> None:
    """Row 180: it waits as before, and no callback comes."""
    for error in (ERR_NETWORK_CHANGED, NEVER):
        stack.failed_connection(error)
    transaction = stack.transaction()
    done = RecordedCompletion()
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    stack.run()
    assert transaction.load_state == LoadState.CONNECTING
    transaction.close()
    stack.run()
    assert not done.is_called and not any(group.pending for group in stack.pool.groups())


# --- what the meter is told

BROKEN = [Write(GET), Read(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")]
SHORT = [Write(GET), Read(FINE[:-2]), EOF]


@pytest.mark.parametrize(
    "steps, told, details",
    [
        ([Write(GET), Read(FINE)], ["started", "headers", "ended"], ["GET", 200]),
        ([Write(GET), Read(FINE.replace(b"200", b"503"))], ["started", "headers", "ended"], ["GET", 503]),
        ([Write(ERR_CONNECTION_RESET)], ["started", "failed", "ended"], ["GET", ERR_CONNECTION_RESET]),
        ([Write(GET), EOF], ["started", "failed", "ended"], ["GET", ERR_EMPTY_RESPONSE]),
        (BROKEN, ["started", "failed", "ended"], ["GET", ERR_INVALID_HTTP_RESPONSE]),
        (SHORT, ["started", "headers", "ended"], ["GET", 200]),
    ],
)
def test_the_meter_follows_an_exchange(
    stack: ScriptedStack, steps: list[Step], told: list[str], details: list[object]
) -> None:
    """Each thing once, whether it ends well or badly; what is wrong with a body is no more of its business."""
    stack.connection(*steps)
    fetch(stack)
    assert stack.meter.told == [told] and stack.meter.details == details


def test_the_meter_knows_how_long_it_took(stack: ScriptedStack) -> None:
    """From the first byte sent to the headers or the error; connecting and uploading before it do not count."""
    stack.connection(Pause(), Write(GET), Pause(), Read(FINE), Write(GET), Pause(), Read(b"nonsense"), EOF)
    for waits in ((1.0, 2.0), (4.0,)):
        transaction = stack.transaction()
        transaction.start(request_info(), RecordedCompletion())
        stack.run()
        for wait_s in waits:
            stack.advance(wait_s)
            stack.sockets[0].resume()
            stack.run()
        if transaction.response is not None:
            read_body(stack, transaction)
        transaction.close()
    assert stack.meter.waits_s == [3.0, 4.0]
    assert stack.quality.quality().http_rtt_samples == 0, "a server that takes its time says nothing of the network"


def test_the_estimator_gets_its_samples(stack: ScriptedStack) -> None:
    """Of GET requests; the system's round trip time belongs to the connection."""
    stack.connection(Write(GET), Pause(), Read(FINE), Write(POST), Pause(), Read(FINE)).rtt_s = 0.02
    for info in (request_info(), post()):
        transaction = stack.transaction()
        transaction.start(info, RecordedCompletion())
        stack.run()
        stack.advance(0.1)
        stack.sockets[0].resume()
        stack.run()
        read_body(stack, transaction)
        transaction.close()
    quality = stack.quality.quality()
    assert quality.http_rtt_samples == 1 and quality.http_rtt == pytest.approx(0.1)
    assert (quality.transport_rtt_samples, quality.transport_rtt) == (1, 0.02)


@pytest.mark.parametrize("last", [EOF, Read(TIMEOUT_408)])
def test_the_meter_sees_each_connection_of_a_resent_request(stack: ScriptedStack, last: Read) -> None:
    """A stale connection is nobody's fault."""
    used_connection(stack, Write(GET), last)
    stack.connection(Write(GET), Read(FINE))
    assert fetch(stack) == b"fine"
    assert stack.meter.told == [["started", "headers", "ended"], ["started", "ended"], ["started", "headers", "ended"]]
    assert stack.meter.details == ["GET", 200, "GET", "GET", 200]


def test_the_meter_hears_nothing_of_connecting(stack: ScriptedStack) -> None:
    """There was no exchange, however often the network changed."""
    for error in (ERR_NETWORK_CHANGED, ERR_NETWORK_CHANGED, ERR_CONNECTION_REFUSED):
        stack.failed_connection(error)
    assert fetch(stack) == ERR_CONNECTION_REFUSED
    assert stack.meter.told == []


@pytest.mark.parametrize(
    "event, told", [("connected", ["ended"]), ("sent", ["started", "ended"]), ("", ["started", "ended"])]
)
def test_the_meter_hears_of_an_exchange_that_is_given_up(stack: ScriptedStack, event: str, told: list[str]) -> None:
    """By the observer, or by the owner while the answer is waited for, twice."""
    stack.connection(Write(GET), Pause())
    watcher = Watcher(close_on=event)
    watcher.transaction = transaction = stack.transaction(watcher)
    transaction.start(request_info(), RecordedCompletion())
    stack.run()
    transaction.close()
    transaction.close()
    assert stack.meter.told == [told]


# --- closing in every state


@pytest.mark.parametrize("is_delivered", [False, True])
def test_closed_while_connecting(stack: ScriptedStack, is_delivered: bool) -> None:
    """Row 180, SimpleCancel: also when the pool has an error to deliver."""
    stack.failed_connection(NEVER)
    transaction = stack.transaction()
    assert transaction.connecting_since is None
    done = RecordedCompletion()
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    assert transaction.load_state == LoadState.CONNECTING and transaction.connecting_since == 100.0
    transaction.set_priority(RequestPriority.HIGHEST)
    if is_delivered:
        stack.pool.flush_with_error(ERR_FAILED, close_reasons.NETWORK_CHANGED)
    transaction.close()
    stack.run()
    assert not done.is_called and not transaction.has_sent_bytes


def test_closed_between_the_socket_and_its_delivery(stack: ScriptedStack) -> None:
    """The socket is there and the callback is posted: the socket goes back unused, no callback comes."""
    socket = stack.connection()
    transaction = stack.transaction()
    done = RecordedCompletion()
    if stack.is_async:
        assert transaction.start(request_info(), done) == ERR_IO_PENDING
        stack.thread.post(transaction.close)
        stack.run()
        assert not done.is_called and not socket.written
    transaction.close()


@pytest.mark.parametrize("state", ["sending", "uploading", "waiting", "in the head", "head", "in the body"])
def test_closed_on_the_way(stack: ScriptedStack, state: str) -> None:
    """Row 180, CancelAfterHeaders and others: no callback comes, and the connection is not used again."""
    steps: dict[str, list[Step]] = {
        "sending": [Write(POST_HEAD[:5]), Pause()],
        "uploading": [Write(POST_HEAD)],
        "waiting": [Write(POST_HEAD), Write(b"hello"), Pause()],
        "in the head": [Write(POST_HEAD), Write(b"hello"), Read(FINE[:9]), Pause()],
        "head": [Write(POST_HEAD), Write(b"hello"), Read(FINE[:-4].replace(b"4", b"99999")), Pause()],
        "in the body": [Write(POST_HEAD), Write(b"hello"), Read(FINE.replace(b"4", b"99999")), Pause()],
    }
    socket = stack.connection(*steps[state])
    transaction = stack.transaction()
    done = RecordedCompletion()
    upload = WorkerUpload(FileSource(io.BytesIO(b"hello")), 5, stack.workers)
    transaction.start(post(upload), done)
    stack.run()
    if state != "uploading":
        stack.run_workers()
    assert done.is_called == (state in ("head", "in the body"))
    data: list[bytes | int] = []
    if state == "in the body":
        assert transaction.read(data.append) == b"fine"
        assert transaction.read(data.append) == ERR_IO_PENDING
    transaction.close()
    transaction.close()
    stack.run_workers()
    stack.advance(10.0)
    assert done.is_called == (state in ("head", "in the body"))
    assert data == [] and not socket.is_open and transaction.has_sent_bytes and stack.pool.slots == 0


@pytest.mark.parametrize("event", ["connected", "sent"])
def test_the_observer_may_close_it(stack: ScriptedStack, event: str) -> None:
    """Nothing goes on after a close from inside a callback."""
    socket = stack.connection(Write(GET), Read(FINE))
    watcher = Watcher(close_on=event)
    watcher.transaction = transaction = stack.transaction(watcher)
    done = RecordedCompletion()
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    stack.run()
    assert not done.is_called and not socket.is_open and watcher.events[-1] == event
    assert transaction.has_sent_bytes == (event == "sent")


def test_the_callback_may_close_it(stack: ScriptedStack) -> None:
    """Nothing is touched after the last statement."""
    stack.connection(Write(GET), Read(FINE))
    transaction = stack.transaction()
    assert transaction.start(request_info(), lambda _: transaction.close()) == ERR_IO_PENDING
    stack.run()
    assert stack.sockets[0].is_done and stack.pool.slots == 1, "the rest of the body was there and was drained"


def test_a_priority_without_a_wait_changes_nothing(stack: ScriptedStack) -> None:
    """There is no queue to move in."""
    transaction = stack.transaction()
    transaction.set_priority(RequestPriority.LOWEST)
    transaction.close()


# --- the log


def test_what_the_log_shows(stack: ScriptedStack) -> None:
    """The heads as they went over the wire, in spans that end."""
    stack.connection(
        Write(b"GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\nA: 1\r\n\r\n"),
        Read(b"HTTP/1.1 200 Quite: OK\r\nB: 2\r\nContent-Length: 0\r\n\r\n"),
    )
    assert fetch(stack, request_info("http://a.test/x", headers=[("A", "1")])) == b""
    if not stack.is_async:
        return
    recorded = stack.recorded
    (sent,) = recorded.params_of(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST_HEADERS, NetLogEventPhase.NONE)
    assert sent == {"line": "GET /x HTTP/1.1", "headers": ["Host: a.test", "Connection: keep-alive", "A: 1"]}
    (received,) = recorded.params_of(NetLogEventType.HTTP_TRANSACTION_READ_RESPONSE_HEADERS, NetLogEventPhase.NONE)
    assert received == {"headers": ["HTTP/1.1 200 Quite: OK", "B: 2", "Content-Length: 0"]}


def test_headers_are_not_changed_by_sending(stack: ScriptedStack) -> None:
    """What is added on the wire is not added to the caller's headers."""
    stack.connection(Write(GET), Read(FINE))
    info = request_info()
    assert fetch(stack, info) == b"fine"
    assert info.headers.items() == RequestHeaders().items()


# --- credentials


def guarded(upload: UploadStream | None = None) -> HttpRequestInfo:
    """Says Basic at once, and Digest if it must; test_server_auth.py has all the ways."""
    info = request_info("http://me:p@a.test/", "GET" if upload is None else "POST", upload=upload)
    assert info.auth is None
    return info


BASIC = b"Authorization: Basic bWU6cA==\r\n"
DIGEST_401 = f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {PLAIN_CHALLENGE}\r\nContent-Length: 2\r\n\r\n".encode()


def test_a_challenge_is_answered_on_the_same_connection(stack: ScriptedStack) -> None:
    """Row 168, BasicAuthKeepAlive: once the caller has heeded what else it says."""
    stack.connection(
        Write(GET[:-2] + BASIC + b"\r\n"),
        Read(DIGEST_401),
        Read(b"no"),
        Write(GET[:-2] + plain_answer("me", "p").encode() + b"\r\n"),
        Read(FINE),
    )
    watcher = Watcher()
    transaction = stack.transaction(watcher)
    assert start(stack, transaction, guarded()) == OK and transaction.is_ready_to_restart
    assert transaction.response is not None and transaction.response.head.status == 401
    assert restart(stack, transaction, guarded()) == OK and not transaction.is_ready_to_restart
    assert transaction.response.timing.socket_reused
    assert read_body(stack, transaction) == b"fine"
    assert watcher.events == ["connected", "sent"] * 2
    transaction.close()


def test_closing_while_a_challenge_is_read(stack: ScriptedStack) -> None:
    """The connection goes; nobody is called."""
    socket = stack.connection(Write(GET[:-2] + BASIC + b"\r\n"), Read(DIGEST_401), Pause())
    transaction, done = stack.transaction(), RecordedCompletion()
    assert start(stack, transaction, guarded()) == OK
    assert transaction.restart_with_auth(guarded(), done) == ERR_IO_PENDING
    stack.run()
    assert load_state(transaction) == LoadState.READING_RESPONSE
    transaction.close()
    stack.run()
    assert not done.is_called and not socket.is_open and load_state(transaction) == LoadState.IDLE


def test_a_challenge_after_a_body_that_is_gone(stack: ScriptedStack) -> None:
    """The error says what to pass instead."""
    upload = WorkerUpload(IterableSource(iter([b"hello"])), 5, stack.workers)
    stack.connection(
        Write(POST_HEAD.replace(b"Content-", BASIC + b"Content-")), Write(b"hello"), Read(DIGEST_401 + b"no")
    )
    transaction = stack.transaction()
    assert start(stack, transaction, guarded(upload)) == OK
    assert restart(stack, transaction, guarded(upload)) == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
    assert "pass bytes" in transaction.error_detail
    transaction.close()


def test_an_expectation_that_is_refused(stack: ScriptedStack) -> None:
    """RFC 9110 §10.1.1: the request goes once more without it; more in test_interim.py."""
    head = POST_HEAD.replace(b"Content-Length", b"Expect: 100-continue\r\nContent-Length")
    stack.connection(Write(head), Read(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"))
    stack.connection(Write(POST), Read(FINE))
    info = post()
    info.interim = InterimAnswers(expects_continue=True)
    assert fetch(stack, info) == b"fine" and not info.interim.expects_continue


# --- an exchange delegate


def watched(delegate: ScriptedExchangeDelegate, upload: UploadStream | None = None) -> HttpRequestInfo:
    info = post(upload) if upload is not None else request_info()
    info.exchange_delegate = delegate
    return info


def test_a_delegate_changes_what_is_sent(stack: ScriptedStack) -> None:
    """Row 240: all but what tells the length of the body (rule R16)."""
    delegate = ScriptedExchangeDelegate()
    delegate.change = lambda headers: headers.update({"X": "1", "Content-Length": "99", "Transfer-Encoding": "chunked"})
    stack.connection(Write(POST_HEAD.replace(b"Content", b"X: 1\r\nContent") + b"hello"), Read(FINE))
    transaction = stack.transaction()
    assert start(stack, transaction, watched(delegate, BytesUpload(b"hello"))) == OK
    assert delegate.seen == [[("Host", "a.test"), ("Connection", "keep-alive")]]
    transaction.close()


@pytest.mark.parametrize("result", [OK, ERR_FAILED])
def test_a_delegate_holds_the_request_up(stack: ScriptedStack, result: int) -> None:
    """Not a byte leaves before its answer, and none after a refusal."""
    delegate = ScriptedExchangeDelegate(ERR_IO_PENDING)
    socket = stack.connection(*([Write(GET), Read(FINE)] if result == OK else [Pause()]))
    transaction, done = stack.transaction(), RecordedCompletion()
    assert transaction.start(watched(delegate), done) == ERR_IO_PENDING
    stack.run()
    assert not socket.written and transaction.sent_bytes == 0 and not done.is_called
    delegate.on_done(result)
    stack.run()
    assert done.result == result and bool(socket.written) == (result == OK) == transaction.has_sent_bytes
    transaction.close()


def test_a_delegate_refuses_at_once(stack: ScriptedStack) -> None:
    """The connection that was there for the request goes."""
    socket = stack.connection(Pause())
    transaction = stack.transaction()
    assert start(stack, transaction, watched(ScriptedExchangeDelegate(ERR_FAILED))) == ERR_FAILED
    transaction.close()
    assert not socket.is_open and not socket.written


def test_closed_while_the_delegate_thinks(stack: ScriptedStack) -> None:
    """Nobody is called any more."""
    stack.connection(Pause())
    transaction, done = stack.transaction(), RecordedCompletion()
    transaction.start(watched(ScriptedExchangeDelegate(ERR_IO_PENDING)), done)
    stack.run()
    transaction.close()
    stack.run()
    assert not done.is_called


@pytest.mark.parametrize("scheme, can_meet", [("basic", True), ("digest", False)])
def test_somebody_elses_identity(stack: ScriptedStack, scheme: str, can_meet: bool) -> None:
    """Row 239: a challenge that the request itself could not meet."""
    refusal = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n\r\n'
    again = GET[:-2] + b"Authorization: Basic dTpw\r\n\r\n"
    rest: list[Step] = [Write(again), Read(FINE)] if can_meet else []
    stack.connection(Write(GET), Read(refusal), *rest)
    transaction, info = stack.transaction(), request_info()
    assert start(stack, transaction, info) == OK and not transaction.is_ready_to_restart
    for user in ("somebody", "u"):  # the last one counts
        transaction.take_identity(AuthIdentity(user, "p", (scheme,)))
        assert transaction.is_ready_to_restart == can_meet
    if can_meet:
        assert restart(stack, transaction, info) == OK
        assert transaction.response is not None and transaction.response.head.status == 200
    transaction.close()


# --- proxies; the rest is in test_exchange_parties.py


def test_a_request_through_a_proxy(stack: ScriptedStack) -> None:
    """Row 179, and after a change of the network the way is looked for anew."""
    proxies = use_proxies(stack, "http://p:80")
    stack.failed_connection(ERR_NETWORK_CHANGED)
    forwarded = GET.replace(b"GET /", b"GET http://a.test/").replace(b"Connection:", b"Proxy-Connection:")
    stack.connection(Write(forwarded), Read(FINE))
    assert fetch(stack) == b"fine" and len(proxies.asked) == 2


def test_a_delegate_of_a_request_through_a_proxy(stack: ScriptedStack) -> None:
    """It changes what the proxy gets."""
    use_proxies(stack, "http://p:80")
    delegate, info = ScriptedExchangeDelegate(), request_info()
    delegate.change = lambda headers: headers.update({"X": "1"})
    info.exchange_delegate = delegate
    forwarded = GET.replace(b"GET /", b"GET http://a.test/").replace(b"Connection:", b"Proxy-Connection:")
    stack.connection(Write(forwarded[:-2] + b"X: 1\r\n\r\n"), Read(FINE))
    assert fetch(stack, info) == b"fine"
