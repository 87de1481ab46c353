"""ServerHost: the embedded server's half on the network thread: listener, connections, who waits for what."""

from __future__ import annotations

import socket
import ssl
from collections import deque
from collections.abc import Callable

from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.completion import Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.timers import OneShotTimer
from netstack_sync.sockets.tcp_server import TcpServer
from netstack_sync.testing.router import Router
from netstack_sync.testing.script import Script
from netstack_sync.testing.server_connection import ServerConnection
from netstack_sync.testing.server_request import ReceivedRequest, RequestHead, path_of
from netstack_sync.testing.server_stream import PlainStream, ServerStream
from netstack_sync.testing.server_tls import TlsStream


class StateWaiter:
    """A thread's wait until the server's state is such and such; made by that thread."""

    __slots__ = ("_notify", "_predicate", "_timer", "error", "is_met")

    def __init__(self, predicate: Callable[[], bool], notify: Task) -> None:
        self._predicate = predicate
        self._notify = notify
        self._timer: OneShotTimer | None = None
        self.is_met = False
        """The outcome, once notified."""
        self.error: Exception | None = None
        """What the predicate raised."""

    def arm(self, timer: OneShotTimer, timeout_s: float) -> None:
        """Starts the timer that ends the wait; network thread."""
        self._timer = timer
        timer.start(timeout_s)

    def is_over(self, is_last_time: bool = False) -> bool:
        """Asks the predicate; when it holds, or never will, the waiting thread goes on."""
        try:
            self.is_met = self._predicate()
        except Exception as error:
            self.error = error
        if not self.is_met and self.error is None and not is_last_time:
            return False
        if self._timer is not None:
            self._timer.stop()
        self._notify()
        return True


class ServerHost:
    """Owns the listener and every connection. Network thread only, but for the constructor and the counters."""

    __slots__ = (
        "_connections",
        "_is_closed",
        "_listener",
        "_net_log",
        "_router",
        "_thread",
        "_tls_context",
        "_tls_fault",
        "_waiters",
        "address",
        "connections_opened",
        "received",
    )

    def __init__(
        self,
        thread: NetworkThread,
        host: str,
        port: int,
        router: Router,
        received: deque[ReceivedRequest],
    ) -> None:
        """Listens at once; raises OSError."""
        self._thread = thread
        self._router = router
        self._tls_context: ssl.SSLContext | None = None
        self._tls_fault: Script = ()
        self._net_log = NetLogWithSource.make(NetLog(thread.clock), NetLogSourceType.SOCKET)
        self._connections: set[ServerConnection] = set()
        self._waiters: list[StateWaiter] = []
        self._is_closed = False
        self._listener = TcpServer(thread, self._on_accept, host, port)
        self.address = self._listener.address
        self.received = received
        self.connections_opened = 0

    def use_tls(self, context: ssl.SSLContext, fault: Script) -> None:
        """Speaks TLS, or plays the fault in place of the handshake; before start()."""
        self._tls_context = context
        self._tls_fault = fault

    def start(self) -> None:
        """Begins to accept."""
        self._listener.start()

    def close(self) -> None:
        """Closes the listener and every connection, and ends every wait."""
        self._is_closed = True
        self._listener.close()
        for connection in tuple(self._connections):
            connection.close()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.is_over(is_last_time=True)

    @property
    def open_connections(self) -> int:
        """Connections that neither side has closed; any thread."""
        return len(self._connections)

    def close_idle_connections(self) -> None:
        """Closes those between two requests."""
        for connection in tuple(self._connections):
            if connection.is_idle:
                connection.say_goodbye()

    def reset_connections(self) -> None:
        """Closes all of them with RST."""
        for connection in tuple(self._connections):
            connection.reset()

    def add_waiter(self, waiter: StateWaiter, timeout_s: float) -> None:
        """Notifies the waiter when its predicate holds, time is up, or the server closes."""
        if not waiter.is_over(is_last_time=self._is_closed):
            self._waiters.append(waiter)
            waiter.arm(OneShotTimer(self._thread.timers, lambda: self._expire(waiter)), timeout_s)

    def answers_before_body(self, head: RequestHead) -> bool:
        """See ConnectionOwner."""
        route = self._router.find(path_of(head.target))
        return route is not None and route.before_body

    def on_request(self, request: ReceivedRequest) -> Script:
        """See ConnectionOwner."""
        self.received.append(request)
        if self._waiters:
            self._state_changed()
        return self._router.script(request)

    def on_closed(self, connection: ServerConnection) -> None:
        """See ConnectionOwner."""
        self._connections.discard(connection)
        self._state_changed()

    def _on_accept(self, accepted: socket.socket) -> None:
        try:
            stream: ServerStream = PlainStream(self._thread, accepted, self._net_log)
        except OSError:
            return  # it was reset while it waited to be accepted
        if self._tls_context is not None and not self._tls_fault:
            stream = TlsStream(stream, self._tls_context)
        self.connections_opened += 1
        connection = ServerConnection(self.connections_opened, stream, self._thread.timers, self, self._tls_fault)
        self._connections.add(connection)
        connection.start()
        self._state_changed()

    def _state_changed(self) -> None:
        if self._waiters:
            self._waiters = [waiter for waiter in self._waiters if not waiter.is_over()]

    def _expire(self, waiter: StateWaiter) -> None:
        self._waiters.remove(waiter)
        waiter.is_over(is_last_time=True)
