"""Chromium's words for settings made by hand: "http=foo:80;https=bar:443;socks=s:1080", as Windows keeps them too
(net/proxy_resolution/proxy_config.cc, ParseFromString).
"""

from __future__ import annotations

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyScheme
from netstack_sync.base.proxy_url import parse_proxy_url
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyList, ProxyRules

_URL_SCHEMES = frozenset({"http", "https", "ftp", "ws", "wss"})


def parse_rules_text(text: str, bypass: ProxyBypassRules | None = None, reverses_bypass: bool = False) -> ProxyRules:
    """The rules; what is garbage in the text is skipped.

    A list without a scheme before it is for all of them, and ends the text unless there are others already. "socks"
    is for the schemes that are not named; without more words it is SOCKS4. Credentials are left out.
    """
    bypass = bypass if bypass is not None else ProxyBypassRules()
    lists: dict[str, ProxyList] = {}
    for part in text.split(";"):
        scheme, equals, proxies = part.partition("=")
        if equals:
            scheme = scheme.strip().lower()
            default = ProxyScheme.SOCKS4 if scheme == "socks" else ProxyScheme.HTTP
            lists[scheme] = lists.get(scheme, ()) + parse_proxy_list(proxies, default)
        elif part.strip() and not lists:
            return ProxyRules(single=parse_proxy_list(part), bypass=bypass, reverses_bypass=reverses_bypass)
    named = [(scheme, chains) for scheme, chains in lists.items() if scheme in _URL_SCHEMES and chains]
    return ProxyRules((), tuple(named), lists.get("socks", ()), bypass, reverses_bypass)


def parse_proxy_list(text: str, default_scheme: ProxyScheme = ProxyScheme.HTTP) -> ProxyList:
    """Proxies with "," between them, "direct://" among them; what is garbage is skipped."""
    chains = []
    for piece in text.split(","):
        if piece.strip().lower() == "direct://":
            chains.append(DIRECT)
            continue
        try:
            chains.append(ProxyChain((parse_proxy_url(piece, default_scheme)[0],)))
        except ValueError:
            continue
    return tuple(chains)
