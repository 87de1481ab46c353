"""LayeredConnectJob: one job in another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CONNECTION_REFUSED,
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.pool.connect_job import ConnectJob, ConnectJobDelegate
from netstack_sync.pool.layered_connect_job import LayeredConnectJob
from netstack_sync.pool.params import ConnectParams, TransportParams
from netstack_sync.sockets.stream_socket import StreamSocket
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.pool import FakeSocket, ScriptedJob, ScriptedJobFactory, group_id

BELOW = TransportParams("a.test", 80)


class Layer(LayeredConnectJob):
    """Waits until the test says what comes of it."""

    _layer_state = LoadState.SENDING_REQUEST
    _span = NetLogEventType.SSL_CONNECT_JOB_CONNECT

    transport: StreamSocket | None = None

    def _connect_layer(self, transport: StreamSocket) -> int:
        self.transport = self.socket = transport
        self._step = self._on_layer
        return ERR_IO_PENDING

    def _on_layer(self, result: int) -> int:
        return self._finish_connect(result)

    def decide(self, result: int) -> None:
        """What comes of the layer."""
        self._on_io_complete(result)


class Scene:
    """A layer over a scripted job."""

    def __init__(self, rig: JobRig) -> None:
        self.rig = rig
        self.factory = ScriptedJobFactory(rig.driver.thread, rig.net_log)
        self.asked: list[tuple[ConnectParams, RequestPriority]] = []
        self.job = Layer(rig.services, BELOW, self._create, NetLogSourceType.SSL_CONNECT_JOB, RequestPriority.LOW, rig)

    def _create(self, params: ConnectParams, priority: RequestPriority, delegate: ConnectJobDelegate) -> ConnectJob:
        self.asked.append((params, priority))
        return self.factory.create_job(group_id(), priority, delegate)

    @property
    def nested(self) -> ScriptedJob:
        """The job below."""
        return self.factory.jobs[-1]

    @property
    def transport(self) -> FakeSocket:
        """What that has brought."""
        return self.factory.sockets[-1]

    def reach_layer(self) -> Layer:
        """The connection below stands."""
        assert self.job.connect() == ERR_IO_PENDING
        self.nested.finish()
        return self.job


@pytest.fixture
def scene() -> Iterator[Scene]:
    with job_rig() as rig:
        yield Scene(rig)


def test_what_is_below_comes_first(scene: Scene) -> None:
    """Row 64, 100: the load state is the nested job's, then the layer's; the priority is the job's of the moment."""
    scene.job.change_priority(RequestPriority.MEDIUM)
    scene.job.connect()
    assert scene.asked == [(BELOW, RequestPriority.MEDIUM)]
    states = [(scene.job.load_state, scene.job.has_established_connection)]
    scene.nested.is_tcp_up, scene.nested.state = True, LoadState.ESTABLISHING_PROXY_TUNNEL
    states.append((scene.job.load_state, scene.job.has_established_connection))
    scene.job.change_priority(RequestPriority.HIGHEST)
    assert scene.nested.priorities == [RequestPriority.HIGHEST]
    scene.rig.driver.clock.advance(1.0)
    scene.nested.finish()
    states.append((scene.job.load_state, scene.job.has_established_connection))
    assert states == [
        (LoadState.CONNECTING, False),
        (LoadState.ESTABLISHING_PROXY_TUNNEL, True),
        (LoadState.SENDING_REQUEST, True),
    ]
    scene.job.change_priority(RequestPriority.IDLE)
    scene.rig.driver.clock.advance(2.0)
    scene.job.decide(OK)
    assert scene.rig.results == [OK] and scene.job.take_socket() is scene.transport
    assert scene.job.timing is scene.nested.timing
    assert scene.job.timing.connect_end == scene.rig.driver.clock.now()


def test_what_is_below_may_be_there_at_once(scene: Scene) -> None:
    """Row 99: the layer's limit runs by the time that connect() answers, and no other is put in its place."""
    scene.factory.outcomes.append(OK)
    assert scene.job.connect() == ERR_IO_PENDING
    scene.rig.driver.advance(29.0)
    assert scene.rig.results == []
    scene.rig.driver.advance(2.0)
    assert scene.rig.results == [ERR_TIMED_OUT] and not scene.transport.is_open


def test_the_limits_are_each_layers_own(scene: Scene) -> None:
    """Row 99: nobody but the nested job limits the nested job."""
    scene.job.connect()
    scene.rig.driver.advance(239.0)
    scene.nested.finish()
    scene.rig.driver.advance(29.0)
    assert scene.rig.results == []
    scene.rig.driver.advance(2.0)
    assert scene.rig.results == [ERR_TIMED_OUT]


@pytest.mark.parametrize("is_sync", [True, False])
def test_what_is_below_fails(scene: Scene, is_sync: bool) -> None:
    """Row 66: its error, its words and what it knows of the server are the job's; its socket is closed."""
    scene.factory.ssl_info = SSLInfo("TLSv1.3", "cipher", "", (b"leaf",))
    if is_sync:
        scene.factory.outcomes.append(ERR_CONNECTION_REFUSED)
        assert scene.job.connect() == ERR_CONNECTION_REFUSED
    else:
        scene.job.connect()
        scene.nested.finish(ERR_CONNECTION_REFUSED, error_socket=True)
        assert scene.rig.results == [ERR_CONNECTION_REFUSED]
        assert not scene.transport.is_open
    assert scene.job.error_detail and scene.job.ssl_info is scene.factory.ssl_info and scene.job.socket is None
    ends = scene.rig.net_log.params_of(Layer._span, NetLogEventPhase.END)
    assert ends == [{"net_error": ERR_CONNECTION_REFUSED}]


@pytest.mark.parametrize("result", [OK, ERR_CERT_AUTHORITY_INVALID])
def test_the_layers_outcome_is_the_jobs(scene: Scene, result: int) -> None:
    """Row 65: with the socket, which the delegate has to take or close."""
    job = scene.reach_layer()
    job.decide(result)
    assert scene.rig.results == [result]
    socket = job.take_socket()
    assert socket is scene.transport
    socket.disconnect()


def test_a_layer_that_takes_long_is_slow(scene: Scene) -> None:
    """Row 95: from when it began; before it is the nested job that is or is not, and in the end nothing."""
    found = [scene.job.is_slow]
    scene.job.connect()
    found.append(scene.job.is_slow)
    scene.nested.timing.connect_start = scene.rig.driver.clock.now()
    scene.rig.driver.advance(2.0)
    found.append(scene.job.is_slow)
    scene.nested.finish()
    found.append(scene.job.is_slow)
    scene.rig.driver.advance(2.0)
    found.append(scene.job.is_slow)
    scene.job.decide(OK)
    assert [*found, scene.job.is_slow] == [False, False, True, False, True, False]


@pytest.mark.parametrize("phase", ["before", "below", "layer"])
def test_cancelling_goes_down(scene: Scene, phase: str) -> None:
    """In every phase; nothing stays open, nobody is told, and the spans of the log end."""
    if phase != "before":
        scene.job.connect()
    if phase == "layer":
        scene.nested.finish()
    scene.job.cancel()
    scene.job.cancel()
    scene.rig.driver.advance(1000.0)
    assert scene.rig.results == [] and scene.job.socket is None
    assert not scene.factory.open_sockets and not scene.factory.pending_jobs


def test_a_job_that_failed_is_not_slow(scene: Scene) -> None:
    """Nor has it a connection."""
    job = scene.reach_layer()
    job.decide(ERR_FAILED)
    scene.rig.driver.advance(5.0)
    assert not job.is_slow and not job.has_established_connection
    job.cancel()
