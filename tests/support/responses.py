"""Responses made from the bytes of a head and the pieces of a body, without a network."""

from __future__ import annotations

from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.url import Url
from netstack_sync.fetcher.body_source import BodySource
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.session_config import SessionConfig, make_session_config
from netstack_sync.fetcher.timeout import DEFAULT_TIMEOUT
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.wire.http1_response import ResponseHeadParser

URL = "http://u:p@server.test/path"


def session_config(
    base_url: str | None = None, headers: dict[str, str] | None = None, environment: bool = False
) -> SessionConfig:
    """The configuration of a session that says nothing else."""
    return make_session_config(
        base_url=base_url,
        headers=headers,
        auth=None,
        timeout=DEFAULT_TIMEOUT,
        verify=True,
        cert=None,
        follow_redirects=True,
        max_redirects=20,
        max_response_size=1 << 30,
        trust_env=environment,
    )


def make_request(url: str = URL, method: str = "GET", **options: object) -> FetchRequest:
    """A request as a session would prepare it."""
    checked: FetchOptions = {}
    checked.update(options)  # type: ignore[typeddict-item]  # tests pass what they like
    return session_config().prepare(method, url, checked)


def response_info(*fields: str, status: str = "200 OK", url: str = URL) -> HttpResponseInfo:
    """An answer with these header lines."""
    head = ResponseHeadParser().receive("\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode("latin-1"))
    assert head is not None
    return HttpResponseInfo(Url.parse(url), head, LoadTiming(), None, None)


def make_response(
    *pieces: bytes,
    headers: tuple[str, ...] = (),
    status: str = "200 OK",
    source: BodySource | None = None,
    max_response_size: int | None = None,
) -> Response:
    """A response whose body comes in these pieces."""
    request = make_request(max_response_size=max_response_size)
    assert request.tls == TlsConfig(request.tls.trust)
    body = source if source is not None else list(pieces)
    return Response(request, response_info(*headers, status=status), body, [], 7)
