"""One handshake: what it shows of a server, good or bad, and that nobody waits for ever."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import (
    CertificateError,
    ConnectionRefused,
    ContextShutDown,
    DeadlineExceeded,
    NetError,
    Session,
    TLSError,
)
from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.net_errors import ERR_INTERNET_DISCONNECTED, ERR_IO_PENDING, ERR_NETWORK_CHANGED, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.fetcher.handshake import handshake
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.testing.certificates import process_authority
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.script import RESET, STALL
from netstack_sync.testing.server_tls import TlsRecipe
from netstack_sync.url_request.context import URLRequestContext
from tests.support.raw_server import raw_server, wait_for_bytes
from tests.support.waiting import Caller, wait_until

TRUST = TlsConfig(TrustConfig(ca_data=process_authority().pem))
NO_VERDICT = TlsConfig(TrustConfig(verify=False))


@pytest.fixture
def context(session: Session) -> URLRequestContext:
    return session.context


def at(port: int, host: str = "127.0.0.1") -> SchemeHostPort:
    """A TLS port of this machine."""
    return SchemeHostPort("https", host, port)


def is_idle(context: URLRequestContext) -> bool:
    """Nothing is under way any more, and no connection was kept."""
    pool = context.network_session.pools.direct
    state = call_on_network_thread(context.thread, lambda: (context.request_count, len(list(pool.groups()))))
    return state == (0, 0)


def test_who_brings_a_context_is_told_about_that(context: URLRequestContext) -> None:
    """OpenSSL judged with it; no argument of ours would change that."""
    own = TlsConfig(TrustConfig(), context=ssl.create_default_context())
    with EmbeddedServer(tls=True) as server, pytest.raises(CertificateError, match="into your SSLContext: "):
        handshake(context, at(server.port), own)


def test_a_connection_that_ends_names_the_server_once(context: URLRequestContext) -> None:
    """The server, and that it was TLS which it ended in."""
    with EmbeddedServer(tls=TlsRecipe(handshake=(RESET,))) as server:
        with pytest.raises(NetError) as caught:
            handshake(context, at(server.port), NO_VERDICT)
        peer = f"127.0.0.1:{server.port}"
    assert caught.value.detail == f"the connection ended during the TLS handshake with {peer}"


class ScriptedPool:
    """Takes the place of the context's pools: the test decides what comes of a request."""

    def __init__(self, result: int = ERR_IO_PENDING) -> None:
        self.result = result
        self.handles: list[ClientSocketHandle] = []
        self.cancelled: list[ClientSocketHandle] = []

    def pool_for(self, _: GroupId) -> ScriptedPool:
        """See ClientSocketPoolManager."""
        return self

    def request_socket(self, handle: ClientSocketHandle) -> int:
        """See SocketPool."""
        self.handles.append(handle)
        return self.result

    def cancel_request(self, handle: ClientSocketHandle) -> None:
        """See SocketPool."""
        self.cancelled.append(handle)

    def flush_with_error(self, *_: object) -> None:
        """See ClientSocketPoolManager; nothing is left then."""
        assert self.cancelled == self.handles

    def finish(self, result: int) -> None:
        """The answer to the latest request; network thread."""
        request = self.handles[-1].request
        on_done, request.on_done, request.result = request.on_done, None, result
        if on_done is not None:
            on_done(result)


@pytest.fixture
def pool(context: URLRequestContext) -> Iterator[ScriptedPool]:
    """The context's own is there again at the end."""
    pool = ScriptedPool()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context.network_session, "pools", pool)
        yield pool


def test_a_good_server_is_shown_whole(context: URLRequestContext) -> None:
    """What was agreed on, the chain up to the root and the verdict; not one request reaches the server."""
    with EmbeddedServer(tls=True) as server:
        info = handshake(context, at(server.port), TRUST, 20.0)
        assert (info.host, info.version, info.alpn, info.is_resumed) == ("127.0.0.1", "TLSv1.3", "http/1.1", False)
        assert map_cert_status_to_net_error(info.cert_status) == OK and info.reasons == ()
        assert [facts.subject for facts in info.chain] == ["CN=localhost", "CN=netstack_sync throw-away CA"]
        assert list(server.requests) == []
    assert is_idle(context)


