"""handshake(): one TLS handshake with a server of any protocol, for what it shows of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.exceptions import NetError
from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.net_errors import ERR_TIMED_OUT, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import DEFAULT_PRIORITY
from netstack_sync.fetcher.blocking_operation import BlockingOperation
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo

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


class _Handshake(BlockingOperation):
    """One handshake for one thread."""

    __slots__ = ("_error_detail", "_group_id", "_handle", "_ssl_info")

    def __init__(self, context: URLRequestContext, group_id: GroupId, timeout_s: float | None) -> None:
        super().__init__(context, timeout_s)
        self._group_id = group_id
        self._handle: ClientSocketHandle | None = None
        self._ssl_info: SSLInfo | None = None
        self._error_detail = ""

    def run(self) -> SSLInfo:
        """Starts and waits."""
        if self._run() != OK or self._ssl_info is None:
            raise self._failure()
        return self._ssl_info

    def _failure(self) -> NetError:
        peer = str(HostPortPair(self._group_id.origin.host, self._group_id.origin.port))
        if self._net_error == ERR_TIMED_OUT and not self._error_detail:
            detail = f"{peer}: no handshake within {self._timeout_s} s"
            return exception_for(ERR_TIMED_OUT, detail=detail, timed_out="total")
        detail = self._error_detail
        if peer not in detail:
            detail = f"{peer}: {detail}" if detail else peer
        terms = self._group_id.tls.terms if self._group_id.tls is not None else None
        return exception_for(self._net_error, detail=detail, ssl_info=self._ssl_info, tls_terms=terms)

    def _begin(self) -> int:
        net_log = NetLogWithSource.make(self._context.net_log, NetLogSourceType.NONE)
        pool = self._context.network_session.pools.pool_for(self._group_id)
        self._handle = ClientSocketHandle(pool, self._group_id, DEFAULT_PRIORITY, net_log)
        return self._handle.init(self._on_done)

    def _end(self) -> None:
        handle = self._handle
        if handle is not None:
            self._error_detail = handle.error_detail
            self._ssl_info = handle.ssl_info if handle.socket is None else handle.socket.ssl_info
            handle.reset_and_close()
