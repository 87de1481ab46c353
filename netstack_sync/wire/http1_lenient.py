"""Rewrites a response head that is wrong in a way browsers put up with into one that is right.

Tolerated, after Chromium's http_stream_parser.cc and http_util.cc: up to four bytes before the status line,
"http" in any case, other versions from 1.0 up, a sloppy use of blanks in the status line, bare LF, folded
lines (joined by one blank), lines that are no field (dropped).

Never tolerated, because two parsers could read it differently: control characters, a blank before the colon,
a fold with nothing before it, HTTP/0.9, a status line without a code of three digits.
"""

from __future__ import annotations

import re
from typing import Final

from netstack_sync.base.net_errors import ERR_INVALID_HTTP_RESPONSE
from netstack_sync.wire.errors import WireError

# After this many bytes it is known whether a status line begins: "http" with the most junk before it.
STATUS_LINE_DECIDED_BYTES: Final = 8

_status_line_start: Final = re.compile(rb"[\x00-\xff]{0,4}?((?i:http))").match
# The blanks before the reason are matched as part of it: two neighbours that both take blanks would make a
# failing match quadratic.
_status_line: Final = re.compile(
    rb"(?i:http)/([1-9])\.([0-9])[ \t]+([1-9][0-9]{2})(?![0-9])([\t\x20-\x7e\x80-\xff]*)"
).fullmatch
_control_character: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]").search
_unfold: Final = re.compile(rb"\n[ \t]+").sub
_is_token: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch


def find_status_line(data: bytes | bytearray) -> int:
    """Return where the status line starts, -1 if nothing like it is among the first bytes."""
    found = _status_line_start(data)
    return -1 if found is None else found.start(1)


def normalise_head(head: bytes) -> bytes:
    """Return `head` as the strict grammar wants it, or raise `WireError`.

    It starts with its status line, and may end anywhere: what a closed connection cut off is not there.
    """
    text = head.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if found := _control_character(text):
        raise _invalid(f"the head holds the control character {found[0]!r}")
    status_line, _, block = text.partition(b"\n")
    if block.startswith((b" ", b"\t")):
        raise _invalid("the first header line starts with a blank")
    fields = [line for line in _unfold(b" ", block).split(b"\n") if _is_field(line)]
    return b"\r\n".join([_normalise_status_line(status_line), *fields, b"", b""])


def _normalise_status_line(line: bytes) -> bytes:
    match = _status_line(line)
    if match is None:
        raise _invalid("the status line is malformed")
    major, minor, status, reason = match.groups()
    # RFC 9110 §2.5: to a later version answer with the highest one that we speak.
    version = b"1.0" if (major, minor) == (b"1", b"0") else b"1.1"
    return b"HTTP/%b %b %b" % (version, status, reason.strip(b" \t"))


def _is_field(line: bytes) -> bool:
    name, colon, _ = line.partition(b":")
    if colon and name.endswith((b" ", b"\t")):
        # RFC 9112 §5.1: has led to request smuggling and response splitting.
        raise _invalid("there is a blank between a header name and its colon")
    return bool(colon) and _is_token(name) is not None


def _invalid(detail: str) -> WireError:
    return WireError(ERR_INVALID_HTTP_RESPONSE, detail)
