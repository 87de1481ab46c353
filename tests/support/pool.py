"""A socket pool over connect jobs that do what the test says; no descriptors, no threads, no real time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_IO_PENDING, ERR_SOCKET_NOT_CONNECTED, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool import close_reasons
from netstack_sync.pool.connect_job import ConnectJob, ConnectJobDelegate
from netstack_sync.pool.group import Group
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_manager import ClientSocketPoolManager
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from netstack_sync.sockets.connection_attempt import ConnectionAttempt
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network


def group_id(name: str = "a") -> GroupId:
    """The group of http://<name>.test."""
    return GroupId(SchemeHostPort("http", f"{name}.test", 80), None)


def proxied(name: str = "a", *proxies: str) -> GroupId:
    """The same group through proxies of these names."""
    hops = tuple([ProxyHop(ProxyServer(ProxyScheme.SOCKS5, f"{proxy}.test", 1080)) for proxy in proxies])
    return group_id(name)._replace(proxy=ProxyRoute(hops))


class FakeSocket:
    """A StreamSocket in memory: the test plays the peer. Connected from the start unless told otherwise."""

    def __init__(self, net_log: NetLog | None = None, *, is_open: bool = True) -> None:
        self.net_log = NetLogWithSource.make(net_log or RecordingNetLog(), NetLogSourceType.SOCKET)
        self.is_open = is_open
        self.was_ever_used = False
        self.received: deque[bytes] = deque()
        """What read() will give; b"" stands for the end."""
        self.sent = bytearray()
        self.room = 1 << 30
        """How many bytes write() still takes."""
        self.write_error = OK
        self.read_error = OK
        self.connect_result = OK
        self.on_connect: Completion | None = None
        self.addresses: AddressList = ()
        """What a transport connects to."""
        self.connection_attempts: list[ConnectionAttempt] = []
        """See TransportSocket: the first address answers, or all fail alike."""
        self.on_readable: Task | None = None
        self.on_writable: Task | None = None
        self.times_closed = 0
        self.aborted_with = OK
        self.ssl_info: SSLInfo | None = None
        self.post_task: Callable[[Task], object] | None = None
        """Tells who asks to be told of what is here already, as a loop would; without, peer_sends() alone tells."""

    def connect(self, on_done: Completion) -> int:
        """See StreamSocket; answers `connect_result`."""
        if self.connect_result == ERR_IO_PENDING:
            self.on_connect = on_done
        else:
            self._note_attempts(self.connect_result)
        self.is_open = self.connect_result == OK
        return self.connect_result

    def decide(self, result: int) -> None:
        """Ends a connect() that is pending."""
        on_done, self.on_connect = self.on_connect, None
        assert on_done is not None, "nobody waits for the connection"
        self._note_attempts(result)
        self.is_open = result == OK
        on_done(result)

    def disconnect(self) -> None:
        """See StreamSocket."""
        self.times_closed += 1
        self.is_open = False
        self.on_readable = self.on_writable = self.on_connect = None

    def read(self, max_bytes: int) -> bytes | int:
        """See StreamSocket."""
        if not self.is_open:
            return ERR_SOCKET_NOT_CONNECTED
        if self.read_error != OK:
            return self.read_error
        if not self.received:
            return ERR_IO_PENDING
        data = self.received[0]
        if not data:
            return b""
        self.was_ever_used = True
        self.received.popleft()
        if len(data) > max_bytes:
            self.received.appendleft(data[max_bytes:])
        return data[:max_bytes]

    def write(self, data: bytes | memoryview) -> int:
        """See StreamSocket."""
        if not self.is_open:
            return ERR_SOCKET_NOT_CONNECTED
        if self.write_error != OK:
            return self.write_error
        taken = min(len(data), self.room)
        if not taken:
            return ERR_IO_PENDING
        self.was_ever_used = True
        self.room -= taken
        self.sent += data[:taken]
        return taken

    def notify_readable(self, task: Task) -> None:
        """See StreamSocket."""
        assert self.is_open
        self.on_readable = task
        if self.received and self.post_task is not None:
            self.post_task(self.tell_readable)

    def notify_writable(self, task: Task) -> None:
        """See StreamSocket."""
        assert self.is_open
        self.on_writable = task

    def cancel_notify(self) -> None:
        """See StreamSocket."""
        self.on_readable = self.on_writable = None

    def is_connected(self) -> bool:
        """See StreamSocket."""
        return self.is_open and (not self.received or self.received[0] != b"")

    def is_connected_and_idle(self) -> bool:
        """See StreamSocket."""
        return self.is_open and not self.received

    @property
    def remote_address(self) -> IPEndPoint | None:
        """See StreamSocket."""
        return IPEndPoint.from_sockaddr(2, ("192.0.2.1", 80))

    @property
    def local_address(self) -> IPEndPoint | None:
        """See StreamSocket."""
        return None

    def transport_rtt_s(self) -> float | None:
        """See StreamSocket."""
        return None

    def abort(self, error: int) -> None:
        """See StreamSocket; remembers the error."""
        self.aborted_with = error

    def peer_sends(self, *pieces: bytes) -> None:
        """Bytes arrive; b"" is the end of the stream."""
        self.received += pieces
        self.tell_readable()

    def tell_readable(self) -> None:
        """As a loop does while there is something to read."""
        task, self.on_readable = self.on_readable, None
        if task is not None:
            task()

    def peer_takes(self, size: int) -> None:
        """There is room to write again."""
        self.room += size
        task, self.on_writable = self.on_writable, None
        if task is not None:
            task()

    def use(self) -> None:
        """A request and its answer go through."""
        self.was_ever_used = True

    def _note_attempts(self, result: int) -> None:
        tried = self.addresses[:1] if result == OK else self.addresses
        self.connection_attempts = [ConnectionAttempt(endpoint, result) for endpoint in tried]


