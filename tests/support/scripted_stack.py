"""A real pool and session over scripted sockets, on the test's own thread with a clock that stands still."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.network_transaction import NetworkTransaction
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.transaction_observer import TransactionObserver
from netstack_sync.http.upload import UploadStream
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.network.quality_estimator import NetworkQualityEstimator
from netstack_sync.pool.connect_job import ConnectJob, ConnectJobDelegate
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_manager import ClientSocketPoolManager
from netstack_sync.sockets.tls_config import TlsConfig
from tests.support.exchange_meter import RecordingMeter
from tests.support.net_logs import RecordingNetLog
from tests.support.scripted_socket import ScriptedSocket, Step
from tests.support.workers import ScriptedWorkers

NEVER = -1000  # the outcome of a connect job that hangs


class DrivenThread(NetworkThread):
    """A NetworkThread that is never started: the test runs its loop."""

    __slots__ = ()

    def run(self) -> None:
        """Runs what there is to do now."""
        self._loop.run_until_idle()

    def close(self) -> None:
        """Ends the loop."""
        self._loop.close()


class ScriptedConnectJob(ConnectJob):
    """Ends with the socket or error it is given, at once or in a later task."""

    time_limit_s = 240.0

    def __init__(
        self,
        stack: ScriptedStack,
        outcome: ScriptedSocket | int,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(stack.thread, stack.net_log, NetLogSourceType.TRANSPORT_CONNECT_JOB, priority, delegate)
        self._outcome = outcome
        self._is_async = stack.is_async
        self._failed_info = stack.failed_ssl_info

    @property
    def load_state(self) -> LoadState:
        """See ConnectJob."""
        return LoadState.CONNECTING

    @property
    def has_established_connection(self) -> bool:
        """See ConnectJob."""
        return False

    def _change_priority(self, priority: RequestPriority) -> None:
        """Nobody below."""

    def _first_step(self, result: int) -> int:
        self._step = self._finish_connect
        if self._outcome == NEVER:
            return ERR_IO_PENDING
        if self._is_async:
            self._thread.post(self._arrive)
            return ERR_IO_PENDING
        return OK

    def _arrive(self) -> None:
        if self._step is not None:  # else: cancelled
            self._on_io_complete(OK)

    def _finish_connect(self, result: int) -> int:
        if isinstance(self._outcome, int):
            self.error_detail, self.ssl_info = "scripted failure", self._failed_info
            return self._outcome
        self.socket = self._outcome
        return OK

    def _cancel_child(self) -> None:
        """Nothing is below."""


class ScriptedStack:
    """What a NetworkTransaction or URLRequest needs; with a capturing NetLog when played asynchronously."""

    def __init__(self, is_async: bool, limits: PoolLimits | None = None) -> None:
        self.is_async = is_async
        self.clock = ManualClock(start=100.0)
        self.thread = DrivenThread(clock=self.clock)
        self.recorded = RecordingNetLog()
        self.net_log: NetLog = self.recorded if is_async else NetLog(self.clock)
        self.workers = ScriptedWorkers(self.thread.task_runner)
        self.pools = ClientSocketPoolManager(self.thread, self, limits if limits is not None else PoolLimits())
        self.pool = self.pools.direct
        self.quality = NetworkQualityEstimator(self.clock)
        self.meter = RecordingMeter(self.quality)
        self.session = HttpNetworkSession(self.thread, self.pools, self.meter, self.net_log)
        self.sockets: list[ScriptedSocket] = []
        self.requested_groups: list[GroupId] = []
        self.failed_ssl_info: SSLInfo | None = None
        """What connect jobs that fail know of the server."""
        self._connections: deque[ScriptedSocket | int] = deque()

    def create_job(self, group_id: GroupId, priority: RequestPriority, delegate: ConnectJobDelegate) -> ConnectJob:
        """See ConnectJobFactory: the next scripted connection."""
        self.requested_groups.append(group_id)
        outcome = self._connections.popleft() if self._connections else ERR_UNEXPECTED
        return ScriptedConnectJob(self, outcome, priority, delegate)

    def connection(self, *steps: Step) -> ScriptedSocket:
        """The next connection plays this script."""
        socket = ScriptedSocket(self.thread.task_runner, self.net_log, steps, self.is_async)
        self.sockets.append(socket)
        self._connections.append(socket)
        return socket

    def failed_connection(self, error: int) -> None:
        """The next connection fails, or never comes if `error` is NEVER."""
        self._connections.append(error)

    def log(self) -> NetLogWithSource:
        """A log for one request."""
        return NetLogWithSource.make(self.net_log, NetLogSourceType.URL_REQUEST)

    def transaction(self, observer: TransactionObserver | None = None) -> NetworkTransaction:
        """An unstarted exchange."""
        return NetworkTransaction(self.session, self.log(), observer)

    def handle(self, socket: ScriptedSocket, url: str = "http://a.test/") -> ClientSocketHandle:
        """A handle that holds `socket`, which must be the next connection."""
        group_id = GroupId(Url.parse(url).origin, None)
        handle = ClientSocketHandle(self.pool, group_id, RequestPriority.MEDIUM, self.log())
        handle.init(lambda _: None)
        self.run()
        assert handle.socket is socket
        return handle

    def run(self) -> None:
        """Runs what there is to do now."""
        self.thread.run()

    def advance(self, delta_s: float) -> None:
        """Lets time pass and runs what became due."""
        self.clock.advance(delta_s)
        self.run()

    def run_workers(self) -> None:
        """Runs the loop and the workers' jobs until neither has anything to do."""
        self.run()
        while self.workers.jobs:
            self.workers.run_next()
            self.run()

    @property
    def open_sockets(self) -> int:
        """Connections that have been opened and not closed."""
        waiting = [socket for socket in self._connections if isinstance(socket, ScriptedSocket)]
        return sum(socket.is_open for socket in self.sockets) - len(waiting)

    def assert_clean(self) -> None:
        """Sockets are counted right while it lives, and nothing is left behind once it is shut down."""
        self.run()
        problems = [problem for socket in self.sockets for problem in socket.problems]
        assert not problems
        assert self.pools.slots == self.open_sockets + sum(len(group.jobs) for group in self.pools.groups())
        self.session.shut_down(ERR_CONTEXT_SHUT_DOWN)
        self.run()
        assert self.pools.slots == 0 and not list(self.pools.groups())
        assert self.open_sockets == 0
        assert not any(socket.is_watched for socket in self.sockets)
        assert len(self.thread.timers) == 0
        self.recorded.assert_spans_are_closed()
        self.meter.assert_complete()


@contextmanager
def scripted_stack(is_async: bool) -> Iterator[ScriptedStack]:
    """A stack that must be clean at the end."""
    stack = ScriptedStack(is_async)
    try:
        yield stack
        stack.assert_clean()
    finally:
        stack.thread.close()


def request_info(
    url: str = "http://a.test/",
    method: str = "GET",
    headers: list[tuple[str, str]] | None = None,
    upload: UploadStream | None = None,
) -> HttpRequestInfo:
    """A request; certificates are verified."""
    return HttpRequestInfo(Url.parse(url), method, RequestHeaders(headers), TlsConfig(TrustConfig()), upload)


def read_body(stack: ScriptedStack, transaction: NetworkTransaction) -> bytes | int:
    """Reads to the end or an error."""
    body = b""
    while True:
        answers: list[bytes | int] = []
        data = transaction.read(answers.append)
        stack.run()
        if data == ERR_IO_PENDING:
            (data,) = answers
        if isinstance(data, int):
            return data
        if not data:
            return body
        body += data
