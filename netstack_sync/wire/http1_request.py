"""Request line and header fields of an HTTP/1.1 request, as the bytes that go on the wire.

The serializer is the last gate before the socket: what would let a caller's string end a line or start a
second message is refused here, whatever the layers above have checked already (RFC 9112 §11.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110 §5.6.2
_VALUE: Final = r"[\t\x20-\x7e\x80-\xff]*"  # RFC 9110 §5.5

# One pass over the text that will be sent. Each part excludes the character that ends it, so it is linear.
_is_head: Final = re.compile(rf"{_TOKEN} [!-~]+ HTTP/1\.1\r\n(?:{_TOKEN}:{_VALUE}\r\n)*\r\n").fullmatch
_framing_fields: Final = re.compile(r"\n[CcTt](?i:ontent-length|ransfer-encoding):").findall

_host_fields: Final = re.compile(r"\n(?i:host):").findall

_is_start: Final = re.compile(rf"{_TOKEN} [!-~]+ HTTP/1\.1\r\nHost: {_VALUE}\r\n").fullmatch

_is_token: Final = re.compile(_TOKEN).fullmatch
_is_target: Final = re.compile(r"[!-~]+").fullmatch
_is_value: Final = re.compile(_VALUE).fullmatch


def build_request_head(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the request line, the fields in their order and the empty line.

    `ValueError` names what must not be sent: a method or name that is no token, a target with anything but
    visible ASCII, a value with control characters or beyond latin-1, two fields that say where the body ends.
    """
    fields = headers if isinstance(headers, list) else list(headers)
    lines = [f"{name}: {value}\r\n" for name, value in fields]
    head = f"{method} {target} HTTP/1.1\r\n{''.join(lines)}\r\n"
    # The grammar cannot see a line end inside a value, which makes another valid line, nor a colon inside a
    # name, which makes another name: hence the other two conditions.
    if _is_head(head) is None or head.count("\n") != len(fields) + 2 or ":" in "".join([name for name, _ in fields]):
        raise ValueError(_why_refused(method, target, fields))
    if len(_framing_fields(head)) > 1:
        # Two of them is how requests are smuggled (RFC 9112 §6.1: never send both).
        raise ValueError("headers: only one of Content-Length and Transfer-Encoding may be sent, and only once")
    if len(_host_fields(head)) > 1:
        raise ValueError("headers: Host may be sent only once")  # RFC 9112 §3.2: two may be believed by one server each
    return head.encode("latin-1")


def build_request_start(method: str, target: str, host: str) -> str:
    """Return the request line and Host, for a head whose other fields build_request_head() has seen before.

    `ValueError` as there, for what must not be sent in these two.
    """
    start = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"
    if _is_start(start) is None:
        raise ValueError(_why_refused(method, target, [("Host", host)]))
    return start


def _why_refused(method: str, target: str, fields: list[tuple[str, str]]) -> str:
    """Name the first part that is not allowed; values are not repeated, they may be secrets."""
    if not _is_token(method):
        return f"method: {method!r} is not a token of letters, digits and !#$%&'*+-.^_`|~"
    if not _is_target(target):
        return f"url: the request target {target!r} must be visible ASCII characters; percent-encode the others"
    for name, _ in fields:
        if not _is_token(name):
            return f"headers: the name {name!r} is not a token of letters, digits and !#$%&'*+-.^_`|~"
    guilty = next(name for name, value in fields if not _is_value(value))
    return f"headers: the value of {guilty!r} holds a control character or one that latin-1 cannot express"
