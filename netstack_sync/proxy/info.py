"""ProxyInfo: the ways out for one URL, and which of them is next; with what is remembered of those that failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.proxy.config import ProxyConfig

BAD_PROXY_DELAY_S: Final = 5 * 60.0
"""How long another way is preferred to one that failed."""

_MAX_BAD: Final = 256  # remembered; a script may name any number


class ProxyRetryInfo(NamedTuple):
    """Why and until when a proxy is bad."""

    net_error: int
    bad_until_s: float


class ProxyRetryMap:
    """Bad proxies by chain, which knows no credentials; network thread only (ProxyRetryInfoMap)."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[ProxyChain, ProxyRetryInfo] = {}

    def mark(self, chain: ProxyChain, info: ProxyRetryInfo) -> None:
        """Remembers; what is bad for longer already stays as it is. A direct connection is never bad.

        Of very many those are forgotten that were told first.
        """
        known = self._entries.get(chain)
        if chain.is_direct or (known is not None and known.bad_until_s >= info.bad_until_s):
            return
        self._entries.pop(chain, None)
        self._entries[chain] = info
        if len(self._entries) > _MAX_BAD:
            del self._entries[next(iter(self._entries))]

    def merge(self, other: ProxyRetryMap, now: float) -> None:
        """Remembers all that `other` does, and forgets what is over."""
        for chain, info in other.items():
            self.mark(chain, info)
        self._entries = {chain: info for chain, info in self._entries.items() if info.bad_until_s >= now}

    def bad(self, chain: ProxyChain, now: float) -> ProxyRetryInfo | None:
        """What is remembered of it; None for a good one."""
        info = self._entries.get(chain)
        return info if info is not None and info.bad_until_s >= now else None

    def clear(self) -> None:
        """All are good."""
        self._entries.clear()

    def items(self) -> Iterator[tuple[ProxyChain, ProxyRetryInfo]]:
        """All of them, those that are over included."""
        return iter(list(self._entries.items()))

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<ProxyRetryMap {', '.join(map(str, self._entries)) or 'empty'}>"


class ProxyInfo:
    """Owned by the request that it is for; network thread only (net/proxy_resolution/proxy_info.h)."""

    __slots__ = ("_chains", "config", "retry_info")

    def __init__(self, chains: Sequence[ProxyChain], config: ProxyConfig) -> None:
        self._chains = tuple(chains)
        self.config = config
        """What decided; it knows the credentials of proxies that were given with them."""
        self.retry_info: ProxyRetryMap | None = None
        """The proxies that failed for this request; others learn of them when it succeeded."""

    @property
    def chain(self) -> ProxyChain:
        """The way to try now; there must be one."""
        return self._chains[0]

    @property
    def chains(self) -> tuple[ProxyChain, ...]:
        """The way to try now, and those after it."""
        return self._chains

    @property
    def is_empty(self) -> bool:
        """True when there is no way (any more)."""
        return not self._chains

    def fallback(self, net_error: int, now: float, is_held_against: bool = True) -> bool:
        """Marks the way that failed as bad, unless it is not to blame, and goes on to the next; False when there is
        none.
        """
        failed = self.chain
        if is_held_against and not failed.is_direct:
            if self.retry_info is None:
                self.retry_info = ProxyRetryMap()
            self.retry_info.mark(failed, ProxyRetryInfo(net_error, now + BAD_PROXY_DELAY_S))
        self._chains = self._chains[1:]
        return bool(self._chains)

    def deprioritize(self, bad: ProxyRetryMap, now: float) -> None:
        """Puts the ways that are bad behind the others."""
        if not bad:
            return
        self._chains = tuple(sorted(self._chains, key=lambda chain: bad.bad(chain, now) is not None))

    def __repr__(self) -> str:
        return f"<ProxyInfo {'; '.join(map(str, self._chains)) or 'no way'}>"