class ScriptedJob(ConnectJob):
    """Ends as its factory was told, or when the test says so."""

    time_limit_s: ClassVar[float | None] = 240.0

    def __init__(
        self, factory: ScriptedJobFactory, group: GroupId, priority: RequestPriority, delegate: ConnectJobDelegate
    ) -> None:
        super().__init__(factory.thread, factory.net_log, NetLogSourceType.TRANSPORT_CONNECT_JOB, priority, delegate)
        self._factory = factory
        self.group_id = group
        self.state = LoadState.CONNECTING
        self.is_tcp_up = False
        self.priorities: list[RequestPriority] = []
        """What it was changed to."""
        self.is_cancelled = False

    @property
    def load_state(self) -> LoadState:
        """What the test set."""
        return self.state

    @property
    def has_established_connection(self) -> bool:
        """What the test set."""
        return self.is_tcp_up

    def finish(self, result: int = OK, *, error_socket: bool = False) -> None:
        """The outcome of a job that is pending."""
        self._prepare(result, error_socket)
        self._on_io_complete(result)

    def cancel(self) -> None:
        """See ConnectJob."""
        super().cancel()
        self.is_cancelled = True

    def _first_step(self, _: int) -> int:
        result = self._factory.outcomes.popleft() if self._factory.outcomes else ERR_IO_PENDING
        if result == ERR_IO_PENDING:
            self._step = self._decided
        else:
            self._prepare(result, False)
        return result

    def _decided(self, result: int) -> int:
        return result

    def _change_priority(self, priority: RequestPriority) -> None:
        self.priorities.append(priority)

    def _prepare(self, result: int, error_socket: bool) -> None:
        if result == OK or error_socket:
            self.socket = self._factory.make_socket()
        if result != OK:
            self.error_detail = f"job failed with {result}"
            self.ssl_info = self._factory.ssl_info

    def _cancel_child(self) -> None:
        pass


class ScriptedJobFactory:
    """Remembers the jobs it made; `outcomes` holds what the next jobs answer at once, without any they wait."""

    def __init__(self, thread: NetworkThread, net_log: NetLog) -> None:
        self.thread = thread
        self.net_log = net_log
        self.outcomes: deque[int] = deque()
        self.jobs: list[ScriptedJob] = []
        self.sockets: list[FakeSocket] = []
        self.ssl_info: SSLInfo | None = None
        """What jobs that fail know of the server."""

    def create_job(self, group_id: GroupId, priority: RequestPriority, delegate: ConnectJobDelegate) -> ScriptedJob:
        """See ConnectJobFactory."""
        job = ScriptedJob(self, group_id, priority, delegate)
        self.jobs.append(job)
        return job

    def make_socket(self) -> FakeSocket:
        """A connected socket."""
        socket = FakeSocket(self.net_log)
        self.sockets.append(socket)
        return socket

    @property
    def pending_jobs(self) -> list[ScriptedJob]:
        """Those that are under way, in the order of their start."""
        return [job for job in self.jobs if job.is_pending]

    @property
    def open_sockets(self) -> list[FakeSocket]:
        """Those that nobody has closed."""
        return [socket for socket in self.sockets if socket.is_open]


