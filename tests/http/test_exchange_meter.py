"""Who is told how requests fare: the estimator of the network's quality, and the judge of endpoints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_RESET,
    ERR_EMPTY_RESPONSE,
    ERR_HTTP_RESPONSE_CODE_FAILURE,
    ERR_UPLOAD_FILE_CHANGED,
    OK,
)
from netstack_sync.http.basic_stream import HttpBasicStream
from netstack_sync.http.exchange_meter import ExchangeMeter
from netstack_sync.network.quality_estimator import NetworkQualityEstimator
from netstack_sync.pool.endpoint_health import EndpointHealth
from netstack_sync.pool.health_probe import ProbeServices
from netstack_sync.pool.health_settings import EndpointHealthSettings
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from tests.support.connect_jobs import ScriptedSocketFactory
from tests.support.scripted_proxies import server_of
from tests.support.scripted_socket import PEER
from tests.support.scripted_stack import ScriptedStack

BREAKER = EndpointHealthSettings(circuit_breaker=True, short_window=10, long_window=20)


class RecordingJudge(EndpointHealth):
    """Keeps what it is told of requests, and judges."""

    def __init__(self, stack: ScriptedStack) -> None:
        factory = ScriptedSocketFactory(stack.net_log)
        super().__init__(BREAKER, ProbeServices(stack.thread.timers, factory, stack.net_log))
        self.told: list[tuple[IPEndPoint, int, float]] = []

    def note_request(self, endpoint: IPEndPoint, result: int, latency_s: float) -> None:
        """See EndpointHealth."""
        self.told.append((endpoint, result, latency_s))
        super().note_request(endpoint, result, latency_s)


class ProxiedStream(HttpBasicStream):
    """One that goes through a proxy."""

    route = ProxyRoute((ProxyHop(server_of("http://p:80")),))


class Rig:
    """A meter, those whom it tells, and one stream after the other."""

    def __init__(self, stack: ScriptedStack) -> None:
        self._stack = stack
        self.quality = NetworkQualityEstimator(stack.clock, use_local_hosts=True)
        self.judge = RecordingJudge(stack)
        self.meter = ExchangeMeter(self.quality, self.judge)
        self.without_judge = ExchangeMeter(self.quality, None)

    def stream(self, rtt_s: float | None = None, kind: type[HttpBasicStream] = HttpBasicStream) -> HttpBasicStream:
        """One that has a connection of its own."""
        socket = self._stack.connection()
        socket.rtt_s = rtt_s
        return kind(self._stack.handle(socket), "GET", False)


@pytest.fixture
def rig(stack: ScriptedStack) -> Iterator[Rig]:
    rig = Rig(stack)
    yield rig
    rig.judge.shut_down()


@pytest.mark.parametrize("method, samples", [("GET", 1), ("HEAD", 0), ("POST", 0), ("get", 0)])
def test_only_get_says_how_fast_the_network_is(rig: Rig, method: str, samples: int) -> None:
    """Everything else may take its time for another reason."""
    stream = rig.stream(rtt_s=0.02)
    rig.meter.started(stream, method)
    rig.meter.headers_received(stream, 110.0, 110.1, 200)
    rig.meter.ended(stream)
    quality = rig.quality.quality()
    assert (quality.http_rtt_samples, quality.transport_rtt_samples) == (samples, samples)
    if samples:
        assert quality.http_rtt == pytest.approx(0.1) and quality.transport_rtt == 0.02
    stream.close()


def test_an_exchange_that_has_ended_is_forgotten(rig: Rig) -> None:
    """Its headers would say nothing any more."""
    stream = rig.stream()
    rig.meter.started(stream, "GET")
    rig.meter.ended(stream)
    rig.meter.ended(stream)
    rig.meter.headers_received(stream, 110.0, 110.1, 200)
    assert rig.quality.quality().http_rtt_samples == 0
    stream.close()


@pytest.mark.parametrize(
    "status, is_broken", [(200, False), (304, False), (404, False), (499, False), (500, True), (503, True)]
)
def test_a_server_that_says_that_it_is_broken_is(rig: Rig, status: int, is_broken: bool) -> None:
    """What is wrong with the request is not its fault; the time is that to the headers."""
    stream = rig.stream()
    assert stream in rig.meter.measured and stream not in rig.without_judge.measured
    rig.meter.headers_received(stream, 10.0, 12.0, status)
    assert rig.judge.told == [(PEER, ERR_HTTP_RESPONSE_CODE_FAILURE if is_broken else OK, 2.0)]
    stream.close()


@pytest.mark.parametrize("error", [ERR_EMPTY_RESPONSE, ERR_UPLOAD_FILE_CHANGED])
def test_failures_are_told_as_they_are(rig: Rig, error: int) -> None:
    """Which of them are the endpoint's the judge knows."""
    stream = rig.stream()
    rig.meter.failed(stream, error, 10.0, 10.5)
    assert rig.judge.told == [(PEER, error, 0.5)]
    stream.close()


def test_the_judgement_counts(rig: Rig) -> None:
    """An endpoint that fails one request after the other is left alone."""
    stream = rig.stream()
    for _ in range(3):
        rig.meter.failed(stream, ERR_CONNECTION_RESET, 10.0, 10.5)
    assert rig.judge.usable((PEER,)) == ()
    stream.close()


def test_nobody_need_judge(rig: Rig) -> None:
    """The estimator is told all the same."""
    stream = rig.stream()
    rig.without_judge.started(stream, "GET")
    rig.without_judge.headers_received(stream, 110.0, 110.1, 500)
    rig.without_judge.failed(stream, ERR_CONNECTION_RESET, 110.0, 110.1)
    rig.without_judge.ended(stream)
    assert rig.judge.told == [] and rig.quality.quality().http_rtt_samples == 1
    stream.close()


def test_a_connection_may_not_know_its_peer(rig: Rig) -> None:
    """Then there is nobody to judge, and the network is another one."""
    stream = rig.stream()
    stream.remote_address = None
    rig.meter.started(stream, "GET")
    rig.meter.headers_received(stream, 110.0, 110.1, 200)
    rig.meter.failed(stream, ERR_CONNECTION_RESET, 110.0, 110.1)
    rig.meter.ended(stream)
    assert rig.judge.told == [] and rig.quality.quality().http_rtt_samples == 0
    stream.close()


def test_a_proxy_answers_for_nobody_behind_it(rig: Rig) -> None:
    """What a server says, or leaves unsaid, is not its endpoint's fault."""
    stream = rig.stream(kind=ProxiedStream)
    rig.meter.headers_received(stream, 10.0, 12.0, 503)
    rig.meter.failed(stream, ERR_CONNECTION_RESET, 10.0, 12.0)
    assert not rig.judge.told
    stream.close()
