"""ProxyChain: through whom a connection goes."""

from __future__ import annotations

from typing import Final, NamedTuple

from netstack_sync.base.proxy_server import DEFAULT_PROXY_PORTS, ProxyScheme, ProxyServer

__all__ = ["DEFAULT_PROXY_PORTS", "DIRECT", "MAX_CHAIN", "ProxyChain", "ProxyScheme", "ProxyServer"]

MAX_CHAIN: Final = 2


class ProxyChain(NamedTuple):
    """Proxies one behind the other, the first of which is connected to; none for a direct connection."""

    servers: tuple[ProxyServer, ...] = ()
    """In the order in which a connection passes them."""

    @classmethod
    def from_urls(cls, *urls: str) -> ProxyChain:
        """The proxies in the order in which a connection passes them: ``from_urls("http://a:3128", "socks5://b")``.

        Raises ValueError or TypeError. Credentials cannot be part of it: pass them as `proxy_auth`.
        """
        if not 1 <= len(urls) <= MAX_CHAIN:
            raise ValueError(f"proxy: a chain has 1 to {MAX_CHAIN} proxies, not {len(urls)}")
        return cls(tuple([_server_from(url) for url in urls]))

    @property
    def is_direct(self) -> bool:
        """True when the server itself is connected to."""
        return not self.servers

    def __str__(self) -> str:
        return " -> ".join(map(str, self.servers)) or "direct://"


DIRECT: Final = ProxyChain()


def _server_from(url: object) -> ProxyServer:
    if not isinstance(url, str):
        raise TypeError(f"proxy: a chain is made of URLs as strings, not of {type(url).__name__}")
    from netstack_sync.base.proxy_url import parse_proxy_url  # late: most go directly

    try:
        server, credentials = parse_proxy_url(url)
    except ValueError as error:
        raise ValueError(f"proxy: {error}") from None
    if credentials is not None:
        named = f"{{{str(server)!r}: (user, password)}}"
        raise ValueError(f"proxy: credentials are no part of a chain; pass proxy_auth={named}")
    return server
