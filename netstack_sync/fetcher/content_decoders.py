"""Decoders of content codings (RFC 9110 §8.4.1): a body of any ratio unfolds in bounded steps, whatever is nested.

A decoder is fed only when it has given all that it holds, so that none of a chain collects input: a body in two
codings may unfold to as much in between as at its end. What is fed is cut small, since a decoder copies what is left of
it at each step and at each member.
"""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final, Protocol

from netstack_sync.base.exceptions import DecodingError
from netstack_sync.base.net_errors import ERR_CONTENT_DECODING_FAILED

STEP_BYTES: Final = 256 * 1024  # what one step of a decoder may give
FEED_BYTES: Final = 32 * 1024  # what it is given at once
MAX_ZSTD_WINDOW_LOG: Final = 23  # 8 MiB: RFC 9659 §3; a frame may demand 2 GiB

_GZIP_WBITS: Final = 16 + zlib.MAX_WBITS
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD: Final = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"


class Decoder(Protocol):
    """Takes off one coding; spent after an error."""

    @property
    def error(self) -> type[Exception]:
        """What decode() raises when the data is no such coding."""

    def decode(self, data: bytes) -> bytes:
        """A step of what is known after this piece; b"" asks for the next piece, everything else for another b""."""

    @property
    def is_whole(self) -> bool:
        """Whether the data may end here."""


def decoded_pieces(coding: str, pieces: Iterable[bytes], may_be_cut: bool) -> Iterator[bytes]:
    """The pieces without one coding; raises DecodingError, also at an early end unless that is to be expected."""
    decoder = make_decoder(coding)
    is_empty = True
    for piece in pieces:
        for start in range(0, len(piece), FEED_BYTES):
            is_empty = False
            data = piece[start : start + FEED_BYTES]
            while step := _step(decoder, coding, data):
                yield step
                data = b""
    # No body has no coding, whatever the header says: that is the answer to HEAD.
    if not (decoder.is_whole or is_empty or may_be_cut):
        raise DecodingError(ERR_CONTENT_DECODING_FAILED, f"the body ends in the middle of its {coding} coding")


def _step(decoder: Decoder, coding: str, data: bytes) -> bytes:
    try:
        return decoder.decode(data)
    except decoder.error as error:
        raise DecodingError(ERR_CONTENT_DECODING_FAILED, f"the body is no proper {coding}: {error}") from error


def make_decoder(coding: str) -> Decoder:
    """The decoder of a known coding."""
    if coding == "br":
        return BrotliDecoder()
    if coding == "zstd":
        return ZstdDecoder()
    return DeflateDecoder() if coding == "deflate" else GzipDecoder()


class GzipDecoder:
    """Members one after another (RFC 1952 §2.2); what follows them and is none is passed over, as everybody does."""

    __slots__ = ("_inflater", "_is_over", "_rest")

    error = zlib.error

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP_WBITS)
        self._rest = b""
        self._is_over = False

    @property
    def is_whole(self) -> bool:
        """See Decoder."""
        return self._inflater.eof

    def decode(self, data: bytes) -> bytes:
        """See Decoder."""
        data = self._rest + data
        step = b""
        while data and not step and not self._is_over:
            if self._inflater.eof and not self._begin_member(data):
                return b""
            inflater = self._inflater
            step = inflater.decompress(data, STEP_BYTES)
            self._rest = data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        return step or self._held()

    def _begin_member(self, data: bytes) -> bool:
        """Whether there is one; the first byte of its two does not tell yet."""
        if data.startswith(_GZIP_MAGIC):
            self._inflater = zlib.decompressobj(_GZIP_WBITS)
            return True
        self._rest = data if data == _GZIP_MAGIC[:1] else b""
        self._is_over = not self._rest
        return False

    def _held(self) -> bytes:
        """What is left inside after a step that was full although all input was taken."""
        return b"" if self._inflater.eof else self._inflater.decompress(b"", STEP_BYTES)


class DeflateDecoder:
    """The zlib format, or deflate without it, which some servers mean (RFC 9110 §8.4.1.2): the first bytes tell."""

    __slots__ = ("_inflater", "_start")

    error = zlib.error

    def __init__(self) -> None:
        self._inflater: Any = None
        self._start = b""

    @property
    def is_whole(self) -> bool:
        """See Decoder."""
        return self._inflater is not None and self._inflater.eof

    def decode(self, data: bytes) -> bytes:
        """See Decoder."""
        if self._inflater is None:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            # RFC 1950 §2.2: method 8, a window that is allowed, and a check of both bytes.
            is_zlib = data[0] & 0x8F == 0x08 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        if self._inflater.eof:
            return b""
        step: bytes = self._inflater.decompress(data or self._inflater.unconsumed_tail, STEP_BYTES)
        return step


class BrotliDecoder:
    """Brotli (RFC 7932), with a window of 16 MiB at most."""

    __slots__ = ("_decompressor", "error")

    def __init__(self) -> None:
        module = brotli_module()
        self.error: type[Exception] = module.error
        self._decompressor: Any = module.Decompressor()

    @property
    def is_whole(self) -> bool:
        """See Decoder."""
        return bool(self._decompressor.is_finished())

    def decode(self, data: bytes) -> bytes:
        """See Decoder."""
        decompressor = self._decompressor
        if decompressor.is_finished():
            if data:
                raise self.error("there is something after its end")  # as the library has it within one piece
            return b""
        step: bytes = decompressor.process(data, output_buffer_limit=STEP_BYTES)
        return step


class ZstdDecoder:
    """Zstandard (RFC 8878): frames one after another, with the window that RFC 9659 allows."""

    __slots__ = ("_decompressor", "_module", "error")

    def __init__(self) -> None:
        self._module: Any = importlib.import_module(_ZSTD)
        self.error: type[Exception] = self._module.ZstdError
        self._decompressor = self._begin_frame()

    @property
    def is_whole(self) -> bool:
        """See Decoder."""
        return bool(self._decompressor.eof)

    def decode(self, data: bytes) -> bytes:
        """See Decoder."""
        while True:
            if self._decompressor.eof:
                data = data or self._decompressor.unused_data
                if not data:
                    return b""
                self._decompressor = self._begin_frame()
            step: bytes = self._decompressor.decompress(data, STEP_BYTES)
            if step or not self._decompressor.eof:
                return step
            data = b""

    def _begin_frame(self) -> Any:
        return self._module.ZstdDecompressor(
            options={self._module.DecompressionParameter.window_log_max: MAX_ZSTD_WINDOW_LOG}
        )


def is_brotli_bounded() -> bool:
    """Whether the library is there and can stop in the middle: those before 1.2 unfold all at once."""
    return hasattr(getattr(brotli_module(), "Decompressor", None), "can_accept_more_data")


@cache
def brotli_module() -> Any:
    """Either of the two libraries, the one that urllib3 takes; None without them, which costs a search."""
    for name in ("brotlicffi", "brotli"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None
