"""The heads of requests as they go over the wire."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from netstack_sync.auth.basic import basic_credentials
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.net_log import NetLogParams
from netstack_sync.log.params import header_params
from netstack_sync.wire.http1_request import build_request_head, build_request_start

CREDENTIAL_HEADERS = ("Authorization", "Cookie", "Proxy-Authorization")
FRAMING_HEADERS = ("Content-Length", "Transfer-Encoding")
_PROXY_HEADERS = frozenset({"proxy-authorization", "proxy-connection"})  # for who forwards, and for nobody else

_NOT_KEPT = frozenset({*map(str.lower, CREDENTIAL_HEADERS), "host"})

_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})  # they say how long their body is even without one

_MAX_KEPT = 256
_MAX_KEPT_LENGTH = 2048  # a megabyte and a half in all, with keys; longer ones are mostly signed or one of a kind

_Fields = tuple[tuple[str, str], ...]
_HeadKey = tuple[str, _Fields, "int | None", bool]
"""Method, the caller's fields, the size for _all_fields(), and whether a proxy forwards it."""


class Forwarding(NamedTuple):
    """What is different in a request that is sent to a proxy itself (RFC 9112 §3.2.2)."""

    authorization: str | None = None
    """What the proxy is told of who is asking; takes the place of what the caller's headers say."""


class RequestHeads:
    """Builds heads, and remembers what comes after Host: a program's requests are mostly alike but for their URL.

    So it does not matter how many hosts and paths there are. Owned by the session and gone with it. What holds
    credentials or is of an unusual size is not kept. Network thread only.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_HeadKey, str] = {}

    def build(
        self, info: HttpRequestInfo, authorization: str | None = None, forwarding: Forwarding | None = None
    ) -> bytes:
        """Request line and headers: Host and Connection first, then the caller's, then what the body needs.

        `authorization` answers a challenge, and takes the place of what the caller's headers or the URL say. Without
        `forwarding` nothing goes out that is for a proxy.
        Raises ValueError for what must not go on the wire; the layers above have checked it before.
        """
        method, fields, upload, url = info.method, tuple(info.headers.items()), info.upload, info.url
        if forwarding is not None and forwarding.authorization is not None:
            fields = _with_field(fields, "Proxy-Authorization", forwarding.authorization)
        if authorization is not None:
            fields = _with_field(fields, "Authorization", authorization)
        if info.interim is not None and info.expects_continue:
            fields = (*fields, ("Expect", "100-continue"))
        size = upload.size if upload is not None else 0 if method in _METHODS_WITH_BODY else -1
        is_forwarded = forwarding is not None
        # Neither credentials nor the fragment are part of the absolute form (RFC 9110 §4.2.4, RFC 9112 §3.2.2).
        target = f"{url.scheme}://{url.host_header}{url.request_target}" if is_forwarded else url.request_target
        key = (method, fields, size, is_forwarded)
        rest = self._known.get(key)
        if rest is not None and url.username is None:  # fast path
            return (build_request_start(method, target, url.host_header) + rest).encode("latin-1")
        head = build_request_head(method, target, _all_fields(url, *key[1:]))
        self._maybe_keep(key, url, head)
        return head

    def _maybe_keep(self, key: _HeadKey, url: Url, head: bytes) -> None:
        """Unless it is a secret, longer than most, or says something of its own about the URL."""
        names = {name.lower() for name, _ in key[1]}
        if url.username is not None or not _NOT_KEPT.isdisjoint(names):
            return
        _, _, rest = head.decode("latin-1").split("\r\n", 2)
        if len(rest) > _MAX_KEPT_LENGTH:
            return
        if len(self._known) >= _MAX_KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = rest


def _with_field(fields: _Fields, name: str, value: str) -> _Fields:
    """With this field in place of all of that name."""
    return (*[field for field in fields if field[0].lower() != name.lower()], (name, value))


def _all_fields(url: Url, fields: _Fields, size: int | None, is_forwarded: bool) -> list[tuple[str, str]]:
    """All that is sent, Host first unless the caller has one. A size of -1 is no body, None one of unknown length."""
    names = {name.lower() for name, _ in fields}
    head = [("Host", url.host_header)] if "host" not in names else []
    if not is_forwarded and not _PROXY_HEADERS.isdisjoint(names):
        fields = tuple([field for field in fields if field[0].lower() not in _PROXY_HEADERS])
    keep_alive = _keep_alive_field(names, is_forwarded)
    if keep_alive is not None:
        head.append((keep_alive, "keep-alive"))
    head += fields
    if url.username is not None and "authorization" not in names:
        head.append(("Authorization", basic_credentials(url.username, url.password or "")))
    if size is None:
        head.append(("Transfer-Encoding", "chunked"))
    elif size >= 0:
        head.append(("Content-Length", str(size)))
    return head


def _keep_alive_field(names: Container[str], is_forwarded: bool) -> str | None:
    """In which field it stands that the connection is to be kept; in none where the caller has something to say of it.

    Proxies of old pass Connection on, and wait with a server that would keep a connection open for them.
    """
    if "connection" in names or (is_forwarded and "proxy-connection" in names):
        return None
    return "Proxy-Connection" if is_forwarded else "Connection"


def headers_to_send(
    info: HttpRequestInfo, authorization: str | None, forwarding: Forwarding | None = None
) -> RequestHeaders:
    """What build() makes of the same arguments, but for what it says of the body; may be changed."""
    own, url = info.headers, info.url
    headers = RequestHeaders() if "host" in own else RequestHeaders([("Host", url.host_header)])
    keep_alive = _keep_alive_field(own, forwarding is not None)
    if keep_alive is not None:
        headers.add(keep_alive, "keep-alive")
    for name, value in own.items():
        headers.add(name, value)
    for name in (*FRAMING_HEADERS, *(_PROXY_HEADERS if forwarding is None else ())):
        headers.remove(name)
    if forwarding is not None and forwarding.authorization is not None:
        headers.set("Proxy-Authorization", forwarding.authorization)
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
    info = info.copy()
    # The credentials of the URL are in the headers, or were taken out.
    info.headers, info.url = headers, info.url.without_credentials()
    return info


def refuse_two_hosts(headers: RequestHeaders) -> None:
    """Raises ValueError: servers and proxies would each take another one for theirs (RFC 9112 §3.2)."""
    if [name.lower() for name in headers].count("host") > 1:
        raise ValueError("headers: there is more than one Host; set it, do not add it")


def head_params(head: bytes) -> NetLogParams:
    """A head as build() made it, for the NetLog."""
    line, _, block = head.decode("latin-1").partition("\r\n")
    fields = [field.partition(": ") for field in block.split("\r\n") if field]
    return header_params(line, RequestHeaders([(name, value) for name, _, value in fields]))
