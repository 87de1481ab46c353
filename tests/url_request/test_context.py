"""What owns the requests of one session."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, OK
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS
from netstack_sync.http.hsts_persister import TransportSecurityPersister
from netstack_sync.http.hsts_store import TransportSecurityState
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_manager import ClientSocketPoolManager
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_context import ContextRequest, TlsContexts
from netstack_sync.sockets.tls_services import HandshakeLoad, TlsServices
from netstack_sync.sockets.tls_session_cache import TlsSessionCache
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.network_changes import NetworkChanges
from tests.cert.scripted_verifier import ScriptedVerifier
from tests.support.loops import RecordedCompletion
from tests.support.proxies import ProxyRig
from tests.support.scripted_socket import Pause, Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info
from tests.support.url_requests import RecordingDelegate, context_over, new_request
from tests.support.workers import ScriptedWorkers

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


class RecordedChanges(NetworkChanges):
    """Counts instead of watching the network."""

    def __init__(self, *others: HttpNetworkSession) -> None:
        self.starts = self.ends = 0
        self._sessions = others

    @property
    def sessions(self) -> tuple[HttpNetworkSession, ...]:
        """See NetworkChanges."""
        return self._sessions

    def start(self) -> None:
        """See NetworkChanges."""
        self.starts += 1

    def shut_down(self) -> None:
        """See NetworkChanges."""
        self.ends += 1


def looked_up(stack: ScriptedStack, context: URLRequestContext) -> int:
    """The result of a lookup that has to wait for the workers, or does not get so far."""
    done = RecordedCompletion()
    request = context.host_resolver.create_request("a.test", 80, DEFAULT_PARAMETERS, stack.log())
    result = request.start(done)
    request.cancel()
    stack.workers.jobs.clear()
    return result


def test_it_counts_requests_from_start_to_end(stack: ScriptedStack) -> None:
    """Those not started and those ended are not under way."""
    context = context_over(stack)
    stack.connection(Write(GET), Read(HEAD + b"fine"))
    request, delegate = new_request(context, request_info())
    assert context.request_count == 0
    request.start()
    assert context.request_count == 1
    stack.run()
    assert delegate.result == OK and context.request_count == 0
    context.remove_request(request)
    context.add_request(request)
    assert context.request_count == 1, "as of whatever else is to be told of a shutdown"
    context.remove_request(request)
    assert context.request_count == 0


def test_shutting_down_fails_everything_under_way(stack: ScriptedStack) -> None:
    """Row 249, Shutdown: each request is told once, nothing stays open, and a second time does no harm."""
    context = context_over(stack)
    stack.connection(Write(GET), Read(HEAD), Pause())
    stack.connection(Write(GET), Pause())
    stack.failed_connection(NEVER)
    delegates = []
    for _ in range(3):
        request, delegate = new_request(context, request_info())
        request.start()
        stack.run()
        delegates.append(delegate)
    calls: list[str] = []
    context.shut_down(lambda: calls.append("done"))
    assert context.is_shut_down and calls == ["done"]
    assert [delegate.result for delegate in delegates] == [ERR_CONTEXT_SHUT_DOWN] * 3
    context.shut_down()
    stack.run()
    assert stack.pool.slots == 0 and context.request_count == 0


def test_a_request_that_starts_too_late_fails(stack: ScriptedStack) -> None:
    """Whatever its scheme, and from a task of its own."""
    context = context_over(stack)
    context.shut_down()
    for url in ("http://a.test/", "https://127.0.0.1/", "ftp://a.test/"):
        request, delegate = new_request(context, request_info(url))
        request.start()
        assert delegate.result == ERR_IO_PENDING
        stack.run()
        assert delegate.result == ERR_CONTEXT_SHUT_DOWN and context.request_count == 0


def test_whoever_tries_again_at_once_does_not_hold_the_shutdown(stack: ScriptedStack) -> None:
    """A delegate that starts the next request inside the callback is told later, and once."""
    context = context_over(stack)
    stack.failed_connection(NEVER)
    second, second_delegate = new_request(context, request_info())
    request, delegate = new_request(context, request_info())
    delegate.on_event = lambda _: second.start()
    request.start()
    context.shut_down()
    assert delegate.result == ERR_CONTEXT_SHUT_DOWN and second_delegate.result == ERR_IO_PENDING
    stack.run()
    assert second_delegate.result == ERR_CONTEXT_SHUT_DOWN and context.request_count == 0


def test_a_delegate_that_raises_does_not_stop_the_shutdown(
    stack: ScriptedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its bug is printed; the others are told, and everything is closed."""
    context = context_over(stack)
    delegates = []
    for _ in range(3):
        stack.failed_connection(NEVER)
        request, delegate = new_request(context, request_info())
        delegate.on_event = raise_error
        request.start()
        delegates.append(delegate)
    calls: list[str] = []
    context.shut_down(lambda: calls.append("done"))
    stack.run()
    assert [delegate.result for delegate in delegates] == [ERR_CONTEXT_SHUT_DOWN] * 3
    assert calls == ["done"] and stack.pool.slots == 0
    assert capsys.readouterr().err.count("\nZeroDivisionError") == 3


