"""ProxyInfo: the ways out for one URL, and which of them is next."""

from __future__ import annotations

from collections.abc import Sequence

from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.proxy.config import ProxyConfig


class ProxyInfo:
    """Owned by the request that it is for; network thread only (net/proxy_resolution/proxy_info.h)."""

    __slots__ = ("_chains", "config")

    def __init__(self, chains: Sequence[ProxyChain], config: ProxyConfig) -> None:
        self._chains = list(chains)
        self.config = config
        """What decided; it knows the credentials of proxies that were given with them."""

    @property
    def chain(self) -> ProxyChain:
        """The way to try now."""
        return self._chains[0]
