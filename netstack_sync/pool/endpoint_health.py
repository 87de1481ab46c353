"""EndpointHealth: which endpoints are left alone for now, because they do not answer or fail too often.

After brpc: an endpoint that lets several connects in a row time out counts as unreachable
(connect_timeout_as_unreachable in src/brpc/socket.cpp), one that fails too many requests is isolated
(circuit_breaker.cpp), and connections of our own tell when it answers again (details/health_check.cpp).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_UNREACHABLE,
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_FAILED,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_CONNECTION_TIMED_OUT,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_EMPTY_RESPONSE,
    ERR_HTTP2_COMPRESSION_ERROR,
    ERR_HTTP2_FLOW_CONTROL_ERROR,
    ERR_HTTP2_FRAME_SIZE_ERROR,
    ERR_HTTP2_PING_FAILED,
    ERR_HTTP2_PROTOCOL_ERROR,
    ERR_HTTP_RESPONSE_CODE_FAILURE,
    ERR_INCOMPLETE_CHUNKED_ENCODING,
    ERR_INVALID_CHUNKED_ENCODING,
    ERR_INVALID_HTTP_RESPONSE,
    ERR_QUIC_HANDSHAKE_FAILED,
    ERR_QUIC_PROTOCOL_ERROR,
    ERR_RESPONSE_HEADERS_TRUNCATED,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.pool.circuit_breaker import CircuitBreaker
from netstack_sync.pool.health_probe import HealthProbe, ProbeServices
from netstack_sync.pool.health_settings import EndpointHealthSettings

_MAX_KNOWN: Final = 1024

_TIME_OUTS: Final = frozenset((ERR_TIMED_OUT, ERR_CONNECTION_TIMED_OUT))

# Somebody is there, even if he says no.
_SIGNS_OF_LIFE: Final = frozenset((OK, ERR_CONNECTION_REFUSED, ERR_CONNECTION_RESET))

# What the breaker holds against an endpoint. Everything else is the caller's, this machine's or the network's, or
# the word of a server that sheds load (ERR_HTTP2_SERVER_REFUSED_STREAM), to which isolation is the wrong answer.
_FAULTS: Final = frozenset(
    (
        ERR_TIMED_OUT,
        ERR_CONNECTION_TIMED_OUT,
        ERR_CONNECTION_CLOSED,
        ERR_CONNECTION_RESET,
        ERR_CONNECTION_REFUSED,
        ERR_CONNECTION_ABORTED,
        ERR_CONNECTION_FAILED,
        ERR_ADDRESS_UNREACHABLE,
        ERR_SSL_PROTOCOL_ERROR,
        ERR_EMPTY_RESPONSE,
        ERR_INVALID_HTTP_RESPONSE,
        ERR_RESPONSE_HEADERS_TRUNCATED,
        ERR_INVALID_CHUNKED_ENCODING,
        ERR_INCOMPLETE_CHUNKED_ENCODING,
        ERR_CONTENT_LENGTH_MISMATCH,
        ERR_HTTP_RESPONSE_CODE_FAILURE,
        ERR_HTTP2_PROTOCOL_ERROR,
        ERR_HTTP2_FLOW_CONTROL_ERROR,
        ERR_HTTP2_FRAME_SIZE_ERROR,
        ERR_HTTP2_COMPRESSION_ERROR,
        ERR_HTTP2_PING_FAILED,
        ERR_QUIC_PROTOCOL_ERROR,
        ERR_QUIC_HANDSHAKE_FAILED,
    )
)


class _Endpoint:
    """What is known of one endpoint."""

    __slots__ = ("breaker", "probe", "timeouts")

    def __init__(self, breaker: CircuitBreaker | None) -> None:
        self.timeouts = 0  # in a row
        self.breaker = breaker
        self.probe: HealthProbe | None = None  # there while the endpoint is left alone

    @property
    def is_isolated(self) -> bool:
        return self.breaker is not None and self.breaker.is_broken


class EndpointHealth:
    """Network thread only; shared by the connect jobs of a session, owns the probes.

    Without a circuit breaker only endpoints that have timed out are remembered, so that while all is well an answer
    costs a look at an empty dictionary. The endpoint used longest ago is the first to be forgotten.
    """

    __slots__ = ("_known", "_num_avoided", "_services", "_settings", "on_avoided")

    def __init__(self, settings: EndpointHealthSettings, services: ProbeServices) -> None:
        self._settings = settings
        self._services = services
        self._known: dict[IPEndPoint, _Endpoint] = {}
        self._num_avoided = 0
        self.on_avoided: Callable[[IPEndPoint], None] = _nobody
        """Is told of an endpoint that is to be left alone from now on; whoever holds connections to it."""

    def usable(self, addresses: AddressList) -> AddressList:
        """Those of the addresses that are worth a connect; none of them means ERR_ADDRESS_UNREACHABLE.

        Asking for an endpoint that is left alone keeps its probes going.
        """
        if not self._num_avoided:  # fast path: nearly always
            return addresses
        return tuple([endpoint for endpoint in addresses if not self._is_avoided(endpoint)])

    def why_unusable(self, addresses: AddressList) -> str:
        """In words, what is wrong with those of the addresses that are left alone."""
        reasons = []
        for endpoint in addresses:
            known = self._known.get(endpoint)
            if known is not None and known.probe is not None:
                what = "failed too many requests" if known.is_isolated else "did not answer several times in a row"
                reasons.append(f"{endpoint} {what} and is left alone until it answers a probe")
        return "; ".join(reasons)

    def note_connect(self, endpoint: IPEndPoint, result: int) -> None:
        """One attempt to connect to one address has ended. What is not about the endpoint is passed over."""
        if result in _TIME_OUTS:
            self._note_timeout(endpoint)
        elif self._known and result in _SIGNS_OF_LIFE:
            known = self._known.get(endpoint)
            if known is not None:
                self._note_sign_of_life(endpoint, known)

    def note_request(self, endpoint: IPEndPoint, result: int, latency_s: float) -> None:
        """A request over a connection to the endpoint has ended; `latency_s` is the time to the headers or the error.

        ERR_HTTP_RESPONSE_CODE_FAILURE stands for an answer that says that the server is broken.
        """
        if not self._settings.circuit_breaker or (result != OK and result not in _FAULTS):
            return
        known = self._remembered(endpoint)
        breaker = known.breaker
        assert breaker is not None
        is_healthy = breaker.add_sample(result != OK, latency_s, self._services.timers.clock.now())
        if not is_healthy and known.probe is None:
            self._avoid(endpoint, known, breaker.isolation_s)

    def on_ip_address_changed(self) -> None:
        """Forgets everything: it was learned on another network."""
        for endpoint in list(self._known):
            self._forget(endpoint)

    def shut_down(self) -> None:
        """Ends all probes and remembers nothing from now on; idempotent."""
        self._settings = EndpointHealthSettings.from_value(False)
        self.on_ip_address_changed()

    def _is_avoided(self, endpoint: IPEndPoint) -> bool:
        known = self._known.get(endpoint)
        if known is None or known.probe is None:
            return False
        known.probe.note_interest()
        return True

    def _note_timeout(self, endpoint: IPEndPoint) -> None:
        if not self._settings.unreachable_after:
            return
        known = self._remembered(endpoint)
        known.timeouts += 1
        if known.timeouts >= self._settings.unreachable_after and known.probe is None:
            self._avoid(endpoint, known, self._settings.min_isolation_s)

    def _note_sign_of_life(self, endpoint: IPEndPoint, known: _Endpoint) -> None:
        known.timeouts = 0
        if not known.is_isolated:
            self._end_probe(known)
        if known.breaker is None:
            del self._known[endpoint]

    def _on_probe_result(self, endpoint: IPEndPoint, result: int) -> None:
        known = self._known[endpoint]
        if result == OK and known.breaker is not None and known.breaker.is_broken:
            known.breaker.reset(self._services.timers.clock.now())
        self.note_connect(endpoint, result)

    def _remembered(self, endpoint: IPEndPoint) -> _Endpoint:
        """What is known, moved to the end of those to be forgotten; new if nothing is."""
        known = self._known.pop(endpoint, None)
        if known is None:
            known = _Endpoint(CircuitBreaker(self._settings) if self._settings.circuit_breaker else None)
            if len(self._known) >= _MAX_KNOWN:
                self._forget(next(iter(self._known)))
        self._known[endpoint] = known
        return known

    def _avoid(self, endpoint: IPEndPoint, known: _Endpoint, delay_s: float) -> None:
        interval_s = self._settings.probe_interval_s
        known.probe = HealthProbe(endpoint, self._services, interval_s, self._on_probe_result, self._forget)
        self._num_avoided += 1
        known.probe.start(delay_s)
        self.on_avoided(endpoint)

    def _end_probe(self, known: _Endpoint) -> None:
        if known.probe is not None:
            known.probe.cancel()
            known.probe = None
            self._num_avoided -= 1

    def _forget(self, endpoint: IPEndPoint) -> None:
        self._end_probe(self._known.pop(endpoint))

    def __repr__(self) -> str:
        return f"<EndpointHealth {len(self._known)} known, {self._num_avoided} left alone>"


def _nobody(_: IPEndPoint) -> None:
    """Is told when nobody listens."""
