"""What is known of an answer."""

from __future__ import annotations

from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.proxy_chain import DIRECT
from netstack_sync.base.url import Url
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.wire.http1_response import ResponseHeadParser
from tests.support.scripted_socket import PEER


def test_the_parts_are_kept() -> None:
    """It holds what it was given; the timing goes on being filled."""
    head = ResponseHeadParser().receive(b"HTTP/1.1 204 Fine\r\n\r\n")
    assert head is not None
    url, timing = Url.parse("http://a.test/"), LoadTiming()
    info = HttpResponseInfo(url, head, timing, PEER, None)
    assert info.url is url and info.head is head and info.timing is timing
    assert info.remote_address is PEER and info.ssl_info is None
    assert info.proxy_chain is DIRECT and info.own_proxy_chain is None
