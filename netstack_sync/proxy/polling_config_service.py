"""PollingConfigService: proxy settings that others may change, looked at on a worker while they are needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netstack_sync.base.observers import ObserverList
from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.config_service import ProxyConfigObserver
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

# Of Chromium's services that poll too. A look is a process or a file, some milliseconds of another core; who switches
# proxies by hand needs as long to come back to the program.
_INTERVAL_S: Final = 10.0
# A look takes milliseconds, and the tools that are asked have a limit below this one. Later than that it is a home on
# a server that is away, and no request shall wait for it.
_FIRST_WAIT_S: Final = 5.0
_FAILED: Final = "none: the settings of the system could not be read"


class PollingConfigService:
    """A ProxyConfigService; network thread only. `read` runs on a worker, one at a time, and may raise.

    Looks at start(), when it is told to, and when somebody needs the settings and the last look is ten seconds ago: an
    idle program is not woken. Until the first look is over, five seconds at most, the settings are not known; without
    a result they are direct connections, and their `source` says why. A later look that fails or hangs changes nothing.
    """

    __slots__ = ("_clock", "_config", "_job", "_next_look", "_observers", "_patience", "_read", "_workers")

    def __init__(self, timers: TimerQueue, workers: WorkerPool, read: Callable[[], ProxyConfig]) -> None:
        self._clock = timers.clock
        self._workers = workers
        self._read: Callable[[], ProxyConfig] | None = read
        self._observers: ObserverList[ProxyConfigObserver] = ObserverList()
        self._patience = OneShotTimer(timers, self._on_too_late)
        self._config: ProxyConfig | None = None
        self._job: WorkerJob[ProxyConfig] | None = None
        self._next_look = 0.0

    def start(self) -> None:
        """Begins the first look, once."""
        self._patience.start(_FIRST_WAIT_S)
        self._look()

    def latest(self) -> ProxyConfig | None:
        """See ProxyConfigService."""
        return self._config

    def add_observer(self, observer: ProxyConfigObserver) -> None:
        """See ProxyConfigService."""
        self._observers.add(observer)

    def remove_observer(self, observer: ProxyConfigObserver) -> None:
        """See ProxyConfigService."""
        self._observers.remove(observer)

    def on_lazy_poll(self) -> None:
        """See ProxyConfigService. What the look finds counts from then on; nobody waits for it."""
        if self._clock.now() >= self._next_look:
            self.look_now()

    def look_now(self) -> None:
        """Looks however short ago the last look is, unless one is under way."""
        if self._job is None:
            self._look()

    def shut_down(self) -> None:
        """Nobody is told anything after this; idempotent."""
        self._patience.stop()
        self._read = None
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _look(self) -> None:
        if self._read is not None:
            self._job = self._workers.post_job(self._read, self._on_reply)

    def _on_reply(self, reply: ProxyConfig | BaseException) -> None:
        self._job = None
        self._next_look = self._clock.now() + _INTERVAL_S
        if not isinstance(reply, BaseException):
            self._set_config(reply)
        elif self._config is None:
            self._set_config(ProxyConfig(source=f"{_FAILED}: {reply}"))

    def _on_too_late(self) -> None:
        """The look goes on, and what it finds after all will be a change."""
        self._set_config(ProxyConfig(source=f"{_FAILED} within {_FIRST_WAIT_S:g} s"))

    def _set_config(self, config: ProxyConfig) -> None:
        self._patience.stop()
        if config != self._config:
            self._config = config
            self._observers.notify(lambda observer: observer.on_proxy_config_changed(config))
