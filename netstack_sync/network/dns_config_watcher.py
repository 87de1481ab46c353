"""DnsConfigWatcher: notices when the system's way to resolve names changes: /etc/resolv.conf, hosts, nsswitch.conf."""

from __future__ import annotations

from typing import Final

from netstack_sync.loop.completion import Task
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.network.periodic_job import PeriodicJob
from netstack_sync.workers.dns_config import DnsConfig, read_dns_config
from netstack_sync.workers.worker_pool import WorkerPool

# Idle sessions wake up for this, and most changes come with one of the network, after which check_now() is called.
_PERIOD_S: Final = 15.0


class DnsConfigWatcher:
    """Calls `on_change` when the files say something else than before; network thread only.

    They are looked at on a worker, and read only if they look changed. The first look, after a period, is what later
    ones are compared with: a short session costs no job at all.
    """

    __slots__ = ("_config", "_job", "_on_change")

    def __init__(self, timers: TimerQueue, workers: WorkerPool, on_change: Task) -> None:
        self._on_change = on_change
        self._config: DnsConfig | None = None
        self._job: PeriodicJob[DnsConfig] = PeriodicJob(timers, workers, _PERIOD_S, read_dns_config, self._on_config)

    def start(self) -> None:
        """Begins the first period."""
        self._job.start()

    def check_now(self) -> None:
        """Looks without waiting for the end of the period."""
        self._job.run_now()

    def stop(self) -> None:
        """Ends it; idempotent."""
        self._job.stop()

    def _on_config(self, config: DnsConfig) -> None:
        known, self._config = self._config, config
        if known is not None and known != config:
            self._on_change()
