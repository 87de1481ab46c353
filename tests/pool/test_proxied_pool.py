"""The pools over the jobs of real connections through proxies: backup jobs, states, sockets, limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_IO_PENDING,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_TUNNEL_CONNECTION_FAILED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.pool import close_reasons
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle, ReuseType
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_manager import ClientSocketPoolManager
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.loops import RecordedCompletion
from tests.support.proxy_jobs import ESTABLISHED, group, hop, reach_proxy, told
from tests.support.resolver import ADDRESSES

SECURE = group("https", hop("http"))
FORWARDED = group("http", hop("http"))


class Scene:
    """Pools whose proxy is the test."""

    def __init__(self, rig: JobRig) -> None:
        self.rig = rig
        self.pools = ClientSocketPoolManager(
            rig.driver.thread, DefaultConnectJobFactory(rig.services), PoolLimits(per_group=6, total=3)
        )
        self.handles: list[ClientSocketHandle] = []

    def request(self, group_id: GroupId) -> tuple[ClientSocketHandle, RecordedCompletion]:
        """A request that has to wait."""
        source = NetLogWithSource.make(self.rig.net_log, NetLogSourceType.HTTP_STREAM_JOB)
        handle = ClientSocketHandle(self.pools.pool_for(group_id), group_id, RequestPriority.LOW, source)
        done = RecordedCompletion()
        self.handles.append(handle)
        assert handle.init(done) == ERR_IO_PENDING
        return handle, done

    def run(self) -> None:
        """What was posted."""
        self.rig.driver.run_until_idle()

    def close(self) -> None:
        """Nothing may be left."""
        for handle in self.handles:
            handle.reset_and_close()
        self.pools.flush_with_error(ERR_TUNNEL_CONNECTION_FAILED, close_reasons.POOL_DESTROYED)
        self.run()
        assert self.pools.slots == 0
        assert not any(socket.is_open for socket in self.rig.sockets.transports + self.rig.sockets.secures)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with job_rig() as rig:
        rig.resolver.outcome, rig.resolver.addresses = OK, ADDRESSES[:1]
        scene = Scene(rig)
        yield scene
        scene.close()


def test_a_slow_connect_to_the_proxy_gets_a_backup(scene: Scene) -> None:
    """Row 93: BackupSocketConnect; whichever comes first serves the request, tunnel and TLS included."""
    handle, done = scene.request(SECURE)
    scene.rig.driver.advance(0.25)
    assert len(scene.rig.sockets.transports) == 2 and handle.load_state == LoadState.CONNECTING
    reach_proxy(scene.rig, 1).peer_sends(ESTABLISHED)
    scene.rig.sockets.secures[0].decide(OK)
    scene.run()
    assert done.result == OK and handle.socket is scene.rig.sockets.secures[0]


def test_no_backup_once_the_proxy_is_there(scene: Scene) -> None:
    """Row 74: NoBackupSocketWhenConnected; what takes so long now is no lost packet of the connect."""
    handle, _ = scene.request(SECURE)
    reach_proxy(scene.rig)
    scene.rig.driver.advance(1.0)
    assert len(scene.rig.sockets.transports) == 1 and handle.load_state == LoadState.ESTABLISHING_PROXY_TUNNEL


def test_a_backup_waits_for_the_name_of_the_proxy(scene: Scene) -> None:
    """Row 73: BackupSocketWaitsForHostResolution."""
    scene.rig.resolver.outcome = ERR_IO_PENDING
    handle, _ = scene.request(SECURE)
    scene.rig.driver.advance(1.0)
    assert len(scene.rig.resolver.requests) == 1 and handle.load_state == LoadState.RESOLVING_HOST


def test_each_layer_of_a_job_is_one_slot(scene: Scene) -> None:
    """Row 44: TotalLimitCountsConnectingSockets; one connection, however much lies over it."""
    scene.request(group("https", hop("https"), hop("http", "q")))
    reach_proxy(scene.rig)
    assert scene.pools.slots == 1


def test_failures_go_to_the_first_request_only(scene: Scene) -> None:
    """Row 57: the proxy may be there for the next one; error and words are the job's."""
    (first, done), (_, other) = scene.request(SECURE), scene.request(SECURE)
    reach_proxy(scene.rig, 0).peer_sends(b"HTTP/1.1 503 Busy\r\n\r\n")
    scene.run()
    assert done.result == ERR_TUNNEL_CONNECTION_FAILED and "503" in first.error_detail and not other.is_called


def test_whoever_is_first_gets_the_socket_of_a_job_that_was_asked_who_it_is(scene: Scene) -> None:
    """Row 88: ProxyAuthStaysBound does not apply: the challenge was met without the request, which may be gone."""
    (first, done), (second, other) = scene.request(SECURE), scene.request(SECURE)
    reach_proxy(scene.rig).peer_sends(ESTABLISHED)
    first.reset()
    scene.rig.sockets.secures[0].decide(OK)
    scene.run()
    assert not done.is_called and other.result == OK and second.socket is scene.rig.sockets.secures[0]


def test_a_tunnel_is_used_again(scene: Scene) -> None:
    """Row 172: RecycleSSLSocket; through the proxy, for the same server, and never for a forwarded request."""
    first, _ = scene.request(SECURE)
    proxy = reach_proxy(scene.rig)
    proxy.peer_sends(ESTABLISHED)
    scene.rig.sockets.secures[0].decide(OK)
    scene.run()
    told(proxy)
    assert first.socket is not None
    scene.rig.sockets.secures[0].use()
    first.reset()
    assert first.init(RecordedCompletion()) == OK and first.reuse_type == ReuseType.REUSED_IDLE
    assert not proxy.sent
    first.reset()
    other, done = scene.request(FORWARDED)
    reach_proxy(scene.rig, 1)
    scene.run()
    assert done.result == OK and other.socket is scene.rig.sockets.transports[1]


def test_a_proxy_that_is_down_leaves_nothing(scene: Scene) -> None:
    """Row 37: InitConnectionFailure; the pool is as empty as before."""
    _, done = scene.request(FORWARDED)
    scene.rig.sockets.transports[0].decide(ERR_PROXY_CONNECTION_FAILED)
    scene.run()
    assert done.result == ERR_PROXY_CONNECTION_FAILED and not list(scene.pools.groups())


def test_an_idle_tunnel_makes_room_for_a_plain_request(scene: Scene) -> None:
    """Row 183: CloseSSLSocketOnIdleForHttpRequest; by another way."""
    for number in range(3):
        handle, _ = scene.request(SECURE)
        reach_proxy(scene.rig, number).peer_sends(ESTABLISHED)
        scene.rig.sockets.secures[number].decide(OK)
    scene.run()
    for handle in scene.handles:
        handle.reset()
    _, done = scene.request(group("http"))
    scene.run()
    assert [secure.is_open for secure in scene.rig.sockets.secures] == [False, True, True]
    scene.rig.sockets.transports[3].decide(OK)
    scene.run()
    assert done.result == OK
