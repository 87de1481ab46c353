"""One HTTP/1 request and response over a scripted socket."""

from __future__ import annotations

import io

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_EMPTY_RESPONSE,
    ERR_INCOMPLETE_CHUNKED_ENCODING,
    ERR_INVALID_CHUNKED_ENCODING,
    ERR_INVALID_HTTP_RESPONSE,
    ERR_IO_PENDING,
    ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH,
    ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION,
    ERR_RESPONSE_HEADERS_TOO_BIG,
    ERR_RESPONSE_HEADERS_TRUNCATED,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.stream_parser import HttpStreamParser
from netstack_sync.http.upload import BytesUpload, FileSource, IterableSource, UploadStream, WorkerUpload
from netstack_sync.sockets.read_size import LARGE_READ_BYTES, SMALL_READ_BYTES
from netstack_sync.workers.read_ahead import MERGED_BYTES
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import (
    EOF,
    Pause,
    Read,
    ScriptedSocket,
    Step,
    Write,
    each_step_failing,
    one_byte_at_a_time,
)
from tests.support.scripted_stack import ScriptedStack

HEAD = b"GET / HTTP/1.1\r\n\r\n"
LENGTH_5 = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CUT = Read(ERR_CONNECTION_CLOSED)  # TCP's end without TLS's goodbye
either_end = pytest.mark.parametrize("end", [EOF, CUT], ids=["goodbye", "cut"])


class Exchange:
    """A parser over a scripted socket; every operation must answer exactly once."""

    def __init__(
        self, stack: ScriptedStack, *steps: Step, method: str = "GET", is_secure: bool = False, is_reused: bool = False
    ) -> None:
        self.stack = stack
        self.socket = ScriptedSocket(stack.thread.task_runner, stack.net_log, steps, stack.is_async)
        self.parser = HttpStreamParser(self.socket, method, is_secure, is_reused)

    def send(self, upload: UploadStream | None = None) -> int:
        """Sends the request to the end."""
        done = RecordedCompletion()
        result = self.parser.send_request(HEAD, upload, done)
        self.stack.run_workers()
        assert done.is_called == (result == ERR_IO_PENDING)
        return done.result if done.is_called else result

    def read_headers(self) -> int:
        """Reads the head to the end."""
        done = RecordedCompletion()
        assert self.parser.read_headers(done) == ERR_IO_PENDING
        assert not done.is_called
        self.stack.run()
        return done.result

    def read(self) -> bytes | int:
        """Reads a piece."""
        answers: list[bytes | int] = []
        data = self.parser.read_body(answers.append)
        if data == ERR_IO_PENDING:
            assert self.parser.is_reading
            self.stack.run()
            (data,) = answers
            assert not self.parser.is_reading
        else:
            self.stack.run()
            assert answers == []
        return data

    def read_all(self) -> bytes | int:
        """Reads to the end or to an error."""
        body = b""
        while True:
            data = self.read()
            if isinstance(data, int):
                return data
            if not data:
                assert self.read() == b"", "the end is the end"
                return body
            body += data

    def fetch(self, upload: UploadStream | None = None) -> bytes | int:
        """The whole exchange: the body or the first error."""
        result = self.send(upload)
        if result == OK:
            result = self.read_headers()
        body = result if result != OK else self.read_all()
        self.parser.cancel()
        self.stack.run()
        assert not self.socket.problems and not self.socket.is_watched
        return body


# --- whole exchanges

