"""ReadableBody: the body of a response, whole or in pieces, with the reading methods of urllib3."""

from __future__ import annotations

import io
from collections.abc import Iterator

from urllib3.util.retry import Retry

from netstack_sync.base.exceptions import ResponseTooLarge
from netstack_sync.base.net_errors import ERR_FILE_TOO_BIG
from netstack_sync.fetcher.body_source import BodySource
from netstack_sync.fetcher.decoding import DecodingResponse
from netstack_sync.fetcher.text import rechunked

_STREAM_BYTES = 64 * 1024


class ReadableBody(DecodingResponse):
    """Reads a BodySource once; what `content` has read can be read again. One thread at a time."""

    def __init__(self, source: BodySource, max_size: int | None, is_encoded: bool) -> None:
        # What BaseHTTPResponse.__init__ sets, without the headers, which many callers never look at.
        self.decode_content = True
        self._has_decoded_content = False
        self._decoder = None
        self._decoder_initialized = False
        self._retries: Retry | None = None
        self._source = source
        self._max_size = max_size
        self._is_encoded = is_encoded
        self._content: bytes | None = None
        self._reading: Iterator[bytes] | None = None
        self._file: Iterator[bytes] | None = None  # where read() and its kin are
        self._unread: bytes | memoryview = b""  # a view, so that reading a piece byte by byte stays linear

    # --- whole

    @property
    def content(self) -> bytes:
        """The whole body, decoded; raises the NetError that cut it off, DecodingError, ResponseTooLarge."""
        if self._content is None:
            if self._reading is not None:
                raise RuntimeError("content: the body has been read in pieces already and is not kept")
            self._content = self._joined(self.iter_bytes())
        return self._content

    @property
    def data(self) -> bytes:
        """The whole body, as urllib3 calls it."""
        return self.content

    @property
    def content_if_read(self) -> bytes:
        """The body if `content` was asked for before, else nothing."""
        return self._content or b""

    def _joined(self, parts: Iterator[bytes]) -> bytes:
        pieces: list[bytes] = []
        size = 0
        for piece in parts:
            size += len(piece)
            if self._max_size is not None and size > self._max_size:
                self.close()
                raise ResponseTooLarge(ERR_FILE_TOO_BIG, f"the body exceeds max_response_size={self._max_size}")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    # --- in pieces

    def iter_raw(self) -> Iterator[bytes]:
        """The pieces of the body as they came, not decoded."""
        while piece := self._source.read_piece():
            if self.length_remaining is not None:
                self.length_remaining -= len(piece)
            yield piece

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The decoded body in pieces, of exactly `chunk_size` bytes but for the last when that is given."""
        if self._content is not None:
            pieces: Iterator[bytes] = iter((self._content,) if self._content else ())
        else:
            if self._reading is None:
                self._reading = self.decoded(self.iter_raw()) if self._is_encoded else self.iter_raw()
            pieces = self._reading
        return pieces if chunk_size is None else rechunked(pieces, chunk_size)

    def read(self, amt: int | None = None, decode_content: bool | None = None, cache_content: bool = False) -> bytes:
        """At most `amt` bytes, fewer only at the end; all of it without `amt`. See urllib3's HTTPResponse.read."""
        if amt is None or amt < 0:
            is_whole = self._reading is None and not self._unread and decode_content is not False
            unread = self._take(len(self._unread))
            rest = unread + self._joined(self._pieces(decode_content))
            if cache_content or (is_whole and self._content is None):
                self._content = rest
            return rest
        if amt <= len(self._unread):  # fast path
            return self._take(amt)
        parts = [self._take(len(self._unread))]
        missing = amt - len(parts[0])
        while missing:
            piece = next(self._pieces(decode_content), b"")
            if not piece:
                break
            self._unread = memoryview(piece)
            parts.append(self._take(missing))
            missing -= len(parts[-1])
        return b"".join(parts)

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """What one wait brings, at most `amt` bytes."""
        if not self._unread and amt != 0:
            self._unread = memoryview(next(self._pieces(decode_content), b""))
        return self._take(len(self._unread) if amt is None or amt < 0 else amt)

    def stream(self, amt: int | None = _STREAM_BYTES, decode_content: bool | None = None) -> Iterator[bytes]:
        """Reads `amt` bytes at a time until the end."""
        while data := self.read(amt, decode_content):
            yield data

    def read_chunked(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
        """As stream(): the chunks of the transfer are gone by now."""
        return self.stream(amt, decode_content)

    def _take(self, amt: int) -> bytes:
        data = bytes(self._unread[:amt])
        self._unread = self._unread[amt:]
        return data

    def _pieces(self, decode_content: bool | None) -> Iterator[bytes]:
        """What read() has not seen yet: after `content` that is the whole body, once."""
        if decode_content is None:
            decode_content = self.decode_content
        if not decode_content and self._content is None:
            return self.iter_raw()
        if self._file is None:
            self._file = self.iter_bytes()
        return self._file

    # --- the end

    def close(self) -> None:
        """Gives up what has not been read; a fetch that is still under way ends. Any thread; idempotent."""
        if not self.closed:
            self._source.close()
            if self._reading is not None:
                self._reading = iter(())  # a generator that stands still in the middle holds its response
            io.IOBase.close(self)

    def release_conn(self) -> None:
        """Nothing: the connection went back to the pool by itself."""

    def drain_conn(self) -> None:
        """Gives up the rest; the network thread reads a small one to its end for the connection's sake."""
        self._source.close()

    def shutdown(self) -> None:
        """Ends the fetch, whoever is reading; any thread."""
        self._source.close()

    def readable(self) -> bool:
        """True: it is a readable file to the io module."""
        return True
