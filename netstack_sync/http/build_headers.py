"""The heads of requests as they go over the wire."""

from __future__ import annotations

from dataclasses import replace

from netstack_sync.auth.basic import basic_credentials
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.net_log import NetLogParams
from netstack_sync.log.params import header_params
from netstack_sync.wire.http1_request import build_request_head

CREDENTIAL_HEADERS = ("Authorization", "Cookie", "Proxy-Authorization")
FRAMING_HEADERS = ("Content-Length", "Transfer-Encoding")

_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})  # they say how long their body is even without one

_MAX_KEPT = 256
_MAX_KEPT_BYTES = 2048  # half a megabyte in all; larger heads are mostly signed or one of a kind

_HeadKey = tuple[str, Url, tuple[tuple[str, str], ...], "int | None"]
"""Method, URL, the caller's fields, and the size for _head_bytes()."""


class RequestHeads:
    """Builds heads and remembers the last ones, because a program's requests are mostly alike.

    Owned by the session and gone with it. A head with credentials or of an unusual size is not kept. Network
    thread only.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_HeadKey, bytes] = {}

    def build(self, info: HttpRequestInfo, authorization: str | None = None) -> bytes:
        """Request line and headers: Host and Connection first, then the caller's, then what the body needs.

        `authorization` answers a challenge, and takes the place of what the caller's headers or the URL say.
        Raises ValueError for what must not go on the wire; the layers above have checked it before.
        """
        fields = tuple(info.headers.items())
        if authorization is not None:
            own = [field for field in fields if field[0].lower() != "authorization"]
            fields = (*own, ("Authorization", authorization))
        if info.interim is not None and info.expects_continue:
            fields = (*fields, ("Expect", "100-continue"))
        size = info.upload.size if info.upload is not None else 0
        has_body = info.upload is not None or info.method in _METHODS_WITH_BODY
        key = (info.method, info.url, fields, size if has_body else -1)
        head = self._known.get(key)
        if head is None:
            head = _head_bytes(*key)
            if len(head) <= _MAX_KEPT_BYTES and authorization is None and not _has_credentials(info):
                self._keep(key, head)
        return head

    def _keep(self, key: _HeadKey, head: bytes) -> None:
        if len(self._known) >= _MAX_KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = head


def _has_credentials(info: HttpRequestInfo) -> bool:
    return info.url.username is not None or any(name in info.headers for name in CREDENTIAL_HEADERS)


def _head_bytes(method: str, url: Url, fields: tuple[tuple[str, str], ...], size: int | None) -> bytes:
    """A size of -1 is no body, None one of unknown length."""
    names = {name.lower() for name, _ in fields}
    head = [("Host", url.host_header)] if "host" not in names else []
    if "connection" not in names:
        head.append(("Connection", "keep-alive"))
    head += fields
    if url.username is not None and "authorization" not in names:
        head.append(("Authorization", basic_credentials(url.username, url.password or "")))
    if size is None:
        head.append(("Transfer-Encoding", "chunked"))
    elif size >= 0:
        head.append(("Content-Length", str(size)))
    return build_request_head(method, url.request_target, head)


def headers_to_send(info: HttpRequestInfo, authorization: str | None) -> RequestHeaders:
    """What build() makes of the same arguments, but for what it says of the body; may be changed."""
    own, url = info.headers, info.url
    headers = RequestHeaders() if "host" in own else RequestHeaders([("Host", url.host_header)])
    if "connection" not in own:
        headers.add("Connection", "keep-alive")
    for name, value in own.items():
        headers.add(name, value)
    for name in FRAMING_HEADERS:
        headers.remove(name)
    if authorization is not None:
        headers.set("Authorization", authorization)
    elif url.username is not None:
        headers.set_default("Authorization", basic_credentials(url.username, url.password or ""))
    return headers


def with_sent_headers(info: HttpRequestInfo, headers: RequestHeaders) -> HttpRequestInfo:
    """The request with what became of headers_to_send(); what frames the body is build()'s to say (rule R16).

    Raises ValueError for two Hosts.
    """
    refuse_two_hosts(headers)
    for name in FRAMING_HEADERS:
        headers.remove(name)
    # The credentials of the URL are in the headers, or were taken out.
    return replace(info, headers=headers, url=info.url.without_credentials())


def refuse_two_hosts(headers: RequestHeaders) -> None:
    """Raises ValueError: servers and proxies would each take another one for theirs (RFC 9112 §3.2)."""
    if [name.lower() for name in headers].count("host") > 1:
        raise ValueError("headers: there is more than one Host; set it, do not add it")


def head_params(head: bytes) -> NetLogParams:
    """A head as build() made it, for the NetLog."""
    line, _, block = head.decode("latin-1").partition("\r\n")
    fields = [field.partition(": ") for field in block.split("\r\n") if field]
    return header_params(line, RequestHeaders([(name, value) for name, _, value in fields]))
