"""The resolver: local answers, shared lookups, their order, re-entrancy, shut-down.

Its cache, its sources, and what it does when the network changes: test_manager_*.py.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_HOST_RESOLVER_QUEUE_TOO_LARGE,
    ERR_ICANN_NAME_COLLISION,
    ERR_INTERNET_DISCONNECTED,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS, ResolveParameters
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.dns.resolve_answer import AnswerSource
from netstack_sync.dns.resolve_job import PATIENCE_S
from netstack_sync.dns.resolve_request import SharedResolveRequest
from netstack_sync.dns.resolver_settings import ResolverSettings
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.workers.resolve_host import ResolvedHost
from netstack_sync.workers.worker_pool import WorkerPool
from tests.support.loops import DEADLINE_S, LoopDriver, RecordedCompletion, driven_loop
from tests.support.resolving import FOUND, NOT_FOUND, Resolving, endpoint

LOWEST, MEDIUM, HIGHEST = RequestPriority.LOWEST, RequestPriority.MEDIUM, RequestPriority.HIGHEST


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


@pytest.fixture
def resolving(driver: LoopDriver) -> Resolving:
    return Resolving(driver)


@pytest.fixture
def one_at_a_time(driver: LoopDriver) -> Resolving:
    return Resolving(driver, ResolverSettings(max_parallel=1))


def of(priority: RequestPriority) -> ResolveParameters:
    return ResolveParameters(priority=priority)


def test_an_answer_comes_later_with_addresses_and_port(resolving: Resolving) -> None:
    """Row 111 (AsynchronousLookup): and is in the cache afterwards, for a minute."""
    request, on_done = resolving.start("host.test", 8080)
    assert resolving.manager.job_count == 1 and not request.addresses
    resolving.answers_arrive()
    assert on_done.result == OK and request.net_error == OK and request.source == AnswerSource.SYSTEM
    assert request.addresses == (IPEndPoint("192.0.2.1", 8080, socket.AF_INET),) and request.ttl_s == 60
    assert resolving.manager.cache_size == 1
    result, addresses, cached = resolving.answer_now("host.test")
    assert (result, addresses, cached.source) == (OK, ["192.0.2.1"], AnswerSource.CACHE)
    assert resolving.asked == ["host.test"]


@pytest.mark.parametrize("answer", [FOUND, NOT_FOUND])
def test_no_job_is_left_over(resolving: Resolving, answer: ResolvedHost) -> None:
    """Row 112 (JobsClearedOnCompletion*): after success or failure, of one request or many."""
    resolving.answers = {"a.test": answer, "b.test": answer}
    completions = [resolving.start(host)[1] for host in ("a.test", "b.test", "a.test")]
    assert resolving.manager.job_count == 2
    resolving.answers_arrive()
    assert [on_done.result for on_done in completions] == [answer.net_error] * 3
    assert resolving.manager.job_count == 0


def test_no_job_is_left_over_after_a_cancel(resolving: Resolving) -> None:
    """Row 112 (JobsClearedOnCompletion_Abort)."""
    for host in ("a.test", "b.test"):
        resolving.start(host)[0].cancel()
    assert resolving.manager.job_count == 0


@pytest.mark.parametrize("literal, address", [("127.1.2.3", "127.1.2.3"), ("2001:DB8:0::1", "2001:db8::1")])
def test_a_literal_is_its_own_answer(resolving: Resolving, literal: str, address: str) -> None:
    """Row 113: at once."""
    result, addresses, request = resolving.answer_now(literal)
    assert (result, addresses, request.source) == (OK, [address], AnswerSource.LITERAL)


@pytest.mark.parametrize("host", ["", "..", "x" * 5000, "a b", "[::1]"])
def test_a_bad_name_is_not_resolved(resolving: Resolving, host: str) -> None:
    """Row 114 (EmptyHost, EmptyDotsHost, LongHost): at once, and nobody is asked."""
    result, addresses, request = resolving.answer_now(host)
    assert (result, addresses) == (ERR_NAME_NOT_RESOLVED, []) and "not a valid host name" in request.error_detail
    assert not resolving.workers.jobs


@pytest.mark.parametrize(
    "answer",
    [NOT_FOUND, ResolvedHost(ERR_INTERNET_DISCONNECTED, (), 100), ResolvedHost(OK, (), 0)],
)
def test_a_failure_is_not_cached(resolving: Resolving, answer: ResolvedHost) -> None:
    """Row 115 (FailedAsynchronousLookup, EmptyListMeansNameNotResolved): the next request asks again."""
    resolving.answers["host.test"] = answer
    request, on_done = resolving.start("host.test")
    resolving.answers_arrive()
    assert on_done.result == request.net_error == (answer.net_error or ERR_NAME_NOT_RESOLVED)
    assert request.addresses == () and resolving.manager.cache_size == 0
    del resolving.answers["host.test"]
    _, on_done = resolving.start("host.test")
    resolving.answers_arrive()
    assert on_done.result == OK


def test_why_it_failed_is_told(resolving: Resolving) -> None:
    """Row 115: in words."""
    resolving.answers["host.test"] = NOT_FOUND
    request, _ = resolving.start("host.test")
    resolving.answers_arrive()
    assert request.error_detail == "no name server"


def test_a_request_cancelled_on_the_way_is_silent(resolving: Resolving) -> None:
    """Row 116 (AbortedAsynchronousLookup): cancelling is idempotent, also before the start."""
    request, on_done = resolving.start("host.test")
    request.cancel()
    request.cancel()
    resolving.request("host.test").cancel()
    resolving.answers_arrive()
    assert not on_done.is_called and resolving.manager.cache_size == 0 and resolving.asked == []
    cancelled = resolving.net_log.params_of(NetLogEventType.CANCELLED, NetLogEventPhase.NONE)
    assert len(cancelled) == 2  # the request and its job
    resolving.net_log.assert_spans_are_closed()


def test_shut_down_on_the_way_is_silent(driver: LoopDriver) -> None:
    """Row 116: the requests are told nothing and may be cancelled afterwards; later ones are refused."""
    resolving = Resolving(driver, ResolverSettings(max_parallel=2))
    requests = [resolving.start(host) for host in ("a.test", "a.test", "b.test", "waits.test")]
    resolving.manager.shut_down()
    resolving.manager.shut_down()
    assert len(resolving.workers.jobs) == 2  # nobody else had a turn
    resolving.answers_arrive()
    assert resolving.manager.job_count == 0 and resolving.asked == []
    for host in ("a.test", "127.0.0.1"):
        assert resolving.answer_now(host)[0] == ERR_CONTEXT_SHUT_DOWN
    for request, on_done in requests:
        request.cancel()
        assert not on_done.is_called
    resolving.net_log.assert_spans_are_closed()


def test_equal_names_share_a_job(resolving: Resolving) -> None:
    """Row 117 (DeDupeRequests, …WithDifferentPorts): whatever the case; each gets its own port, in order."""
    order: list[int] = []
    requests = [
        resolving.start_with(lambda _, port=port: order.append(port), host, port)  # type: ignore[misc]
        for host, port in (("host.test", 80), ("HOST.test", 81), ("host.Test", 82))
    ]
    assert resolving.manager.job_count == 1 and len(resolving.workers.jobs) == 1
    resolving.answers_arrive()
    assert order == [80, 81, 82] and resolving.asked == ["host.test"]
    assert [request.addresses[0].port for request in requests] == [80, 81, 82]


def test_a_final_dot_is_another_question(resolving: Resolving) -> None:
    """Row 117: it keeps the system from trying search domains, which may have another answer."""
    resolving.start("host")
    resolving.start("host.")
    resolving.answers_arrive()
    assert resolving.asked == ["host", "host."]


@pytest.mark.parametrize("other", [{"family": socket.AF_INET}, {"partition": "site"}])
def test_other_questions_have_their_own_job(resolving: Resolving, other: dict[str, int | str]) -> None:
    """Row 133 (NetworkAnonymizationKeyTwoRequestsAtOnce): other families and partitions share nothing."""
    parameters = ResolveParameters(**other)  # type: ignore[arg-type]
    resolving.start("host.test")
    resolving.start("host.test", parameters=parameters)
    resolving.start("host.test", parameters=parameters)
    assert resolving.manager.job_count == 2
    resolving.answers_arrive()
    assert resolving.manager.cache_size == 2


def test_only_the_family_that_is_wanted(resolving: Resolving) -> None:
    """Row 126: of the answer, and of literals."""
    resolving.answers["host.test"] = ResolvedHost(OK, (endpoint("2001:db8::1"), endpoint("192.0.2.1")), 0)
    only_v4 = ResolveParameters(family=socket.AF_INET)
    request, _ = resolving.start("host.test", parameters=only_v4)
    resolving.answers_arrive()
    assert [address.address for address in request.addresses] == ["192.0.2.1"]
    assert resolving.answer_now("::1", only_v4)[0] == ERR_NAME_NOT_RESOLVED
    assert resolving.answer_now("localhost", only_v4)[1] == ["127.0.0.1"]


def test_a_cancelled_request_leaves_the_others_their_job(resolving: Resolving) -> None:
    """Row 118 (CancelMultipleRequests): only the last one takes the job with it."""
    first, second, third = (resolving.start("host.test") for _ in range(3))
    first[0].cancel()
    third[0].cancel()
    assert resolving.manager.job_count == 1
    resolving.answers_arrive()
    assert (first[1].is_called, second[1].result, third[1].is_called) == (False, OK, False)


def test_a_cancelled_job_frees_its_place(one_at_a_time: Resolving) -> None:
    """Row 118 (CanceledRequestsReleaseJobSlots): at once, though its thread may hang on."""
    hanging, _ = one_at_a_time.start("hangs.test")
    _, on_done = one_at_a_time.start("host.test")
    assert len(one_at_a_time.workers.jobs) == 1 and one_at_a_time.manager.queued_count == 1
    hanging.cancel()
    assert len(one_at_a_time.workers.jobs) == 2 and one_at_a_time.manager.queued_count == 0
    one_at_a_time.answers_arrive()
    assert one_at_a_time.asked == ["host.test"] and on_done.result == OK


def test_a_callback_may_cancel_another_request(resolving: Resolving) -> None:
    """Row 119 (CancelWithinCallback): of the same job, told or untold: the untold one never hears."""
    told: list[str] = []
    requests: list[SharedResolveRequest] = []

    def on_second(_: int) -> None:
        told.append("second")
        for request in requests:
            request.cancel()

    for on_done in (lambda _: told.append("first"), on_second, lambda _: told.append("third")):
        requests.append(resolving.start_with(on_done, "host.test"))
    resolving.answers_arrive()
    assert told == ["first", "second"] and resolving.manager.job_count == 0


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_callback_that_raises_leaves_the_others_their_answer(
    resolving: Resolving, capsys: pytest.CaptureFixture[str], error: type[BaseException]
) -> None:
    """Row 119: it is printed; it is a bug."""

    def fail(_: int) -> None:
        raise error("my bug")

    resolving.start_with(fail, "host.test")
    _, on_done = resolving.start("host.test")
    resolving.answers_arrive()
    assert on_done.result == OK and "my bug" in capsys.readouterr().err


def test_a_callback_may_shut_the_resolver_down(resolving: Resolving) -> None:
    """Row 119 (DeleteWithinCallback): nobody is told anything after that."""
    resolving.start_with(lambda _: resolving.manager.shut_down(), "host.test")
    _, same = resolving.start("host.test")
    _, other = resolving.start("other.test")
    resolving.answers_arrive()
    assert not same.is_called and not other.is_called


def test_many_are_told_in_turns(resolving: Resolving) -> None:
    """Each goes on with a connect; nobody is left out, and who is cancelled meanwhile is not told."""
    told: list[int] = []
    requests: dict[int, SharedResolveRequest] = {}

    def on_done(number: int) -> None:
        told.append(number)
        if number == 1:
            requests[8].cancel()

    for number in range(10):
        requests[number] = resolving.start_with(lambda _, number=number: on_done(number), "host.test")  # type: ignore[misc]
    requests[0].cancel()
    resolving.answers_arrive()
    assert told == [1, 2, 3, 4, 5, 6, 7, 9]


def test_a_callback_may_ask_the_same_name(resolving: Resolving) -> None:
    """Row 119 (StartWithinCallback): a success is in the cache by then, a failure is asked anew."""
    resolving.answers["no.test"] = NOT_FOUND
    resolving.start_with(lambda _: again.append(resolving.answer_now("host.test")[0]), "host.test")
    resolving.start_with(lambda _: later.append(resolving.start("no.test")[1]), "no.test")
    again: list[int] = []
    later: list[RecordedCompletion] = []
    resolving.answers_arrive()
    assert again == [OK] and [on_done.result for on_done in later] == [ERR_NAME_NOT_RESOLVED]
    assert resolving.asked == ["host.test", "no.test", "no.test"]


def test_the_urgent_are_asked_first(one_at_a_time: Resolving) -> None:
    """Row 124 (HigherPriorityRequestsStartedFirst): in the order of their coming within a priority."""
    for host, priority in (("a", LOWEST), ("b", LOWEST), ("c", HIGHEST), ("d", MEDIUM), ("e", HIGHEST)):
        one_at_a_time.start(host, parameters=of(priority))
    one_at_a_time.start("b", parameters=of(HIGHEST))  # b is as urgent as its most urgent request
    one_at_a_time.answers_arrive()
    assert one_at_a_time.asked == ["a", "c", "e", "b", "d"]


def test_a_priority_may_change(one_at_a_time: Resolving) -> None:
    """Row 124 (ChangePriority): up and down."""
    one_at_a_time.start("running")
    requests = [one_at_a_time.start(host, parameters=of(MEDIUM))[0] for host in "abc"]
    requests[0].change_priority(LOWEST)
    requests[2].change_priority(HIGHEST)
    one_at_a_time.answers_arrive()
    assert one_at_a_time.asked == ["running", "c", "b", "a"]


def test_a_request_that_waits_may_be_cancelled(one_at_a_time: Resolving) -> None:
    """Row 124 (CancelPendingRequest): its name is never asked for."""
    requests = [one_at_a_time.start(host)[0] for host in "abcd"]
    requests[1].cancel()
    requests[3].cancel()
    one_at_a_time.answers_arrive()
    assert one_at_a_time.asked == ["a", "c"] and one_at_a_time.manager.job_count == 0


def test_no_more_than_the_limit_at_a_time(resolving: Resolving) -> None:
    """Row 124: eight, unless it was chosen otherwise."""
    for number in range(10):
        resolving.start(f"{number}.test")
    assert len(resolving.workers.jobs) == 8
    resolving.answers_arrive()
    assert len(resolving.asked) == 10


def test_names_that_hang_do_not_keep_the_others_waiting(resolving: Resolving) -> None:
    """Row 124: whoever waits gets a place after a while, without an end of those that hang."""
    hanging = [resolving.start(f"hangs-{number}.test")[1] for number in range(8)]
    _, on_done = resolving.start("host.test")
    resolving.driver.advance(PATIENCE_S - 0.001)
    assert len(resolving.workers.jobs) == 8
    resolving.driver.advance(0.001)
    resolving.workers.jobs.pop().run()
    resolving.driver.run_until_idle()
    assert on_done.result == OK and not any(other.is_called for other in hanging)
    resolving.answers_arrive()
    assert all(other.result == OK for other in hanging) and resolving.manager.job_count == 0


def overflow(resolving: Resolving, priority: RequestPriority = MEDIUM) -> list[RecordedCompletion]:
    """One runs and a hundred wait: one more is too many."""
    return [resolving.start(f"{number}.test", parameters=of(priority))[1] for number in range(101)]


def test_too_many_wait(one_at_a_time: Resolving) -> None:
    """Row 125 (QueueOverflow): the oldest of the least urgent is told so, later, and its name may be asked anew."""
    overflow(one_at_a_time)
    victim, on_done = one_at_a_time.start("victim.test", parameters=of(LOWEST))
    assert not on_done.is_called
    one_at_a_time.driver.run_until_idle()
    assert on_done.result == ERR_NAME_NOT_RESOLVED
    assert victim.net_error == ERR_HOST_RESOLVER_QUEUE_TOO_LARGE and "too many" in victim.error_detail
    assert one_at_a_time.manager.job_count == 101


def test_the_new_one_may_be_too_many(one_at_a_time: Resolving) -> None:
    """Row 125 (QueueOverflow): the one that is evicted is not the one that came last, if others are less urgent."""
    completions = overflow(one_at_a_time)
    _, urgent = one_at_a_time.start("urgent.test", parameters=of(HIGHEST))
    one_at_a_time.driver.run_until_idle()
    assert completions[1].result == ERR_NAME_NOT_RESOLVED and not urgent.is_called
    one_at_a_time.answers_arrive()
    assert urgent.result == OK and one_at_a_time.asked[1] == "urgent.test"
    assert [on_done.result for on_done in completions].count(OK) == 100


def test_a_request_evicted_by_itself_may_be_cancelled(one_at_a_time: Resolving) -> None:
    """Row 125 (QueueOverflow_SelfEvict): before it is told."""
    overflow(one_at_a_time)
    request, on_done = one_at_a_time.start("victim.test", parameters=of(LOWEST))
    request.cancel()
    one_at_a_time.driver.run_until_idle()
    assert not on_done.is_called


def test_the_callback_of_an_evicted_request_may_ask_again(one_at_a_time: Resolving) -> None:
    """Row 119 (StartWithinEvictionCallback): the same name, urgently: somebody else goes then."""
    completions = overflow(one_at_a_time)
    again: list[RecordedCompletion] = []
    one_at_a_time.start_with(
        lambda _: again.append(one_at_a_time.start("victim.test", parameters=of(HIGHEST))[1]),
        "victim.test",
        parameters=of(LOWEST),
    )
    one_at_a_time.driver.run_until_idle()
    assert completions[1].result == ERR_NAME_NOT_RESOLVED
    one_at_a_time.answers_arrive()
    assert [on_done.result for on_done in again] == [OK] and one_at_a_time.asked[1] == "victim.test"


def test_nobody_joins_a_job_that_was_evicted(one_at_a_time: Resolving) -> None:
    """Row 125: before its requests are told; who asks then gets a job of its own."""
    overflow(one_at_a_time)
    _, evicted = one_at_a_time.start("victim.test", parameters=of(LOWEST))
    _, urgent = one_at_a_time.start("victim.test", parameters=of(HIGHEST))
    one_at_a_time.answers_arrive()
    assert evicted.result == ERR_NAME_NOT_RESOLVED and urgent.result == OK


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "localhost.", "A.b.LOCALHOST."])
def test_localhost_is_never_asked_for(resolving: Resolving, host: str) -> None:
    """Row 134 (LocalhostLookup): IPv6 first."""
    result, addresses, request = resolving.answer_now(host)
    assert (result, addresses, request.source) == (OK, ["::1", "127.0.0.1"], AnswerSource.LOCALHOST)


def test_localhost_has_ipv6_without_the_internet(resolving: Resolving) -> None:
    """Row 137 (Ipv6Unreachable_Localhost): and so have literals."""
    resolving.ipv6_source = None
    assert resolving.answer_now("localhost")[1] == ["::1", "127.0.0.1"]
    assert resolving.answer_now("2001:db8::1")[0] == OK


@pytest.mark.parametrize("host", ["localhost6", "localhost.localdomain", "notlocalhost", "localhost.com"])
def test_what_only_looks_like_localhost_is_asked_for(resolving: Resolving, host: str) -> None:
    """Row 134."""
    resolving.start(host)


def test_a_name_collision_is_told(resolving: Resolving) -> None:
    """Row 130 (NameCollisionIcann): as the real reason; it is not kept."""
    resolving.answers["host.test"] = ResolvedHost(OK, (endpoint("127.0.53.53"),), 0)
    request, on_done = resolving.start("host.test")
    resolving.answers_arrive()
    assert on_done.result == ERR_NAME_NOT_RESOLVED and request.net_error == ERR_ICANN_NAME_COLLISION
    assert resolving.manager.cache_size == 0


def test_a_lookup_that_breaks_harms_nobody_else(resolving: Resolving) -> None:
    """It is a failure with the reason in words."""
    resolving.answers["broken.test"] = ZeroDivisionError("my bug")
    request, on_done = resolving.start("broken.test")
    _, other = resolving.start("host.test")
    resolving.answers_arrive()
    assert on_done.result == ERR_NAME_NOT_RESOLVED and request.error_detail == "ZeroDivisionError: my bug"
    assert other.result == OK and resolving.manager.job_count == 0


def test_lookups_that_hang_are_counted(driver: LoopDriver) -> None:
    """Row 129: those that are awaited, and those that nobody waits for any more; others get their threads."""
    gate = threading.Semaphore(0)
    asked: list[str] = []

    def resolve(host: str, family: int) -> ResolvedHost:
        asked.append(host)
        if host.startswith("hangs"):
            assert gate.acquire(timeout=DEADLINE_S)
        return FOUND

    net_log = NetLog(driver.clock)
    workers = WorkerPool(driver.loop.task_runner, 3)
    settings = ResolverSettings(max_parallel=2)
    manager = ResolverManager(workers, HostCache(driver.clock), driver.loop.timers, net_log, settings, resolve=resolve)
    bound = NetLogWithSource.make(net_log, NetLogSourceType.URL_REQUEST)
    hanging = [manager.create_request(f"hangs-{number}.test", 1, DEFAULT_PARAMETERS, bound) for number in range(2)]
    for request in hanging:
        assert request.start(RecordedCompletion()) == ERR_IO_PENDING
    driver.run_until(lambda: len(asked) == 2)
    assert (manager.running, manager.stuck) == (2, 0)
    for request in hanging:
        request.cancel()
    assert (manager.running, manager.stuck) == (0, 2)
    on_done = RecordedCompletion()
    request = manager.create_request("host.test", 1, DEFAULT_PARAMETERS, bound)
    assert request.start(on_done) == ERR_IO_PENDING
    driver.run_until(lambda: on_done.is_called)
    assert on_done.result == OK and manager.stuck == 2
    gate.release(2)
    driver.run_until(lambda: manager.stuck == 0)
    assert workers.finish(DEADLINE_S)


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
