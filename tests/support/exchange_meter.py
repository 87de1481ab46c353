"""An ExchangeMeter that keeps what it is told of each stream."""

from __future__ import annotations

from netstack_sync.http.exchange_meter import ExchangeMeter
from netstack_sync.http.stream import HttpStream
from netstack_sync.network.quality_estimator import MeasuredStream, NetworkQualityEstimator

# The first is that of a stream which nobody wanted any more when it was there.
_WHOLE = (("ended",), ("started", "ended"), ("started", "headers", "ended"), ("started", "failed", "ended"))


class RecordingMeter(ExchangeMeter):
    """Keeps events and tells the estimator, as it would be; `told` has one list for each stream, in their order."""

    __slots__ = ("_by_stream", "_tell_ended", "_tell_started", "details", "waits_s")

    def __init__(self, quality: NetworkQualityEstimator) -> None:
        super().__init__(quality, None)
        self._by_stream: dict[MeasuredStream, list[str]] = {}
        self.details: list[object] = []
        """The methods, statuses and errors, in the order of the calls."""
        self.waits_s: list[float] = []
        """From the first byte sent to the headers or the error."""
        self._tell_ended = self.ended
        self.ended = self._on_ended
        self._tell_started = self.started
        self.started = self._on_started
        self.measured = self  # all of them

    def headers_received(self, stream: HttpStream, sent_at: float, now: float, status: int) -> None:
        """See ExchangeMeter."""
        self._keep(stream, "headers", status)
        self.waits_s.append(now - sent_at)
        super().headers_received(stream, sent_at, now, status)

    def failed(self, stream: HttpStream, error: int, sent_at: float, now: float) -> None:
        """See ExchangeMeter."""
        self._keep(stream, "failed", error)
        self.waits_s.append(now - sent_at)
        super().failed(stream, error, sent_at, now)

    @property
    def told(self) -> list[list[str]]:
        """The events of each stream."""
        return list(self._by_stream.values())

    def assert_complete(self) -> None:
        """Every exchange that began has ended, once, and had one outcome at most."""
        unfinished = [events for events in self.told if tuple(events) not in _WHOLE]
        assert not unfinished, f"the meter was told {unfinished}"

    def _on_ended(self, stream: MeasuredStream) -> None:
        self._by_stream.setdefault(stream, []).append("ended")
        self._tell_ended(stream)

    def __contains__(self, stream: object) -> bool:
        return True

    def _on_started(self, stream: MeasuredStream, method: str) -> None:
        self._keep(stream, "started", method)
        self._tell_started(stream, method)

    def _keep(self, stream: MeasuredStream, event: str, detail: object) -> None:
        self._by_stream.setdefault(stream, []).append(event)
        self.details.append(detail)
