"""EmbeddedServer: a small real HTTP/1.1 server, with or without TLS, for tests and demonstrations.

    with EmbeddedServer() as server:
        server.route("/slow", Answer(body=b"at last", fault=trickle(1, every_s=0.1)))
        fetch(server.url("/slow"))

It lives on a loop and a thread of its own, so a client's network thread is never shared with it. What it knows
without being told is in default_routes.py, what can go wrong in fault_recipes.py.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from netstack_sync.base.host_port import bracketed
from netstack_sync.loop.completion import Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.certificates import process_authority
from netstack_sync.testing.default_routes import add_default_routes
from netstack_sync.testing.router import Handler, Router
from netstack_sync.testing.server_host import ServerHost, StateWaiter
from netstack_sync.testing.server_request import ReceivedRequest
from netstack_sync.testing.server_tls import TlsRecipe

_NO_RECIPE = TlsRecipe()
_running: weakref.WeakSet[EmbeddedServer] = weakref.WeakSet()


class EmbeddedServer:
    """One listening port. Every method may be called from any thread, the handlers of routes included.

    A context manager: it listens inside the with-block. `start` and `close` do the same by hand, once.
    """

    __slots__ = ("__weakref__", "_folder", "_host", "_listen", "_received", "_router", "_thread", "_tls")

    def __init__(
        self,
        *,
        tls: bool | TlsRecipe = False,
        host: str = "127.0.0.1",
        port: int = 0,
        remembered: int | None = 10_000,
    ) -> None:
        """`remembered` is how many of the last requests are kept in `requests`; None keeps them all."""
        self._tls = tls if isinstance(tls, TlsRecipe) else _NO_RECIPE if tls else None
        self._listen = (host, port)
        self._received: deque[ReceivedRequest] = deque(maxlen=remembered)
        self._router = Router()
        add_default_routes(self._router)
        self._thread = NetworkThread("netstack-embedded-server")
        self._folder: Path | None = None
        self._host: ServerHost | None = None

    def start(self) -> EmbeddedServer:
        """Listens from now on; raises OSError."""
        self._host = ServerHost(self._thread, *self._listen, self._router, self._received)
        if self._tls is not None:
            self._folder = Path(tempfile.mkdtemp(prefix="netstack-server-"))
            (self._folder / "ca.pem").write_bytes(self.ca_pem)
            self._host.use_tls(self._tls.context(self._folder), self._tls.handshake)
        self._thread.post(self._host.start)
        self._thread.start()
        _running.add(self)
        return self

    def close(self) -> None:
        """Closes the port and every connection, stalled ones too, and ends the thread; idempotent."""
        if self._host is None or self not in _running:
            return  # never started, closed before, or another process's
        _running.discard(self)
        self._thread.post(self._host.close)
        self._thread.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder)

    def __enter__(self) -> EmbeddedServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port it listens on; also after close()."""
        return self._running_host.address.port

    def url(self, target: str = "/", host: str | None = None) -> str:
        """The URL of a path, with another name of this machine if given."""
        name = bracketed(host or self._listen[0])
        return f"{'http' if self._tls is None else 'https'}://{name}:{self.port}{target}"

    @property
    def ca_file(self) -> str:
        """The path of the authority's PEM file; there until close()."""
        assert self._folder is not None, "the server has no TLS, or was not started"
        return str(self._folder / "ca.pem")

    @property
    def ca_pem(self) -> bytes:
        """The certificate of the authority, which all servers of a process share."""
        return process_authority().pem

    def route(self, path: str, *answers: Answer | Handler, before_body: bool = False) -> None:
        """Sets what is answered: one value for ever, or several in turn and then the last for ever.

        An Answer, or a function that makes one from a ReceivedRequest on the server's thread and must not block.
        A path that ends with "/" stands for all below it. With `before_body` a request's body is not read before
        the answer is out: the way to stall an upload, or to refuse it.
        """
        self._router.add(path, *answers, before_body=before_body)

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What was received, oldest first; a copy."""
        return list(self._received.copy())

    def forget_requests(self) -> None:
        """Empties `requests`."""
        self._received.clear()

    @property
    def connections_opened(self) -> int:
        """How many connections were accepted since the start."""
        return self._running_host.connections_opened

    @property
    def open_connections(self) -> int:
        """How many of them neither side has closed yet."""
        return self._running_host.open_connections

    def close_idle_connections(self) -> None:
        """Closes the connections between two requests, with FIN; they are closed when this returns."""
        self._run(self._running_host.close_idle_connections)

    def reset_connections(self) -> None:
        """Closes all connections with RST; they are closed when this returns."""
        self._run(self._running_host.reset_connections)

    def wait_until(self, predicate: Callable[[], bool], timeout_s: float = 10.0) -> bool:
        """Waits until `predicate()` holds: True; False when time is up or the server closes first.

        It is asked on the server's thread, at once and whenever a connection or request comes or a connection goes:

            assert server.wait_until(lambda: server.open_connections == 0)
        """
        assert not self._thread.is_current, "the server's thread cannot wait for itself"
        rendezvous = self._thread.desk.meet()
        waiter = StateWaiter(predicate, rendezvous.notify)
        host = self._running_host
        if not self._thread.post(lambda: host.add_waiter(waiter, timeout_s)):
            return predicate()
        rendezvous.wait()
        if waiter.error is not None:
            raise waiter.error
        return waiter.is_met

    def abandon_after_fork(self) -> None:
        """In a forked child: drops what belongs to the parent, without a word on the wire."""
        self._thread.abandon_after_fork()

    @property
    def _running_host(self) -> ServerHost:
        assert self._host is not None, "the server was not started"
        return self._host

    def _run(self, task: Task) -> None:
        """Runs `task` on the server's thread and waits for it; does nothing once the server is closed."""
        if self._thread.is_current:
            task()
            return
        rendezvous = self._thread.desk.meet()

        def run() -> None:
            try:
                task()
            finally:
                rendezvous.notify()

        if self._thread.post(run):
            rendezvous.wait()

    def __repr__(self) -> str:
        state = "not started" if self._host is None else f"{self.url()} {self.open_connections} open"
        return f"<EmbeddedServer {state}>"


def _abandon_all() -> None:
    for server in tuple(_running):
        server.abandon_after_fork()
    _running.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - only Windows has no fork
    os.register_at_fork(after_in_child=_abandon_all)
