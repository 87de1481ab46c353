"""The routes that every embedded server has, for demonstrations and tests."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from urllib.parse import unquote

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.router import Router
from netstack_sync.testing.server_request import ReceivedRequest

_PERIOD = bytes(range(251))  # a prime number, so that no block size divides it and every mix-up shows
_ENCODED_BYTES = 4096


def pattern_bytes(size: int) -> bytes:
    """The body of /bytes/N, and of /gzip and /deflate once decoded."""
    return (_PERIOD * (size // len(_PERIOD) + 1))[:size]


def add_default_routes(router: Router) -> None:
    """Adds them all; a server's own routes replace those of the same path."""
    router.add("/hello", Answer(headers={"Content-Type": "text/plain"}, body=b"hello\n"))
    router.add("/echo", _echo)
    router.add("/headers", lambda request: _json({"headers": dict(_joined(request))}))
    router.add("/bytes/", lambda request: _binary(pattern_bytes(_number(request))))
    router.add("/stream/", _stream)
    router.add("/gzip", lambda request: _encoded(request, "gzip"))
    router.add("/deflate", lambda request: _encoded(request, "deflate"))
    router.add("/redirect/", _redirect)
    router.add("/redirect-to", _redirect_to)
    router.add("/status/", lambda request: Answer(_number(request)))
    router.add("/delay/", lambda request: Answer(body=b"late\n", delay_s=float(_last(request))))
    router.add("/basic-auth/", _basic_auth)


def _last(request: ReceivedRequest) -> str:
    return request.path.rpartition("/")[2]


def _number(request: ReceivedRequest) -> int:
    return int(_last(request))


def _json(value: object) -> Answer:
    return Answer(headers={"Content-Type": "application/json"}, body=json.dumps(value).encode())


def _binary(body: bytes) -> Answer:
    return Answer(headers={"Content-Type": "application/octet-stream"}, body=body)


def _joined(request: ReceivedRequest) -> list[tuple[str, str | None]]:
    headers = request.headers
    return [(name, headers.get(name)) for name in headers]


def _echo(request: ReceivedRequest) -> Answer:
    return _json(
        {
            "method": request.method,
            "target": request.target,
            "headers": dict(_joined(request)),
            "body": request.body.decode("utf-8", "backslashreplace"),
            "connection": request.connection,
        }
    )


def _stream(request: ReceivedRequest) -> Answer:
    """N lines of JSON, each in a chunk of its own."""
    return Answer(
        headers={"Content-Type": "application/json"},
        chunks=[b'{"line": %d}\n' % line for line in range(_number(request))],
    )


def _encoded(request: ReceivedRequest, coding: str) -> Answer:
    """`?size=N` bytes before compression."""
    plain = pattern_bytes(int(request.query.get("size", _ENCODED_BYTES)))
    body = gzip.compress(plain, mtime=0) if coding == "gzip" else zlib.compress(plain)
    return Answer(headers={"Content-Type": "application/octet-stream", "Content-Encoding": coding}, body=body)


def _redirect(request: ReceivedRequest) -> Answer:
    """N redirects, the last of them to /hello."""
    left = _number(request) - 1
    return Answer(302, headers={"Location": f"/redirect/{left}" if left > 0 else "/hello"})


def _redirect_to(request: ReceivedRequest) -> Answer:
    query = request.query
    return Answer(int(query.get("status", 302)), headers={"Location": query["url"]})


def _basic_auth(request: ReceivedRequest) -> Answer:
    """/basic-auth/USER/PASSWORD wants just these two."""
    user, password = [unquote(part) for part in request.path.split("/")[2:4]]
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if request.headers.get("Authorization") == wanted:
        return _json({"authenticated": True, "user": user})
    return Answer(401, headers={"WWW-Authenticate": 'Basic realm="netstack"'})