class PoolRequest:
    """A handle and what its callback heard."""

    def __init__(self, rig: PoolRig, group: GroupId, priority: RequestPriority, name: str) -> None:
        self._rig = rig
        self.name = name
        source = NetLogWithSource.make(rig.net_log, NetLogSourceType.HTTP_STREAM_JOB)
        self.handle = ClientSocketHandle(rig.pools.pool_for(group), group, priority, source)
        self.results: list[int] = []
        self.then: Callable[[], object] | None = None
        """What the callback does besides remembering."""
        self.first_result = self.handle.init(self.on_done)

    def on_done(self, result: int) -> None:
        """The handle's callback."""
        self.results.append(result)
        self._rig.order.append(self.name)
        if self.then is not None:
            self.then()

    @property
    def result(self) -> int:
        """What init() answered, or the callback after it."""
        assert len(self.results) <= 1, f"called back more than once: {self.results}"
        assert not self.results or self.first_result == ERR_IO_PENDING, "answered and called back"
        return self.results[0] if self.results else self.first_result

    @property
    def socket(self) -> FakeSocket:
        """The socket the handle has; there must be one."""
        assert isinstance(self.handle.socket, FakeSocket)
        return self.handle.socket

    def release(self, *, used: bool = True, keep_alive: bool = True) -> FakeSocket:
        """Gives the socket back; answers it."""
        socket = self.socket
        if used:
            socket.use()
        if keep_alive:
            self.handle.reset()
        else:
            self.handle.reset_and_close()
        return socket


class PoolRig:
    """The pools of a session, mostly the direct one, their scripted factory and the loop that runs them."""

    def __init__(self, driver: NetworkDriver, per_group: int, total: int, per_proxy: int) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.factory = ScriptedJobFactory(driver.thread, self.net_log)
        limits = PoolLimits(per_group, total, per_proxy)
        self.pools = ClientSocketPoolManager(driver.thread, self.factory, limits)
        self.pool = self.pools.direct
        self.order: list[str] = []
        """The names of the requests in the order of their callbacks."""
        self.requests: list[PoolRequest] = []

    def request(
        self, group: str | GroupId = "a", priority: RequestPriority = RequestPriority.MEDIUM, name: str = ""
    ) -> PoolRequest:
        """Asks for a socket."""
        group = group_id(group) if isinstance(group, str) else group
        request = PoolRequest(self, group, priority, name or str(len(self.requests)))
        self.requests.append(request)
        return request

    def new_handle(self, group: str | GroupId = "a") -> ClientSocketHandle:
        """One that has asked for nothing yet."""
        group = group_id(group) if isinstance(group, str) else group
        source = NetLogWithSource.make(self.net_log, NetLogSourceType.HTTP_STREAM_JOB)
        return ClientSocketHandle(self.pools.pool_for(group), group, RequestPriority.MEDIUM, source)

    def get(self, group: str | GroupId = "a") -> PoolRequest:
        """A request that is answered at once: by an idle socket, or by a new one."""
        self.factory.outcomes.append(OK)
        request = self.request(group)
        assert request.result == OK
        self.factory.outcomes.clear()
        return request

    def preconnect(self, count: int, group: str = "a") -> None:
        """Opens connections in advance."""
        source = NetLogWithSource.make(self.net_log, NetLogSourceType.NONE)
        self.pool.preconnect(group_id(group), count, source)

    def run(self) -> None:
        """Runs what was posted."""
        self.driver.run_until_idle()

    def group(self, name: str = "a") -> Group | None:
        """The pool's group of that name, if it still knows it."""
        return next((group for group in self.pool.groups() if group.group_id == group_id(name)), None)

    def idle_count(self, name: str = "a") -> int:
        """How many sockets idle in the group."""
        group = self.group(name)
        return len(group.idle) if group is not None else 0

    def close(self) -> None:
        """Ends every claim and empties the pool; nothing may be left."""
        for request in self.requests:
            request.handle.reset_and_close()
        self.pools.flush_with_error(ERR_CONNECTION_RESET, close_reasons.POOL_DESTROYED)
        self.run()
        assert self.pools.slots == 0
        assert not list(self.pools.groups())
        assert not self.factory.open_sockets
        assert not self.factory.pending_jobs
        assert not len(self.driver.thread.timers)
        self.net_log.assert_spans_are_closed()


@contextmanager
def pool_rig(per_group: int = 6, total: int = 256, per_proxy: int = 32) -> Iterator[PoolRig]:
    """A rig that must be clean at the end."""
    with driven_network() as driver:
        rig = PoolRig(driver, per_group, total, per_proxy)
        yield rig
        rig.close()
