"""HttpResponseInfo: what is known of an answer once its head is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.base.url import Url
from netstack_sync.wire.http1_response import ResponseHead

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo


class HttpResponseInfo:
    """Made by the transaction on the network thread, read by anybody once it is delivered."""

    __slots__ = (
        "head",
        "own_proxy_chain",
        "proxy_chain",
        "remote_address",
        "ssl_info",
        "timing",
        "url",
    )

    def __init__(
        self,
        url: Url,
        head: ResponseHead,
        timing: LoadTiming,
        remote_address: IPEndPoint | None,
        ssl_info: SSLInfo | None,
    ) -> None:
        self.url = url
        """What was asked for; after redirects not what the caller asked for."""
        self.head = head
        self.timing = timing
        self.proxy_chain: ProxyChain = DIRECT
        """Through whom it came."""
        self.own_proxy_chain: ProxyChain | None = None
        """The proxies that got the caller's Proxy-Authorization, which is for no others from then on (rule R5)."""
        self.remote_address = remote_address
        """Of the first proxy, if there is one."""
        self.ssl_info = ssl_info
