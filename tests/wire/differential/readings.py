"""Messages as three parsers read them: ours, h11, and httptools (llhttp)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

import h11
import httptools

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.http.stream_parser import HttpStreamParser
from netstack_sync.loop.completion import Task
from netstack_sync.sockets.stream_socket import StreamSocket

Fields: TypeAlias = "tuple[tuple[str, str], ...]"


@dataclass(frozen=True)
class Message:
    """One final response, as far as it was read; interim ones before it are passed over."""

    state: str
    """"whole", "partial" for a head without a whole body, "none"."""
    status: int = 0
    reason: str = ""
    fields: Fields = ()
    body: bytes = b""
    trailers: Fields = ()
    end: int = 0
    """Where the next response may begin."""
    keeps_alive: bool | None = False
    """Whether it may; None if the parser cannot tell."""
    why: str = ""
    """What is wrong with a message that is not whole."""


Reading: TypeAlias = "list[Message]"
Reader: TypeAlias = "Callable[[bytes, Sequence[str]], Reading]"


def read_all(data: bytes, methods: Sequence[str], read_one: Callable[[int, str], Message]) -> Reading:
    """Messages one after another, as long as the connection lives and there are bytes."""
    messages: Reading = []
    start = 0
    for method in methods:
        if messages and start >= len(data):
            break
        message = read_one(start, method)
        messages.append(message)
        if message.state != "whole" or message.keeps_alive is False:
            break
        start = message.end
    return messages


# --- ours


class _Socket:
    """Brings the pieces and then the end of the connection, goodbye included."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._task: Task | None = None

    def write(self, data: bytes) -> int:
        return len(data)

    def read(self, _: int) -> bytes:
        return next(self._pieces, b"")

    def notify_readable(self, task: Task) -> None:
        self._task = task

    def run(self) -> None:
        while self._task is not None:
            task, self._task = self._task, None
            task()


def ours(data: bytes, methods: Sequence[str], is_secure: bool = True) -> Reading:
    """Byte by byte, so that nothing is taken that belongs to the next."""

    def read_one(start: int, method: str) -> Message:
        pieces = [data[i : i + 1] for i in range(start, len(data))]
        message = our_message(pieces, method, is_secure)
        return replace(message, end=start + message.end)

    return read_all(data, methods, read_one)


def our_message(pieces: Iterable[bytes], method: str, is_secure: bool = True) -> Message:
    """One request whose answer comes in these pieces; `end` counts the bytes that were received."""
    socket = _Socket(pieces)
    parser = HttpStreamParser(cast(StreamSocket, socket), method, is_secure)
    assert parser.send_request(b"request", None, _unexpected) == OK
    results: list[int] = []
    parser.read_headers(results.append)
    socket.run()
    if results != [OK]:
        return Message("none", why=f"{parser.error_detail} ({results[0]})")
    head = parser.head
    assert head is not None
    body, error = _our_body(parser, socket)
    message = Message("partial", head.status, head.reason, fields_of(head.headers), body)
    if error != OK:
        return replace(message, why=f"{parser.error_detail} ({error})")
    trailers = fields_of(head.trailers)
    keeps = parser.can_reuse_connection
    return replace(message, state="whole", trailers=trailers, end=parser.received_bytes, keeps_alive=keeps)


def _our_body(parser: HttpStreamParser, socket: _Socket) -> tuple[bytes, int]:
    body = b""
    while True:
        pieces: list[bytes | int] = []
        piece = parser.read_body(pieces.append)
        if piece == ERR_IO_PENDING:
            socket.run()
            piece = pieces[0]
        if isinstance(piece, int):
            return body, piece
        if not piece:
            return body, OK
        body += piece


def _unexpected(_: int) -> None:
    raise AssertionError("it answered at once")


def fields_of(headers: ResponseHeaders) -> Fields:
    """Names in lower case, which they have no other meaning in."""
    return tuple([(name.lower(), value) for name, value in headers.items()])


# --- h11