def test_each_handshake_is_a_new_one(context: URLRequestContext) -> None:
    """A connection that fetches have opened says how the server was then; it stays for them."""
    with EmbeddedServer(tls=True) as server:
        with Session(trust_env=False, verify=server.ca_file) as session:
            session.get(server.url("/hello"))
            tls = session.prepare("GET", server.url()).tls
            infos = [handshake(session.context, at(server.port), tls) for _ in range(2)]
            assert [info.is_resumed for info in infos] == [False, False]
            assert session.get(server.url("/hello")).connection_reused
        assert server.connections_opened == 3


@pytest.mark.parametrize(
    "leaf, status, words",
    [
        ("expired", CertStatus.DATE_INVALID, "The certificate expired on "),
        ("wrong_host", CertStatus.COMMON_NAME_INVALID, "Ask for one of its names, wrong.host.test; "),
        ("self_signed", CertStatus.AUTHORITY_INVALID, "pass its certificate itself"),
    ],
)
def test_a_bad_certificate_is_an_error_that_shows_it(
    context: URLRequestContext, leaf: Any, status: CertStatus, words: str
) -> None:
    """With everything that was found out, for whoever wants to know what to do."""
    with (
        EmbeddedServer(tls=TlsRecipe(leaf)) as server,
        pytest.raises(CertificateError, match=r"127\.0\.0\.1") as caught,
    ):
        handshake(context, at(server.port), TRUST, 20.0)
    error = caught.value
    assert status in error.cert_status and error.host == "127.0.0.1" and len(error.chain) == 1
    assert words in error.advice and error.ssl_info is not None and error.ssl_info.version == "TLSv1.3"
    assert is_idle(context)


def test_a_bad_certificate_is_shown_where_nobody_asks_for_a_verdict(context: URLRequestContext) -> None:
    """To look at it."""
    with EmbeddedServer(tls=TlsRecipe("expired")) as server:
        info = handshake(context, at(server.port), NO_VERDICT, 20.0)
    assert info.subject == "CN=localhost" and (info.verified_chain, info.cert_status) == ((), CertStatus(0))


def test_servers_of_other_protocols_are_looked_at(context: URLRequestContext, tmp_path: Path) -> None:
    """TLS is all that is asked for: one that speaks first, and knows nothing of ALPN."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(*process_authority().issue(["127.0.0.1"]).write(tmp_path))

    def greet(connection: socket.socket) -> None:
        with server_context.wrap_socket(connection, server_side=True) as stream, suppress(OSError):
            stream.sendall(b"* OK IMAP4rev1\r\n")
            assert not stream.recv(1)  # or a reset, since the client does not read what we say

    with raw_server([greet]) as port:
        info = handshake(context, at(port), TRUST, 20.0)
    assert (info.alpn, info.subject) == ("", "CN=127.0.0.1")


def test_a_port_without_tls_is_told(context: URLRequestContext) -> None:
    """With host, port, and what to think of."""

    def answer(connection: socket.socket) -> None:
        wait_for_bytes(connection)
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with suppress(ConnectionResetError):
            connection.recv(65536)

    with raw_server([answer]) as port, pytest.raises(TLSError) as caught:
        handshake(context, at(port), TRUST, 20.0)
    assert f"127.0.0.1:{port}: " in str(caught.value) and "does not speak TLS" in caught.value.advice


def test_nobody_listens(context: URLRequestContext) -> None:
    """The errors of connecting are those of a fetch."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(ConnectionRefused, match=f"127.0.0.1:{port}"):
            handshake(context, at(port), TRUST, 20.0)
    assert is_idle(context)


def test_the_deadline_holds(context: URLRequestContext) -> None:
    """A server that is silent costs the time that was allowed, and nobody waits any more."""
    with EmbeddedServer(tls=TlsRecipe(handshake=(STALL,))) as server:
        with pytest.raises(DeadlineExceeded, match=r": 127\.0\.0\.1:\d+: no handshake within 0\.1 s"):
            handshake(context, at(server.port), TRUST, 0.1)
        assert call_on_network_thread(context.thread, lambda: context.request_count) == 0


def test_the_new_network_is_used(context: URLRequestContext, pool: ScriptedPool) -> None:
    """The caller wants an answer, and not to know that the network changed."""
    caller = Caller(lambda: handshake(context, at(1), TRUST))
    wait_until(lambda: len(pool.handles) == 1)
    call_on_network_thread(context.thread, lambda: pool.finish(ERR_NETWORK_CHANGED))
    assert len(pool.handles) == 2 and caller.is_waiting
    call_on_network_thread(context.thread, lambda: pool.finish(ERR_INTERNET_DISCONNECTED))
    caller.join()
    assert isinstance(caller.error, ConnectionError) and pool.cancelled == []


