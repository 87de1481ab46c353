"""Event parameters that several rooms need: functions that make them when somebody captures.

Each builder returns a function of the capture mode, which gives a dict of JSON values with Chromium's keys.
What a mode must not show is left out or cut here (net/http/http_log_util.cc, net_log_values.cc).
"""

from __future__ import annotations

import base64
from typing import Final
from urllib.parse import quote

from netstack_sync.base.headers import RequestHeaders, ResponseHeaders
from netstack_sync.base.http_util import parse_list
from netstack_sync.base.url import Url
from netstack_sync.log.net_log import NetLogCaptureMode, NetLogParams, NetLogSource

_SECRET_HEADERS: Final = frozenset(
    (
        "cookie",
        "set-cookie",
        "set-cookie2",
        "authorization",
        "proxy-authorization",
        "authentication-info",  # of Digest: a hash with the password in it, and all of the rest
        "proxy-authentication-info",
    )
)
_CHALLENGE_HEADERS: Final = frozenset(("www-authenticate", "proxy-authenticate"))
# Their challenges are the same for everybody; those of NTLM and Negotiate carry the user's exchange.
_PUBLIC_SCHEMES: Final = frozenset(("basic", "digest"))

# Tells the viewer that a string is percent-escaped; the zero-width space keeps it from looking like text.
_ESCAPED_TAG: Final = "%ESCAPED:\u200b "
_NOT_ESCAPED: Final = "".join(map(chr, range(0x80))).replace("%", "")


def net_error_params(result: int) -> NetLogParams:
    """{"net_error": result}"""
    return lambda _mode: {"net_error": result}


def source_params(source: NetLogSource) -> NetLogParams:
    """{"source_dependency": ...}: the other source that this event ties to its own."""
    return lambda _mode: {"source_dependency": {"type": int(source.type), "id": source.id}}


def byte_count_params(count: int, data: bytes | bytearray | memoryview) -> NetLogParams:
    """{"byte_count": count}, and the bytes themselves only for who asked for everything."""

    def make(mode: NetLogCaptureMode) -> dict[str, object]:
        if mode < NetLogCaptureMode.EVERYTHING:
            return {"byte_count": count}
        return {"byte_count": count, "bytes": base64.b64encode(data[:count]).decode("ascii")}

    return make


def header_params(line: str, headers: RequestHeaders) -> NetLogParams:
    """{"line": request line, "headers": ["Name: value", ...]}"""
    return lambda mode: {"line": string_value(line), "headers": _header_lines(headers, mode)}


def response_header_params(status_line: str, headers: ResponseHeaders) -> NetLogParams:
    """{"headers": [status line, "Name: value", ...]}"""
    return lambda mode: {"headers": [string_value(status_line), *_header_lines(headers, mode)]}


def certificate_params(chain: tuple[bytes, ...]) -> dict[str, object]:
    """{"certificates": [PEM, ...]}"""
    return {"certificates": pem_list(chain)}


def pem_list(chain: tuple[bytes, ...]) -> list[str]:
    """Certificates in the form that the viewer shows."""
    return [
        f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n" for der in chain
    ]


def url_value(url: Url, mode: NetLogCaptureMode) -> str:
    """A URL may hold a password, which only some modes may show."""
    return (url if mode >= NetLogCaptureMode.INCLUDE_SENSITIVE else url.without_credentials()).href


def string_value(text: str) -> str:
    """Return `text` if it is ASCII; otherwise tagged and percent-escaped, as the viewer expects."""
    return text if text.isascii() else _ESCAPED_TAG + quote(text, safe=_NOT_ESCAPED)


def _header_lines(headers: RequestHeaders | ResponseHeaders, mode: NetLogCaptureMode) -> list[str]:
    show_secrets = mode >= NetLogCaptureMode.INCLUDE_SENSITIVE
    return [
        string_value(f"{name}: {value if show_secrets else _without_secrets(name.lower(), value)}")
        for name, value in headers.items()
    ]


def _without_secrets(key: str, value: str) -> str:
    if key in _SECRET_HEADERS:
        return _stripped(value)
    return ", ".join(map(_public_part, parse_list(value))) if key in _CHALLENGE_HEADERS else value


def _public_part(challenge: str) -> str:
    """Of one challenge, or of a parameter of the one before it, which stands alone."""
    scheme, _, parameters = challenge.partition(" ")
    if parameters and "=" not in scheme and scheme.lower() not in _PUBLIC_SCHEMES:
        return f"{scheme} {_stripped(parameters)}"
    return challenge


def _stripped(secret: str) -> str:
    return f"[{len(secret)} bytes were stripped]" if secret else ""
