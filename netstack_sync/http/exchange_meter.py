"""ExchangeMeter: tells those who want to know how requests fare: the network's quality and the endpoints' health."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Final

from netstack_sync.base.net_errors import ERR_HTTP_RESPONSE_CODE_FAILURE, OK
from netstack_sync.network.quality_estimator import NetworkQualityEstimator
from netstack_sync.pool.endpoint_health import EndpointHealth

if TYPE_CHECKING:
    from netstack_sync.http.stream import HttpStream


class _Everything(Container[object]):
    """Holds whatever it is asked about."""

    def __contains__(self, item: object) -> bool:
        return True


_EVERY_STREAM: Final = _Everything()


class ExchangeMeter:
    """Shared by the transactions of a session; network thread only. Times are clock seconds.

    `health` is None where nobody judges endpoints by their requests.
    """

    __slots__ = ("_health", "_quality", "ended", "measured", "started")

    def __init__(self, quality: NetworkQualityEstimator, health: EndpointHealth | None) -> None:
        self._quality = quality
        self._health = health
        self.started = quality.request_started
        """A request of this method is about to be sent over a stream."""
        self.ended = quality.request_ended
        """The exchange over a stream is over, whatever became of it; called before the stream is closed."""
        self.measured: Container[object] = quality.measured if health is None else _EVERY_STREAM
        """The streams of whose headers it has to be told."""

    def headers_received(self, stream: HttpStream, sent_at: float, now: float, status: int) -> None:
        """The answer to a request that began to be sent at `sent_at` begins."""
        self._quality.headers_received(stream, sent_at, now)
        if self._health is not None:
            result = OK if status < 500 else ERR_HTTP_RESPONSE_CODE_FAILURE
            self._note(stream, result, now - sent_at)

    def failed(self, stream: HttpStream, error: int, sent_at: float, now: float) -> None:
        """There is no answer."""
        if self._health is not None:
            self._note(stream, error, now - sent_at)

    def _note(self, stream: HttpStream, result: int, latency_s: float) -> None:
        """The endpoint of a proxy is not to blame for the servers behind it, nor to be praised."""
        endpoint = stream.remote_address if stream.route is None else None
        if endpoint is not None and self._health is not None:
            self._health.note_request(endpoint, result, latency_s)
