"""MemoryPool: the real socket pool over connections that are made at once and go nowhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, ERR_SOCKET_NOT_CONNECTED, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import DEFAULT_PRIORITY, RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool import close_reasons
from netstack_sync.pool.connect_job import ConnectJob, ConnectJobDelegate
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.socket_pool import ClientSocketPool


class MemorySocket:
    """A StreamSocket that always stands and is always quiet."""

    was_ever_used = True
    remote_address: IPEndPoint | None = None
    local_address: IPEndPoint | None = None
    ssl_info: SSLInfo | None = None

    def __init__(self, net_log: NetLogWithSource) -> None:
        self.net_log = net_log

    def connect(self, on_done: Completion) -> int:
        """See StreamSocket."""
        return OK

    def disconnect(self) -> None:
        """See StreamSocket."""

    def abort(self, error: int) -> None:
        """See StreamSocket."""

    def read(self, max_bytes: int) -> bytes | int:
        """See StreamSocket."""
        return ERR_SOCKET_NOT_CONNECTED

    def write(self, data: bytes | memoryview) -> int:
        """See StreamSocket."""
        return ERR_SOCKET_NOT_CONNECTED

    def notify_readable(self, task: Task) -> None:
        """See StreamSocket."""

    def notify_writable(self, task: Task) -> None:
        """See StreamSocket."""

    def cancel_notify(self) -> None:
        """See StreamSocket."""

    def transport_rtt_s(self) -> float | None:
        """See StreamSocket."""
        return None

    def is_connected(self) -> bool:
        """See StreamSocket."""
        return True

    def is_connected_and_idle(self) -> bool:
        """See StreamSocket."""
        return True


class MemoryJob(ConnectJob):
    """Is done before connect() returns."""

    time_limit_s = 240.0
    load_state = LoadState.CONNECTING
    has_established_connection = False

    def _first_step(self, _: int) -> int:
        self.socket = MemorySocket(self.net_log)
        return OK

    def _change_priority(self, priority: RequestPriority) -> None:
        pass

    def _cancel_child(self) -> None:
        pass


class MemoryPool:
    """A pool on a network thread that runs while the `with` block does."""

    def __init__(self, per_group: int = 6, total: int = 1_000_000) -> None:
        self._thread = NetworkThread()
        self._net_log = NetLog(self._thread.clock)
        self._source = NetLogWithSource.make(self._net_log, NetLogSourceType.HTTP_STREAM_JOB)
        self._pool = ClientSocketPool(self._thread, self, PoolLimits(per_group, total))
        self._handles: list[ClientSocketHandle] = []

    def __enter__(self) -> MemoryPool:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.post(self._empty)
        self._thread.stop()

    def create_job(self, group_id: GroupId, priority: RequestPriority, delegate: ConnectJobDelegate) -> MemoryJob:
        """See ConnectJobFactory."""
        return MemoryJob(self._thread, self._net_log, NetLogSourceType.TRANSPORT_CONNECT_JOB, priority, delegate)

    def handle(self, name: str) -> ClientSocketHandle:
        """One for http://<name>.test."""
        origin = SchemeHostPort("http", f"{name}.test", 80)
        handle = ClientSocketHandle(self._pool, GroupId(origin, None), DEFAULT_PRIORITY, self._source)
        self._handles.append(handle)
        return handle

    def let_idle(self, groups: int) -> None:
        """So many groups with an idle socket each."""

        def use() -> None:
            for number in range(groups):
                handle = self.handle(f"g{number}")
                handle.init(_nobody)
                handle.reset()

        self._run(use)

    def let_wait(self, groups: int) -> None:
        """So many groups with a request that waits, behind a socket in use where the pool has a slot for it."""

        def ask() -> None:
            for number in range(groups):
                while self.handle(f"g{number}").init(_nobody) != ERR_IO_PENDING:
                    continue

        self._run(ask)

    # --- what is measured; µs of CPU on the network thread

    def cost_of_reuse(self, requests: int) -> float:
        """Of a request that finds an idle socket, and its release."""

        def use() -> float:
            handle = self.handle("warm")
            begin = time.thread_time()
            for _ in range(requests):
                handle.init(_nobody)
                handle.reset()
            return time.thread_time() - begin

        return self._run(use) / requests * 1e6

    def cost_of_eviction(self, requests: int) -> float:
        """Of a request to a new host whose socket takes the place of an idle one, and its release."""

        def use() -> float:
            handles = [self.handle(f"new{number}") for number in range(requests)]
            begin = time.thread_time()
            for handle in handles:
                handle.init(_nobody)
                handle.reset()
            return time.thread_time() - begin

        return self._run(use) / requests * 1e6

    def cost_of_turns(self, waiting: int, requests: int, stalled_groups: int = 0) -> float:
        """Of a request that waits behind `waiting` others for the group's one socket, its turn and its release.

        With `stalled_groups` as many other groups want a socket too, and the pool must be full with that one.
        """
        relay = _Relay([self.handle("warm") for _ in range(waiting + 1)], requests)
        self._run(relay.occupy)
        self.let_wait(stalled_groups)
        return self._cost_of(relay, requests)

    def cost_of_turns_of_groups(self, groups: int, requests: int) -> float:
        """As cost_of_turns(), but each request is of another group, and the pool must have one slot."""
        relay = _Relay([self.handle(f"g{number}") for number in range(groups + 1)], requests)
        self._run(relay.occupy)
        return self._cost_of(relay, requests)

    def _cost_of(self, relay: _Relay, requests: int) -> float:
        self._thread.post(relay.start)
        relay.is_over.wait()
        return relay.cpu_s / requests * 1e6

    def _run(self, work: Callable[[], object]) -> float:
        value = call_on_network_thread(self._thread, work)
        return value if isinstance(value, float) else 0.0

    def _empty(self) -> None:
        for handle in self._handles:
            handle.reset_and_close()
        self._pool.flush_with_error(ERR_CONTEXT_SHUT_DOWN, close_reasons.POOL_DESTROYED)


class _Relay:
    """Requests that hand one socket on; whoever is served asks again at once, behind all others."""

    def __init__(self, handles: list[ClientSocketHandle], turns: int) -> None:
        self._handles = handles
        self._turns_left = turns
        self._begin = 0.0
        self.cpu_s = 0.0
        self.is_over = threading.Event()

    def occupy(self) -> None:
        """The first has the socket, and the others wait for it."""
        results = [self._ask(handle) for handle in self._handles]
        assert results == [OK, *[ERR_IO_PENDING] * (len(results) - 1)], "the pool has another limit than one socket"

    def start(self) -> None:
        """Begins to measure."""
        self._begin = time.thread_time()
        self._hand_on(self._handles[0])

    def _ask(self, handle: ClientSocketHandle) -> int:
        return handle.init(lambda _: self._hand_on(handle))

    def _hand_on(self, handle: ClientSocketHandle) -> None:
        handle.reset()
        self._turns_left -= 1
        if self._turns_left:
            self._ask(handle)
        elif not self.is_over.is_set():
            self.cpu_s = time.thread_time() - self._begin
            for waiting in self._handles:
                waiting.reset()
            self.is_over.set()


def _nobody(_: int) -> None:
    """Is never called back."""
