"""What the fields of an HTTP/1 response say about where its body ends and whether the connection lives on.

RFC 9112 §6 and §9.3, with Chromium's answers where the RFC leaves room (net/http/http_response_headers.cc and
http_stream_parser.cc). Nothing is guessed: a length or coding that cannot be understood is an error.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeAlias

from netstack_sync.base.headers import NOTED_FIELDS
from netstack_sync.base.net_errors import (
    ERR_INVALID_HTTP_RESPONSE,
    ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION,
    ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH,
    ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION,
)
from netstack_sync.wire.errors import WireError

HTTP_1_0: Final = (1, 0)
HTTP_1_1: Final = (1, 1)

MAX_CONTENT_LENGTH: Final = 2**63 - 1  # what Chromium's int64 holds
_MAX_LENGTH_DIGITS: Final = 19

_Fields: TypeAlias = dict[bytes, list[bytes]]

# Finds only the lines that matter here. It starts with one literal byte and one small set, so that the search
# skips the others at the speed of memchr.
_LINE: Final = (
    rb"([CcKkLlPpSsTt](?i:on(?:nection|tent-(?:length|disposition|encoding))|eep-alive|ocation|roxy-connection"
    rb"|et-cookie|trict-transport-security|ransfer-encoding)):[ \t]*([^\r]*)"
)
_relevant_lines: Final = re.compile(rb"\n" + _LINE).findall
# The same, with the digits of an ordinary length apart: few enough that it is not too large.
_usual_lines: Final = re.compile(rb"\n(?:[Cc](?i:ontent-length):[ \t]*([0-9]{1,18})\r|" + _LINE + rb")").findall
_KEPT: Final = (b"keep-alive", b"Keep-Alive")  # as all servers write it
# A blank like any other (RFC 9110 §5.5), but llhttp, and with it Node, does not take "chunked" with it for chunked.
_tab_behind_coding: Final = re.compile(rb"\n[Tt](?i:ransfer-encoding):[ \t]*[^ \t\r\n][^\t\r\n]*\t").search
# Two that differ are the mark of response splitting (Chromium, http_stream_parser.cc).
_SINGLE_FIELDS: Final = {
    b"location": ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION,
    b"content-disposition": ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION,
}


_new_tuple: Final = tuple.__new__  # what a NamedTuple's own constructor does, one call less


class Framing(NamedTuple):
    """Where the body ends, and what happens to the connection after it."""

    content_length: int | None  # None also when the body is chunked
    is_chunked: bool
    keep_alive: bool  # what the peer promises; False when in doubt
    in_doubt: bool  # two fields contradict each other: never reuse the connection
    noted: tuple[bytes, ...] = ()  # see ResponseHeaders.noted; found on the way, since no look costs less


def read_framing(data: bytes, start: int, end: int, version: tuple[int, int]) -> Framing:
    """Return what the field lines in `data[start:end]` say; `start` is the LF before the first of them.

    The lines must have been validated. `WireError` for what cannot be understood without guessing.
    """
    length, is_chunked, keep_alive = None, False, version != HTTP_1_0
    noted: tuple[bytes, ...] = ()
    for digits, name, value in _usual_lines(data, start, end):  # fast path: one way to find the end, a kept connection
        if digits and length is None:
            length = int(digits)
            continue
        key = name.lower()
        if key == b"connection" and value in _KEPT:
            keep_alive = True
        elif key in NOTED_FIELDS:
            noted = (*noted, key)
        elif key == b"transfer-encoding" and value == b"chunked" and version != HTTP_1_0 and not is_chunked:
            is_chunked = True
        else:
            return _read_with_care(data, start, end, version)
    if is_chunked and length is not None:
        return _read_with_care(data, start, end, version)
    return _new_tuple(Framing, (length, is_chunked, keep_alive, False, noted))


def _read_with_care(data: bytes, start: int, end: int, version: tuple[int, int]) -> Framing:
    """Do the same for lines that contradict each other, or may do so."""
    fields: _Fields = {}
    for name, value in _relevant_lines(data, start, end):
        fields.setdefault(name.lower(), []).append(value.strip())
    for name, net_error in _SINGLE_FIELDS.items():
        if name in fields and len(set(fields[name])) > 1:
            raise WireError(net_error, f"the response has two different fields {name.decode()}")

    lengths = fields.get(b"content-length")
    codings = fields.get(b"transfer-encoding")
    is_chunked = in_doubt = False
    if codings is not None:
        is_chunked = _is_chunked(codings)
        # RFC 9112 §6.1 and §6.3: chunked wins over a length, and a coding from an HTTP/1.0 peer is faulty;
        # but somebody between us and the server may have seen either differently.
        in_doubt = not is_chunked or lengths is not None or version == HTTP_1_0
        in_doubt = in_doubt or _tab_behind_coding(data, start, end) is not None
    content_length = None if lengths is None or is_chunked else _content_length(lengths)
    keep_alive = not in_doubt and _keeps_alive(fields, version)
    return Framing(content_length, is_chunked, keep_alive, in_doubt, tuple([n for n in NOTED_FIELDS if n in fields]))


def _content_length(values: list[bytes]) -> int:
    """Return the one length that all fields and list elements agree on (RFC 9110 §8.6)."""
    text = values[0]
    if len(values) > 1 or b"," in text:
        lengths = {element.strip() for value in values for element in value.split(b",")}
        if len(lengths) > 1:
            raise WireError(ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH, "the response has two different lengths")
        text = lengths.pop()
    # ASCII digits only: int() would also take blanks, signs and underscores.
    if not text.isdigit() or len(text) > _MAX_LENGTH_DIGITS or (length := int(text)) > MAX_CONTENT_LENGTH:
        raise WireError(ERR_INVALID_HTTP_RESPONSE, f"the Content-Length {_shown(text)} is no length")
    return length


def _is_chunked(values: list[bytes]) -> bool:
    """Tell "chunked" from the historical "identity" (RFC 2616); refuse anything else.

    We never ask for another transfer coding (no TE field), and nobody above could undo it.
    """
    coding = b", ".join(values).lower()
    if coding not in (b"chunked", b"identity"):
        raise WireError(ERR_INVALID_HTTP_RESPONSE, f"the Transfer-Encoding {_shown(coding)} is not supported")
    return coding == b"chunked"


def _keeps_alive(fields: _Fields, version: tuple[int, int]) -> bool:
    """Let "close" win over "keep-alive" wherever it stands (RFC 9112 §9.3; Chromium goes by the first of them).

    Without either HTTP/1.1 stays and HTTP/1.0 closes. Old proxies say it in a field of their own.
    """
    text = b",".join([*fields.get(b"connection", ()), *fields.get(b"proxy-connection", ())]).lower()
    tokens = {token.strip() for token in text.split(b",")} if text else ()
    if b"close" in tokens:
        return False
    return version != HTTP_1_0 or b"keep-alive" in tokens


def _shown(value: bytes) -> str:
    """Return the peer's text for a message, short enough to print."""
    return repr(value[:40].decode("latin-1"))
