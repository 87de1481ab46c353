"""ProxyConfig: what is known about the way out before a URL is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.proxy.bypass_rules import ProxyBypassRules

ProxyList: TypeAlias = "tuple[ProxyChain, ...]"
"""What is tried, one after the other; a direct connection may be among them."""

DIRECTLY: Final[ProxyList] = (DIRECT,)
"""No proxy is tried."""


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """Settings made by hand: one list for all schemes, or lists for some (net/proxy_resolution/proxy_config.h)."""

    single: ProxyList = ()
    by_scheme: tuple[tuple[str, ProxyList], ...] = ()
    """Of "http", "https", "ftp", "ws", "wss"; only without `single`."""
    fallback: ProxyList = ()
    """For the other schemes; without it these go directly."""
    bypass: ProxyBypassRules = field(default_factory=ProxyBypassRules)
    reverses_bypass: bool = False
    """Only what the rules match goes through the proxies."""

    def lists_for(self, url: Url) -> ProxyList:
        """What is tried for the URL; never empty."""
        if self.bypass.matches(url, self.reverses_bypass):
            return DIRECTLY
        return self.single or self._list_of(url.scheme) or DIRECTLY

    @property
    def chains(self) -> ProxyList:
        """All that may be tried for any URL."""
        by_scheme = [chain for _, chains in self.by_scheme for chain in chains]
        return (*self.single, *by_scheme, *self.fallback)

    def _list_of(self, scheme: str) -> ProxyList:
        for name, chains in self.by_scheme:
            if name == scheme:
                return chains
        if self.fallback or scheme not in ("ws", "wss"):
            return self.fallback
        # A proxy for https makes tunnels for certain (net/proxy_resolution/proxy_config.cc).
        return self._list_of("https") or self._list_of("http")


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """Tried in this order, each where the one before is not to be had: automatic detection, the script, the rules.
    A script that is there and fails is passed over, and its URL goes directly. A value.

    Hashable: what differs in anything has a memory of bad proxies and scripts of its own (rules R3 and R4).
    """

    auto_detect: bool = False
    pac_url: str | None = field(default=None, repr=False)
    """May hold a password."""
    pac_script: str | None = field(default=None, repr=False)
    """The text of a script; instead of `pac_url`."""
    pac_mandatory: bool = False
    """No connection without the script's word."""
    rules: ProxyRules = field(default_factory=ProxyRules)
    credentials: tuple[tuple[ProxyServer, tuple[str, str]], ...] = field(default=(), repr=False)
    """User and password that stood in the URL of a proxy; for that one alone."""
    source: str = ""
    """Where the settings are from, in words."""

    @property
    def has_automatic_settings(self) -> bool:
        """True when a script may have to be asked."""
        return self.auto_detect or self.pac_url is not None or self.pac_script is not None

    @property
    def is_direct(self) -> bool:
        """True when nothing can lead through a proxy."""
        return not self.has_automatic_settings and all([chain.is_direct for chain in self.rules.chains])

    @property
    def needs_no_service(self) -> bool:
        """True when nothing is to be asked about any URL."""
        return self.is_direct and self != SYSTEM_CONFIG

    @property
    def description(self) -> str:
        """What is tried, in one line, without what may be secret."""
        parts = ["auto-detect"] if self.auto_detect else []
        if self.pac_url is not None or self.pac_script is not None:
            parts.append(f"{'mandatory ' if self.pac_mandatory else ''}script")
        return ", ".join([*parts, *map(str, dict.fromkeys(self.rules.chains))]) or "direct://"

    def without_credentials(self) -> ProxyConfig:
        """The same settings for whoever must not learn them; raises InvalidURL for a script's URL that is none."""
        pac_url = None if self.pac_url is None else Url.parse(self.pac_url).without_credentials().href
        return replace(self, pac_url=pac_url, credentials=())

    def credentials_of(self, server: ProxyServer) -> tuple[str, str] | None:
        """User and password from the URL of that very proxy."""
        return next((known for named, known in self.credentials if named == server), None)


DIRECT_CONFIG: Final = ProxyConfig()
"""No proxies."""

SYSTEM_CONFIG: Final = ProxyConfig(source="system")
"""Stands for whatever the system is set to, as often as that changes."""
