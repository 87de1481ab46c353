"""Who forwards a request, and what he gets to see of it."""

from __future__ import annotations

import pytest

from netstack_sync.http.forwarding import forwarding_hop, has_own_words, may_be_left_unread, without_own_words
from netstack_sync.http.upload import BytesUpload
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from tests.support.scripted_proxies import server_of
from tests.support.scripted_stack import request_info

OWN = [("Proxy-Authorization", "Basic mine"), ("A", "1"), ("PROXY-authorization", "Basic too")]


def route_of(text: str) -> ProxyRoute:
    return ProxyRoute(tuple([ProxyHop(server_of(part)) for part in text.split()]))


@pytest.mark.parametrize("scheme", ["http", "https", "socks4", "socks4a", "socks5"])
@pytest.mark.parametrize("before", ["", "socks5://s:1 ", "http://s:1 "])
def test_only_plain_http_through_a_proxy_that_speaks_it(scheme: str, before: str) -> None:
    """R18 (CVE-2026-6253): the target's scheme decides whether it is spoken to in TLS, the last proxy how."""
    route = route_of(f"{before}{scheme}://p:80")
    hop = forwarding_hop(route, request_info("http://a.test/"))
    assert hop == (route.last if scheme in ("http", "https") else None)
    assert forwarding_hop(route, request_info("https://a.test/")) is None


def test_without_a_proxy() -> None:
    """Nobody does."""
    assert forwarding_hop(None, request_info()) is None


@pytest.mark.parametrize("size, is_long", [(None, False), (0, False), (4096, False), (4097, True)])
def test_a_body_that_a_proxy_may_not_have_read(size: int | None, is_long: bool) -> None:
    """Since it has answered already; a short one comes with the head."""
    upload = BytesUpload(b"x" * size) if size is not None else None
    assert may_be_left_unread(request_info(method="POST", upload=upload)) == is_long
    if upload is not None:
        upload.size = None
        assert may_be_left_unread(request_info(method="POST", upload=upload)), "nobody knows"


def test_the_callers_own_words() -> None:
    """R5 (CVE-2026-34518): in whatever spelling and number; the caller's own list stays as it is."""
    info = request_info(headers=OWN)
    assert has_own_words(info) and without_own_words(info).headers.items() == [("A", "1")]
    assert info.headers.items() == OWN
    assert not has_own_words(request_info(headers=[("Proxy-Connection", "close")]))
