"""The one place where the services of a context are put together."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from netstack_sync.base.features import FeatureList
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_UNREACHABLE,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_EMPTY_RESPONSE,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cookies.canonical import CanonicalCookie
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS
from netstack_sync.dns.mapped_resolver import HostResolverRules
from netstack_sync.dns.resolver_settings import ResolverSettings
from netstack_sync.pool.health_settings import EndpointHealthSettings
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.sockets.options import TcpOptions
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.context_builder import PUBLIC_SUFFIXES, ContextBuilder
from netstack_sync.url_request.doh_config import DohConfig
from netstack_sync.url_request.network_delegate import NetworkDelegate
from netstack_sync.url_request.rate_limit import RateLimits
from netstack_sync.url_request.resource_scheduler import ResourceSchedulerSettings
from tests.support.dns import blocked_resolver
from tests.support.doh_server import doh_server, template
from tests.support.netlink import fake_kernel
from tests.support.scripted_stack import ScriptedStack, request_info
from tests.support.url_requests import RecordingDelegate, new_request
from tests.support.waiting import wait_until

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


@contextmanager
def built(stack: ScriptedStack, builder: ContextBuilder) -> Iterator[URLRequestContext]:
    """A context that has started; nothing of it is left at the end."""
    with fake_kernel():
        context = builder.build(stack.thread, stack.net_log)
        context.start()
        try:
            yield context
        finally:
            context.shut_down()
            stack.run()
        assert not len(stack.thread.sockets) and not len(stack.thread.timers)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Takes connections, and does no more by itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20.0)
        yield listener


def run_until(stack: ScriptedStack, condition: Callable[[], bool]) -> None:
    """Runs the loop until workers, or the system, have done their part."""

    def look() -> bool:
        stack.run()
        return condition()

    wait_until(look)


def start(context: URLRequestContext, host: str, listener: socket.socket) -> RecordingDelegate:
    """A request to the listener, under this name."""
    request, delegate = new_request(context, request_info(f"http://{host}:{listener.getsockname()[1]}/"))
    request.start()
    return delegate


def answer(stack: ScriptedStack, listener: socket.socket, data: bytes = ANSWER) -> str:
    """Takes the next connection, answers its request and closes; where it came from."""
    connection, (address, _) = listener.accept()
    with connection:
        connection.settimeout(20.0)
        stack.run()
        assert connection.recv(10_000).endswith(b"\r\n\r\n")
        connection.sendall(data)
    return str(address)


def test_a_context_is_wired(stack: ScriptedStack) -> None:
    """All parts share the thread and the log; nothing is connected or looked up yet."""
    context = ContextBuilder().build(stack.thread, stack.net_log)
    session = context.network_session
    assert context.thread is session.thread is stack.thread and context.net_log is stack.net_log
    assert session.pools.slots == 0
    assert context.resolver.job_count == 0 and context.workers._threads == 0 and not context.is_shut_down
    assert context.disk_workers is not context.workers  # files that hang hold nothing up
    assert context.admission is None


@pytest.mark.parametrize("has_limits", [False, True])
@pytest.mark.parametrize("throttles", [False, True])
@pytest.mark.parametrize("schedules", [False, True])
def test_requests_are_held_back_if_that_is_wanted(
    stack: ScriptedStack, has_limits: bool, throttles: bool, schedules: bool
) -> None:
    """By each of the three, or by several."""
    limits = RateLimits.from_value(5) if has_limits else None
    scheduler = ResourceSchedulerSettings() if schedules else None
    builder = ContextBuilder(rate_limits=limits, throttles=throttles, resource_scheduler=scheduler)
    admission = builder.build(stack.thread, stack.net_log).admission
    assert (admission is not None) == (has_limits or throttles or schedules)
    assert (admission is not None and admission.scheduler is not None) == schedules
    assert (admission is not None and admission.rate_limiter is not None) == has_limits
    assert (admission is not None and admission.throttler is not None) == throttles


def test_a_network_delegate_sees_the_users_requests(stack: ScriptedStack) -> None:
    """There is none by default."""
    context = ContextBuilder(network_delegate=NetworkDelegate()).build(stack.thread, stack.net_log)
    assert context.make_delegate_calls is not None
    assert ContextBuilder().build(stack.thread, stack.net_log).make_delegate_calls is None


@pytest.mark.parametrize("limits, slots", [(None, 6), (PoolLimits(per_group=2, total=8), 2), (PoolLimits(6, 1), 1)])
def test_the_pool_keeps_the_limits(stack: ScriptedStack, limits: PoolLimits | None, slots: int) -> None:
    """Chromium's six sockets a host unless something else was said."""
    builder = ContextBuilder() if limits is None else ContextBuilder(limits)
    context = builder.build(stack.thread, stack.net_log)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for _ in range(8):
            new_request(context, request_info(url))[0].start()
        assert context.network_session.pools.slots == slots and context.request_count == 8
        context.shut_down()
        stack.run()
    assert context.network_session.pools.slots == 0


