"""NetworkChangeCalculator: makes one announcement out of the flurry of signals that a change of network is.

net/base/network_change_notifier.cc, with the delays of Linux (network_change_notifier_linux.cc), found there by
experiment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.network.connection_type import ConnectionType

_IP_ADDRESS_DELAY_S: Final = 2.0
_TYPE_DELAY_OFFLINE_S: Final = 1.5
_TYPE_DELAY_ONLINE_S: Final = 0.5


class NetworkChangeCalculator:
    """Calls `announce` some time after the last signal with the types to announce, in order; network thread only.

    A new network is announced as NONE and then as itself, so that what belongs to the old one is torn down first.
    From nothing to nothing is no news.
    """

    __slots__ = ("_announce", "_announced", "_pending", "_timer")

    def __init__(self, timers: TimerQueue, announce: Callable[[Sequence[ConnectionType]], None]) -> None:
        self._announce = announce
        self._timer = OneShotTimer(timers, self._on_time)
        self._announced = self._pending = ConnectionType.UNKNOWN

    def set_initial_type(self, kind: ConnectionType) -> None:
        """What there is at the start, which is not announced; without Chromium's assumption that it is nothing."""
        self._announced = kind

    def on_ip_address_changed(self, kind: ConnectionType) -> None:
        """Addresses changed; the type of the network is `kind`, as before or new."""
        self._pending = kind
        self._timer.start(_IP_ADDRESS_DELAY_S)

    def on_connection_type_changed(self, kind: ConnectionType) -> None:
        """The type changed to `kind`."""
        self._pending = kind
        is_offline = self._announced == ConnectionType.NONE
        self._timer.start(_TYPE_DELAY_OFFLINE_S if is_offline else _TYPE_DELAY_ONLINE_S)

    def stop(self) -> None:
        """Nothing is announced any more; idempotent."""
        self._timer.stop()

    def _on_time(self) -> None:
        old, self._announced = self._announced, self._pending
        kinds = []
        if old != ConnectionType.NONE:
            kinds.append(ConnectionType.NONE)
        if self._pending != ConnectionType.NONE:
            kinds.append(self._pending)
        if kinds:
            self._announce(kinds)
