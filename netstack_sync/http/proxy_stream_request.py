"""ProxyStreamRequest: one wait for an HttpStream where there are settings of proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.clock import TickClock
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_PROXY_AUTH_REQUESTED, ERR_PROXY_AUTH_UNSUPPORTED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.proxy_way import ProxyWay
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.stream import HttpStream
from netstack_sync.http.stream_request import StreamRequest, group_id_for
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.pool_manager import ClientSocketPoolManager

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo


class ProxyStreamRequest(StepMachine):
    """Steps: find the way, get a stream over it; and again with the next way where the failure allows it.

    Network thread only; owned by the transaction, as the way is (HttpStreamFactory::JobController).
    """

    __slots__ = ("_clock", "_finding_since", "_info", "_net_log", "_pools", "_priority", "_request", "_way")

    def __init__(
        self,
        pools: ClientSocketPoolManager,
        info: HttpRequestInfo,
        net_log: NetLogWithSource,
        way: ProxyWay,
        clock: TickClock,
    ) -> None:
        super().__init__()
        self._pools = pools
        self._info = info
        self._net_log = net_log
        self._way = way
        self._clock = clock
        self._priority = info.priority
        self._finding_since = 0.0  # clock seconds
        self._request: StreamRequest | None = None  # over the way that is tried, or was tried last

    def start(self, on_done: Completion) -> int:
        """OK, the error of the last way, or ERR_IO_PENDING and one later callback."""
        return self._begin(self._find_way, on_done)

    def cancel(self) -> None:
        """Gives the claim up unless the stream has been taken; idempotent."""
        self._stop()
        self._way.cancel()
        if self._request is not None:
            self._request.cancel()

    def set_priority(self, priority: RequestPriority) -> None:
        """Moves the wait for a socket."""
        self._priority = priority
        if self._request is not None:
            self._request.set_priority(priority)

    def finish(self, _: int) -> HttpStream | None:
        """See StreamRequest; what there is to be is there already."""
        return self.stream

    @property
    def stream(self) -> HttpStream | None:
        """See StreamRequest."""
        return self._request.stream if self._request is not None else None

    @property
    def load_state(self) -> LoadState:
        """What a pending request waits for."""
        return self._request.load_state if self._request is not None else self._way.load_state

    @property
    def connecting_since(self) -> float | None:
        """See ClientSocketHandle. Whoever waits for a way waits for no slot."""
        return self._request.connecting_since if self._request is not None else self._finding_since

    @property
    def error_detail(self) -> str:
        """What went wrong, in words; may be empty."""
        return self._request.error_detail if self._request is not None else self._way.error_detail

    @property
    def ssl_info(self) -> SSLInfo | None:
        """See ClientSocketHandle."""
        return self._request.ssl_info if self._request is not None else None

    # --- steps

    def _find_way(self, _: int) -> int:
        self._request = None
        self._finding_since = self._clock.now()
        self._step = self._request_stream
        return self._way.find(self._on_io_complete)

    def _request_stream(self, result: int) -> int:
        if result != OK:
            return result
        group_id = group_id_for(self._info, self._way.route)
        pool = self._pools.pool_for(group_id)
        claim = ClientSocketHandle(pool, group_id, self._priority, self._net_log)
        self._request = StreamRequest(claim, self._info, self._net_log)
        self._step = self._try_next
        return self._request.start(self._on_io_complete)

    def _try_next(self, result: int) -> int:
        assert self._request is not None
        self._request.finish(result)
        if result == OK:
            return OK
        if result in (ERR_PROXY_AUTH_REQUESTED, ERR_PROXY_AUTH_UNSUPPORTED):
            self._way.on_refused()
        result = self._way.fall_back(result, self._clock.now(), self._request.has_reached_server)
        if result == OK:
            self._step = self._find_way
        return result
