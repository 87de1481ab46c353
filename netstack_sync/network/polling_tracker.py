"""PollingTracker: compares this machine's addresses from time to time, where the system does not tell of changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netstack_sync.loop.timers import TimerQueue
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.interfaces import LocalAddress, NetworkState
from netstack_sync.network.periodic_job import PeriodicJob
from netstack_sync.workers.local_addresses import list_local_addresses
from netstack_sync.workers.worker_pool import WorkerPool

_PERIOD_S: Final = 10.0


class PollingTracker:
    """Tells `on_state` every ten seconds what it sees; network thread only.

    The connection type stays UNKNOWN: that no address is found does not prove that there is no network.
    """

    __slots__ = ("_job", "_on_state")

    def __init__(self, timers: TimerQueue, workers: WorkerPool, on_state: Callable[[NetworkState], None]) -> None:
        self._on_state = on_state
        self._job: PeriodicJob[frozenset[str]] = PeriodicJob(
            timers, workers, _PERIOD_S, lambda _known: list_local_addresses(), self._on_addresses
        )

    def start(self) -> None:
        """Looks for the first time after a period, so that a short session does not pay for it."""
        self._job.start()

    def stop(self) -> None:
        """Ends it; idempotent."""
        self._job.stop()

    def _on_addresses(self, addresses: frozenset[str]) -> None:
        found = frozenset([LocalAddress(address) for address in addresses])
        self._on_state(NetworkState(found, frozenset(), ConnectionType.UNKNOWN))
