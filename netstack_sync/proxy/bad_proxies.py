"""BadProxies: which ways have failed lately, so that others try them last."""

from __future__ import annotations

from netstack_sync.base.clock import TickClock
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.net_log import NetLog
from netstack_sync.proxy.info import ProxyInfo, ProxyRetryInfo, ProxyRetryMap
from netstack_sync.proxy.resolution_log import bad_proxies_params, result_params


class BadProxies:
    """Owned by the service of some settings. Network thread only.

    A way counts as bad once a request that it failed went well by another: else it may be the request, or the network.
    """

    __slots__ = ("_clock", "_known", "_net_log")

    def __init__(self, clock: TickClock, net_log: NetLog) -> None:
        self._clock = clock
        self._net_log = net_log
        self._known = ProxyRetryMap()

    def report_success(self, info: ProxyInfo) -> None:
        """A request went well by the way that `info` has now: those before it are bad for all."""
        failed = info.retry_info
        if failed is None:  # fast path
            return
        self._known.merge(failed, self._clock.now())
        self._net_log.add_global_entry(NetLogEventType.BAD_PROXY_LIST_REPORTED, bad_proxies_params(failed))

    def deprioritize_in(self, info: ProxyInfo, net_log: NetLogWithSource) -> None:
        """Puts the bad ways behind the others."""
        if self._known:
            info.deprioritize(self._known, self._clock.now())
            net_log.event(NetLogEventType.PROXY_RESOLUTION_SERVICE_DEPRIORITIZED_BAD_PROXIES, result_params(info))

    def current(self) -> dict[str, ProxyRetryInfo]:
        """What is tried last for now, and why, by the names of the chains."""
        now, known = self._clock.now(), self._known
        return {str(chain): info for chain, info in known.items() if known.bad(chain, now) is not None}

    def clear(self) -> None:
        """All are good."""
        self._known.clear()
