"""HttpStreamParser: sends one HTTP/1 request over a socket and reads the response."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from netstack_sync.base.net_errors import ERR_CONNECTION_CLOSED, ERR_EMPTY_RESPONSE, ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.http.head_collector import HeadCollector
from netstack_sync.http.interim import InterimWatch
from netstack_sync.http.request_sender import RequestSender
from netstack_sync.http.upload import UploadStream
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.sockets.read_size import SMALL_READ_BYTES, first_read_size, next_read_size
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.http1_body import BodyReader, choose_body, comes_whole
from netstack_sync.wire.http1_response import ResponseHead, read_whole_head

if TYPE_CHECKING:
    from netstack_sync.http.stream import OnBodyData


class HttpStreamParser:
    """Network thread only; base of the stream, which owns the socket.

    It waits first and reads second: the answer to a request that was just sent is never there yet. Each event
    brings one read; the pump reports what is left. What one write takes needs no sender, a head that comes whole no
    parser of its own, and a body that comes whole with it no reader (net/http/http_stream_parser.cc).
    """

    __slots__ = (
        "_body",
        "_heads",
        "_interim",
        "_is_secure",
        "_is_spoiled",
        "_method",
        "_on_begun",
        "_on_data",
        "_on_headers",
        "_read_bytes",
        "_sender",
        "_sent_bytes",
        "_socket",
        "_unparsed",
        "error_detail",
        "head",
        "is_body_complete",
        "is_connection_reused",
        "received_bytes",
    )

    _on_begun: Task | None  # from read_headers() on
    _on_headers: Completion | None  # likewise
    _read_bytes: int  # where there is a body to read
    _unparsed: bytes  # what came behind the head, once that is there

    def __init__(self, socket: StreamSocket, method: str, is_secure: bool, is_reused: bool = False) -> None:
        self._socket = socket
        self._method = method
        self._is_secure = is_secure
        self.is_connection_reused = is_reused
        """See HttpStream."""
        self._sender: RequestSender | None = None  # for what the first write has not taken
        self._sent_bytes = 0  # without one
        self._interim: InterimWatch | None = None  # none where nobody wants to know of 1xx responses
        self._heads: HeadCollector | None = None  # for a head that is not whole in the first piece, or not the first
        self._body: BodyReader | None = None  # for a body that has not come whole with the head
        self._is_spoiled = False  # what comes belongs to no answer, or there is doubt about it
        self._on_data: OnBodyData | None = None
        self.head: ResponseHead | None = None
        self.is_body_complete = False
        """See HttpStream."""
        self.received_bytes = 0
        self.error_detail = ""
        """What was wrong with a malformed response, in words."""

    def send_request(
        self, head: bytes, upload: UploadStream | None, on_done: Completion, interim: InterimWatch | None = None
    ) -> int:
        """See HttpStream.send_request. A server that resets during the upload may have answered: see read_headers."""
        taken = 0
        if upload is None:
            taken = self._socket.write(head)
            if taken == len(head) and interim is None:
                self._sent_bytes = taken
                return OK  # fast path: a head fits into any socket's buffer
            if taken == ERR_IO_PENDING:
                taken = 0
            elif taken < 0:
                return taken
        self._interim = interim
        hold = self._hold_body if interim is not None and interim.holds_body else None
        self._sender = RequestSender(self._socket, head, upload, hold, taken)
        return self._sender.send(on_done)

    def read_headers(self, on_done: Completion, on_begun: Task | None = None) -> int:
        """See HttpStream.read_headers."""
        if self.head is not None:
            return OK  # it came before the body was sent
        self._on_headers, self._on_begun = on_done, on_begun
        self._socket.notify_readable(self._on_headers_readable)
        return ERR_IO_PENDING

    def read_body(self, on_data: OnBodyData) -> bytes | int:
        """See HttpStream.read_body."""
        data = self._unparsed
        if data:
            self._unparsed = b""
            if self._body is None:  # fast path: it came whole with the head
                self.is_body_complete = True
                return data
            if payload := self._decode(self._body, data):  # a piece, or an error
                return payload
        if self.is_body_complete:
            return b""
        assert self._body is not None and self._on_data is None
        self._on_data = on_data
        self._socket.notify_readable(self._on_body_readable)
        return ERR_IO_PENDING

    def cancel(self) -> None:
        """No callback comes any more; idempotent."""
        if self._sender is not None:
            self._sender.cancel()
        if self._interim is not None:
            self._interim.cancel()
        self._on_headers = self._on_begun = self._on_data = self._heads = None
        self._socket.cancel_notify()

    @property
    def sent_bytes(self) -> int:
        """Bytes of the request that have left."""
        return self._sent_bytes if self._sender is None else self._sender.sent_bytes

    @property
    def is_reading(self) -> bool:
        """See HttpStream.is_reading."""
        return self._on_data is not None

    @property
    def can_find_end(self) -> bool:
        """True when reading on would lead to a point where the next response may begin."""
        head, body, sender = self.head, self._body, self._sender
        if head is None or not head.keep_alive or self._is_spoiled:
            return False
        if sender is not None and sender.is_body_withheld:
            return False  # the server may go on waiting for the body, and take the next request for it
        return body is None or body.is_delimited

    @property
    def can_reuse_connection(self) -> bool:
        """True when another request may go over it. Bytes after the end belong to no answer: never reused."""
        body, head = self._body, self.head
        if not self.is_body_complete or head is None:
            return False
        if body is None and self._sender is None:  # fast path
            return head.keep_alive and not self._is_spoiled
        if self._unparsed or not self.can_find_end or (self._sender is not None and self._sender.error != OK):
            return False
        return body is None or not (body.surplus or body.in_doubt)

    # --- sending

    def _hold_body(self, on_done: Completion) -> int:
        assert self._interim is not None
        return self._interim.wait(self, on_done)

    def stop_reading(self) -> None:
        """See HeadReader."""
        self._on_headers = None
        self._socket.cancel_notify()

    def withhold_body(self) -> None:
        """See HeadReader."""
        assert self._sender is not None
        self._sender.withhold_body()

    # --- the head

    def _on_headers_readable(self) -> None:
        data = self._socket.read(SMALL_READ_BYTES)
        if isinstance(data, bytes) and data:
            self.received_bytes += len(data)
            result = self._parse_head(data)
        elif not data or data == ERR_CONNECTION_CLOSED:  # with or without TLS's goodbye
            result = self._end_in_head()
        else:
            result = data
        on_headers = self._on_headers
        if result == ERR_IO_PENDING:
            if self._interim is not None and self._interim.is_granted:
                self._interim.go_on()
            elif on_headers is not None:  # else: cancelled by who was told of a 1xx response
                self._socket.notify_readable(self._on_headers_readable)
            return
        if self._sender is not None and self._sender.error != OK and (self.head is None or self.head.status < 400):
            result = self._sender.error
        self._on_headers = None
        assert on_headers is not None
        on_headers(result)

    def _parse_head(self, data: bytes) -> int:
        try:
            if self._heads is None:
                whole = read_whole_head(data)
                if whole is not None:
                    head, end = whole
                    if head.status >= 200:  # fast path: it comes alone and in one piece
                        return self._accept(head, data[end:])
                self._heads = HeadCollector(self._on_begun, self._on_interim)
            return self._on_collected(self._heads, self._heads.receive(data))
        except Exception as error:
            return self._malformed(error)

    def _end_in_head(self) -> int:
        if self._sender is not None and self._sender.error != OK:
            return self._sender.error  # half an answer does not explain a reset
        if self._heads is None or not self._heads.is_inside_head:
            return ERR_CONNECTION_CLOSED if self.is_connection_reused or self.received_bytes else ERR_EMPTY_RESPONSE
        try:
            return self._on_collected(self._heads, self._heads.finish(self._is_secure))
        except Exception as error:
            return self._malformed(error)

    def _on_collected(self, heads: HeadCollector, head: ResponseHead | int) -> int:
        self._is_spoiled |= heads.in_doubt
        if isinstance(head, int):
            self.error_detail = heads.error_detail
            return head
        self._heads = None
        return self._accept(head, heads.surplus)

    def _on_interim(self, head: ResponseHead) -> bool:
        if self._interim is not None:
            self._interim.receive(head)
        return self._on_headers is not None  # else: cancelled by who was told

    def _accept(self, head: ResponseHead, rest: bytes) -> int:
        """The final head is there; `rest` came behind it."""
        self.head = head
        self._unparsed = rest
        if comes_whole(head, self._method, len(rest)):  # fast path
            self.is_body_complete = not rest
            return OK
        self._body = choose_body(head, self._method)
        self.is_body_complete = self._body.is_complete
        self._read_bytes = first_read_size(head.content_length)
        return OK

    # --- the body

    def _on_body_readable(self) -> None:
        body = self._body
        assert body is not None
        data = self._socket.read(self._read_bytes)
        if isinstance(data, bytes):
            if data:
                self.received_bytes += len(data)
                self._read_bytes = next_read_size(self._read_bytes, len(data))
                data = self._decode(body, data)
                if data == b"" and not self.is_body_complete:
                    data = ERR_IO_PENDING  # nothing but framing
            else:
                data = body.finish() or b""
                self.is_body_complete = body.is_complete
        elif data == ERR_CONNECTION_CLOSED:
            data = body.finish() if body.is_delimited else self._cut_off()
        if data == ERR_IO_PENDING:
            self._socket.notify_readable(self._on_body_readable)
            return
        on_data, self._on_data = self._on_data, None
        assert on_data is not None
        if isinstance(data, int):
            self._is_spoiled = True
        on_data(data)

    def _cut_off(self) -> int:
        """Only TLS's goodbye tells the end of such a body from a cut in it (RFC 9110 §6.4.1, RFC 8446 §6.1)."""
        self.error_detail = "the server closed the connection without close_notify, so the body may be incomplete"
        return ERR_CONNECTION_CLOSED

    def _decode(self, body: BodyReader, data: bytes) -> bytes | int:
        try:
            payload = body.receive(data)
        except Exception as error:
            return self._malformed(error)
        self.is_body_complete = body.is_complete
        return payload

    def _malformed(self, error: Exception) -> int:
        """What is wrong with the answer; or with us, and a bug must not cost the caller the whole deadline."""
        self._is_spoiled = True
        if not isinstance(error, WireError):
            traceback.print_exception(error)
            return ERR_UNEXPECTED
        self.error_detail = error.detail
        return error.net_error
