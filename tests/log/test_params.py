"""Shared event parameters, and what each capture mode may show."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from netstack_sync.base.headers import RequestHeaders, ResponseHeaders
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLogCaptureMode, NetLogSource
from netstack_sync.log.params import (
    byte_count_params,
    header_params,
    net_error_params,
    response_header_params,
    source_params,
    string_value,
)

DEFAULT = NetLogCaptureMode.DEFAULT
INCLUDE_SENSITIVE = NetLogCaptureMode.INCLUDE_SENSITIVE
EVERYTHING = NetLogCaptureMode.EVERYTHING


def test_a_net_error_is_its_number() -> None:
    """Under Chromium's key."""
    assert net_error_params(-105)(DEFAULT) == {"net_error": -105}


def test_another_source_is_its_type_and_id() -> None:
    """The viewer makes a link of it."""
    source = NetLogSource(NetLogSourceType.SOCKET, 12, 1.0)
    assert source_params(source)(DEFAULT) == {"source_dependency": {"type": 7, "id": 12}}


@pytest.mark.parametrize("data", [b"\x00abc", bytearray(b"\x00abc"), memoryview(b"\x00abc")])
def test_bytes_are_shown_to_those_who_asked_for_everything(data: bytes | bytearray | memoryview) -> None:
    """In base64, and no more of a buffer than was used."""
    params = byte_count_params(3, data)
    assert params(DEFAULT) == params(INCLUDE_SENSITIVE) == {"byte_count": 3}
    assert params(EVERYTHING) == {"byte_count": 3, "bytes": "AGFi"}


@pytest.mark.parametrize(
    "name, value, shown",
    [
        ("Cookie", "a=1; b=2", "[8 bytes were stripped]"),
        ("set-cookie", "a=1", "[3 bytes were stripped]"),
        ("Set-Cookie2", "a=1", "[3 bytes were stripped]"),
        ("AUTHORIZATION", "Basic dTpw", "[10 bytes were stripped]"),
        ("Proxy-Authorization", "Bearer x", "[8 bytes were stripped]"),
        ("Cookie", "", ""),
        ("WWW-Authenticate", "NTLM TlRMTVNTUA==", "NTLM [12 bytes were stripped]"),
        ("Proxy-Authenticate", "Negotiate abc", "Negotiate [3 bytes were stripped]"),
        ("WWW-Authenticate", "NTLM", "NTLM"),
        ("WWW-Authenticate", "Basic realm=x", "Basic realm=x"),
        ("WWW-Authenticate", "DIGEST nonce=x", "DIGEST nonce=x"),
        ("WWW-Authenticate", "NTLM abc, Basic realm=x", "NTLM [3 bytes were stripped], Basic realm=x"),
        ("WWW-Authenticate", 'Digest realm="a b", nonce="c d"', 'Digest realm="a b", nonce="c d"'),
        ("Authentication-Info", 'rspauth="abc"', "[13 bytes were stripped]"),
        ("X-Token", "secret", "secret"),
    ],
)
def test_secrets_in_headers_are_stripped_by_default(name: str, value: str, shown: str) -> None:
    """As in Chromium's ElideHeaderValueForNetLog; who asks for sensitive data sees it all."""
    params = header_params("GET / HTTP/1.1", RequestHeaders({name: value}))
    assert params(DEFAULT) == {"line": "GET / HTTP/1.1", "headers": [f"{name}: {shown}"]}
    assert params(INCLUDE_SENSITIVE)["headers"] == params(EVERYTHING)["headers"] == [f"{name}: {value}"]


def test_response_headers_follow_the_status_line() -> None:
    """In one list, as the viewer knows it."""
    params = response_header_params("HTTP/1.1 200 OK", ResponseHeaders(b"A: b\r\nSet-Cookie: c\r\n"))
    assert params(DEFAULT) == {"headers": ["HTTP/1.1 200 OK", "A: b", "Set-Cookie: [1 bytes were stripped]"]}


def test_a_string_beyond_ascii_is_escaped_and_tagged() -> None:
    """The viewer turns it back; its own % must survive that."""
    assert string_value("100% plain") == "100% plain"
    escaped = string_value("50% é")
    assert escaped == "%ESCAPED:\u200b 50%25 %C3%A9"
    assert unquote(escaped.removeprefix("%ESCAPED:\u200b ")) == "50% é"
    headers = RequestHeaders({"a": "é"})
    assert header_params("x", headers)(DEFAULT)["headers"] == ["%ESCAPED:\u200b a: %C3%A9"]