def raise_error(_: str) -> None:
    """A bug of the user's."""
    raise ZeroDivisionError


def test_a_delegate_may_cancel_others_during_the_shutdown(stack: ScriptedStack) -> None:
    """Who was cancelled is told nothing, whatever the order."""
    context = context_over(stack)
    for _ in range(2):
        stack.failed_connection(NEVER)
    requests = [new_request(context, request_info(), RecordingDelegate()) for _ in range(2)]

    def cancel_all(_: str) -> None:
        for request, _delegate in requests:
            request.cancel()

    for request, delegate in requests:
        delegate.on_event = cancel_all
        request.start()
    context.shut_down()
    stack.run()
    told = [delegate.result for _, delegate in requests]
    assert sorted(told) == [ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING]


class CountedPool(ScriptedWorkers):
    """Counts instead of ending its threads."""

    __slots__ = ("ends",)

    def __init__(self, stack: ScriptedStack) -> None:
        super().__init__(stack.thread.task_runner)
        self.ends = 0

    def shut_down(self) -> None:
        """See WorkerPool."""
        self.ends += 1


def test_its_threads_end_with_it(stack: ScriptedStack) -> None:
    """After all who might still have a job for them; those of another context are not its business."""
    pools = [CountedPool(stack), CountedPool(stack)]
    changes = RecordedChanges(stack.session)
    context = context_over(stack, changes, own_pools=tuple(pools))
    context.shut_down(lambda: pools.append(CountedPool(stack)))
    assert [pool.ends for pool in pools] == [1, 1, 0] and changes.ends == 1


def test_what_is_kept_on_disk_is_read_first_and_written_last(stack: ScriptedStack, tmp_path: Path) -> None:
    """Whoever waits for the end waits for the write, and the threads end after it."""
    clock, pool, ended = ManualWallClock(1_700_000_000.0), CountedPool(stack), RecordedCompletion()
    state, path = TransportSecurityState(clock), tmp_path / "hosts"
    persister = TransportSecurityPersister(state, str(path), stack.workers, stack.thread.timers, clock)
    context = context_over(stack, RecordedChanges(), own_pools=[pool], hsts=state, hsts_persister=persister)
    context.start()
    stack.run_workers()
    assert state.loaded.is_open
    state.on_header("a.test", "max-age=1000", SSLInfo("TLSv1.3", "x", "", (b"leaf",), verified_chain=(b"leaf",)))
    context.shut_down(lambda: ended(OK))
    assert not ended.is_called and pool.ends == 0
    stack.run_workers()
    assert ended.is_called and pool.ends == 1 and path.exists()


# --- the network


def test_it_watches_the_network_from_its_start_to_its_end(stack: ScriptedStack) -> None:
    """Not before, and not when it is over already; the resolver ends with it."""
    changes = RecordedChanges()
    context = context_over(stack, changes)
    assert changes.starts == 0 and looked_up(stack, context) == ERR_IO_PENDING
    context.start()
    context.shut_down()
    assert (changes.starts, changes.ends) == (1, 1) and looked_up(stack, context) == ERR_CONTEXT_SHUT_DOWN
    context.start()
    assert changes.starts == 1


