"""Content decoding on the caller's thread: bounded steps over urllib3's decoders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from urllib3.exceptions import DecodeError
from urllib3.response import BaseHTTPResponse, _get_decoder

from netstack_sync.base.exceptions import DecodingError
from netstack_sync.base.http_util import parse_list
from netstack_sync.base.net_errors import ERR_CONTENT_DECODING_FAILED

STEP_BYTES = 256 * 1024  # what one step of a decoder may give: a bomb of any ratio unfolds piece by piece
MAX_CODINGS = 5  # rule R12: more in a row are an attack


class DecodingResponse(BaseHTTPResponse):
    """A response whose body can be decoded; the decoders and their limits are urllib3's."""

    def decoded(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces without their Content-Encoding; raises DecodingError.

        One unknown coding in the list leaves the whole body as it came, as in Chromium. A body that ends early
        gives what it holds: the framing, not the coding, says whether it is whole.
        """
        codings = [coding.lower() for coding in parse_list(self.headers.get("content-encoding", ""))]
        if not codings or any(coding not in self.CONTENT_DECODERS for coding in codings):
            yield from pieces
            return
        if len(codings) > MAX_CODINGS:
            raise DecodingError(ERR_CONTENT_DECODING_FAILED, f"more than {MAX_CODINGS} content codings")
        self._decoder = _get_decoder(",".join(codings))
        self._decoder_initialized = True
        for piece in pieces:
            yield from self._decoded_steps(piece)
        while data := self._step(b""):
            yield data  # what a decoder still held; flush() knows no limit
        try:
            tail = self._step(b"", flush=True)
        except DecodingError:
            return  # the coding misses its own end
        if tail:
            yield tail

    def _decoded_steps(self, piece: bytes) -> Iterator[bytes]:
        data = self._step(piece)
        while data:
            yield data
            if self._decoder is None or not self._decoder.has_unconsumed_tail:
                return
            data = self._step(b"")

    def _step(self, data: bytes, flush: bool = False) -> bytes:
        try:
            return self._decode(data, decode_content=True, flush_decoder=flush, max_length=STEP_BYTES)
        except DecodeError as error:
            raise DecodingError(ERR_CONTENT_DECODING_FAILED, str(error.args[0])) from error


def accept_encoding() -> str:
    """What this process can decode, as the value of an Accept-Encoding header."""
    known = [coding for coding in BaseHTTPResponse.CONTENT_DECODERS if coding != "x-gzip"]
    return ", ".join(known)
