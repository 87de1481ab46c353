"""HealthProbe: connects to an endpoint now and then, to learn when it answers again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_TIMED_OUT
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog, NetLogSource
from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.sockets.stream_socket import StreamSocket

_ATTEMPT_LIMIT_S: Final = 3.0  # a SYN that is lost is sent again after 1 s
_INTEREST_S: Final = 60.0


class TransportSocketFactory(Protocol):
    """Makes sockets to connect with; see ClientSocketFactory."""

    def create_transport_socket(self, addresses: AddressList, net_log: NetLog, source: NetLogSource) -> StreamSocket:
        """An unconnected socket, which the caller owns."""


class ProbeServices(NamedTuple):
    """What probes are made from."""

    timers: TimerQueue
    sockets: TransportSocketFactory
    net_log: NetLog


class HealthProbe:
    """One endpoint that is left alone. Network thread only; owned by an EndpointHealth.

    Its connections are closed at once and serve no request. It gives up when nobody has asked for the endpoint for a
    minute, so that an idle session has no timers.
    """

    __slots__ = (
        "_attempted_at",
        "_endpoint",
        "_interval_s",
        "_on_idle",
        "_on_result",
        "_services",
        "_socket",
        "_timer",
        "_wanted_at",
    )

    def __init__(
        self,
        endpoint: IPEndPoint,
        services: ProbeServices,
        interval_s: float,
        on_result: Callable[[IPEndPoint, int], None],
        on_idle: Callable[[IPEndPoint], None],
    ) -> None:
        """From one attempt to the next it is `interval_s`, or as long as the attempt takes.

        `on_result` is told how each ended and may cancel(); after `on_idle` there are no more.
        """
        self._endpoint = endpoint
        self._services = services
        self._interval_s = interval_s
        self._on_result = on_result
        self._on_idle = on_idle
        self._socket: StreamSocket | None = None
        self._timer = OneShotTimer(services.timers, self._on_timer)
        self._attempted_at = 0.0
        self._wanted_at = 0.0

    def start(self, delay_s: float) -> None:
        """Connects for the first time after `delay_s` seconds."""
        self.note_interest()
        self._timer.start(delay_s)

    def note_interest(self) -> None:
        """Somebody would have liked to connect."""
        self._wanted_at = self._services.timers.clock.now()

    def cancel(self) -> None:
        """Nobody is told anything any more; idempotent."""
        self._timer.stop()
        self._drop_socket()

    def _on_timer(self) -> None:
        if self._socket is not None:
            self._on_attempt_complete(ERR_TIMED_OUT)
        elif self._services.timers.clock.now() - self._wanted_at >= _INTEREST_S:
            self._on_idle(self._endpoint)
        else:
            self._attempt()

    def _attempt(self) -> None:
        services = self._services
        self._attempted_at = services.timers.clock.now()
        source = services.net_log.next_source(NetLogSourceType.NONE)
        self._socket = services.sockets.create_transport_socket((self._endpoint,), services.net_log, source)
        self._timer.start(_ATTEMPT_LIMIT_S)
        result = self._socket.connect(self._on_attempt_complete)
        if result != ERR_IO_PENDING:
            self._on_attempt_complete(result)

    def _on_attempt_complete(self, result: int) -> None:
        self._drop_socket()
        elapsed_s = self._services.timers.clock.now() - self._attempted_at
        self._timer.start(max(0.0, self._interval_s - elapsed_s))
        self._on_result(self._endpoint, result)

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._socket.disconnect()
            self._socket = None