def h11_reads(data: bytes, methods: Sequence[str]) -> Reading:
    """One connection object for all, as h11 wants it."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=10**6)
    client.receive_data(data)
    client.receive_data(b"")

    def read_one(start: int, method: str) -> Message:
        if start:
            client.start_next_cycle()
        client.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
        client.send(h11.EndOfMessage())
        return _h11_message(client, len(data))

    return read_all(data, methods, read_one)


def _h11_message(client: h11.Connection, size: int) -> Message:
    message = Message("none")
    try:
        while True:
            event = client.next_event()
            if isinstance(event, h11.Response):
                reason = bytes(event.reason).decode("latin-1")
                message = Message("partial", event.status_code, reason, _h11_fields(event.headers))
            elif isinstance(event, h11.Data):
                message = replace(message, body=message.body + bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                keeps_alive = client.our_state is h11.DONE and client.their_state is h11.DONE
                end = size - len(client.trailing_data[0])
                trailers = _h11_fields(event.headers)
                return replace(message, state="whole", trailers=trailers, end=end, keeps_alive=keeps_alive)
            elif not isinstance(event, h11.InformationalResponse):
                return replace(message, why=f"cut short: {event}")
    except h11.RemoteProtocolError as error:
        return replace(message, why=str(error))


def _h11_fields(headers: object) -> Fields:
    assert isinstance(headers, Sequence)
    return tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])


# --- httptools


class _Recorder:
    """Takes one message out of the callbacks."""

    def __init__(self) -> None:
        self.parser: httptools.HttpResponseParser | None = None
        self.reason = b""
        self.fields: list[tuple[str, str]] = []
        self.trailers: list[tuple[str, str]] = []
        self.body = b""
        self.has_head = False
        self.is_whole = False
        self.keeps_alive = False

    def on_status(self, text: bytes) -> None:
        self.reason += text

    def on_header(self, name: bytes, value: bytes) -> None:
        field = (name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t"))
        (self.trailers if self.has_head else self.fields).append(field)

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        assert self.parser is not None
        self.is_whole = True
        self.keeps_alive = self.parser.should_keep_alive()


def httptools_reads(data: bytes, methods: Sequence[str]) -> Reading:
    """A new parser for each message: it knows nothing of HEAD and would read on (MagicStack/httptools#47)."""

    def read_one(start: int, method: str) -> Message:
        while True:
            message = _httptools_message(data, start, method)
            if message.state != "whole" or not 100 <= message.status < 200:
                return message
            start = message.end
            if start == len(data):
                return Message("none", why="cut short")

    return read_all(data, methods, read_one)


def _httptools_message(data: bytes, start: int, method: str) -> Message:
    recorder = _Recorder()
    parser = recorder.parser = httptools.HttpResponseParser(recorder)
    # Chromium's decoder has always taken the spaces after a chunk size that Apache 1.3 sent.
    parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
    why, end, status = "cut short", start, 0
    try:
        # Byte by byte: what follows the message must be left alone.
        while end < len(data) and not recorder.is_whole:
            parser.feed_data(data[end : end + 1])
            end += 1
            if recorder.has_head:
                status = parser.get_status_code()
                if method == "HEAD" and status >= 200:
                    break
    except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
        why = f"{type(error).__name__}: {error}"
    recorder.parser = None  # opens the circle
    if not recorder.has_head:
        return Message("none", why=why)
    fields = tuple(recorder.fields)
    message = Message("partial", status, recorder.reason.decode("latin-1"), fields, recorder.body, why=why)
    if method == "HEAD" and status >= 200:
        return replace(message, state="whole", end=end, keeps_alive=None, why="")
    if not recorder.is_whole and (why != "cut short" or _is_delimited(fields)):
        return message
    keeps_alive = recorder.is_whole and recorder.keeps_alive
    trailers = tuple(recorder.trailers)
    return replace(message, state="whole", trailers=trailers, end=end, keeps_alive=keeps_alive, why="")


def _is_delimited(fields: Fields) -> bool:
    """It has no call for the close of the connection, so whether that is the end is found out here."""
    codings = [value.lower() for name, value in fields if name == "transfer-encoding"]
    if codings:
        return codings[-1].endswith("chunked")
    return any(name == "content-length" for name, _ in fields)
