"""Places on the way of a fetch where it can be held for as long as a test likes."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from netstack_sync.base.load_state import LoadState
from netstack_sync.fetcher.limits import Limits
from netstack_sync.fetcher.session import Session
from netstack_sync.fetcher.sync_url_fetcher import SyncUrlFetcher
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers, stall_in_body
from netstack_sync.testing.script import STALL
from netstack_sync.testing.server_tls import TlsRecipe
from tests.support.dns import blocked_resolver
from tests.support.waiting import load_state, wait_until


class HeldFetch:
    """A session and a URL whose fetch gets as far as `state` and no further."""

    def __init__(
        self, session: Session, url: str, state: LoadState, is_there: Callable[[], bool] = lambda: True
    ) -> None:
        self.session = session
        self.url = url
        self._state = state
        self._is_there = is_there

    def wait(self, fetcher: SyncUrlFetcher) -> None:
        """Returns when the fetch is where it is held."""
        wait_until(lambda: load_state(self.session, fetcher) == self._state, f"state is {self._state.name}")
        wait_until(self._is_there)


Scene = Callable[[], AbstractContextManager[HeldFetch]]
_ONE_SOCKET = Limits(per_host=1, total=1)  # a slot that is not given back stops everything


@contextmanager
def queued() -> Iterator[HeldFetch]:
    """Behind another fetch that has the host's only socket."""
    with EmbeddedServer() as server, Session(limits=Limits(per_host=1, total=2)) as session:
        server.route("/held", Answer(fault=stall_before_headers()))
        holder = session.submit("GET", server.url("/held"))
        assert server.wait_until(lambda: len(server.requests) == 1)
        yield HeldFetch(session, server.url("/hello"), LoadState.WAITING_FOR_AVAILABLE_SOCKET)
        holder.cancel()


@contextmanager
def resolving() -> Iterator[HeldFetch]:
    """In a lookup that never ends."""
    with blocked_resolver() as resolver, Session(limits=_ONE_SOCKET) as session:
        yield HeldFetch(session, "http://name.test/", LoadState.RESOLVING_HOST, lambda: bool(resolver.asked))


@contextmanager
def connecting() -> Iterator[HeldFetch]:
    """In front of a listener whose queue is full: the system drops what else wants to connect."""
    with socket.socket() as listener, socket.socket() as filler, Session(limits=_ONE_SOCKET) as session:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        filler.connect(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        yield HeldFetch(session, url, LoadState.CONNECTING, lambda: session.stats().sockets_connecting == 1)


@contextmanager
def handshaking() -> Iterator[HeldFetch]:
    """With a server that does not answer the ClientHello."""
    with EmbeddedServer(tls=TlsRecipe(handshake=(STALL,))) as server, Session(limits=_ONE_SOCKET) as session:
        yield HeldFetch(session, server.url("/hello"), LoadState.SSL_HANDSHAKE, lambda: server.open_connections == 1)


@contextmanager
def verifying() -> Iterator[HeldFetch]:
    """While a worker judges the certificate with a context of the user's, which takes its time."""
    is_judging, may_go_on = threading.Event(), threading.Event()

    class SlowJudge(ssl.SSLObject):
        """Ends no handshake before it may."""

        def do_handshake(self) -> None:
            """See ssl.SSLObject."""
            super().do_handshake()
            is_judging.set()
            may_go_on.wait(60.0)

    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.sslobject_class = SlowJudge
    with EmbeddedServer(tls=True) as server:
        own.load_verify_locations(server.ca_file)
        with Session(limits=_ONE_SOCKET, verify=own) as session:
            try:
                yield HeldFetch(session, server.url("/hello"), LoadState.SSL_HANDSHAKE, is_judging.is_set)
            finally:
                may_go_on.set()


@contextmanager
def waiting_for_headers() -> Iterator[HeldFetch]:
    """With a server that has read the request and says nothing."""
    with EmbeddedServer() as server, Session(limits=_ONE_SOCKET) as session:
        server.route("/held", Answer(fault=stall_before_headers()))
        url = server.url("/held")
        yield HeldFetch(session, url, LoadState.WAITING_FOR_RESPONSE, lambda: len(server.requests) == 1)


@contextmanager
def reading_body() -> Iterator[HeldFetch]:
    """With a server that stops in the middle of the body."""
    with EmbeddedServer() as server, Session(limits=_ONE_SOCKET) as session:
        server.route("/held", Answer(body=b"x" * 1000, fault=stall_in_body()))
        yield HeldFetch(session, server.url("/held"), LoadState.READING_RESPONSE)


SCENES: list[Scene] = [queued, resolving, connecting, handshaking, verifying, waiting_for_headers, reading_body]
