"""HttpStreamParser: sends one HTTP/1 request over a socket and reads the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_EMPTY_RESPONSE,
    ERR_INVALID_HTTP_RESPONSE,
    ERR_IO_PENDING,
    OK,
)
from netstack_sync.http.interim import InterimWatch, problem_with_interim
from netstack_sync.http.request_sender import RequestSender
from netstack_sync.http.upload import UploadStream
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.sockets.read_size import LARGE_READ_BYTES, SMALL_READ_BYTES, next_read_size
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.http1_body import BodyReader, choose_body
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser

if TYPE_CHECKING:
    from netstack_sync.http.stream import OnBodyData

_LARGE_BODY_BYTES = 64 * 1024  # from here on fewer, larger reads pay


class HttpStreamParser:
    """Network thread only; owned by a stream, which owns the socket.

    It waits first and reads second: the answer to a request that was just sent is never there yet. Each event
    brings one read; the pump reports what is left (net/http/http_stream_parser.cc).
    """

    __slots__ = (
        "_body",
        "_has_failed",
        "_head_parser",
        "_in_doubt",
        "_informational",
        "_interim",
        "_is_reused",
        "_is_secure",
        "_method",
        "_on_begun",
        "_on_data",
        "_on_headers",
        "_on_sent",
        "_read_bytes",
        "_send_error",
        "_sender",
        "_socket",
        "_unparsed",
        "error_detail",
        "head",
        "received_bytes",
    )

    def __init__(self, socket: StreamSocket, method: str, is_secure: bool) -> None:
        self._socket = socket
        self._method = method
        self._is_secure = is_secure
        self._is_reused = False
        self._sender: RequestSender | None = None
        self._send_error = OK
        self._on_sent: Completion | None = None
        self._head_parser = ResponseHeadParser()
        self._in_doubt = False  # by an interim response
        self._informational = 0
        self._interim: InterimWatch | None = None  # none where nobody wants to know of 1xx responses
        self._body: BodyReader | None = None
        self._unparsed = b""
        self._has_failed = False  # from then on what comes belongs to no answer
        self._read_bytes = SMALL_READ_BYTES
        self._on_headers: Completion | None = None
        self._on_begun: Task | None = None
        self._on_data: OnBodyData | None = None
        self.head: ResponseHead | None = None
        self.received_bytes = 0
        self.error_detail = ""
        """What was wrong with a malformed response, in words."""

    def send_request(
        self, head: bytes, upload: UploadStream | None, on_done: Completion, interim: InterimWatch | None = None
    ) -> int:
        """See HttpStream.send_request. A server that resets during the upload may have answered: see read_headers."""
        self._interim = interim
        hold = self._hold_body if interim is not None and interim.holds_body else None
        self._sender = RequestSender(self._socket, head, upload, hold)
        self._on_sent = on_done
        result = self._sender.send(self._on_send_complete)
        return result if result == ERR_IO_PENDING else self._after_send(result)

    def read_headers(self, is_reused: bool, on_done: Completion, on_begun: Task | None = None) -> int:
        """See HttpStream.read_headers."""
        if self.head is not None:
            return OK  # it came before the body was sent
        self._is_reused = is_reused
        self._on_headers, self._on_begun = on_done, on_begun
        self._socket.notify_readable(self._on_headers_readable)
        return ERR_IO_PENDING

    def read_body(self, on_data: OnBodyData) -> bytes | int:
        """See HttpStream.read_body."""
        body = self._body
        assert body is not None and self._on_data is None
        if self._unparsed:
            data, self._unparsed = self._unparsed, b""
            payload = self._decode(data)
            if payload:  # a piece, or an error
                return payload
        if body.is_complete:
            return b""
        self._on_data = on_data
        self._socket.notify_readable(self._on_body_readable)
        return ERR_IO_PENDING

    def cancel(self) -> None:
        """No callback comes any more; idempotent."""
        if self._sender is not None:
            self._sender.cancel()
        if self._interim is not None:
            self._interim.cancel()
        self._on_sent = self._on_headers = self._on_begun = self._on_data = None
        self._socket.cancel_notify()

    @property
    def sent_bytes(self) -> int:
        """Bytes of the request that have left."""
        return self._sender.sent_bytes if self._sender is not None else 0

    @property
    def is_reading(self) -> bool:
        """See HttpStream.is_reading."""
        return self._on_data is not None

    @property
    def is_body_complete(self) -> bool:
        """See HttpStream.is_body_complete."""
        return self._body is not None and self._body.is_complete

    @property
    def can_find_end(self) -> bool:
        """True when reading on would lead to a point where the next response may begin."""
        head, body = self.head, self._body
        if self._sender is None or self._sender.is_body_withheld:
            return False  # the server may go on waiting for the body, and take the next request for it
        return head is not None and body is not None and head.keep_alive and body.is_delimited and not self._has_failed

    @property
    def can_reuse_connection(self) -> bool:
        """True when another request may go over it. Bytes after the end belong to no answer: never reused."""
        body = self._body
        has_ended = body is not None and body.is_complete and not body.surplus and not body.in_doubt
        return has_ended and self.can_find_end and not self._in_doubt and not self._unparsed and self._send_error == OK

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

    def _on_send_complete(self, result: int) -> None:
        on_sent, self._on_sent = self._on_sent, None
        assert on_sent is not None
        on_sent(self._after_send(result))

    def _after_send(self, result: int) -> int:
        if result == ERR_CONNECTION_RESET and self.sent_bytes:
            # The server may have answered before it closed; if not, read_headers() gives this error.
            self._send_error = result
            return OK
        return result

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
        if result == ERR_IO_PENDING:
            if self._interim is not None and self._interim.is_granted:
                self._interim.go_on()
            elif self._on_headers is not None:  # else: cancelled by who was told of a 1xx response
                self._socket.notify_readable(self._on_headers_readable)
            return
        if self._send_error != OK and (self.head is None or self.head.status < 400):
            result = self._send_error
        on_headers, self._on_headers = self._on_headers, None
        assert on_headers is not None
        on_headers(result)

    def _parse_head(self, data: bytes) -> int:
        while True:
            is_first = not self._head_parser.received_bytes
            try:
                head = self._head_parser.receive(data)
            except WireError as error:
                return self._malformed(error)
            if is_first and (head is None or self._informational) and self._on_begun is not None:
                self._on_begun()
            if head is None:
                return ERR_IO_PENDING
            if head.status >= 200:
                return self._accept(head)
            self._informational += 1
            self.error_detail = problem_with_interim(head.status, self._informational)
            if self.error_detail:
                return ERR_INVALID_HTTP_RESPONSE
            if self._interim is not None:
                self._interim.receive(head)
                if self._on_headers is None:
                    return ERR_IO_PENDING
            data = self._head_parser.surplus
            self._head_parser = ResponseHeadParser()
            self._in_doubt |= head.in_doubt
            if not data:
                return ERR_IO_PENDING

    def _end_in_head(self) -> int:
        if self._send_error != OK:
            return self._send_error  # half an answer does not explain a reset
        if not self._head_parser.received_bytes:
            return ERR_CONNECTION_CLOSED if self._is_reused or self.received_bytes else ERR_EMPTY_RESPONSE
        try:
            head = self._head_parser.finish(self._is_secure)
        except WireError as error:
            return self._malformed(error)
        if head.status < 200:
            self.error_detail = f"the connection was closed after informational response {head.status}"
            return ERR_CONNECTION_CLOSED
        return self._accept(head)

    def _accept(self, head: ResponseHead) -> int:
        self.head = head
        self._body = choose_body(head, self._method)
        self._unparsed = self._head_parser.surplus
        if head.content_length is not None and head.content_length >= _LARGE_BODY_BYTES:
            self._read_bytes = LARGE_READ_BYTES
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
                data = self._decode(data)
                if data == b"" and not body.is_complete:
                    data = ERR_IO_PENDING  # nothing but framing
            else:
                data = body.finish() or b""
        elif data == ERR_CONNECTION_CLOSED:
            data = body.finish() if body.is_delimited else self._cut_off()
        if data == ERR_IO_PENDING:
            self._socket.notify_readable(self._on_body_readable)
            return
        on_data, self._on_data = self._on_data, None
        assert on_data is not None
        if isinstance(data, int):
            self._has_failed = True
        on_data(data)

    def _cut_off(self) -> int:
        """Only TLS's goodbye tells the end of such a body from a cut in it (RFC 9110 §6.4.1, RFC 8446 §6.1)."""
        self.error_detail = "the server closed the connection without close_notify, so the body may be incomplete"
        return ERR_CONNECTION_CLOSED

    def _decode(self, data: bytes) -> bytes | int:
        assert self._body is not None
        try:
            return self._body.receive(data)
        except WireError as error:
            return self._malformed(error)

    def _malformed(self, error: WireError) -> int:
        self.error_detail = error.detail
        self._has_failed = True
        return error.net_error
