"""The cookie file of Netscape, curl and wget: a line a cookie, seven fields between tabs. Text in, values out; no I/O.

Fields: domain, whether hosts below it get the cookie too, path, whether it goes over https only, when it expires
(seconds since 1970; 0: with the session), name, value. "#HttpOnly_" before the domain is no comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from netstack_sync.cookies.canonical import CanonicalCookie

_HEADER: Final = "# Netscape HTTP Cookie File\n# Written by netstack_sync. Whoever has these cookies is logged in.\n\n"
_HTTP_ONLY: Final = "#HttpOnly_"
_is_expiry: Final = re.compile(r"[0-9]{1,15}").fullmatch
_breaks_line: Final = re.compile(r"[\x00-\x1f\x7f]").search
_FLAGS: Final = {"TRUE": True, "FALSE": False}


class NetscapeFile(NamedTuple):
    """What was read."""

    cookies: tuple[CanonicalCookie, ...]
    """Not judged: what they claim need not make sense."""
    bad_lines: tuple[int, ...]
    """Numbers of the lines that are none, from 1 on."""


def parse_netscape_file(text: str, now: float) -> NetscapeFile:
    """Reads a file; `now` (seconds since 1970) is when its cookies count as made."""
    cookies: list[CanonicalCookie] = []
    bad_lines: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip() or (line.startswith("#") and not line.startswith(_HTTP_ONLY)):
            continue
        cookie = _cookie_from_line(line, now)
        if cookie is None:
            bad_lines.append(number)
        else:
            cookies.append(cookie)
    return NetscapeFile(tuple(cookies), tuple(bad_lines))


def format_netscape_file(cookies: Iterable[CanonicalCookie]) -> str:
    """The text of a file with these cookies; those that a line cannot express are left out."""
    lines = [_line_from_cookie(cookie) for cookie in cookies]
    return _HEADER + "".join([f"{line}\n" for line in lines if line])


def _cookie_from_line(line: str, now: float) -> CanonicalCookie | None:
    is_http_only = line.startswith(_HTTP_ONLY)
    fields = line.removeprefix(_HTTP_ONLY).split("\t")
    if len(fields) == 6:
        fields.append("")  # an empty value, whose tab an editor took away
    if len(fields) != 7:
        return None
    domain, tail, path, secure, expires, name, value = fields
    flags = _FLAGS.get(tail.upper()), _FLAGS.get(secure.upper())
    if not domain.strip(".") or not path.startswith("/") or None in flags or not _is_expiry(expires):
        return None
    host = domain.removeprefix(".")
    return CanonicalCookie(
        name,
        value,
        f".{host}" if flags[0] else host,
        path,
        secure=bool(flags[1]),
        http_only=is_http_only,
        created=now,
        expires=float(expires) if int(expires) else None,
    )


def _line_from_cookie(cookie: CanonicalCookie) -> str:
    """The line; "" for a cookie that has a tab or a line end in it, which would make other fields or cookies."""
    fields = (
        cookie.domain,
        "FALSE" if cookie.is_host_only else "TRUE",
        cookie.path,
        "TRUE" if cookie.secure else "FALSE",
        str(0 if cookie.expires is None else int(cookie.expires)),
        cookie.name,
        cookie.value,
    )
    if any([_breaks_line(text) for text in fields]):
        return ""
    return (_HTTP_ONLY if cookie.http_only else "") + "\t".join(fields)
