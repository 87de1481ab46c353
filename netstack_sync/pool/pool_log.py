"""What the pool writes into the NetLog; where a warm request passes, the pool asks first whether anybody captures."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.params import source_params
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle, ReuseType
from netstack_sync.sockets.stream_socket import StreamSocket


def log_requested(handle: ClientSocketHandle) -> None:
    """A handle asks for a socket."""
    net_log, group_id = handle.net_log, handle.group_id
    net_log.event(NetLogEventType.TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKET, lambda _: {"group_id": str(group_id)})
    net_log.begin(NetLogEventType.SOCKET_POOL)


def log_job_created(handle: ClientSocketHandle, job: ConnectJob, is_backup: bool = False) -> None:
    """A job was made because of a handle's request."""
    if job.net_log.is_capturing:
        group_id = handle.group_id
        job.net_log.event(
            NetLogEventType.SOCKET_POOL_CONNECT_JOB_CREATED,
            lambda _: {"backup_job": is_backup, "group_id": str(group_id)},
        )
        handle.net_log.event(NetLogEventType.SOCKET_POOL_BOUND_TO_CONNECT_JOB, source_params(job.net_log.source))


def log_preconnect(net_log: NetLogWithSource, group_id: GroupId, count: int) -> None:
    """Sockets are asked for in advance."""
    if net_log.is_capturing:
        net_log.event(NetLogEventType.TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKETS, lambda _: {"group_id": str(group_id)})
        net_log.event(NetLogEventType.SOCKET_POOL_CONNECTING_N_SOCKETS, lambda _: {"num_sockets": count})


def log_closed(socket: StreamSocket, reason: str) -> None:
    """The pool closes a socket."""
    socket.net_log.event(NetLogEventType.SOCKET_POOL_CLOSING_SOCKET, lambda _: {"reason": reason})


def log_taken(handle: ClientSocketHandle, now: float) -> None:
    """A handle has got an idle socket at once."""
    log_requested(handle)
    _log_bound(handle, now - handle.pooled.since)
    handle.net_log.end(NetLogEventType.SOCKET_POOL)


def log_answered(handle: ClientSocketHandle, result: int) -> None:
    """A handle has got a socket, or an error."""
    if result == OK:
        _log_bound(handle, 0.0)
    handle.net_log.end_with_net_error(NetLogEventType.SOCKET_POOL, result)


def _log_bound(handle: ClientSocketHandle, idle_s: float) -> None:
    net_log = handle.net_log
    if handle.reuse_type != ReuseType.UNUSED:
        idle_ms = int(idle_s * 1000)
        net_log.event(NetLogEventType.SOCKET_POOL_REUSED_AN_EXISTING_SOCKET, lambda _: {"idle_ms": idle_ms})
    net_log.event(NetLogEventType.SOCKET_POOL_BOUND_TO_SOCKET, source_params(handle.pooled.socket.net_log.source))
