"""What the pool writes into the NetLog (the order of events is tested with the pool)."""

from __future__ import annotations

from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from tests.support.pool import group_id, pool_rig


def test_requests_jobs_and_sockets_name_each_other() -> None:
    """Row 36: the viewer follows these ties from a request to its job and its socket."""
    with pool_rig() as rig:
        rig.request(group_id()._replace(partition="p"))
        job = rig.factory.jobs[0]
        job.finish()
        socket = rig.requests[0].socket
        none = NetLogEventPhase.NONE
        assert rig.net_log.params_of(NetLogEventType.TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKET, none) == [
            {"group_id": "http://a.test <p>"}
        ]
        assert rig.net_log.params_of(NetLogEventType.SOCKET_POOL_CONNECT_JOB_CREATED, none) == [
            {"backup_job": False, "group_id": "http://a.test <p>"}
        ]
        for event, source in (
            (NetLogEventType.SOCKET_POOL_BOUND_TO_CONNECT_JOB, job.net_log.source),
            (NetLogEventType.SOCKET_POOL_BOUND_TO_SOCKET, socket.net_log.source),
        ):
            assert rig.net_log.params_of(event, none) == [
                {"source_dependency": {"type": int(source.type), "id": source.id}}
            ]


def test_only_a_socket_that_was_there_is_logged_as_reused() -> None:
    """Row 36: with the time it idled."""
    with pool_rig() as rig:
        rig.get().release()
        rig.driver.advance(1.5)
        rig.get()
        reused = rig.net_log.params_of(NetLogEventType.SOCKET_POOL_REUSED_AN_EXISTING_SOCKET, NetLogEventPhase.NONE)
        assert reused == [{"idle_ms": 1500}]


def test_nothing_is_written_while_nobody_captures() -> None:
    """Off costs nothing."""
    with pool_rig() as rig:
        rig.net_log.remove_observer(rig.net_log)
        rig.get().release()
        rig.get()
        assert rig.net_log.entries == []
