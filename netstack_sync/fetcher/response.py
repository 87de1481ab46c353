"""Response: the answer as a value for any thread; urllib3's interface with the names of requests and httpx."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from urllib3._collections import HTTPHeaderDict

from netstack_sync.base.exceptions import Attempt, HTTPStatusError, NetError
from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.http_util import charset_of
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.cookies.parsed import parse_set_cookie
from netstack_sync.fetcher.body_source import BodySource
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.peer_names import PeerNames
from netstack_sync.fetcher.readable_body import ReadableBody
from netstack_sync.fetcher.text import decoded_text, guessed_encoding, is_text_codec, split_lines, without_mark
from netstack_sync.http.response_info import HttpResponseInfo

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Response(PeerNames):
    """One answer. Not shared between threads while its body is being read; a value afterwards.

    From `fetch()` and the verbs the body is there already; from `stream()` it is read as it is asked for, and
    close() ends the fetch.
    """

    __slots__ = ("_earlier", "_info", "history", "net_log_source_id")

    _headers: HTTPHeaderDict | None = None
    _request_url: str | None = None
    _encoding: str | None = None

    next_request: FetchRequest | None = None
    """What to send() to follow the redirect that this is; None when it is none, or leads where nobody is sent."""

    def __init__(
        self,
        request: FetchRequest,
        info: HttpResponseInfo,
        source: BodySource | list[bytes],
        history: list[Response],
        net_log_source_id: int,
        earlier: tuple[Attempt, ...] = (),
    ) -> None:
        """A list as `source`: the whole body as it came. `earlier` are the attempts before this one."""
        self._source = source
        self._content = self._reading = None
        self._given_bytes = 0
        self._info = info
        self._head = head = info.head
        self.status, self.reason = head.status, head.reason
        self._earlier = earlier
        self.request = request
        self.history = history
        """The redirects on the way, oldest first; without bodies."""
        self.net_log_source_id = net_log_source_id
        """The request's id in the NetLog."""

    # --- status and headers

    @property
    def status_code(self) -> int:
        """The status, as requests and httpx call it."""
        return self.status

    @property
    def ok(self) -> bool:
        """True below 400."""
        return self.status < 400

    @property
    def is_redirect(self) -> bool:
        """True for a redirect that was not followed."""
        return self.status in _REDIRECTS and "location" in self._head.headers

    @property
    def is_permanent_redirect(self) -> bool:
        """True when such a redirect says that its URL has moved for good."""
        return self.status in (301, 308) and self.is_redirect

    @property
    def next(self) -> FetchRequest | None:
        """`next_request`, as requests calls it."""
        return self.next_request

    def raise_for_status(self) -> Response:
        """Raises HTTPStatusError for 400 and above; else gives the response itself."""
        if self.status >= 400:
            kind = "client" if self.status < 500 else "server"
            handed_to = "" if self.url.startswith("https:") else " -> ".join(self.proxy_chain)
            way = f", through {handed_to}" if handed_to else ""  # which may have answered itself
            message = f"{self.status} {self.reason}: {kind} error for {self.request.method} {self.url}{way}"
            raise HTTPStatusError(message, self)
        return self

    @property
    def headers(self) -> HTTPHeaderDict:  # type: ignore[override]  # an attribute there; here parsed on first use
        """The fields, found in any case of letters; several of one name are joined, `getlist` separates them."""
        if self._headers is None:
            self._headers = header_dict(self._head.headers)
        return self._headers

    @property
    def trailers(self) -> HTTPHeaderDict:
        """The fields that came after a chunked body, once it was read to its end; not mixed with `headers`, since
        whoever relays a message may drop or add them (RFC 9110 §6.5.1).
        """
        return header_dict(self._head.trailers)

    @property
    def cookies(self) -> dict[str, str]:
        """Name and value of the cookies that this response sets."""
        found = [parse_set_cookie(line) for line in self._head.headers.get_all("set-cookie")]
        return {cookie.name: cookie.value for cookie in found if cookie is not None and cookie.name}

    @property
    def url(self) -> str:
        """Where the answer came from, after redirects; without credentials."""
        if self._request_url is None:
            self._request_url = self._info.url.without_credentials().href
        return self._request_url

    @url.setter
    def url(self, url: str | None) -> None:
        self._request_url = url

    @property
    def version(self) -> int:  # type: ignore[override]  # an attribute there
        """The protocol as a number: 11 is HTTP/1.1."""
        major, minor = self._head.version
        return major * 10 + minor

    @property
    def chunked(self) -> bool:  # type: ignore[override]  # an attribute there
        """True for a body in chunks."""
        return self._head.is_chunked

    @property
    def version_string(self) -> str:  # type: ignore[override]  # an attribute there
        """The protocol, as urllib3 names it."""
        return self.http_version

    @property
    def http_version(self) -> str:
        """The protocol: "HTTP/1.1"."""
        return f"HTTP/{self.version // 10}.{self.version % 10}"

    # --- the connection

    @property
    def timing(self) -> LoadTiming:
        """Where the time went."""
        return self._info.timing

    @property
    def elapsed(self) -> timedelta:
        """From the start of the last hop to its head, as in requests."""
        begun, ended = self._info.timing.request_start, self._info.timing.receive_headers_end
        return timedelta(seconds=ended - begun if begun is not None and ended is not None else 0.0)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All times that the request was made, oldest first; the last one gave this answer."""
        first, timing = self.history[0].timing if self.history else self._info.timing, self._info.timing
        begun, ended = first.request_start, timing.receive_headers_end
        elapsed_s = ended - begun if begun is not None and ended is not None else 0.0
        return (*self._earlier, Attempt(self.status, None, elapsed_s, 0.0))

    @property
    def remote_address(self) -> IPEndPoint | None:
        """The address of the server."""
        return self._info.remote_address

    @property
    def connection_reused(self) -> bool:
        """True when the connection had served another request before."""
        return self._info.timing.socket_reused

    @property
    def was_cached(self) -> bool:
        """True when the body came from a cache of ours."""
        return False

    @property
    def proxy_chain(self) -> tuple[str, ...]:
        """The proxies on the way; empty for a direct connection."""
        return tuple([str(server) for server in self._info.proxy_chain.servers])

    @property
    def certificate(self) -> SSLInfo | None:
        """What TLS agreed on, with the server's certificates; None over http."""
        return self._info.ssl_info

    @property
    def connection(self) -> None:
        """None: connections belong to the network thread."""

    # --- the body

    @property
    def encoding(self) -> str:
        """The charset of `text`: set by the caller, else from Content-Type, else a byte order mark, else utf-8.

        Of text that makes no sense as utf-8 it is windows-1252; that is known once the body has been read.
        """
        return self._known_encoding() or guessed_encoding(self.content_if_read)

    @encoding.setter
    def encoding(self, encoding: str | None) -> None:
        """None forgets what was set before; raises LookupError at once for a name nobody knows."""
        if encoding is not None and not is_text_codec(encoding):
            raise LookupError(f"encoding: unknown: {encoding!r}")
        self._encoding = encoding

    def _known_encoding(self) -> str | None:
        if self._encoding is not None:
            return self._encoding
        if not self._head.headers.may_have(b"charset"):  # fast path
            return None
        declared = charset_of(self._head.headers.get("content-type") or "")
        return declared if declared is not None and is_text_codec(declared) else None

    @property
    def text(self) -> str:
        """The body as text; bytes that make no sense become U+FFFD."""
        content, encoding = self.content, self._known_encoding()
        if encoding is None:
            try:
                return content.decode("utf-8-sig")  # fast path
            except UnicodeDecodeError:
                encoding = guessed_encoding(content)
        return content.decode(without_mark(encoding), "replace")

    def json(self, **kwargs: Any) -> Any:
        """The body read as JSON (RFC 8259: UTF-8, or UTF-16/32 by its first bytes); raises json.JSONDecodeError."""
        try:
            return json_module.loads(self.content, **kwargs)
        except UnicodeDecodeError:
            return json_module.loads(self.text, **kwargs)  # not UTF-8, in spite of the RFC

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The decoded body as text; a character that a piece cuts comes with the next."""
        return decoded_text(self.iter_bytes(chunk_size), self._known_encoding())

    def iter_lines(self) -> Iterator[str]:
        """The lines of the text without their ends (LF, CRLF or CR)."""
        return split_lines(self.iter_text())

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """Reads the body to its end, so that the response can be pickled as a value."""
        state = {name: getattr(self, name) for name in (*ReadableBody.__slots__, *Response.__slots__)}
        state.update(self.__dict__, _source=[], _unread=b"", _decoder=None, _file=None)
        try:
            state.update(_content=self.content, _reading=None)
        except (RuntimeError, NetError):
            state["_reading"] = iter(())  # it was read in pieces, or there is none
        return None, state

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Response [{self.status} {self.reason}] {self.url}>"


def header_dict(headers: ResponseHeaders) -> HTTPHeaderDict:
    """Header fields as urllib3 has them."""
    found = HTTPHeaderDict()
    for name, value in headers.items():
        found.add(name, value)
    return found


def make_response(
    request: FetchRequest,
    info: HttpResponseInfo,
    source: BodySource | list[bytes],
    hops: list[HttpResponseInfo],
    net_log_source_id: int,
    earlier: tuple[Attempt, ...] = (),
) -> Response:
    """The answer, with those of the redirects before it as its history."""
    history: list[Response] = []
    for hop in hops:
        history.append(Response(request, hop, [], list(history), net_log_source_id))
    return Response(request, info, source, history, net_log_source_id, earlier)
