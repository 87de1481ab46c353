"""What the resolver makes of its cache: fresh answers, stale ones, and those that are refreshed meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_DNS_CACHE_MISS, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveSource
from netstack_sync.dns.resolve_answer import AnswerSource
from netstack_sync.dns.resolve_job import PATIENCE_S
from netstack_sync.dns.resolver_settings import ResolverSettings
from netstack_sync.workers.resolve_host import ResolvedHost
from tests.support.loops import LoopDriver, driven_loop
from tests.support.resolving import NOT_FOUND, Resolving, endpoint

FRESH_ONLY = ResolveParameters()
ANEW = ResolveParameters(cache_usage=CacheUsage.DISALLOWED)
STALE = ResolveParameters(cache_usage=CacheUsage.STALE_ALLOWED)
LOCAL = ResolveParameters(source=ResolveSource.LOCAL_ONLY)
LOCAL_STALE = ResolveParameters(source=ResolveSource.LOCAL_ONLY, cache_usage=CacheUsage.STALE_ALLOWED)
OTHER = ResolvedHost(OK, (endpoint("192.0.2.2"),), 0)
NO_SUCH_NAME = ResolvedHost(ERR_NAME_NOT_RESOLVED, (), socket.EAI_NONAME, "no such name")


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


@pytest.fixture
def resolving(driver: LoopDriver) -> Resolving:
    return Resolving(driver)


@pytest.fixture
def refreshing(driver: LoopDriver) -> Resolving:
    return Resolving(driver, ResolverSettings(stale_while_refreshing=True, max_stale_s=1000))


def make_stale(resolving: Resolving, how: str) -> None:
    """What was learned is stale afterwards."""
    if how == "expired":
        resolving.driver.advance(60)
    else:
        resolving.manager.on_dns_changed()


def test_the_cache_is_not_asked_but_learns(resolving: Resolving) -> None:
    """Row 120 (BypassCache): who wants it anew gets it anew, and so does everybody afterwards."""
    resolving.learn("host.test")
    resolving.answers["host.test"] = OTHER
    request, on_done = resolving.start("host.test", parameters=ANEW)
    resolving.answers_arrive()
    assert on_done.result == OK and request.source == AnswerSource.SYSTEM and request.staleness is None
    assert resolving.answer_now("host.test")[1] == ["192.0.2.2"] and resolving.asked == ["host.test"] * 2


@pytest.mark.parametrize("how", ["expired", "changed"])
def test_a_stale_answer_is_not_taken(resolving: Resolving, how: str) -> None:
    """Row 121 (FlushCacheOnIPAddressChange): the same name is asked anew; the answer in the cache is replaced."""
    resolving.learn("host.test")
    make_stale(resolving, how)
    assert resolving.manager.cache_size == 1
    resolving.learn("host.test")
    assert resolving.manager.cache_size == 1 and resolving.asked == ["host.test"] * 2


def test_a_cleared_cache_knows_nothing(resolving: Resolving) -> None:
    """A job under way goes on."""
    resolving.learn("host.test")
    _, under_way = resolving.start("other.test")
    resolving.manager.clear_cache()
    assert resolving.manager.cache_size == 0
    resolving.answers_arrive()
    assert under_way.result == OK and resolving.manager.cache_size == 1


@pytest.mark.parametrize("host, result", [("127.0.0.1", OK), ("localhost", OK), ("..", ERR_NAME_NOT_RESOLVED)])
@pytest.mark.parametrize("parameters", [LOCAL, LOCAL_STALE])
def test_what_needs_nobody(resolving: Resolving, host: str, result: int, parameters: ResolveParameters) -> None:
    """Row 127 (LocalOnly_FromIp, _InvalidName, _InvalidLocalhost): is answered as ever."""
    assert resolving.answer_now(host, parameters)[0] == result


def test_local_only_from_the_cache(resolving: Resolving) -> None:
    """Row 127 (LocalOnly_FromCache): nobody is asked for what is not in it."""
    result, _, request = resolving.answer_now("host.test", LOCAL)
    assert result == ERR_NAME_NOT_RESOLVED and request.net_error == ERR_DNS_CACHE_MISS and request.error_detail
    resolving.learn("host.test")
    result, addresses, request = resolving.answer_now("host.test", LOCAL)
    assert (result, addresses, request.source) == (OK, ["192.0.2.1"], AnswerSource.CACHE)
    assert request.staleness is not None and not request.staleness.is_stale


def test_local_only_and_stale(resolving: Resolving) -> None:
    """Row 127 (LocalOnly_StaleEntry): only for those who allow it."""
    resolving.learn("host.test")
    make_stale(resolving, "expired")
    assert resolving.answer_now("host.test", LOCAL)[2].net_error == ERR_DNS_CACHE_MISS
    assert resolving.answer_now("host.test", LOCAL_STALE)[0] == OK


def test_local_only_without_the_cache(resolving: Resolving) -> None:
    """Row 127: the system is not asked, whatever else is forbidden."""
    resolving.learn("host.test")
    parameters = ResolveParameters(source=ResolveSource.LOCAL_ONLY, cache_usage=CacheUsage.DISALLOWED)
    assert resolving.answer_now("host.test", parameters)[2].net_error == ERR_DNS_CACHE_MISS
    assert resolving.asked == ["host.test"]


def test_refreshes_that_hang_do_not_keep_new_names_waiting(refreshing: Resolving) -> None:
    """Nobody waits for them, so that nobody cancels them either."""
    for number in range(8):
        refreshing.learn(f"{number}.test")
    make_stale(refreshing, "expired")
    for number in range(8):
        assert refreshing.answer_now(f"{number}.test")[0] == OK
    _, on_done = refreshing.start("new.test")
    assert refreshing.manager.queued_count == 1
    refreshing.driver.advance(PATIENCE_S)
    assert refreshing.manager.queued_count == 0
    refreshing.workers.jobs.pop().run()
    refreshing.driver.run_until_idle()
    assert on_done.result == OK and refreshing.manager.job_count == 8


@pytest.mark.parametrize("how, expired_by_s, network_changes", [("expired", 0, 0), ("changed", -60, 1)])
def test_a_stale_answer_for_those_who_allow_it(
    resolving: Resolving, how: str, expired_by_s: float, network_changes: int
) -> None:
    """Row 128 (StaleAllowed): with its age; nobody is asked."""
    resolving.learn("host.test")
    make_stale(resolving, how)
    for uses in (1, 2):
        result, addresses, request = resolving.answer_now("host.test", STALE)
        assert (result, addresses, request.source) == (OK, ["192.0.2.1"], AnswerSource.CACHE)
        staleness = request.staleness
        assert staleness is not None and staleness.is_stale and staleness.stale_hits == uses
        assert (staleness.expired_by_s, staleness.network_changes) == (expired_by_s, network_changes)
    assert not resolving.workers.jobs


def test_without_a_stale_answer_the_name_is_asked(resolving: Resolving) -> None:
    """Row 128 (StaleAllowed_NonLocal): as for everybody else."""
    request, on_done = resolving.start("host.test", parameters=STALE)
    resolving.answers_arrive()
    assert on_done.result == OK and request.staleness is None and request.source == AnswerSource.SYSTEM


def test_partitions_do_not_share_answers(resolving: Resolving) -> None:
    """Row 133 (NetworkAnonymizationKeyWrite/ReadFromHostCache): one site cannot find out where the other was."""
    here, there = ResolveParameters(partition="here"), ResolveParameters(partition="there")
    resolving.learn("host.test", here)
    resolving.learn("host.test", there)
    assert resolving.asked == ["host.test"] * 2
    assert resolving.answer_now("host.test", here)[0] == resolving.answer_now("host.test", there)[0] == OK
    assert resolving.answer_now("host.test", LOCAL)[0] == ERR_NAME_NOT_RESOLVED


@pytest.mark.parametrize("how", ["expired", "changed"])
def test_a_stale_answer_while_it_is_refreshed(refreshing: Resolving, how: str) -> None:
    """At once; one lookup runs meanwhile, without being repeated, and the next request has the new answer."""
    refreshing.learn("host.test")
    make_stale(refreshing, how)
    refreshing.answers["host.test"] = OTHER
    for _ in range(3):
        _, addresses, request = refreshing.answer_now("host.test")
        assert addresses == ["192.0.2.1"] and request.staleness is not None and request.staleness.is_stale
    assert len(refreshing.workers.jobs) == refreshing.manager.job_count == 1
    refreshing.answers_arrive()
    assert refreshing.answer_now("host.test")[1] == ["192.0.2.2"] and not refreshing.workers.jobs


def test_a_fresh_answer_needs_no_refresh(refreshing: Resolving) -> None:
    """Nobody is asked."""
    refreshing.learn("host.test")
    assert refreshing.answer_now("host.test")[0] == OK and refreshing.manager.job_count == 0


def test_who_does_not_want_it_stale_joins_the_refresh(refreshing: Resolving) -> None:
    """And waits for the new answer; leaving does not end it."""
    refreshing.learn("host.test")
    make_stale(refreshing, "expired")
    refreshing.answer_now("host.test")
    leaving, _ = refreshing.start("host.test", parameters=ANEW)
    _, staying = refreshing.start("host.test", parameters=ANEW)
    leaving.cancel()
    assert refreshing.manager.job_count == 1
    refreshing.answers_arrive()
    assert staying.result == OK and refreshing.asked == ["host.test"] * 2


def test_a_refresh_gets_in_nobodys_way(driver: LoopDriver) -> None:
    """It is the last to be asked."""
    resolving = Resolving(driver, ResolverSettings(max_parallel=1, stale_while_refreshing=True))
    resolving.learn("host.test")
    make_stale(resolving, "expired")
    resolving.start("running.test")
    resolving.answer_now("host.test")
    resolving.start("other.test", parameters=ResolveParameters(priority=RequestPriority.LOWEST))
    resolving.answers_arrive()
    assert resolving.asked[1:] == ["running.test", "other.test", "host.test"]


def test_a_refresh_that_fails_leaves_the_stale_answer(refreshing: Resolving) -> None:
    """A name server that is down must not take everything with it; the next request tries again."""
    refreshing.learn("host.test")
    make_stale(refreshing, "expired")
    refreshing.answers["host.test"] = NOT_FOUND
    for _ in range(2):
        assert refreshing.answer_now("host.test")[0] == OK
        refreshing.answers_arrive()
    assert refreshing.asked == ["host.test"] * 3


def test_a_name_that_is_gone_is_gone(refreshing: Resolving) -> None:
    """When the system is sure of it the stale answer would only be wrong."""
    refreshing.learn("host.test")
    make_stale(refreshing, "expired")
    refreshing.answers["host.test"] = NO_SUCH_NAME
    assert refreshing.answer_now("host.test")[0] == OK
    refreshing.answers_arrive()
    assert refreshing.manager.cache_size == 0
    refreshing.start("host.test")


def test_an_answer_may_be_too_stale(refreshing: Resolving) -> None:
    """Then it is asked for as if it had never been known."""
    refreshing.learn("host.test")
    refreshing.driver.advance(60 + 1001)
    refreshing.start("host.test")


def test_local_only_is_never_refreshed(refreshing: Resolving) -> None:
    """Row 127: nobody may be asked, so a stale answer has to be allowed."""
    refreshing.learn("host.test")
    make_stale(refreshing, "expired")
    assert refreshing.answer_now("host.test", LOCAL)[0] == ERR_NAME_NOT_RESOLVED
    assert refreshing.answer_now("host.test", LOCAL_STALE)[0] == OK
    assert refreshing.manager.job_count == 0