WHOLE: list[tuple[str, bytes, bytes]] = [
    ("length", LENGTH_5 + b"hello", b"hello"),
    ("chunked", CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: x\r\n\r\n", b"hello"),
    ("empty", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ("204", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b""),
    (
        "100 and 103",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + LENGTH_5 + b"hello",
        b"hello",
    ),
]


@pytest.mark.parametrize("is_reused", [False, True], ids=["fresh", "reused"])
@pytest.mark.parametrize("name, answer, body", WHOLE, ids=[row[0] for row in WHOLE])
def test_a_good_answer_leaves_a_good_connection(
    stack: ScriptedStack, name: str, answer: bytes, body: bytes, is_reused: bool
) -> None:
    """Rows 148, 152, MixedResponseHeaders, and 161, Ignores100, Ignores1xx: interim answers are passed over; every byte
    is counted; the socket may be used again.
    """
    exchange = Exchange(stack, Write(HEAD), Read(answer), is_reused=is_reused)
    assert exchange.fetch() == body
    parser = exchange.parser
    assert parser.is_body_complete and parser.can_find_end and parser.can_reuse_connection
    assert parser.received_bytes == len(answer) and parser.sent_bytes == len(HEAD)
    assert not parser.error_detail


@pytest.mark.parametrize("name, answer, body", WHOLE, ids=[row[0] for row in WHOLE])
def test_one_byte_at_a_time_makes_no_difference(stack: ScriptedStack, name: str, answer: bytes, body: bytes) -> None:
    """Row 155, ReceiveOneByteAtATime."""
    exchange = Exchange(stack, *one_byte_at_a_time([Write(HEAD), Read(answer)]))
    assert exchange.fetch() == body
    assert exchange.parser.can_reuse_connection and exchange.parser.received_bytes == len(answer)


@pytest.mark.parametrize("name, answer, body", WHOLE, ids=[row[0] for row in WHOLE])
def test_every_step_may_fail(stack: ScriptedStack, name: str, answer: bytes, body: bytes) -> None:
    """The error is reported exactly once, and such a connection is not used again."""
    half = len(answer) // 2
    steps: list[Step] = [Write(HEAD[:5]), Write(HEAD[5:]), Read(answer[:half]), Read(answer[half:])]
    for script in each_step_failing(steps):
        exchange = Exchange(stack, *script)
        assert exchange.fetch() == ERR_CONNECTION_RESET
        assert not exchange.parser.can_reuse_connection
    for script in each_step_failing(steps, ERR_CONNECTION_ABORTED):
        assert Exchange(stack, *script).fetch() == ERR_CONNECTION_ABORTED


# --- reuse


@pytest.mark.parametrize(
    "answer, method",
    [
        (LENGTH_5 + b"helloX", "GET"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nX", "GET"),
        (b"HTTP/1.1 204 No Content\r\n\r\nX", "GET"),
        (LENGTH_5 + b"hello", "HEAD"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n", "GET"),
        (CHUNKED + b"5\nhello\r\n0\r\n\r\n", "GET"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", "GET"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "GET"),
        (b"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello", "GET"),
        (b"\rHTTP/1.1 100 Continue\r\n\r\n" + LENGTH_5 + b"hello", "GET"),
        (b"HTTP/1.1 103 E\r\nLink: a\n b\r\n\r\nHTTP/1.1 100 C\r\n\r\n" + LENGTH_5 + b"hello", "GET"),
        (b"HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\n", "GET"),
    ],
)
def test_a_connection_in_doubt_is_not_used_again(stack: ScriptedStack, answer: bytes, method: str) -> None:
    """Row 167, KeepAliveWithUnusedData: bytes after the end, leniency, or the peer's wish forbid it."""
    exchange = Exchange(stack, Write(HEAD), Read(answer), method=method)
    assert exchange.fetch() == (b"hello" if b"hello" in answer and method == "GET" else b"")
    assert exchange.parser.is_body_complete and not exchange.parser.can_reuse_connection


def test_surplus_that_was_never_read_counts(stack: ScriptedStack) -> None:
    """A body nobody read leaves what came with the head unparsed: no reuse."""
    exchange = Exchange(stack, Write(HEAD), Read(b"HTTP/1.1 204 No Content\r\n\r\nX"))
    assert exchange.send() == OK and exchange.read_headers() == OK
    assert exchange.parser.is_body_complete and not exchange.parser.can_reuse_connection


def test_bytes_that_come_after_the_body_in_a_later_piece(stack: ScriptedStack) -> None:
    """Row 167: the extra bytes come together with the end of the body."""
    exchange = Exchange(stack, Write(HEAD), Read(LENGTH_5 + b"he"), Read(b"lloXX"))
    assert exchange.fetch() == b"hello"
    assert not exchange.parser.can_reuse_connection


def test_an_answer_until_close(stack: ScriptedStack) -> None:
    """It ends with the connection, is never short, and its end cannot be found before."""
    exchange = Exchange(stack, Write(HEAD), Read(b"HTTP/1.1 200 OK\r\n\r\nhel"), Read(b"lo"), EOF)
    assert exchange.fetch() == b"hello"
    assert exchange.parser.is_body_complete
    assert not exchange.parser.can_find_end and not exchange.parser.can_reuse_connection


# --- short and bad answers


@pytest.mark.parametrize("has_body", [True, False])
def test_an_answer_until_close_that_is_cut(stack: ScriptedStack, has_body: bool) -> None:
    """Over TLS only its goodbye tells the end from what somebody on the way did; what came is delivered before."""
    pieces = [Read(b"hel"), Read(b"lo")] if has_body else []
    exchange = Exchange(stack, Write(HEAD), Read(b"HTTP/1.1 200 OK\r\n\r\n"), *pieces, CUT, is_secure=True)
    assert exchange.send() == OK and exchange.read_headers() == OK
    received = b""
    while isinstance(piece := exchange.read(), bytes):
        received += piece
    assert (piece, received) == (ERR_CONNECTION_CLOSED, b"hello" if has_body else b"")
    assert "close_notify" in exchange.parser.error_detail
    parser = exchange.parser
    assert not parser.is_body_complete and not parser.can_find_end and not parser.can_reuse_connection
    assert exchange.read() == ERR_CONNECTION_CLOSED, "who asks again is not told that all is well"
    parser.cancel()


@pytest.mark.parametrize(
    "answer, error",
    [
        (LENGTH_5 + b"hell", ERR_CONTENT_LENGTH_MISMATCH),
        (LENGTH_5, ERR_CONTENT_LENGTH_MISMATCH),
        (LENGTH_5.replace(b"5", b"6719476739"), ERR_CONTENT_LENGTH_MISMATCH),
        (CHUNKED + b"5\r\nhello\r\n", ERR_INCOMPLETE_CHUNKED_ENCODING),
        (CHUNKED, ERR_INCOMPLETE_CHUNKED_ENCODING),
        (CHUNKED + b"0x5\r\nhello\r\n", ERR_INVALID_CHUNKED_ENCODING),
        (CHUNKED + b"5\r\nhelloX\r\n", ERR_INVALID_CHUNKED_ENCODING),
    ],
)
@either_end
def test_a_body_that_is_cut_or_malformed(stack: ScriptedStack, answer: bytes, error: int, end: Read) -> None:
    """Rows 157 and 173, LargeContentLengthThenClose: the error comes after the bytes that were good; no reuse."""
    for steps in ([Write(HEAD), Read(answer), end], one_byte_at_a_time([Write(HEAD), Read(answer), end])):
        exchange = Exchange(stack, *steps)
        assert exchange.fetch() == error
        assert not exchange.parser.can_reuse_connection
        assert bool(exchange.parser.error_detail) == (error == ERR_INVALID_CHUNKED_ENCODING)


@pytest.mark.parametrize(
    "answer, error",
    [
        (b"<html>an answer of 1991</html>", ERR_INVALID_HTTP_RESPONSE),
        (b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", ERR_INVALID_HTTP_RESPONSE),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH,
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\n\r\n", ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 256 * 1024, ERR_RESPONSE_HEADERS_TOO_BIG),
    ],
    ids=["HTTP/0.9", "NUL", "two lengths", "two locations", "too big"],
)
def test_a_malformed_head(stack: ScriptedStack, answer: bytes, error: int) -> None:
    """Rows 151, 153, 162 and 173: refused with Chromium's error and a word on why. HTTP/0.9 is refused by design."""
    exchange = Exchange(stack, Write(HEAD), Read(answer))
    assert exchange.fetch() == error
    assert exchange.parser.error_detail and exchange.parser.head is None
    assert not exchange.parser.is_body_complete and not exchange.parser.can_find_end


@either_end
def test_no_answer_at_all(stack: ScriptedStack, end: Read) -> None:
    """Row 163, EmptyResponse; on a reused connection it was only closed while idle."""
    assert Exchange(stack, Write(HEAD), end).fetch() == ERR_EMPTY_RESPONSE
    assert Exchange(stack, Write(HEAD), end, is_reused=True).fetch() == ERR_CONNECTION_CLOSED


@either_end
def test_a_head_that_breaks_off_over_tls(stack: ScriptedStack, end: Read) -> None:
    """Row 150, TruncatedHeaders: an error, goodbye or not."""
    steps: list[Step] = [Write(HEAD), Read(b"HTTP/1.1 200 OK\r\nContent-Ty"), end]
    assert Exchange(stack, *steps, is_secure=True).fetch() == ERR_RESPONSE_HEADERS_TRUNCATED


def test_a_head_that_breaks_off(stack: ScriptedStack) -> None:
    """Row 150, TruncatedHeaders: without TLS what is there is the head, until close."""
    exchange = Exchange(stack, Write(HEAD), Read(b"HTTP/1.1 200 OK\r\nContent-Ty"), EOF)
    assert exchange.fetch() == b""
    assert exchange.parser.head is not None and exchange.parser.head.status == 200
    assert not exchange.parser.can_reuse_connection


def test_a_status_line_that_breaks_off(stack: ScriptedStack) -> None:
    """Rows 150 and 160, StatusLinePartial: too little to be an answer."""
    assert Exchange(stack, Write(HEAD), Read(b"HTT"), EOF).fetch() == ERR_INVALID_HTTP_RESPONSE


# --- interim answers


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgr",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Con",
    ],
)
@either_end
def test_an_interim_answer_is_no_answer(stack: ScriptedStack, answer: bytes, end: Read) -> None:
    """Row 161, Incomplete100ThenEOF: a connection that closes after or inside a 1xx gave no answer."""
    for is_reused in (False, True):
        exchange = Exchange(stack, Write(HEAD), Read(answer), end, is_reused=is_reused)
        assert exchange.fetch() == ERR_CONNECTION_CLOSED
        assert exchange.parser.head is None and exchange.parser.received_bytes == len(answer)


def test_101_without_an_upgrade_is_refused(stack: ScriptedStack) -> None:
    """What follows would be a protocol that nobody asked for."""
    exchange = Exchange(
        stack, Write(HEAD), Read(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
    )
    assert exchange.fetch() == ERR_INVALID_HTTP_RESPONSE
    assert "101" in exchange.parser.error_detail


@pytest.mark.parametrize("is_split", [False, True], ids=["in one piece", "apart"])
def test_interim_answers_are_limited(stack: ScriptedStack, is_split: bool) -> None:
    """32 are put up with; a server that only ever announces an answer must not hold the request for ever."""
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    for count, expected in ((32, b""), (33, ERR_INVALID_HTTP_RESPONSE)):
        pieces = [interim] * count + [final]
        reads = [Read(piece) for piece in (pieces if is_split else [b"".join(pieces)])]
        assert Exchange(stack, Write(HEAD), *reads).fetch() == expected


@pytest.mark.parametrize(
    "pieces, begins",
    [
        ([LENGTH_5], 0),
        ([LENGTH_5[:9], LENGTH_5[9:20], LENGTH_5[20:]], 1),
        ([b"HTTP/1.1 103 E\r\n\r\n", LENGTH_5], 1),
        ([b"HTTP/1.1 103 E\r\n\r\n" + LENGTH_5], 1),
        ([b"HTTP/1.1 103", b" E\r\n\r\n" + LENGTH_5[:9], LENGTH_5[9:]], 2),
    ],
)
def test_the_last_beginning_is_that_of_the_answer(stack: ScriptedStack, pieces: list[bytes], begins: int) -> None:
    """Row 152, NonInformationalResponseStart: what comes alone and in one piece begins when it is there."""
    exchange = Exchange(stack, Write(HEAD), *[Read(piece) for piece in pieces])
    assert exchange.send() == OK
    begun: list[None] = []
    done = RecordedCompletion()
    exchange.parser.read_headers(done, lambda: begun.append(None))
    stack.run()
    assert done.result == OK and len(begun) == begins
    exchange.parser.cancel()


# --- uploads that the server does not want


def large_upload() -> BytesUpload:
    return BytesUpload(b"x" * 2000)


RESET_WHILE_SENDING: list[Step] = [Write(HEAD), Write(b"x" * 500), Write(ERR_CONNECTION_RESET)]


@pytest.mark.parametrize("status", [400, 413, 503])
def test_an_error_answer_is_read_after_a_reset(stack: ScriptedStack, status: int) -> None:
    """Row 181, PostReadsErrorResponseAfterReset, …And100, …PartialBodySent: it says why; no reuse."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    answer = b"HTTP/1.1 %d No\r\nContent-Length: 4\r\n\r\nwhy?" % status
    exchange = Exchange(stack, *RESET_WHILE_SENDING, Read(interim), Read(answer))
    assert exchange.fetch(large_upload()) == b"why?"
    assert exchange.parser.head is not None and exchange.parser.head.status == status
    assert not exchange.parser.can_reuse_connection


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
        b"HTTP 0.9 or something",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"",
    ],
)
def test_other_answers_after_a_reset_are_not_believed(stack: ScriptedStack, answer: bytes) -> None:
    """Row 181, PostIgnoresNonErrorResponseAfterReset, …Http09…: the reset is the result."""
    exchange = Exchange(stack, *RESET_WHILE_SENDING, Read(answer), EOF)
    assert exchange.fetch(large_upload()) == ERR_CONNECTION_RESET


def test_the_body_in_the_heads_packet_or_in_chunks_changes_nothing(stack: ScriptedStack) -> None:
    """Row 181, PostReadsErrorResponseAfterReset, PostReadsErrorResponseAfterResetChunked, …ChunkedPartialBodySent."""
    answer = Read(b"HTTP/1.1 400 No\r\nContent-Length: 4\r\n\r\nwhy?")
    pieces = [b"x" * MERGED_BYTES, b"second"]
    chunk = Write(b"10000\r\n" + pieces[0] + b"\r\n")
    bodies: list[tuple[UploadStream, list[Step]]] = [
        (BytesUpload(b"hello"), [Write(HEAD + b"he")]),
        (WorkerUpload(IterableSource(pieces), None, stack.workers), [Write(HEAD)]),
        (WorkerUpload(IterableSource(pieces), None, stack.workers), [Write(HEAD), chunk]),
    ]
    for upload, sent in bodies:
        exchange = Exchange(stack, *sent, Write(ERR_CONNECTION_RESET), answer)
        assert exchange.fetch(upload) == b"why?"
        assert not exchange.parser.can_reuse_connection


def test_a_partial_error_head_after_a_reset(stack: ScriptedStack) -> None:
    """Row 181, PostIgnoresPartial400HeadersAfterReset: the leniency of plain http ends here."""
    steps = [*RESET_WHILE_SENDING, Read(b"HTTP/1.1 400 No\r\nServ"), EOF]
    for is_secure in (False, True):
        assert Exchange(stack, *steps, is_secure=is_secure).fetch(large_upload()) == ERR_CONNECTION_RESET


def test_nothing_but_the_reset(stack: ScriptedStack) -> None:
    """Row 181: without an answer the reset is the result, with no byte received."""
    exchange = Exchange(stack, *RESET_WHILE_SENDING)
    assert exchange.fetch(large_upload()) == ERR_CONNECTION_RESET
    assert exchange.parser.received_bytes == 0


def test_a_reset_before_the_first_byte_is_final(stack: ScriptedStack) -> None:
    """Nothing was sent, so nothing can have been answered."""
    exchange = Exchange(stack, Write(ERR_CONNECTION_RESET), Read(b"HTTP/1.1 400 No\r\n\r\n"))
    assert exchange.send(large_upload()) == ERR_CONNECTION_RESET


def test_other_errors_while_sending_are_final(stack: ScriptedStack) -> None:
    """Only a reset is how a server says that it has heard enough."""
    steps: list[Step] = [Write(HEAD), Write(ERR_CONNECTION_ABORTED), Read(b"HTTP/1.1 400 No\r\n\r\n")]
    assert Exchange(stack, *steps).send(large_upload()) == ERR_CONNECTION_ABORTED


def test_an_answer_that_comes_early_is_read_after_the_upload(stack: ScriptedStack) -> None:
    """The server answers before it has read all, and goes on reading: the answer waits in the socket."""
    body = b"x" * 2000
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    exchange = Exchange(stack, Write(HEAD), Write(body), Read(answer))
    assert exchange.fetch(BytesUpload(body)) == b""
    assert exchange.parser.can_reuse_connection


# --- reading


@pytest.mark.parametrize(
    "head, large",
    [
        (LENGTH_5, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 65535\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n", True),
        (CHUNKED, False),
        (b"HTTP/1.1 200 OK\r\n\r\n", False),
    ],
)
def test_large_bodies_are_read_in_large_pieces(stack: ScriptedStack, head: bytes, large: bool) -> None:
    """Fewer reads for what is known to be large."""
    exchange = Exchange(stack, Write(HEAD), Read(head), Pause())
    assert exchange.send() == OK and exchange.read_headers() == OK
    exchange.parser.read_body(lambda _: None)
    exchange.socket.resume()
    exchange.socket.extend(Read(b"1"))
    stack.run()
    assert exchange.socket.read_sizes[-1] == (LARGE_READ_BYTES if large else SMALL_READ_BYTES)
    exchange.parser.cancel()


def test_a_body_of_unknown_length_is_read_as_it_comes(stack: ScriptedStack) -> None:
    """Large pieces after one that filled its buffer, small ones again after a trickle (§16 row 13)."""
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    exchange = Exchange(stack, Write(HEAD), Read(head), Pause())
    assert exchange.send() == OK and exchange.read_headers() == OK
    exchange.socket.resume()
    sizes = []
    for piece in (b"x" * SMALL_READ_BYTES, b"y", b"z"):
        exchange.socket.extend(Read(piece))
        exchange.parser.read_body(lambda _: None)
        stack.run()
        sizes.append(exchange.socket.read_sizes[-1])
    assert sizes == [SMALL_READ_BYTES, LARGE_READ_BYTES, SMALL_READ_BYTES]
    exchange.parser.cancel()


@pytest.mark.parametrize("bad", [Read(b"5\r\nhello\r\nZZ\r\n"), Read(ERR_CONNECTION_RESET)])
def test_after_a_failure_the_connection_is_of_no_use(stack: ScriptedStack, bad: Read) -> None:
    """What comes then belongs to no answer: it could be taken for the end, and the rest for the next answer."""
    exchange = Exchange(stack, Write(HEAD), Read(CHUNKED), bad, Read(b"0\r\n\r\n"))
    assert exchange.send() == OK and exchange.read_headers() == OK
    assert exchange.parser.can_find_end
    failure = exchange.read()
    while isinstance(failure, bytes):
        failure = exchange.read()
    assert failure in (ERR_INVALID_CHUNKED_ENCODING, ERR_CONNECTION_RESET)
    assert not exchange.parser.can_find_end and not exchange.parser.can_reuse_connection
    exchange.parser.cancel()


# --- cancelling


def test_cancelled_while_sending(stack: ScriptedStack) -> None:
    """No callback from the socket or from the worker."""
    exchange = Exchange(stack, Pause(), Write(HEAD))
    upload = WorkerUpload(FileSource(io.BytesIO(b"abc")), 3, stack.workers)
    done = RecordedCompletion()
    assert exchange.parser.send_request(HEAD, upload, done) == ERR_IO_PENDING
    exchange.parser.cancel()
    exchange.socket.resume()
    exchange.parser.cancel()
    stack.run_workers()
    assert not done.is_called and not exchange.socket.written


def test_cancelled_while_waiting_for_the_head(stack: ScriptedStack) -> None:
    """Also when the bytes have arrived and the wake-up is on its way."""
    exchange = Exchange(stack, Write(HEAD), Read(LENGTH_5))
    assert exchange.send() == OK
    done = RecordedCompletion()
    exchange.parser.read_headers(done)
    exchange.parser.cancel()
    stack.run()
    assert not done.is_called and not exchange.socket.is_done


def test_cancelled_while_waiting_for_the_body(stack: ScriptedStack) -> None:
    """Also when the bytes have arrived and the wake-up is on its way."""
    exchange = Exchange(stack, Write(HEAD), Read(LENGTH_5), Read(b"hello"))
    assert exchange.send() == OK and exchange.read_headers() == OK
    answers: list[bytes | int] = []
    assert exchange.parser.read_body(answers.append) == ERR_IO_PENDING
    exchange.parser.cancel()
    stack.run()
    assert answers == [] and not exchange.socket.is_done


def test_the_reader_may_cancel_inside_its_callback(stack: ScriptedStack) -> None:
    """Row 155, ReadAfterUnownedObjectsDestroyed: nothing is touched after the callback."""
    exchange = Exchange(stack, Write(HEAD), Read(LENGTH_5), Read(b"hello"))
    assert exchange.send() == OK
    exchange.parser.read_headers(lambda _: exchange.parser.cancel())
    stack.run()
    answers: list[bytes | int] = []

    def on_data(data: bytes | int) -> None:
        answers.append(data)
        exchange.parser.cancel()

    exchange.parser.read_body(on_data)
    stack.run()
    assert answers == [b"hello"] and not exchange.socket.is_watched


def test_a_parser_that_sent_nothing(stack: ScriptedStack) -> None:
    """It can be asked and cancelled."""
    parser = Exchange(stack).parser
    assert parser.sent_bytes == 0 and not parser.is_body_complete and not parser.can_reuse_connection
    parser.cancel()


# --- bodies that wait, and who is told of 1xx responses; more in test_interim.py


@pytest.mark.parametrize("is_early", [False, True])
def test_a_body_that_waits(stack: ScriptedStack, is_early: bool) -> None:
    """Row 152, ContinueWithBody: sent when the server asks for it, and not at all after an answer."""
    told: list[int] = []
    watch = InterimAnswers(True, lambda head: told.append(head.status)).watch(True, stack.log(), stack.thread.timers)
    answer = LENGTH_5 + b"hello"
    asked = Read(b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
    steps: list[Step] = [Read(answer)] if is_early else [asked, Write(b"body"), Read(answer)]
    exchange = Exchange(stack, Write(HEAD), *steps)
    done = RecordedCompletion()
    assert exchange.parser.send_request(HEAD, BytesUpload(b"body"), done, watch) == ERR_IO_PENDING
    stack.run()
    assert done.result == OK and told == ([] if is_early else [103, 100])
    result = exchange.parser.read_headers(lambda _: None)
    assert result == (OK if is_early else ERR_IO_PENDING)
    stack.run()
    assert exchange.read_all() == b"hello" and exchange.parser.can_reuse_connection is not is_early
    exchange.parser.cancel()


def test_who_is_told_may_cancel(stack: ScriptedStack) -> None:
    """What came in the same piece is not looked at."""
    exchange = Exchange(stack, Write(HEAD), Read(b"HTTP/1.1 103 E\r\n\r\n" + LENGTH_5))
    answers = InterimAnswers(on_interim=lambda _: exchange.parser.cancel())
    watch = answers.watch(False, stack.log(), stack.thread.timers)
    assert exchange.parser.send_request(HEAD, None, lambda _: None, watch) in (OK, ERR_IO_PENDING)
    stack.run()
    done = RecordedCompletion()
    exchange.parser.read_headers(done)
    stack.run()
    assert not done.is_called and exchange.parser.head is None and not exchange.socket.is_watched


# --- bugs of our own


def _raise(*_: object) -> None:
    raise RuntimeError("a bug of the parser")


@pytest.mark.parametrize(
    "broken, steps",
    [
        ("http.stream_parser.read_whole_head", [Read(LENGTH_5)]),
        ("http.head_collector.HeadCollector.receive", [Read(LENGTH_5[:9])]),
        ("http.head_collector.HeadCollector.finish", [Read(LENGTH_5[:9]), EOF]),
        ("http.stream_parser.choose_body", [Read(CHUNKED)]),
        ("wire.http1_body.LengthBody.receive", [Read(LENGTH_5 + b"1")]),
        ("wire.http1_body.LengthBody.receive", [Read(LENGTH_5), Read(b"1")]),
    ],
)
def test_a_bug_does_not_leave_anybody_waiting(
    stack: ScriptedStack,
    broken: str,
    steps: list[Step],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is printed, the request fails at once, and the connection serves nobody again."""
    monkeypatch.setattr(f"netstack_sync.{broken}", _raise)
    exchange = Exchange(stack, Write(HEAD), *steps)
    assert exchange.fetch() == ERR_UNEXPECTED and not exchange.parser.can_reuse_connection
    assert "a bug of the parser" in capsys.readouterr().err
