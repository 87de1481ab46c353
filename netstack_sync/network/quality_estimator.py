"""NetworkQualityEstimator: learns from the traffic how good the network is.

It starts from what networks of the kind are usually like; the first sample of a quantity replaces the assumption.
Only GET requests to public hosts count: what a loopback or local server takes says nothing about the network
outside, and the time of an upload is not that of a round trip (net/nqe/network_quality_estimator.cc).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from netstack_sync.base.clock import TickClock
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.observers import ObserverList
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.effective_type import PLATFORM_DEFAULTS, EffectiveConnectionType, effective_type_of
from netstack_sync.network.observations import ObservationBuffer
from netstack_sync.network.private_address import is_private
from netstack_sync.network.quality import CONNECTION_LABELS, NetworkQuality
from netstack_sync.network.throughput import ThroughputMeter

RECOMPUTE_INTERVAL_S: Final = 10.0
RECOMPUTE_AFTER: Final = 50
"""So many new samples wait for the shorter interval only."""
RECOMPUTE_MIN_INTERVAL_S: Final = 1.0
TRANSPORT_RTT_INTERVAL_S: Final = 0.2
"""The kernel is asked at most so often, over all connections."""
_TRUSTED_COUNT: Final = 5
"""So many samples of the transport round trip may correct what HTTP says."""
_HANGING_MIN_S: Final = 0.5
_HANGING_TRANSPORT_RTTS: Final = 8
_HANGING_HTTP_RTTS: Final = 6

EffectiveTypeObserver: TypeAlias = Callable[[EffectiveConnectionType], object]


class MeasuredStream(Protocol):
    """One exchange over the network, as far as it tells about the network."""

    remote_address: IPEndPoint | None

    @property
    def received_bytes(self) -> int:
        """Bytes that have arrived in answer so far."""

    def transport_rtt_s(self) -> float | None:
        """The round trip time of the connection, if the system knows it."""


class NetworkQualityEstimator:
    """Network thread only. Keeps a stream from request_started() to request_ended().

    The estimates are computed anew when somebody asks and they are due, and as soon as they are due while
    somebody observes: if there are new samples, every 10 s; after 50 of them every second; at once when they are
    half as many as there were before, and when nothing is known.
    """

    __slots__ = (
        "_clock",
        "_computed_at",
        "_connection_type",
        "_downstream",
        "_downstream_kbps",
        "_effective_type",
        "_http",
        "_http_rtt_s",
        "_is_observed",
        "_meter",
        "_new_downstream",
        "_new_rtts",
        "_observers",
        "_old_downstream",
        "_old_rtts",
        "_spoilers",
        "_transport",
        "_transport_due_at",
        "_transport_rtt_s",
        "_use_local_hosts",
        "measured",
    )

    def __init__(
        self,
        clock: TickClock,
        connection_type: ConnectionType = ConnectionType.UNKNOWN,
        use_local_hosts: bool = False,
    ) -> None:
        self._clock = clock
        self._use_local_hosts = use_local_hosts
        self._meter = ThroughputMeter(clock)
        self.measured = self._meter.requests
        """The streams whose headers_received() says something."""
        self._spoilers = self._meter.spoilers
        self._observers: ObserverList[EffectiveTypeObserver] = ObserverList()
        self._is_observed = False
        self._http = ObservationBuffer()
        self._transport = ObservationBuffer()
        self._downstream = ObservationBuffer()
        self._effective_type = EffectiveConnectionType.UNKNOWN
        self._http_rtt_s: float | None = None
        self._transport_rtt_s: float | None = None
        self._downstream_kbps: float | None = None
        self._transport_due_at = 0.0
        self._begin(connection_type)

    # --- what requests tell

    def request_started(self, stream: MeasuredStream, method: str) -> None:
        """A request is about to be sent; request_ended() follows, whatever becomes of it."""
        endpoint = stream.remote_address
        if endpoint is None:
            return
        if is_private(endpoint.address) and not self._use_local_hosts:
            self._spoilers.add(stream)
            if self.measured:  # else: fast path
                self._meter.spoiled(stream)
        elif method == "GET":
            self._meter.started(stream)

    def headers_received(self, stream: MeasuredStream, sent_at: float, now: float) -> None:
        """The answer to a request that began to be sent at `sent_at` begins."""
        if not self._meter.headers_received(stream, now):
            return
        if now >= self._transport_due_at:
            self._transport_due_at = now + TRANSPORT_RTT_INTERVAL_S
            rtt_s = stream.transport_rtt_s()
            if rtt_s is not None:
                self.note_transport_rtt(rtt_s, now)
        self.note_http_rtt(now - sent_at, now)

    def request_ended(self, stream: MeasuredStream) -> None:
        """The answer is complete or given up; a stream that was not started may end, too."""
        self._spoilers.discard(stream)
        if not self.measured:
            return  # fast path
        kbps = self._meter.ended(stream, self._http_rtt_s)
        if kbps is not None:
            now = self._clock.now()
            self._downstream.add(kbps, now)
            self._new_downstream += 1
            if self._is_observed:
                self._refresh(now)

    def note_http_rtt(self, rtt_s: float, now: float) -> None:
        """A sample of the time from request to headers; one in which the server took its time is dropped."""
        if rtt_s <= 0 or (rtt_s > _HANGING_MIN_S and self._is_hanging(rtt_s, now)):
            return
        self._http.add(rtt_s, now)
        self._new_rtts += 1
        if self._is_observed:
            self._refresh(now)

    def note_transport_rtt(self, rtt_s: float, now: float) -> None:
        """A sample of the round trip time below HTTP."""
        self._transport.add(rtt_s, now)
        self._new_rtts += 1
        if self._is_observed:
            self._refresh(now)

    # --- what the network tells

    def on_connection_type_changed(self, kind: ConnectionType) -> None:
        """Begins anew, also when the new network is of the same kind."""
        self._meter.on_network_changed()
        self._begin(kind)

    # --- what is asked

    @property
    def effective_type(self) -> EffectiveConnectionType:
        """What the network feels like."""
        self._refresh(self._clock.now())
        return self._effective_type

    @property
    def http_rtt(self) -> float | None:
        """Seconds from a request to its headers; None when offline or unknown."""
        self._refresh(self._clock.now())
        return self._http_rtt_s

    @property
    def transport_rtt(self) -> float | None:
        """Seconds of a round trip over TCP; None when offline or unknown."""
        self._refresh(self._clock.now())
        return self._transport_rtt_s

    @property
    def downstream_kbps(self) -> float | None:
        """Kilobits that come in per second; None when offline or unknown."""
        self._refresh(self._clock.now())
        return self._downstream_kbps

    def quality(self) -> NetworkQuality:
        """Everything at once, for users."""
        self._refresh(self._clock.now())
        return NetworkQuality(
            self._effective_type.label,
            self._http_rtt_s,
            self._transport_rtt_s,
            self._downstream_kbps,
            CONNECTION_LABELS[self._connection_type],
            len(self._http),
            len(self._transport),
            len(self._downstream),
        )

    def add_observer(self, observer: EffectiveTypeObserver) -> None:
        """From now on `observer` is called with the new effective type when it changes."""
        self._observers.add(observer)
        self._is_observed = True

    def remove_observer(self, observer: EffectiveTypeObserver) -> None:
        """`observer` is not called any more."""
        self._observers.remove(observer)
        self._is_observed = len(self._observers) > 0

    # --- computing

    def _begin(self, kind: ConnectionType) -> None:
        now = self._clock.now()
        self._connection_type = kind
        self._transport_due_at = now
        assumed = PLATFORM_DEFAULTS[kind]
        self._http.reset(assumed.http_rtt_s)
        self._transport.reset(assumed.transport_rtt_s)
        self._downstream.reset(assumed.downstream_kbps)
        self._compute(now)

    def _refresh(self, now: float) -> None:
        new = self._new_rtts + self._new_downstream
        age_s = now - self._computed_at
        if new and (
            age_s >= (RECOMPUTE_INTERVAL_S if new < RECOMPUTE_AFTER else RECOMPUTE_MIN_INTERVAL_S)
            or self._effective_type == EffectiveConnectionType.UNKNOWN
            or self._new_rtts * 2 > self._old_rtts
            or self._new_downstream * 2 > self._old_downstream
        ):
            self._compute(now)

    def _compute(self, now: float) -> None:
        before = self._effective_type
        self._computed_at = now
        self._estimate()
        self._old_rtts, self._new_rtts = len(self._http) + len(self._transport), 0
        self._old_downstream, self._new_downstream = len(self._downstream), 0
        if self._effective_type != before:
            self._observers.notify(self._tell)

    def _estimate(self) -> None:
        if self._connection_type == ConnectionType.NONE:
            self._http_rtt_s = self._transport_rtt_s = self._downstream_kbps = None
            self._effective_type = EffectiveConnectionType.OFFLINE
            return
        http_rtt_s = self._http.percentile(50)
        self._transport_rtt_s = self._transport.percentile(50)
        trusted_rtt_s = self._trusted_transport_rtt_s()
        if http_rtt_s is not None and trusted_rtt_s is not None:
            http_rtt_s = max(http_rtt_s, trusted_rtt_s)  # no answer comes before the question can have arrived
        self._http_rtt_s = http_rtt_s
        self._downstream_kbps = self._downstream.percentile(50)
        self._effective_type = effective_type_of(http_rtt_s)

    def _trusted_transport_rtt_s(self) -> float | None:
        return self._transport_rtt_s if len(self._transport) >= _TRUSTED_COUNT else None

    def _is_hanging(self, rtt_s: float, now: float) -> bool:
        """Whether so long a wait is the server's doing: far beyond what round trips take."""
        self._refresh(now)
        if self._http_rtt_s is None or rtt_s < _HANGING_HTTP_RTTS * self._http_rtt_s:
            return False
        trusted_rtt_s = self._trusted_transport_rtt_s()
        return trusted_rtt_s is None or rtt_s >= _HANGING_TRANSPORT_RTTS * trusted_rtt_s

    def _tell(self, observer: EffectiveTypeObserver) -> None:
        observer(self._effective_type)

    def __repr__(self) -> str:
        return f"<NetworkQualityEstimator {self._effective_type.label} over {CONNECTION_LABELS[self._connection_type]}>"
