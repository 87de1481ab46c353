"""ReadableBody: the body of a response, whole or in pieces, with the reading methods of urllib3."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final, NoReturn

from urllib3.util.retry import Retry

from netstack_sync.base.exceptions import ResponseTooLarge
from netstack_sync.base.net_errors import ERR_FILE_TOO_BIG
from netstack_sync.fetcher.body_source import BodySource, CollectedBody
from netstack_sync.fetcher.decoding import DecodingResponse
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.text import rechunked
from netstack_sync.wire.http1_response import ResponseHead

_STREAM_BYTES = 64 * 1024
_NOTHING: Final[Iterator[bytes]] = iter(())  # of what has been read


class ReadableBody(DecodingResponse):
    """Reads a BodySource once; what `content` has read can be read again. One thread at a time.

    A Response sets what has a slot. Everything else begins as the class has it, and gets a dict when it changes: an
    answer which is looked at once has none.
    """

    __slots__ = ("_content", "_given_bytes", "_head", "_reading", "_source", "reason", "request", "status")

    _head: ResponseHead
    _source: BodySource | list[bytes]  # a list: the body is here, and becomes a CollectedBody if it is read in pieces
    _content: bytes | None  # the whole body, once `content` was asked for
    _given_bytes: int  # of the body as it came
    _reading: Iterator[bytes] | None
    request: FetchRequest
    """What was asked, as the caller asked it."""

    # What BaseHTTPResponse.__init__ sets, without the headers, which many callers never look at.
    decode_content: bool = True
    _has_decoded_content = False
    _decoder = None
    _decoder_initialized = False
    _retries: Retry | None = None

    _file: Iterator[bytes] | None = None  # where read() and its kin are
    _unread: bytes | memoryview = b""  # a view, so that reading a piece byte by byte stays linear

    # --- whole

    @property
    def content(self) -> bytes:
        """The whole body, decoded; raises the NetError that cut it off, DecodingError, ResponseTooLarge."""
        content = self._content
        if content is not None:
            return content
        if self._reading is not None:
            raise RuntimeError("content: the body has been read in pieces already and is not kept")
        source = self._source
        if isinstance(source, list) and b"content-encoding" not in self._head.headers.noted:  # fast path
            self._source, self._reading = [], _NOTHING
            content = b"".join(source)
            self._given_bytes = len(content)
            max_size = self.request.max_response_size
            if max_size is not None and len(content) > max_size:
                self._refuse_size(max_size)
        else:
            content = self._joined(self.iter_bytes())
        self._content = content
        return content

    @property
    def data(self) -> bytes:
        """The whole body, as urllib3 calls it."""
        return self.content

    @property
    def content_if_read(self) -> bytes:
        """The body if `content` was asked for before, else nothing."""
        return self._content or b""

    @property
    def length_remaining(self) -> int | None:  # type: ignore[override]  # an attribute there
        """Bytes of the body that have not been read yet, before decoding; None where the head does not tell."""
        length = self._head.content_length
        return None if length is None else length - self._given_bytes

    def _joined(self, parts: Iterator[bytes]) -> bytes:
        pieces: list[bytes] = []
        size, max_size = 0, self.request.max_response_size
        for piece in parts:
            size += len(piece)
            if max_size is not None and size > max_size:
                self._refuse_size(max_size)
            pieces.append(piece)
        return b"".join(pieces)

    def _refuse_size(self, max_size: int) -> NoReturn:
        self.close()
        raise ResponseTooLarge(ERR_FILE_TOO_BIG, f"the body exceeds max_response_size={max_size}")

    # --- in pieces

    def iter_raw(self) -> Iterator[bytes]:
        """The pieces of the body as they came, not decoded."""
        source = self._source
        if isinstance(source, list):
            source = self._source = CollectedBody(source)
        while piece := source.read_piece():
            self._given_bytes += len(piece)
            yield piece

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The decoded body in pieces, of exactly `chunk_size` bytes but for the last when that is given."""
        if self._content is not None:
            pieces: Iterator[bytes] = iter((self._content,) if self._content else ())
        else:
            if self._reading is None:
                is_encoded = b"content-encoding" in self._head.headers.noted
                self._reading = self.decoded(self.iter_raw()) if is_encoded else self.iter_raw()
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
            self._drop_rest()
            if self._reading is not None:
                self._reading = _NOTHING  # a generator that stands still in the middle holds its response
            io.IOBase.close(self)

    def __del__(self) -> None:
        """Ends the fetch of a stream that is forgotten. io.IOBase would also close what is here already."""
        try:
            is_here = isinstance(self._source, list)
        except AttributeError:
            return  # its __init__() failed
        if not is_here and not isinstance(self._source, CollectedBody):
            self.close()

    def _drop_rest(self) -> None:
        source = self._source
        if not isinstance(source, list):
            source.close()

    def release_conn(self) -> None:
        """Nothing: the connection went back to the pool by itself."""

    def drain_conn(self) -> None:
        """Gives up the rest; the network thread reads a small one to its end for the connection's sake."""
        self._drop_rest()

    def shutdown(self) -> None:
        """Ends the fetch, whoever is reading; any thread."""
        self._drop_rest()

    def readable(self) -> bool:
        """True: it is a readable file to the io module."""
        return True