def test_a_part_of_another_context_leaves_the_resolver_to_that(stack: ScriptedStack) -> None:
    """It watches nothing either."""
    context = context_over(stack)
    context.start()
    context.shut_down()
    assert looked_up(stack, context) == ERR_IO_PENDING


# --- trust


def test_what_was_read_of_files_is_read_again(stack: ScriptedStack) -> None:
    """Row 184, SSLConfigChanged, SSLConfigChangedDuringTransaction: contexts, verdicts and idle connections go; what is
    under way goes on.
    """
    verifier, changes = ScriptedVerifier(), RecordedChanges(stack.session)
    contexts = TlsContexts(stack.workers, lambda _: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    config, context_request = TlsConfig(TrustConfig()), ContextRequest()
    contexts.get(config, context_request, lambda _: None)
    stack.run_workers()
    assert contexts.get(config, context_request, lambda _: None) == OK
    post, sessions = stack.thread.task_runner.post_task, TlsSessionCache(stack.clock)
    tls = TlsServices(contexts, verifier, stack.workers, post, sessions, HandshakeLoad(), has_pins=lambda _: False)
    context = context_over(stack, changes, tls=tls)
    idle, in_use = stack.connection(), stack.connection(Write(GET), Pause(), Read(HEAD + b"fine"))
    handle = stack.handle(idle)
    request, delegate = new_request(context, request_info())
    request.start()
    stack.run()
    handle.reset()
    context.reload_tls()
    assert not idle.is_open and verifier.trust_changes == 1
    assert contexts.get(config, context_request, lambda _: None) == ERR_IO_PENDING
    in_use.resume()
    stack.run_workers()
    assert delegate.result == OK and not in_use.is_open


def test_a_part_of_another_context_reloads_its_connections(stack: ScriptedStack) -> None:
    """The files are that one's business."""
    idle = stack.connection()
    stack.handle(idle).reset()
    context_over(stack).reload_tls()
    assert not idle.is_open


# --- connections


def test_all_its_sessions_take_part(stack: ScriptedStack) -> None:
    """Those to name servers are closed as well when that is wanted, or when trust has changed."""
    other = HttpNetworkSession(
        stack.thread, ClientSocketPoolManager(stack.thread, stack, PoolLimits()), stack.meter, stack.net_log
    )
    url, tls = Url.parse("http://a.test/"), TlsConfig(TrustConfig())
    context = context_over(stack, RecordedChanges(stack.session, other))
    for close in (context.close_idle_sockets, context.reload_tls):
        sockets = [stack.connection() for _ in range(2)]
        for session in (stack.session, other):
            session.preconnect(url, tls, 1)
            stack.run()
        assert all(socket.is_open for socket in sockets)
        close()
        assert not any(socket.is_open for socket in sockets)


def test_connections_in_advance(stack: ScriptedStack) -> None:
    """Row 80: the next request gets one; none are opened when everything has been closed."""
    context = context_over(stack)
    info = request_info("https://a.test/")
    for _ in range(2):
        stack.connection(Write(GET), Read(HEAD + b"fine"))
    context.preconnect(info.url, info.tls, 2)
    stack.run()
    assert stack.pool.slots == 2
    request, delegate = new_request(context, info)
    request.start()
    stack.run()
    assert delegate.result == OK and stack.pool.sockets_opened == 2
    context.shut_down()
    context.preconnect(info.url, info.tls, 2)
    stack.run()
    assert stack.pool.slots == 0


def test_forked_child_drops_what_runs_for_the_parent(stack: ScriptedStack) -> None:
    """The processes of scripts, where there may be any."""
    rig = ProxyRig(stack.thread, stack.net_log)
    context = context_over(stack, proxies=rig.services)
    context.abandon_after_fork()
    context.reload_proxies()
    assert rig.engine.is_abandoned and context.proxies is rig.services
    context_over(stack).abandon_after_fork()
    context_over(stack).reload_proxies()
