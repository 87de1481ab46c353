"""Content-Encoding taken off on the caller's thread, as far as every coding in it is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from urllib3.response import BaseHTTPResponse

from netstack_sync.base.exceptions import DecodingError
from netstack_sync.base.http_util import parse_list
from netstack_sync.base.net_errors import ERR_CONTENT_DECODING_FAILED
from netstack_sync.fetcher.content_decoders import decoded_pieces, is_brotli_bounded

MAX_CODINGS = 5  # rule R12: more in a row are an attack
_PARTIAL_CONTENT = 206


class DecodingResponse(BaseHTTPResponse):
    """A response whose body can be decoded."""

    def decoded(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces without their Content-Encoding; raises DecodingError.

        One unknown coding in the list leaves the whole body as it came, as in Chromium. A coding that ends early is an
        error once all that it holds was given: where only the close of the connection ends a body, nothing else tells
        that it is not whole. A part (206) may end anywhere.
        """
        codings = [coding.lower() for coding in parse_list(self.headers.get("content-encoding", ""))]
        known = known_codings()
        if all([coding in known for coding in codings]):
            if len(codings) > MAX_CODINGS:
                raise DecodingError(ERR_CONTENT_DECODING_FAILED, f"more than {MAX_CODINGS} content codings")
            for coding in reversed(codings):
                pieces = decoded_pieces(coding, pieces, may_be_cut=self.status == _PARTIAL_CONTENT)
        yield from pieces


def known_codings() -> list[str]:
    """What this process can decode: what urllib3 knows by its libraries, if it can be done in bounded steps."""
    return [coding for coding in BaseHTTPResponse.CONTENT_DECODERS if coding != "br" or is_brotli_bounded()]


def accept_encoding() -> str:
    """What this process can decode, as the value of an Accept-Encoding header."""
    return ", ".join([coding for coding in known_codings() if coding != "x-gzip"])