def test_each_context_has_its_own_services(stack: ScriptedStack) -> None:
    """Nothing is shared behind the scenes."""
    builder = ContextBuilder()
    first, second = (builder.build(stack.thread, stack.net_log) for _ in range(2))
    assert first.network_session.pools is not second.network_session.pools and first.resolver is not second.resolver


def test_a_request_goes_all_the_way_to_the_resolver(stack: ScriptedStack) -> None:
    """For http and https; a name that cannot exist is refused there."""
    context = ContextBuilder().build(stack.thread, stack.net_log)
    for scheme in ("http", "https"):
        request, delegate = new_request(
            context, request_info(f"{scheme}://{'x' * 63}.{'y' * 63}.{'z' * 63}.{'w' * 63}/")
        )
        request.start()
        stack.run()
        assert delegate.result == ERR_NAME_NOT_RESOLVED
    context.shut_down()
    request, delegate = new_request(context, request_info("http://127.0.0.1/"))
    request.start()
    stack.run()
    assert delegate.result == ERR_CONTEXT_SHUT_DOWN


# --- names


def test_rules_and_hook_say_where_requests_go(stack: ScriptedStack, listener: socket.socket) -> None:
    """Row 111: the hook is asked for what the rules have made of the host."""
    asked: list[str] = []

    def hook(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    rules = HostResolverRules.from_text("MAP *.test other.example")
    with built(stack, ContextBuilder(host_resolver_rules=rules, resolver_hook=hook)) as context:
        delegate = start(context, "a.test", listener)
        run_until(stack, lambda: "connected" in delegate.events)
        answer(stack, listener)
        run_until(stack, lambda: delegate.result != ERR_IO_PENDING)
        assert delegate.result == OK and delegate.body == b"fine" and asked == ["other.example"]
        assert context.host_resolver is not context.resolver


def test_without_rules_nobody_stands_before_the_resolver(stack: ScriptedStack) -> None:
    """One call less for each lookup."""
    context = ContextBuilder().build(stack.thread, stack.net_log)
    assert context.host_resolver is context.resolver


def test_only_so_many_lookups_run_at_a_time(stack: ScriptedStack) -> None:
    """Row 118: the others wait for their turn."""
    builder = ContextBuilder(resolver=ResolverSettings(max_parallel=2))
    with blocked_resolver() as system, built(stack, builder) as context:
        requests = [
            context.resolver.create_request(f"{number}.test", 80, DEFAULT_PARAMETERS, stack.log())
            for number in range(3)
        ]
        for request in requests:
            assert request.start(lambda _: None) == ERR_IO_PENDING
        assert (context.resolver.job_count, context.resolver.queued_count) == (3, 1)
        run_until(stack, lambda: len(system.asked) == 2)
        for request in requests:
            request.cancel()


@pytest.mark.parametrize("cache_entries", [0, 1])
def test_only_so_many_answers_are_kept(
    stack: ScriptedStack, cache_entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 111: or none."""
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [entry])
    with built(stack, ContextBuilder(resolver=ResolverSettings(cache_entries=cache_entries))) as context:
        results: list[int] = []
        for host in ("a.test", "b.test"):
            context.resolver.create_request(host, 80, DEFAULT_PARAMETERS, stack.log()).start(results.append)
        run_until(stack, lambda: results == [OK, OK])
        assert context.resolver.cache_size == cache_entries


def test_names_over_https(stack: ScriptedStack, listener: socket.socket) -> None:
    """Row 139: the server is asked over a session of its own, which ends with the context."""
    with doh_server({"a.test": "127.0.0.1"}) as server:
        doh = DohConfig.from_values(template(server), None)
        builder = ContextBuilder(doh=doh, doh_tls=TlsConfig(TrustConfig(ca_file=server.ca_file)))
        with built(stack, builder) as context:
            delegate = start(context, "a.test", listener)
            run_until(stack, lambda: "connected" in delegate.events)
            assert [str(group.group_id) for group in context.network_session.pools.groups()] == [
                f"http://a.test:{listener.getsockname()[1]}"
            ]
            assert server.open_connections > 0
        assert server.wait_until(lambda: server.open_connections == 0)


# --- connections


def test_connections_are_set_up_as_told(stack: ScriptedStack, listener: socket.socket) -> None:
    """Row 104: from this address of ours."""
    with built(stack, ContextBuilder(tcp=TcpOptions(local_address="127.0.0.2"))) as context:
        delegate = start(context, "127.0.0.1", listener)
        run_until(stack, lambda: "connected" in delegate.events)
        assert answer(stack, listener) == "127.0.0.2"
        run_until(stack, lambda: delegate.result == OK)


def test_an_endpoint_that_times_out_is_left_alone(stack: ScriptedStack) -> None:
    """Row 107: each attempt has its time, if the feature is on; three in a row are enough, and then nobody waits."""
    features = FeatureList.from_text(
        "TimeoutTcpConnectAttempt:TimeoutTcpConnectAttemptMin/100ms/TimeoutTcpConnectAttemptMax/100ms"
    )
    with full_listener() as listener, built(stack, ContextBuilder(features=features)) as context:
        for _ in range(3):
            delegate = start(context, "127.0.0.1", listener)
            stack.run()
            stack.advance(0.09)
            assert delegate.result == ERR_IO_PENDING
            stack.advance(0.02)
            assert delegate.result == ERR_TIMED_OUT
        delegate = start(context, "127.0.0.1", listener)
        stack.run()
        assert delegate.result == ERR_ADDRESS_UNREACHABLE


@contextmanager
def full_listener() -> Iterator[socket.socket]:
    """One whose queue is full: the system drops what else wants to connect."""
    with socket.socket() as listener, socket.socket() as filler:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        filler.connect(listener.getsockname())
        yield listener


@pytest.mark.parametrize("has_breaker", [False, True])
def test_requests_are_judged_if_that_is_wanted(
    stack: ScriptedStack, listener: socket.socket, has_breaker: bool
) -> None:
    """An endpoint that fails one request after the other is left alone by the circuit breaker."""
    health = EndpointHealthSettings(circuit_breaker=has_breaker, short_window=10, long_window=20)
    results: list[int] = []
    with built(stack, ContextBuilder(health=health)) as context:
        for _ in range(3):
            results.append(failed_request(stack, context, listener))
    assert results[0] == ERR_EMPTY_RESPONSE
    assert results[2] == (ERR_ADDRESS_UNREACHABLE if has_breaker else ERR_EMPTY_RESPONSE)


def failed_request(stack: ScriptedStack, context: URLRequestContext, listener: socket.socket) -> int:
    """The result of a request that is not answered, if it gets so far."""
    delegate = start(context, "127.0.0.1", listener)
    run_until(stack, lambda: delegate.events != [])
    if delegate.events[0] == "connected":
        answer(stack, listener, b"")
        run_until(stack, lambda: delegate.result != ERR_IO_PENDING)
    return delegate.result


# --- the network


def test_the_network_is_watched_from_the_start(stack: ScriptedStack) -> None:
    """Not by building, and not after the end."""
    with fake_kernel() as kernel:
        context = ContextBuilder().build(stack.thread, stack.net_log)
        assert kernel.opened == 0
        context.start()
        assert kernel.opened == 1 and len(stack.thread.sockets) == 1
        context.shut_down()
        assert not len(stack.thread.sockets) and not len(stack.thread.timers)


# --- cookies


def test_cookies_of_a_context(stack: ScriptedStack) -> None:
    """Kept unless that is not wanted, and there from the start; each context has its own."""
    PUBLIC_SUFFIXES.load()
    first = CanonicalCookie("a", "1", ".a.test", "/")
    builder = ContextBuilder(cookies=(first,))
    contexts = [builder.build(stack.thread, stack.net_log) for _ in range(2)]
    stores = [context.cookies.store for context in contexts if context.cookies is not None]
    assert [store.all_cookies() for store in stores if store is not None] == [[first], [first]]
    assert stores[0] is not stores[1]
    none = ContextBuilder(keeps_cookies=False, cookies=(first,)).build(stack.thread, stack.net_log)
    assert none.cookies is not None and none.cookies.store is None


def test_cookies_of_an_answer(stack: ScriptedStack, listener: socket.socket) -> None:
    """They get to the store, once a worker has read what it takes to judge them."""
    with built(stack, ContextBuilder()) as context:
        delegate = start(context, "127.0.0.1", listener)
        run_until(stack, lambda: "sent" in delegate.events)
        answer(stack, listener, b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Domain=127.0.0.1\r\nContent-Length: 0\r\n\r\n")
        run_until(stack, lambda: delegate.result != ERR_IO_PENDING)
        assert context.cookies is not None
        assert [found.identity for found in context.cookies.snapshot()] == [("a", "127.0.0.1", "/")]


def test_without_a_store_cookies_last_as_long_as_the_request(stack: ScriptedStack, listener: socket.socket) -> None:
    """The next hop of a redirect has them."""
    with built(stack, ContextBuilder(keeps_cookies=False)) as context:
        delegate = start(context, "127.0.0.1", listener)
        run_until(stack, lambda: "sent" in delegate.events)
        fields = b"Set-Cookie: a=1\r\nLocation: /2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        answer(stack, listener, b"HTTP/1.1 302 Go\r\n" + fields)
        run_until(stack, lambda: delegate.events.count("sent") == 2)
        assert delegate.request is not None and delegate.request.info.cookie_store is not None
        assert [found.name for found in delegate.request.info.cookie_store.all_cookies()] == ["a"]
        answer(stack, listener)
        run_until(stack, lambda: delegate.result != ERR_IO_PENDING)
        assert delegate.body == b"fine"
