"""What a script answers: "PROXY a:8080; SOCKS5 b; DIRECT" (net/proxy_resolution/proxy_list.cc, SetFromPacString)."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyScheme
from netstack_sync.base.proxy_url import parse_proxy_host
from netstack_sync.proxy.config import DIRECTLY, ProxyList

_SCHEMES: Final = {
    "proxy": ProxyScheme.HTTP,
    "https": ProxyScheme.HTTPS,
    "socks": ProxyScheme.SOCKS4,  # there was no other one when the word was invented
    "socks4": ProxyScheme.SOCKS4,
    "socks5": ProxyScheme.SOCKS5,
}
# Nobody waits until the hundredth proxy has failed.
_MAX_CHAINS: Final = 100
_MAX_LENGTH: Final = 16 * 1024


def parse_pac_result(text: str) -> ProxyList:
    """What is tried, in its order; directly if nothing in it can be used.

    What is garbage is skipped, as are proxies for QUIC; of an endless text only the beginning counts.
    """
    if len(text) > _MAX_LENGTH:
        text = text[:_MAX_LENGTH].rpartition(";")[0]
    chains = [_chain_from(element.split()) for element in text.split(";") if element.isascii()]
    return tuple([chain for chain in chains if chain is not None][:_MAX_CHAINS]) or DIRECTLY


def _chain_from(words: list[str]) -> ProxyChain | None:
    kind = words[0].lower() if words else ""
    if len(words) == 1 and kind == "direct":
        return DIRECT
    if len(words) != 2 or kind not in _SCHEMES:
        return None
    try:
        return ProxyChain((parse_proxy_host(words[1], _SCHEMES[kind]),))
    except ValueError:
        return None
