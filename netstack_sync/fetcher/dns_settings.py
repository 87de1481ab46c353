"""DnsSettings: how a session finds the addresses of hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from netstack_sync.dns.mapped_resolver import HostResolverRules
from netstack_sync.dns.resolver_settings import ResolverSettings
from netstack_sync.url_request.doh_config import DohConfig, names_of_servers


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """Checked when it is made; raises ValueError or TypeError naming the setting.

    `host_resolver_rules` and `resolver` are for connections of the session, not for what a proxy resolves.
    """

    doh: str | Iterable[str] | None = None
    """DNS over HTTPS (RFC 8484): a template such as "https://dns.example/dns-query{?dns}", the name of a known
    service such as "quad9", or several of them in the order in which they are asked. Needs the extra `doh`.
    """
    doh_mode: str | None = None
    """ "off"; "automatic": while a server answers, else the system; "secure": nobody else is asked. The default is
    "secure" with a server and "off" without. "automatic" without a server takes those of well-known name servers.
    """
    host_resolver_rules: HostResolverRules | str | Mapping[str, object] | None = None
    """Which hosts are resolved as if they were others: {"api.example": "127.0.0.1"}, or in Chromium's words
    `MAP *.example 127.0.0.1:8080, EXCLUDE www.example`.
    """
    resolver: Callable[[str], Iterable[object]] | None = None
    """Decides instead of everybody else: gets each host that is to be connected to, IP literals included, gives its
    addresses; an exception refuses it. Runs on a worker thread, perhaps several times at once.
    """
    stale: bool = False
    """Use an answer whose time is up, or from before a change of the network, at once, and ask anew meanwhile."""
    max_parallel: int = 8
    """How many lookups may ask the system at the same time."""
    cache_entries: int = 1000
    """How many answers are kept; 0 for none."""

    def __post_init__(self) -> None:
        if self.resolver is not None and not callable(self.resolver):
            raise TypeError(f"resolver: must be a function of a host, not {type(self.resolver).__name__}")
        if not isinstance(self.stale, bool):
            raise TypeError(f"stale: must be True or False, not {self.stale!r}")
        if self.doh is not None and not isinstance(self.doh, str):
            object.__setattr__(self, "doh", names_of_servers(self.doh))  # it may be an iterator
        self.doh_config()
        self.rules()
        self.resolver_settings()

    def doh_config(self) -> DohConfig:
        """Whether and whom DNS over HTTPS asks."""
        return DohConfig.from_values(self.doh, self.doh_mode)

    def rules(self) -> HostResolverRules:
        """The mappings."""
        return HostResolverRules.from_value(self.host_resolver_rules)

    def resolver_settings(self) -> ResolverSettings:
        """What the resolver itself is told."""
        for name in ("max_parallel", "cache_entries"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name}: must be a whole number, not {value!r}")
        return ResolverSettings(self.max_parallel, self.cache_entries, self.stale)


def check_dns(dns: object) -> DnsSettings:
    """The settings, the built-in ones for None; raises TypeError."""
    if dns is None:
        return DnsSettings()
    if not isinstance(dns, DnsSettings):
        raise TypeError(f"dns: must be a DnsSettings, not {type(dns).__name__}")
    return dns