def test_a_change_of_the_network_at_the_very_end_is_no_reason_to_go_on(
    context: URLRequestContext, pool: ScriptedPool
) -> None:
    """Nobody answers any more."""

    def change() -> None:
        context.is_shut_down = True
        pool.finish(ERR_NETWORK_CHANGED)
        context.is_shut_down = False  # the session's end is still to come

    caller = Caller(lambda: handshake(context, at(1), TRUST))
    wait_until(lambda: bool(pool.handles))
    call_on_network_thread(context.thread, change)
    caller.join()
    assert isinstance(caller.error, NetError) and len(pool.handles) == 1


def test_a_failure_may_come_at_once(context: URLRequestContext, pool: ScriptedPool) -> None:
    """Also without words of its own."""
    pool.result = ERR_INTERNET_DISCONNECTED
    with pytest.raises(ConnectionError, match=r": a\.test:993$"):
        handshake(context, at(993, "a.test"), TRUST)


def test_a_bug_of_the_pool_does_not_leave_the_caller_waiting(
    context: URLRequestContext, pool: ScriptedPool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its traceback is shown."""

    def fail(_: object) -> int:
        raise ZeroDivisionError

    pool.request_socket = fail  # type: ignore[method-assign, assignment]
    with pytest.raises(NetError, match="ERR_UNEXPECTED"):
        handshake(context, at(1), TRUST)
    call_on_network_thread(context.thread, lambda: None)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_closing_the_session_ends_the_wait(context: URLRequestContext, pool: ScriptedPool) -> None:
    """With ContextShutDown."""
    caller = Caller(lambda: handshake(context, at(1), TRUST))
    wait_until(lambda: bool(pool.handles))
    call_on_network_thread(context.thread, context.shut_down)
    caller.join()
    assert isinstance(caller.error, ContextShutDown) and pool.cancelled == pool.handles


def test_a_context_that_is_shut_down_refuses(session: Session, context: URLRequestContext) -> None:
    """While its thread goes on, and after."""
    call_on_network_thread(context.thread, context.shut_down)
    with pytest.raises(ContextShutDown):
        handshake(context, at(1), TRUST)
    session.close()
    with pytest.raises(ContextShutDown):
        handshake(context, at(1), TRUST)


@pytest.mark.parametrize("comes_too_late", [False, True])
def test_an_interrupted_wait_cancels(
    context: URLRequestContext, pool: ScriptedPool, monkeypatch: pytest.MonkeyPatch, comes_too_late: bool
) -> None:
    """Ctrl-C arrives as an exception out of the wait, and is raised again; at the very end it changes nothing."""

    class Interrupted:
        def notify(self) -> None:
            """Nobody waits."""

        def wait(self) -> None:
            wait_until(lambda: bool(pool.handles))
            if comes_too_late:
                call_on_network_thread(context.thread, lambda: pool.finish(ERR_INTERNET_DISCONNECTED))
            raise KeyboardInterrupt

    desk = context.thread.desk
    meetings: list[Callable[[], Any]] = [Interrupted]
    stand_in = type("Desk", (), {"meet": lambda _: (meetings.pop() if meetings else desk.meet)()})
    monkeypatch.setattr(context.thread, "desk", stand_in())
    with pytest.raises(KeyboardInterrupt):
        handshake(context, at(1), TRUST)
    call_on_network_thread(context.thread, lambda: None)
    assert pool.cancelled == ([] if comes_too_late else pool.handles) and context.request_count == 0


def test_the_network_thread_must_not_wait_for_itself(context: URLRequestContext) -> None:
    """It would for ever."""
    with pytest.raises(RuntimeError, match="would wait for itself"):
        call_on_network_thread(context.thread, lambda: handshake(context, at(1), TRUST))


@pytest.mark.parametrize("timeout", [-1, "x"])
def test_a_bad_limit_is_refused(context: URLRequestContext, timeout: Any) -> None:
    """As everywhere."""
    with pytest.raises((ValueError, TypeError)):
        handshake(context, at(1), TRUST, timeout)
