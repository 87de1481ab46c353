"""NetworkChangeNotifier: tells when this machine's network changes (net/base/network_change_notifier.h)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from netstack_sync.base.observers import ObserverList
from netstack_sync.loop.completion import Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.network.change_delays import NetworkChangeCalculator
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.dns_config_watcher import DnsConfigWatcher
from netstack_sync.network.interfaces import NetworkState
from netstack_sync.network.polling_tracker import PollingTracker
from netstack_sync.workers.worker_pool import WorkerPool

if sys.platform == "linux":
    from netstack_sync.network.netlink_linux import NetlinkWatcher


class NetworkChangeObserver(Protocol):
    """Is told on the network thread, never from inside a call of its own; may remove itself or others."""

    def on_ip_address_changed(self) -> None:
        """Addresses or tunnels came or went; connections from addresses that went are dead."""

    def on_connection_type_changed(self, kind: ConnectionType) -> None:
        """The machine is on a network of another type, or on none."""

    def on_dns_changed(self) -> None:
        """The system resolves names in another way."""

    def on_network_changed(self, kind: ConnectionType) -> None:
        """The change has settled: first NONE, to give up what belongs to the old network, then the new one if any."""


class NetworkChangeNotifier:
    """Does not own its observers; network thread only. May be started again after stop().

    What is there at the start is no change, and nobody is told of it. On Linux a notifier costs one descriptor;
    elsewhere, and where netlink is forbidden, a job on a worker every ten seconds. Another one every fifteen seconds
    looks at the DNS configuration.
    """

    __slots__ = (
        "_calculator",
        "_dns",
        "_ignored_interfaces",
        "_is_running",
        "_known",
        "_lost",
        "_netlink",
        "_observers",
        "_on_ready",
        "_polling",
        "_thread",
        "connection_type",
    )

    def __init__(
        self, thread: NetworkThread, workers: WorkerPool, ignored_interfaces: Collection[str] = frozenset()
    ) -> None:
        self._thread = thread
        self._ignored_interfaces = ignored_interfaces
        self._observers: ObserverList[NetworkChangeObserver] = ObserverList()
        self._calculator = NetworkChangeCalculator(thread.timers, self._announce)
        self._dns = DnsConfigWatcher(thread.timers, workers, self._on_dns_changed)
        self._polling = PollingTracker(thread.timers, workers, self._on_state)
        self._netlink: NetlinkWatcher | None = None
        self._known: NetworkState | None = None
        self._lost: frozenset[str] = frozenset()
        self._on_ready: Task | None = None
        self._is_running = False
        self.connection_type = ConnectionType.UNKNOWN
        """UNKNOWN until the system has told."""

    def start(self, on_ready: Task | None = None) -> None:
        """Begins to watch; `on_ready` is called once the connection type at the start is known, never in here."""
        assert not self._is_running, "started already"
        self._is_running = True
        self._on_ready = on_ready
        self._known = None
        self._lost = frozenset()
        self.connection_type = ConnectionType.UNKNOWN
        self._calculator.set_initial_type(ConnectionType.UNKNOWN)
        self._dns.start()
        if sys.platform == "linux":
            self._netlink = NetlinkWatcher(
                self._thread, self._ignored_interfaces, self._on_state, self._on_netlink_unavailable
            )
            if self._netlink.start():
                return
            self._netlink = None
        self._polling.start()

    def stop(self) -> None:
        """Nobody is told anything after this; idempotent."""
        self._is_running = False
        if self._netlink is not None:
            self._netlink.stop()
        self._polling.stop()
        self._dns.stop()
        self._calculator.stop()

    def add_observer(self, observer: NetworkChangeObserver) -> None:
        """From now on `observer` is told; once per observer."""
        self._observers.add(observer)

    def remove_observer(self, observer: NetworkChangeObserver) -> None:
        """`observer` is told nothing more, not even of the change that others are being told of; idempotent."""
        self._observers.remove(observer)

    @property
    def is_offline(self) -> bool:
        """True when the machine is certainly on no network; it may still talk to itself."""
        return self.connection_type == ConnectionType.NONE

    def has_lost(self, address: str) -> bool:
        """True for an address that went with the latest change: nothing comes over its connections any more.

        Without netlink the addresses that are known are not all there are, and it is never True.
        """
        return address in self._lost

    def _on_state(self, state: NetworkState) -> None:
        known, self._known = self._known, state
        if known is None:
            self._on_initial_state(state.connection_type)
            return
        has_new_addresses = known.addresses != state.addresses or known.tunnels != state.tunnels
        if self._netlink is not None:
            self._lost = _names(known) - _names(state)
        has_new_type = self.connection_type != state.connection_type
        self.connection_type = state.connection_type
        # Before anybody is told, who may stop it all.
        if has_new_addresses:
            self._calculator.on_ip_address_changed(state.connection_type)
        if has_new_type:
            self._calculator.on_connection_type_changed(state.connection_type)
        if has_new_addresses:
            self._tell(lambda observer: observer.on_ip_address_changed())
        if has_new_type:
            self._tell(lambda observer: observer.on_connection_type_changed(state.connection_type))

    def _on_initial_state(self, kind: ConnectionType) -> None:
        self.connection_type = kind
        self._calculator.set_initial_type(kind)
        on_ready, self._on_ready = self._on_ready, None
        if on_ready is not None:
            on_ready()

    def _on_netlink_unavailable(self) -> None:
        """From now on addresses are known in another way, which cannot be compared with those known so far."""
        self._known = self._netlink = None
        self._lost = frozenset()
        self._polling.start()
        if self.connection_type != ConnectionType.UNKNOWN:
            self.connection_type = ConnectionType.UNKNOWN
            self._calculator.on_connection_type_changed(ConnectionType.UNKNOWN)
            self._tell(lambda observer: observer.on_connection_type_changed(ConnectionType.UNKNOWN))

    def _on_dns_changed(self) -> None:
        self._tell(lambda observer: observer.on_dns_changed())

    def _announce(self, kinds: Sequence[ConnectionType]) -> None:
        if kinds[-1] != ConnectionType.NONE:
            self._dns.check_now()  # another network has other name servers
        for kind in kinds:
            self._tell_network(kind)

    def _tell_network(self, kind: ConnectionType) -> None:
        self._tell(lambda observer: observer.on_network_changed(kind))

    def _tell(self, tell: Callable[[NetworkChangeObserver], None]) -> None:
        """Tells everybody, until one of them stops it."""

        def tell_if_running(observer: NetworkChangeObserver) -> None:
            if self._is_running:
                tell(observer)

        self._observers.notify(tell_if_running)

    def __repr__(self) -> str:
        state = "running" if self._is_running else "stopped"
        return f"<NetworkChangeNotifier {state} {self.connection_type.name} observers={len(self._observers)}>"


def _names(state: NetworkState) -> frozenset[str]:
    return frozenset([address.address for address in state.addresses | state.quiet_addresses])
