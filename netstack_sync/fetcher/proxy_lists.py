"""Proxies as a caller writes them: a URL, a chain, a list, or a mapping from schemes to these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from netstack_sync.base.proxy_chain import DIRECT, MAX_CHAIN, ProxyChain, ProxyServer
from netstack_sync.base.proxy_url import parse_proxy_url, shown_proxy_url
from netstack_sync.proxy.bypass_rule import MINUS_LOOPBACK
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import DIRECTLY, ProxyList, ProxyRules
from netstack_sync.proxy.no_proxy import parse_no_proxy

ProxyValue: TypeAlias = "str | ProxyChain | Sequence[str | ProxyChain] | None"
"""A proxy, or several that are tried one after the other."""

_ALL: Final = "all"
_NO_PROXY: Final = "no_proxy"
_SCHEMES: Final = ("http", "https", "ftp", "ws", "wss")
_KEYS: Final = f"{', '.join(_SCHEMES)}, {_ALL} and {_NO_PROXY}"
# Whose proxy these have where nothing else is said, as with curl.
_SAME_AS: Final = {"ws": "http", "wss": "https"}
_FORMS: Final = 'a URL such as "http://host:3128", "direct", a ProxyChain, a list of these, or a mapping'


class ProxyListReader:
    """Reads one argument; raises ValueError or TypeError, both without credentials in their words."""

    __slots__ = ("_credentials",)

    def __init__(self) -> None:
        self._credentials: dict[ProxyServer, tuple[str, str]] = {}

    @property
    def credentials(self) -> tuple[tuple[ProxyServer, tuple[str, str]], ...]:
        """What stood in the URLs that were read."""
        return tuple(self._credentials.items())

    def read_rules(self, value: object, bypass: ProxyBypassRules, reverses_bypass: bool) -> ProxyRules:
        """What is tried for which scheme; a mapping may bring bypass rules of its own, in the words of NO_PROXY."""
        if not isinstance(value, Mapping):
            return ProxyRules(single=self.read_list(value), bypass=bypass, reverses_bypass=reverses_bypass)
        lists: dict[str, ProxyList] = {}
        for key, proxies in value.items():
            name = _checked_key(key)
            if name in lists:
                raise ValueError(f"proxy: the mapping names {name!r} twice")
            if name == _NO_PROXY:
                bypass = _joined(bypass, proxies, reverses_bypass)
            else:
                # None and "" are how users of requests say that a scheme has no proxy.
                lists[name] = self.read_list(proxies) if proxies not in (None, "") else DIRECTLY
        fallback = lists.pop(_ALL, ())
        for name, other in _SAME_AS.items():
            if other in lists:
                lists.setdefault(name, lists[other])
        return ProxyRules((), tuple(lists.items()), fallback, bypass, reverses_bypass)

    def read_list(self, value: object) -> ProxyList:
        """At least one way."""
        if isinstance(value, (list, tuple)) and not isinstance(value, (ProxyChain, ProxyServer)):
            if not value:
                raise ValueError('proxy: the list is empty; for no proxy pass "direct"')
            return tuple([self._read_chain(one) for one in value])
        return (self._read_chain(value),)

    def _read_chain(self, value: object) -> ProxyChain:
        if isinstance(value, str):
            return self._read_text(value)
        if isinstance(value, ProxyServer):
            return ProxyChain((value,))
        if isinstance(value, ProxyChain):
            return _checked_chain(value)
        raise TypeError(f"proxy: must be {_FORMS}, not {type(value).__name__}")

    def _read_text(self, text: str) -> ProxyChain:
        word = text.strip().lower()
        if word in ("direct", "direct://"):
            return DIRECT
        if word == "system":
            raise ValueError('proxy: "system" stands alone: pass proxy="system"')
        if not word:
            raise ValueError('proxy: the URL is empty; for no proxy pass "direct"')
        try:
            server, credentials = parse_proxy_url(text)
        except ValueError as error:
            hint = "; pass several proxies as a list" if "," in text else ""
            raise ValueError(f"proxy: {error}{hint}") from None
        if credentials is not None and self._credentials.setdefault(server, credentials) != credentials:
            raise ValueError(f"proxy: {server} is named twice, with different credentials")
        return ProxyChain((server,))


def _checked_key(key: object) -> str:
    """The scheme that is meant; requests spells it "http://" too."""
    if not isinstance(key, str):
        raise TypeError(f"proxy: the keys of a mapping are {_KEYS}, not {type(key).__name__}")
    name = key.strip().lower().removesuffix("://")
    if name not in (*_SCHEMES, _ALL, _NO_PROXY):
        hint = "; single hosts are for ProxyConfig(bypass=...), or a script" if "://" in name else ""
        raise ValueError(f"proxy: the mapping has the key '{shown_proxy_url(key)}'; there are {_KEYS}{hint}")
    return name


def _checked_chain(chain: ProxyChain) -> ProxyChain:
    if not isinstance(chain.servers, tuple) or not all([isinstance(server, ProxyServer) for server in chain.servers]):
        raise TypeError("proxy: make chains of URLs by ProxyChain.from_urls()")
    if len(chain.servers) > MAX_CHAIN:
        raise ValueError(f"proxy: a chain has at most {MAX_CHAIN} proxies, not {len(chain.servers)}")
    return chain


def _joined(bypass: ProxyBypassRules, no_proxy: object, reverses_bypass: bool) -> ProxyBypassRules:
    if reverses_bypass:
        raise ValueError("proxy: no_proxy and reverse_bypass contradict each other; pass bypass rules")
    if no_proxy is None:
        return bypass
    if not isinstance(no_proxy, str):
        raise TypeError(f"proxy: no_proxy must be a string of hosts, not {type(no_proxy).__name__}")
    try:
        named = parse_no_proxy(no_proxy, strict=True).text
    except ValueError as error:
        raise ValueError(f"proxy: no_proxy: {error}") from None
    # What it says of this machine first would take back what was said before; whoever gives `bypass` has said it.
    return ProxyBypassRules(bypass.text + named.removeprefix(MINUS_LOOPBACK))
