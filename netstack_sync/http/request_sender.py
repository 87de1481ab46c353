"""RequestSender: writes a request head and its body to a socket."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_IO_PENDING, OK
from netstack_sync.http.upload import BytesUpload, UploadStream
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.wire.chunked import LAST_CHUNK, encode_chunk

Hold = Callable[[Completion], int]
"""Holds a body back: ERR_IO_PENDING and one later callback, OK to go on or an error that ends the sending."""

MERGE_LIMIT_BYTES = 1400  # head and a small body in memory share one packet (http_stream_parser.cc)


class RequestSender(StepMachine):
    """Steps: write what is unsent, wait while the body is held back, fetch the next piece.

    Network thread only; owned by the stream parser.
    """

    __slots__ = (
        "_hold",
        "_is_last",
        "_on_sent",
        "_piece",
        "_socket",
        "_unsent",
        "_upload",
        "error",
        "is_body_withheld",
        "sent_bytes",
    )

    def __init__(
        self, socket: StreamSocket, head: bytes, upload: UploadStream | None, hold: Hold | None = None, taken: int = 0
    ) -> None:
        """With `hold` the head goes alone, and the body, if withhold_body() was not called, after it has ended.

        So many bytes of the head as are `taken` have been sent already.
        """
        super().__init__()
        self._socket = socket
        self._upload = upload
        self._hold = hold
        self.is_body_withheld = False
        self._unsent: bytes | memoryview = memoryview(head)[taken:] if taken else head
        self._piece = b""
        self._is_last = upload is None
        self.sent_bytes = taken
        self._on_sent: Completion | None = None
        self.error = OK
        """The reset that ended the sending early: the server may have answered before it closed."""

    def send(self, on_done: Completion) -> int:
        """OK when all is written or there is an `error`, else an error, or ERR_IO_PENDING and one later callback."""
        upload = self._upload
        if upload is not None and self._hold is None and should_merge(len(self._unsent), upload):
            self._fetch_merged(upload)
        self._on_sent = on_done
        result = self._begin(self._write, self._on_end)
        return result if result == ERR_IO_PENDING else self._outcome(result)

    def cancel(self) -> None:
        """No callback comes; what is written is written. Once all is sent the upload is no business of ours:
        the next hop may be reading it while a drainer still holds this one.
        """
        if self.is_pending and self._upload is not None:
            self._upload.cancel()
        self._hold = self._on_sent = None
        self._stop()

    def withhold_body(self) -> None:
        """What is not sent of the body stays unsent; before the end of a hold."""
        self.is_body_withheld = True

    def _fetch_merged(self, upload: UploadStream) -> None:
        body = upload.read(self._on_piece)
        assert isinstance(body, bytes)
        self._unsent = bytes(self._unsent) + body
        self._is_last = True

    def _on_end(self, result: int) -> None:
        on_sent, self._on_sent = self._on_sent, None
        assert on_sent is not None
        on_sent(self._outcome(result))

    def _outcome(self, result: int) -> int:
        if result == ERR_CONNECTION_RESET and self.sent_bytes:
            self.error = result
            return OK
        return result

    def _write(self, _: int) -> int:
        while self._unsent:
            sent = self._socket.write(self._unsent)
            if sent == ERR_IO_PENDING:
                self._step = self._write
                self._socket.notify_writable(self._on_writable)
                return ERR_IO_PENDING
            if sent < 0:
                return sent
            self._took(sent)
        if self._is_last:
            return OK
        if self._hold is not None:
            self._step = self._after_hold
            return self._hold(self._on_io_complete)
        return self._fetch()

    def _after_hold(self, result: int) -> int:
        self._hold = None
        return result if result != OK or self.is_body_withheld else self._fetch()

    def _fetch(self) -> int:
        assert self._upload is not None
        self._step = self._encode
        piece = self._upload.read(self._on_piece)
        if isinstance(piece, bytes):
            self._piece = piece
            return OK
        return piece

    def _encode(self, result: int) -> int:
        if result != OK:
            return result
        assert self._upload is not None
        piece, self._piece = self._piece, b""
        self._is_last = not piece
        if self._upload.size is None:
            self._unsent = encode_chunk(piece) if piece else LAST_CHUNK
        else:
            self._unsent = memoryview(piece)
        self._step = self._write
        return OK

    def _took(self, sent: int) -> None:
        self.sent_bytes += sent
        self._unsent = memoryview(self._unsent)[sent:]

    def _on_writable(self) -> None:
        self._on_io_complete(OK)

    def _on_piece(self, piece: bytes | int) -> None:
        if isinstance(piece, bytes):
            self._piece = piece
            self._on_io_complete(OK)
        else:
            self._on_io_complete(piece)


def should_merge(head_bytes: int, upload: UploadStream) -> bool:
    """True for a body in memory that fits into one packet with the head."""
    if type(upload) is not BytesUpload or not upload.size:  # one that tells how far it is goes in pieces
        return False
    return head_bytes + upload.size <= MERGE_LIMIT_BYTES
