"""Where our answer differs from that of requests by design: both, and why."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.support.side_by_side import Facts


class Difference(NamedTuple):
    """What one call shows of it."""

    reason: str
    method: str
    path: str
    options: Callable[[], Mapping[str, Any]]
    """Made anew for each of the two."""
    look: Callable[[Facts], object]
    ours: object
    theirs: object


def _nothing() -> Mapping[str, Any]:
    return {}


def _sent(name: str) -> Callable[[Facts], object]:
    """A header of the request, as the server tells it."""
    return lambda facts: json.loads(facts.content)["headers"].get(name)


def _told(name: str) -> Callable[[Facts], object]:
    return lambda facts: json.loads(facts.content)[name]


def _end(facts: Facts) -> object:
    return facts.status, len(facts.history)


def _redirect_to(status: int) -> str:
    return f"/redirect-to?url=/anything&status_code={status}"


DIFFERENCES = (
    *[
        Difference(
            "RFC 9110 §8.6: no Content-Length without a body where the method does not expect one",
            method,
            "/anything",
            _nothing,
            _sent("Content-Length"),
            None,
            "0",
        )
        for method in ("DELETE", "TRACE")
    ],
    Difference(
        "a file of no bytes has a length like any other: requests sends it in chunks",
        "POST",
        "/post",
        lambda: {"data": io.BytesIO(b"")},
        _sent("Transfer-Encoding"),
        None,
        "chunked",
    ),
    Difference(
        "WHATWG URL: escaped dots are dots, so that nobody is led past a check of the path",
        "GET",
        "/anything/%2e%2e/get",
        _nothing,
        lambda facts: facts.url.rpartition(":")[2].partition("/")[2],
        "get",
        "anything/../get",
    ),
    Difference(
        "JSON goes without blanks and as UTF-8, as browsers and httpx send it",
        "POST",
        "/post",
        lambda: {"json": {"a": "é", "b": 1}},
        _told("data"),
        '{"a":"é","b":1}',
        '{"a": "\\u00e9", "b": 1}',
    ),
    *[
        Difference(
            "Fetch §4.4: 301 and 302 change POST and nothing else",
            method,
            _redirect_to(302),
            lambda: {"data": "body"},
            lambda facts: (_told("method")(facts), _told("data")(facts)),
            (method, "body"),
            ("GET", ""),
        )
        for method in ("PUT", "PATCH", "DELETE")
    ],
    Difference(
        "RFC 6265 §5.4: a cookie goes back as it came; the quotes that the server has set are its own to understand",
        "GET",
        "/cookies/set?name=quo%22ted",
        _nothing,
        _told("cookies"),
        {"name": 'quo"ted'},
        {"name": "quoted"},
    ),
    Difference(
        "RFC 7616 knows no SHA-512, only SHA-512-256: what nobody has defined is not answered",
        "GET",
        "/digest-auth/auth/user/pass/SHA-512",
        _nothing,
        _end,
        (401, 0),
        (200, 0),
    ),
    Difference(
        "auth-int signs the body; requests cannot",
        "GET",
        "/digest-auth/auth-int/user/pass",
        _nothing,
        _end,
        (200, 0),
        (401, 0),
    ),
)
