"""handshake(): one TLS handshake with a server of any protocol, for what it shows of itself."""

from __future__ import annotations

from netstack_sync.base.exception_map import TimeoutPhase, exception_for
from netstack_sync.base.exceptions import ContextShutDown, NetError
from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_TIMED_OUT,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import DEFAULT_PRIORITY
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.loop.timers import DelayedTask
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext

_PARTITION = "handshake"  # what others have opened says how it was then, and what we open may not speak HTTP


def handshake(
    context: URLRequestContext, origin: SchemeHostPort, tls: TlsConfig, timeout_s: float | None = None
) -> SSLInfo:
    """Connects to the host and port of `origin` on terms of `tls`, and hangs up; any thread but the network's.

    The connection is none that a fetch has opened, and is not kept; one that is given up on the way goes on, as all
    that connects, for the next handshake with this server. Raises CertificateError with all that was found out, other
    NetErrors, and DeadlineExceeded after `timeout_s` seconds. Ctrl-C ends the handshake and is raised again.
    """
    if context.thread.is_current:
        raise RuntimeError("a handshake on the network thread would wait for itself")
    group_id = GroupId(origin, tls, _PARTITION)
    return _Handshake(context, group_id, Timeout(total=timeout_s).total).run()


class _Handshake:
    """One handshake for one thread. Made and waited for there; everything else happens on the network thread."""

    __slots__ = (
        "_context",
        "_deadline",
        "_error_detail",
        "_group_id",
        "_handle",
        "_net_error",
        "_rendezvous",
        "_ssl_info",
        "_started_at",
        "_timed_out",
        "_timeout_s",
    )

    def __init__(self, context: URLRequestContext, group_id: GroupId, timeout_s: float | None) -> None:
        self._context = context
        self._group_id = group_id
        self._timeout_s = timeout_s
        self._started_at = context.thread.clock.now()
        self._rendezvous = context.thread.desk.meet()
        self._handle: ClientSocketHandle | None = None
        self._deadline: DelayedTask | None = None
        self._ssl_info: SSLInfo | None = None
        self._error_detail = ""
        self._timed_out: TimeoutPhase | None = None
        self._net_error = ERR_IO_PENDING

    def run(self) -> SSLInfo:
        """Starts and waits."""
        thread = self._context.thread
        if not thread.post(self._start) and thread.is_wait_futile:
            raise ContextShutDown(ERR_CONTEXT_SHUT_DOWN)
        try:
            self._rendezvous.wait()
        except BaseException:
            thread.post(lambda: self.fail(ERR_ABORTED))
            raise
        if self._net_error != OK or self._ssl_info is None:
            raise self._failure()
        return self._ssl_info

    def _failure(self) -> NetError:
        peer = HostPortPair(self._group_id.origin.host, self._group_id.origin.port)
        detail = f"{peer}: {self._error_detail}" if self._error_detail else str(peer)
        return exception_for(self._net_error, detail=detail, timed_out=self._timed_out, ssl_info=self._ssl_info)

    # --- network thread

    def fail(self, net_error: int) -> None:
        """See LiveRequest; nothing happens when the handshake is over."""
        if self._net_error == ERR_IO_PENDING:
            self._finish(net_error)

    def _start(self) -> None:
        context = self._context
        if context.is_shut_down:
            self._finish(ERR_CONTEXT_SHUT_DOWN)
            return
        context.add_request(self)
        if self._timeout_s is not None:
            until = self._started_at + self._timeout_s
            self._deadline = context.thread.timers.call_at(until, self._on_deadline)
        self._connect()

    def _on_deadline(self) -> None:
        self._error_detail = f"no handshake within {self._timeout_s} s"
        self._timed_out = "total"
        self.fail(ERR_TIMED_OUT)

    def _connect(self) -> None:
        net_log = NetLogWithSource.make(self._context.net_log, NetLogSourceType.NONE)
        pool = self._context.network_session.pool
        self._handle = ClientSocketHandle(pool, self._group_id, DEFAULT_PRIORITY, net_log)
        try:
            result = self._handle.init(self._on_connected)
        except Exception:
            self.fail(ERR_UNEXPECTED)  # a bug, which must not leave the caller waiting
            raise
        if result != ERR_IO_PENDING:
            self._on_connected(result)

    def _on_connected(self, result: int) -> None:
        handle = self._handle
        assert handle is not None
        if result == ERR_NETWORK_CHANGED and not self._context.is_shut_down:
            self._connect()  # over the new network
            return
        self._error_detail = handle.error_detail
        self._ssl_info = handle.ssl_info if handle.socket is None else handle.socket.ssl_info
        self._finish(result)

    def _finish(self, net_error: int) -> None:
        self._net_error = net_error
        if self._handle is not None:
            self._handle.reset_and_close()
        if self._deadline is not None:
            self._deadline.cancel()
        self._context.remove_request(self)
        self._rendezvous.notify()
