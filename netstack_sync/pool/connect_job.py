"""ConnectJob: the way to one connected socket, with a time limit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from netstack_sync.base.clock import TickClock
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import ConnectTiming
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_TIMED_OUT
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import DelayedTask
from netstack_sync.pool.params import ConnectParams
from netstack_sync.sockets.stream_socket import StreamSocket

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo

SLOW_CONNECT_S = 2.0
"""By then the first packet has been sent twice and lost twice, and the pauses grow: a fresh attempt is faster."""


class ConnectJobDelegate(Protocol):
    """Owns jobs and is told when one that was pending is done."""

    def on_connect_job_complete(self, job: ConnectJob, result: int) -> None: ...


class ConnectJob(StepMachine, ABC):
    """A machine that ends with a socket or an error. Network thread only; owned by its delegate.

    The time limit covers the whole job unless a subclass moves it (net/socket/connect_job.cc).
    """

    __slots__ = (
        "_delegate",
        "_thread",
        "_timer",
        "error_detail",
        "has_reached_server",
        "net_log",
        "priority",
        "socket",
        "ssl_info",
        "timing",
    )

    time_limit_s: ClassVar[float | None]
    """How long the job may take; None when each of its parts has a limit."""

    def __init__(
        self,
        thread: NetworkThread,
        net_log: NetLog,
        source_type: NetLogSourceType,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__()
        self._thread = thread
        self._delegate: ConnectJobDelegate | None = delegate
        self._timer: DelayedTask | None = None
        self.net_log = NetLogWithSource.make(net_log, source_type)
        self.priority = priority
        self.socket: StreamSocket | None = None
        """The connected socket once the job is done; whoever takes it calls take_socket()."""
        self.timing = ConnectTiming()
        self.error_detail = ""
        """What went wrong, in words; may be empty."""
        self.ssl_info: SSLInfo | None = None
        """What is known of the server when TLS was why it failed."""
        self.has_reached_server = False
        """The proxies on the way, if there are any, have done their part: what failed is not theirs."""
        self.net_log.begin(NetLogEventType.CONNECT_JOB)

    def connect(self) -> int:
        """Starts; OK, an error, or ERR_IO_PENDING and one later call of the delegate."""
        result = self._begin(self._first_step, self._on_done_later)
        if result != ERR_IO_PENDING:
            self._finish(result)
        elif self._timer is None and self.time_limit_s is not None:  # else: the first steps have moved the limit
            self._limit_time(self.time_limit_s)
        return result

    def cancel(self) -> None:
        """Gives everything back; the delegate is not called; idempotent."""
        is_under_way, self._delegate = self._delegate is not None, None
        self._stop_timer()
        self._cancel_child()
        self._stop()
        if self.socket is not None:
            self.socket.disconnect()
            self.socket = None
        if is_under_way:
            self.net_log.event(NetLogEventType.CANCELLED)
            self.net_log.end(NetLogEventType.CONNECT_JOB)

    @property
    def clock(self) -> TickClock:
        """The loop's."""
        return self._thread.clock

    @property
    def is_slow(self) -> bool:
        """True when it has been connecting for so long that it may well be in vain."""
        begun = self.timing.connect_start
        return begun is not None and self.timing.connect_end is None and self.clock.now() - begun >= SLOW_CONNECT_S

    def change_priority(self, priority: RequestPriority) -> None:
        """The job now serves somebody more or less urgent."""
        if priority != self.priority:
            self.priority = priority
            self._change_priority(priority)

    def take_socket(self) -> StreamSocket | None:
        """Hands the socket over."""
        taken, self.socket = self.socket, None
        return taken

    @property
    @abstractmethod
    def load_state(self) -> LoadState:
        """What the job waits for."""

    @property
    @abstractmethod
    def has_established_connection(self) -> bool:
        """True once TCP is up."""

    @abstractmethod
    def _first_step(self, result: int) -> int:
        """Begins the work."""

    @abstractmethod
    def _change_priority(self, priority: RequestPriority) -> None:
        """Tells whatever is under way below."""

    @abstractmethod
    def _cancel_child(self) -> None:
        """Cancels whatever is under way below and ends its span in the log."""

    def _limit_time(self, limit_s: float) -> None:
        """From now on; takes the place of an earlier limit."""
        self._stop_timer()
        self._timer = self._thread.timers.call_later(limit_s, self._on_timeout)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timeout(self) -> None:
        self.net_log.event(NetLogEventType.CONNECT_JOB_TIMED_OUT)
        self._cancel_child()
        self._stop()
        self.error_detail = self._what_took_too_long()
        self._on_done_later(ERR_TIMED_OUT)

    def _what_took_too_long(self) -> str:
        """In words."""
        return "the connection took too long"

    def _on_done_later(self, result: int) -> None:
        delegate = self._delegate
        assert delegate is not None, self
        self._finish(result)
        delegate.on_connect_job_complete(self, result)

    def _finish(self, result: int) -> None:
        self._stop_timer()
        self._delegate = None
        self.net_log.end_with_net_error(NetLogEventType.CONNECT_JOB, result)


CreateConnectJob: TypeAlias = Callable[[ConnectParams, RequestPriority, ConnectJobDelegate], ConnectJob]
"""Makes the unstarted job that leads somewhere: what a job in layers has of the one below it."""
