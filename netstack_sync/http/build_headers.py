"""The heads of requests as they go over the wire."""

from __future__ import annotations

from base64 import b64encode

from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.wire.http1_request import build_request_head

CREDENTIAL_HEADERS = ("Authorization", "Cookie", "Proxy-Authorization")

_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})  # they say how long their body is even without one

_MAX_KEPT = 256
_MAX_KEPT_BYTES = 2048  # half a megabyte in all; larger heads are mostly signed or one of a kind

_HeadKey = tuple[str, Url, tuple[tuple[str, str], ...], "int | None"]
"""Method, URL, the caller's fields, and the size for _head_bytes()."""


def basic_credentials(username: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617, with charset UTF-8)."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


class RequestHeads:
    """Builds heads and remembers the last ones, because a program's requests are mostly alike.

    Owned by the session and gone with it. A head with credentials or of an unusual size is not kept. Network
    thread only.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_HeadKey, bytes] = {}

    def build(self, info: HttpRequestInfo) -> bytes:
        """Request line and headers: Host and Connection first, then the caller's, then what the body needs.

        Raises ValueError for what must not go on the wire; the layers above have checked it before.
        """
        fields = tuple(info.headers.items())
        size = info.upload.size if info.upload is not None else 0
        has_body = info.upload is not None or info.method in _METHODS_WITH_BODY
        key = (info.method, info.url, fields, size if has_body else -1)
        head = self._known.get(key)
        if head is None:
            head = _head_bytes(*key)
            if len(head) <= _MAX_KEPT_BYTES and not _has_credentials(info):
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
