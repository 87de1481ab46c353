"""ThroughputMeter: how much comes in while nothing but the network limits it.

A few small requests say nothing about the network: most of their time the server thinks. Two things are measured:

- many: while at least 5 requests are in flight, from 32 kB and a twentieth of a second on, the end of each gives
  a sample and begins a new window (net/nqe/throughput_analyzer.cc, which samples however short the time was);
- alone: the only request in flight, from its headers to its end, if it brings 1 MB. Chromium does not measure
  this; a program that downloads one file after the other would never know.

Where less than the first flight of a TCP connection comes in per round trip, it was not the network that limited
it, and there is no sample. Neither is there one while private hosts, or requests from before a change of network,
have their share of the link.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

from netstack_sync.base.clock import TickClock

MANY_REQUESTS: Final = 5
MIN_BYTES_OF_MANY: Final = 32_000
MIN_WINDOW_S: Final = 0.05
MIN_BYTES_ALONE: Final = 1_000_000
_FIRST_FLIGHT_BYTES: Final = 15_000  # 10 segments (RFC 6928)
_UNKNOWN_RTT_S: Final = 10.0


class ByteSource(Protocol):
    """Where the answer to one request comes in."""

    @property
    def received_bytes(self) -> int:
        """Bytes that have arrived so far."""


class ThroughputMeter:
    """Network thread only; keeps the sources between started() and ended()."""

    __slots__ = (
        "_alone",
        "_alone_bytes",
        "_alone_start",
        "_baselines",
        "_clock",
        "_ended_bytes",
        "_window_start",
        "requests",
        "spoilers",
    )

    def __init__(self, clock: TickClock) -> None:
        self._clock = clock
        self.requests: set[ByteSource] = set()
        """Those under way that tell about the network as it is now; stays the same set."""
        self.spoilers: set[ByteSource] = set()
        """Requests whose bytes come another way; nothing is measured while there are any. Stays the same set: who sees
        that there are no `requests` may put one in, and take it out, without a word to spoiled() and ended().
        """
        self._window_start: float | None = None
        """Since when there have been many requests."""
        self._baselines: dict[ByteSource, int] = {}
        """What had arrived from each request when the window began; of later ones nothing had."""
        self._ended_bytes = 0
        """What the requests that ended have brought within the window."""
        self._alone: ByteSource | None = None
        """The request that has been the only one since its headers."""
        self._alone_start = 0.0
        self._alone_bytes = 0
        """What had arrived of it with its headers."""

    def started(self, source: ByteSource) -> None:
        """A request is under way."""
        self.requests.add(source)
        self._alone = None
        if self._window_start is None:
            self._maybe_open()

    def spoiled(self, source: ByteSource) -> None:
        """A request is under way that says nothing about the network outside but may use the same link."""
        self.spoilers.add(source)
        if self._window_start is not None or self._alone is not None:
            self._close()

    def headers_received(self, source: ByteSource, now: float) -> bool:
        """The answer begins; False if the request does not tell about the network as it is now."""
        requests = self.requests
        if source not in requests:
            return False
        if len(requests) == 1 and not self.spoilers:
            self._alone = source
            self._alone_start = now
            self._alone_bytes = source.received_bytes
        return True

    def ended(self, source: ByteSource, http_rtt_s: float | None) -> float | None:
        """A request is over, whatever became of it: a sample in kbit/s, or None. Idempotent."""
        if source not in self.requests:
            self.spoilers.discard(source)
            if len(self.requests) >= MANY_REQUESTS and self._window_start is None:
                self._maybe_open()
            return None
        self.requests.discard(source)
        if self._alone is source:
            return self._end_alone(source, http_rtt_s)
        return None if self._window_start is None else self._end_of_many(source, self._window_start, http_rtt_s)

    def on_network_changed(self) -> None:
        """What is in flight began on another network."""
        self.spoilers |= self.requests
        self.requests.clear()
        self._close()

    def _maybe_open(self) -> None:
        if len(self.requests) >= MANY_REQUESTS and not self.spoilers:
            self._window_start = self._clock.now()
            self._baselines = {source: source.received_bytes for source in self.requests}
            self._ended_bytes = 0

    def _close(self) -> None:
        self._alone = self._window_start = None
        self._baselines = {}

    def _end_alone(self, source: ByteSource, http_rtt_s: float | None) -> float | None:
        self._alone = None
        received_bytes = source.received_bytes - self._alone_bytes
        if received_bytes < MIN_BYTES_ALONE:
            return None
        return _kbps(received_bytes, self._clock.now() - self._alone_start, http_rtt_s)

    def _end_of_many(self, source: ByteSource, start: float, http_rtt_s: float | None) -> float | None:
        self._ended_bytes += source.received_bytes - self._baselines.pop(source, 0)
        kbps = None
        if self._ended_bytes >= MIN_BYTES_OF_MANY:
            duration_s = self._clock.now() - start
            if duration_s >= MIN_WINDOW_S:
                kbps = _kbps(self._ended_bytes + self._bytes_in_flight(), duration_s, http_rtt_s)
                self._maybe_open()
        if len(self.requests) < MANY_REQUESTS:
            self._close()
        return kbps

    def _bytes_in_flight(self) -> int:
        return sum(source.received_bytes - self._baselines.get(source, 0) for source in self.requests)

    def __repr__(self) -> str:
        return (
            f"<ThroughputMeter requests={len(self.requests)} spoilers={len(self.spoilers)}"
            f"{'' if self._window_start is None else ' many'}{'' if self._alone is None else ' alone'}>"
        )


def _kbps(received_bytes: int, duration_s: float, http_rtt_s: float | None) -> float | None:
    """The rate, rounded up; None if something else than the network limited it."""
    rtt_s = _UNKNOWN_RTT_S if http_rtt_s is None else http_rtt_s
    if duration_s <= 0 or received_bytes * rtt_s < _FIRST_FLIGHT_BYTES * duration_s:
        return None
    return math.ceil(received_bytes * 8 / duration_s / 1000)
