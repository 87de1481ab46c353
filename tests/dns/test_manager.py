"""The resolver: local answers, shared lookups, the cache, re-entrancy, shut-down."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_ICANN_NAME_COLLISION,
    ERR_INTERNET_DISCONNECTED,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_OUT_OF_MEMORY,
    OK,
)
from netstack_sync.base.priority import DEFAULT_PRIORITY
from netstack_sync.dns.host_cache import SUCCESS_TTL_S, HostCache
from netstack_sync.dns.manager import ResolverManager, SharedResolveRequest
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.workers.resolve_host import ResolvedHost
from netstack_sync.workers.worker_pool import WorkerPool
from tests.support.loops import DEADLINE_S, LoopDriver, RecordedCompletion, driven_loop
from tests.support.net_logs import RecordingNetLog
from tests.support.workers import ScriptedWorkers

BEGIN, END, NONE = NetLogEventPhase.BEGIN, NetLogEventPhase.END, NetLogEventPhase.NONE
REQUEST = NetLogEventType.HOST_RESOLVER_MANAGER_REQUEST
FOUND = ResolvedHost(OK, (IPEndPoint("192.0.2.1", 0, socket.AF_INET),), 0)
NOT_FOUND = ResolvedHost(ERR_NAME_NOT_RESOLVED, (), -2)


class Resolving:
    """A resolver whose system answers when and what the test says."""

    def __init__(self, driver: LoopDriver, net_log: NetLog) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.loop.task_runner)
        self.answers: dict[str, ResolvedHost] = {}
        self.asked: list[str] = []
        self.net_log = net_log
        self.manager = ResolverManager(self.workers, HostCache(driver.clock), net_log, self.resolve)

    def resolve(self, host: str) -> ResolvedHost:
        self.asked.append(host)
        return self.answers.get(host, FOUND)

    def request(self, host: str, port: int = 80) -> SharedResolveRequest:
        bound = NetLogWithSource.make(self.net_log, NetLogSourceType.URL_REQUEST)
        return self.manager.create_request(host, port, DEFAULT_PRIORITY, bound)

    def start(self, host: str, port: int = 80) -> tuple[SharedResolveRequest, RecordedCompletion]:
        """A request that has to wait."""
        request, on_done = self.request(host, port), RecordedCompletion()
        assert request.start(on_done) == ERR_IO_PENDING
        return request, on_done

    def answers_arrive(self) -> None:
        while self.workers.jobs:
            self.workers.run_next()
        self.driver.run_until_idle()

    def answer_now(self, host: str) -> tuple[int, list[str]]:
        """Result and addresses of a request that does not wait."""
        request, on_done = self.request(host), RecordedCompletion()
        result = request.start(on_done)
        assert result != ERR_IO_PENDING and not on_done.is_called and not self.workers.jobs
        return result, [str(endpoint) for endpoint in request.addresses]


@pytest.fixture
def net_log() -> RecordingNetLog:
    return RecordingNetLog()


@pytest.fixture
def resolving(net_log: RecordingNetLog) -> Iterator[Resolving]:
    with driven_loop() as driver:
        yield Resolving(driver, net_log)


def test_an_answer_comes_later_with_addresses_and_port(resolving: Resolving) -> None:
    """Row 111: and is in the cache afterwards."""
    request, on_done = resolving.start("host.test", 8080)
    assert resolving.manager.job_count == 1 and not request.addresses
    resolving.answers_arrive()
    assert on_done.result == OK and request.net_error == OK
    assert request.addresses == (IPEndPoint("192.0.2.1", 8080, socket.AF_INET),)
    assert resolving.manager.cache_size == 1
    assert resolving.answer_now("host.test") == (OK, ["192.0.2.1:80"])
    assert resolving.asked == ["host.test"]


def test_scopes_survive(resolving: Resolving) -> None:
    """Row 111: a link-local address is of no use without its interface."""
    resolving.answers["host.test"] = ResolvedHost(OK, (IPEndPoint("fe80::1", 0, socket.AF_INET6, 3),), 0)
    request, _ = resolving.start("host.test", 81)
    resolving.answers_arrive()
    assert request.addresses == (IPEndPoint("fe80::1", 81, socket.AF_INET6, 3),)


@pytest.mark.parametrize("answer", [FOUND, NOT_FOUND])
def test_no_job_is_left_over(resolving: Resolving, answer: ResolvedHost) -> None:
    """Row 112: after success or failure, of one request or many."""
    resolving.answers = {"a.test": answer, "b.test": answer}
    completions = [resolving.start(host)[1] for host in ("a.test", "b.test", "a.test")]
    assert resolving.manager.job_count == 2
    resolving.answers_arrive()
    assert [on_done.result for on_done in completions] == [answer.net_error] * 3
    assert resolving.manager.job_count == 0


def test_no_job_is_left_over_after_a_cancel(resolving: Resolving) -> None:
    """Row 112: nor after an abort."""
    for host in ("a.test", "b.test"):
        resolving.start(host)[0].cancel()
    assert resolving.manager.job_count == 0


@pytest.mark.parametrize(
    "literal, address",
    [
        ("127.1.2.3", "127.1.2.3:80"),
        ("2001:DB8:0::1", "[2001:db8::1]:80"),
        ("::ffff:7f00:1", "[::ffff:7f00:1]:80"),
    ],
)
def test_a_literal_is_its_own_answer(resolving: Resolving, literal: str, address: str) -> None:
    """Row 113: at once."""
    assert resolving.answer_now(literal) == (OK, [address])


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "..",
        "...",
        "a..b",
        ".a",
        "a..",
        "a" * 64 + ".test",
        "a" * 64,
        "a." * 128,
        ".".join(["a" * 63] * 4),
        "x" * 5000,
        "a b",
        "a/b",
        "a\n",
        "a%00",
        "[::1]",
        "fe80::1%eth0",
        "-",
        "a.-b",
        "é.test",
    ],
)
def test_a_bad_name_is_not_resolved(resolving: Resolving, host: str) -> None:
    """Row 114: at once, and nobody is asked."""
    assert resolving.answer_now(host) == (ERR_NAME_NOT_RESOLVED, [])


@pytest.mark.parametrize(
    "host",
    [
        "a",
        "a.b",
        "a.b.",
        "_dmarc.example",
        "my_service",
        "-a.test",
        "xn--nxasmq6b.test",
        "1.2.3.example",
        "a" * 63,
        ".".join(["a" * 63] * 3 + ["b" * 61]),
        ".".join(["a" * 63] * 3 + ["b" * 61]) + ".",
    ],
)
def test_a_good_name_is_asked_for(resolving: Resolving, host: str) -> None:
    """Row 114: the other side of it: labels to 63, names to 253 characters and the final dot."""
    resolving.start(host)
    resolving.answers_arrive()
    assert resolving.asked == [host.removesuffix(".")]


@pytest.mark.parametrize("answer", [NOT_FOUND, ResolvedHost(ERR_INTERNET_DISCONNECTED, (), 100)])
def test_a_failure_is_not_cached(resolving: Resolving, answer: ResolvedHost) -> None:
    """Row 115: the next request asks again."""
    resolving.answers["host.test"] = answer
    request, on_done = resolving.start("host.test")
    resolving.answers_arrive()
    assert on_done.result == request.net_error == answer.net_error
    assert request.addresses == () and resolving.manager.cache_size == 0
    del resolving.answers["host.test"]
    _, on_done = resolving.start("host.test")
    resolving.answers_arrive()
    assert on_done.result == OK


@pytest.mark.parametrize("net_error", [ERR_OUT_OF_MEMORY, ERR_ICANN_NAME_COLLISION])
def test_users_see_few_errors(resolving: Resolving, net_error: int) -> None:
    """Row 130: what really went wrong is in `net_error`."""
    resolving.answers["host.test"] = ResolvedHost(net_error, (), 0)
    request, on_done = resolving.start("host.test")
    resolving.answers_arrive()
    assert on_done.result == ERR_NAME_NOT_RESOLVED and request.net_error == net_error


def test_a_request_cancelled_on_the_way_is_silent(resolving: Resolving, net_log: RecordingNetLog) -> None:
    """Row 116: cancelling is idempotent, also before the start."""
    request, on_done = resolving.start("host.test")
    request.cancel()
    request.cancel()
    resolving.request("host.test").cancel()
    resolving.answers_arrive()
    assert not on_done.is_called and resolving.manager.cache_size == 0
    assert len(net_log.params_of(NetLogEventType.CANCELLED, NONE)) == 2  # the request and its job
    net_log.assert_spans_are_closed()


def test_shut_down_on_the_way_is_silent(resolving: Resolving, net_log: RecordingNetLog) -> None:
    """Row 116: the requests are told nothing and may be cancelled afterwards; later ones are refused."""
    requests = [resolving.start(host) for host in ("a.test", "a.test", "b.test")]
    resolving.manager.shut_down()
    resolving.manager.shut_down()
    resolving.answers_arrive()
    assert resolving.manager.job_count == 0
    assert resolving.answer_now("a.test") == (ERR_CONTEXT_SHUT_DOWN, [])
    assert resolving.answer_now("127.0.0.1") == (ERR_CONTEXT_SHUT_DOWN, [])
    for request, on_done in requests:
        request.cancel()
        assert not on_done.is_called
    net_log.assert_spans_are_closed()


def test_equal_names_share_a_job(resolving: Resolving) -> None:
    """Row 117: whatever the port, the case, or a final dot; each gets its own port, in order."""
    order: list[int] = []
    requests: list[SharedResolveRequest] = []
    for host, port in (("host.test", 80), ("HOST.test", 81), ("host.test.", 82)):
        request = resolving.request(host, port)
        requests.append(request)
        assert request.start(lambda _, port=port: order.append(port)) == ERR_IO_PENDING  # type: ignore[misc]
    assert resolving.manager.job_count == 1 and len(resolving.workers.jobs) == 1
    resolving.answers_arrive()
    assert order == [80, 81, 82] and resolving.asked == ["host.test"]
    assert [request.addresses[0].port for request in requests] == [80, 81, 82]


def test_a_cancelled_request_leaves_the_others_their_job(resolving: Resolving) -> None:
    """Row 118: only the last one takes the job with it."""
    first, second, third = (resolving.start("host.test") for _ in range(3))
    first[0].cancel()
    third[0].cancel()
    assert resolving.manager.job_count == 1
    resolving.answers_arrive()
    assert (first[1].is_called, second[1].result, third[1].is_called) == (False, OK, False)


def test_a_cancelled_job_frees_its_place(resolving: Resolving) -> None:
    """Row 118: the worker skips it, and the same name may be asked anew."""
    request, _ = resolving.start("host.test")
    request.cancel()
    _, on_done = resolving.start("host.test")
    resolving.answers_arrive()
    assert resolving.asked == ["host.test"] and on_done.result == OK


def start_with(resolving: Resolving, host: str, on_done: Callable[[int], None]) -> SharedResolveRequest:
    request = resolving.request(host)
    assert request.start(on_done) == ERR_IO_PENDING
    return request


def test_a_callback_may_cancel_another_request(resolving: Resolving) -> None:
    """Row 119 (CancelWithinCallback): of the same job, told or untold: the untold one never hears."""
    told: list[str] = []

    def on_second(result: int) -> None:
        told.append("second")
        for request in (first, second, third):
            request.cancel()

    first = start_with(resolving, "host.test", lambda _: told.append("first"))
    second = start_with(resolving, "host.test", on_second)
    third = start_with(resolving, "host.test", lambda _: told.append("third"))
    resolving.answers_arrive()
    assert told == ["first", "second"] and resolving.manager.job_count == 0


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_callback_that_raises_leaves_the_others_their_answer(
    resolving: Resolving, capsys: pytest.CaptureFixture[str], error: type[BaseException]
) -> None:
    """Its traceback is shown."""

    def fail(result: int) -> None:
        raise error("a bug of a callback")

    _, before = resolving.start("host.test")
    assert resolving.request("host.test").start(fail) == ERR_IO_PENDING
    _, after = resolving.start("host.test")
    resolving.answers_arrive()
    assert before.results == after.results == [OK]
    assert capsys.readouterr().err.count(f"{error.__name__}: a bug of a callback") == 1


def test_a_callback_may_shut_the_resolver_down(resolving: Resolving) -> None:
    """Row 119 (DeleteWithinCallback): nobody else is told, of this job or another."""
    told: list[str] = []

    def on_first(result: int) -> None:
        told.append("first")
        resolving.manager.shut_down()

    start_with(resolving, "host.test", on_first)
    untold = [start_with(resolving, host, lambda _: told.append("other")) for host in ("host.test", "other.test")]
    resolving.answers_arrive()
    for request in untold:
        request.cancel()
    assert told == ["first"]


@pytest.mark.parametrize("answer", [FOUND, NOT_FOUND])
def test_a_callback_may_ask_the_same_name(resolving: Resolving, answer: ResolvedHost) -> None:
    """Row 119 (StartWithinCallback): from the cache after success, with a new job after a failure."""
    resolving.answers["host.test"] = answer
    again = RecordedCompletion()
    results: list[int] = []

    def on_first(result: int) -> None:
        results.append(resolving.request("host.test").start(again))

    start_with(resolving, "host.test", on_first)
    _, second = resolving.start("host.test")
    resolving.answers_arrive()
    assert second.result == answer.net_error
    if answer is FOUND:
        assert results == [OK] and not again.is_called
    else:
        assert results == [ERR_IO_PENDING]
        resolving.answers_arrive()
        assert again.result == ERR_NAME_NOT_RESOLVED
    assert resolving.manager.job_count == 0


def test_a_flushed_name_is_asked_anew(resolving: Resolving) -> None:
    """Row 121: as after a change of the network; a job under way goes on."""
    resolving.start("host.test")
    resolving.answers_arrive()
    _, under_way = resolving.start("other.test")
    resolving.manager.flush_cache()
    assert resolving.manager.cache_size == 0
    resolving.start("host.test")
    resolving.answers_arrive()
    assert under_way.result == OK and resolving.asked == ["host.test", "other.test", "host.test"]


def test_an_old_answer_is_asked_anew(resolving: Resolving) -> None:
    """After a minute."""
    resolving.start("host.test")
    resolving.answers_arrive()
    resolving.driver.advance(SUCCESS_TTL_S)
    resolving.start("host.test")


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "localhost.", "a.localhost", "A.b.LOCALHOST."])
def test_localhost_is_never_asked_for(resolving: Resolving, host: str) -> None:
    """Row 134: IPv6 first."""
    assert resolving.answer_now(host) == (OK, ["[::1]:80", "127.0.0.1:80"])


@pytest.mark.parametrize("host", ["localhost6", "localhost.localdomain", "notlocalhost", "localhost.com"])
def test_what_only_looks_like_localhost_is_asked_for(resolving: Resolving, host: str) -> None:
    """Row 134."""
    resolving.start(host)


def test_a_request_is_a_span_of_its_users_log(resolving: Resolving, net_log: RecordingNetLog) -> None:
    """With the host at its begin and the error at its end."""
    resolving.answers["host.test"] = ResolvedHost(ERR_OUT_OF_MEMORY, (), 0)
    resolving.start("host.test")
    resolving.answers_arrive()
    resolving.answer_now("localhost")
    assert net_log.params_of(REQUEST, BEGIN) == [{"host": "host.test"}, {"host": "localhost"}]
    assert net_log.params_of(REQUEST, END) == [{"net_error": ERR_NAME_NOT_RESOLVED}, {}]
    net_log.assert_spans_are_closed()


def test_it_works_without_a_log_and_with_threads() -> None:
    """The real resolver on a real worker: a literal it is not asked for, and a name nobody has."""
    with driven_loop() as driver:
        workers = WorkerPool(driver.loop.task_runner, 1)
        answer = ResolvedHost(OK, FOUND.addresses, 0)
        manager = ResolverManager(workers, HostCache(driver.clock), NetLog(driver.clock), lambda host: answer)
        bound = NetLogWithSource.make(NetLog(driver.clock), NetLogSourceType.URL_REQUEST)
        request = manager.create_request("host.test", 1, DEFAULT_PRIORITY, bound)
        on_done = RecordedCompletion()
        assert request.start(on_done) == ERR_IO_PENDING
        driver.run_until(lambda: on_done.is_called)
        assert on_done.result == OK and request.addresses[0].port == 1


def test_another_thread_may_not_ask(resolving: Resolving) -> None:
    """A resolver belongs to the thread that asked it first."""
    assert resolving.answer_now("127.0.0.1")[0] == OK
    errors: list[AssertionError] = []

    def misuse() -> None:
        try:
            resolving.request("host.test")
        except AssertionError as error:
            errors.append(error)

    thread = threading.Thread(target=misuse)
    thread.start()
    thread.join(DEADLINE_S)
    assert "only the network thread" in str(errors[0])
