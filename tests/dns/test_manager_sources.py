"""Whom the resolver asks: DNS over HTTPS by its mode, the system, or a user's hook and nobody else."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from netstack_sync.base.net_errors import ERR_DNS_TIMED_OUT, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.dns.cache_entry import HostCacheKey
from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveSource
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.dns.resolve_job import PATIENCE_S
from netstack_sync.dns.resolver_settings import ResolverSettings
from netstack_sync.dns.secure_dns import SecureDnsMode
from tests.support.loops import LoopDriver, driven_loop
from tests.support.resolving import NOT_FOUND, Resolving, ScriptedSecureDns, endpoint

OFF, AUTOMATIC, SECURE = SecureDnsMode
BOOTSTRAP = ResolveParameters(is_bootstrap=True)
FROM_SYSTEM = ResolveParameters(source=ResolveSource.SYSTEM)
FROM_SECURE_DNS = ResolveParameters(source=ResolveSource.SECURE_DNS)
STALE = ResolveParameters(cache_usage=CacheUsage.STALE_ALLOWED)


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


Make = Callable[[SecureDnsMode], tuple[Resolving, ScriptedSecureDns]]


@pytest.fixture
def make(driver: LoopDriver) -> Make:
    def make(mode: SecureDnsMode) -> tuple[Resolving, ScriptedSecureDns]:
        secure_dns = ScriptedSecureDns(mode)
        return Resolving(driver, ResolverSettings(max_parallel=1), secure_dns), secure_dns

    return make


@pytest.fixture
def hooked(driver: LoopDriver) -> Resolving:
    secure_dns = ScriptedSecureDns(SECURE)
    return Resolving(driver, ResolverSettings(stale_while_refreshing=True), secure_dns, has_hook=True)


@pytest.mark.parametrize("mode", [AUTOMATIC, SECURE])
def test_secure_dns_answers(make: Make, mode: SecureDnsMode) -> None:
    """Row 139 (SecureDnsMode_Automatic, _Secure): the system learns nothing; the answer is kept for its own time."""
    resolving, secure_dns = make(mode)
    request, on_done = resolving.start("Host.test")
    secure_dns.tasks[0].find("192.0.2.7", ttl_s=300)
    assert on_done.result == OK and request.source == AnswerSource.SECURE_DNS and request.ttl_s == 300
    resolving.driver.advance(299)
    result, addresses, cached = resolving.answer_now("host.test")
    assert (result, addresses, cached.ttl_s) == (OK, ["192.0.2.7"], 1)
    assert secure_dns.tasks[0].host == "host.test" and not resolving.workers.jobs


def test_secure_mode_has_no_other_way(make: Make) -> None:
    """Row 139 (SecureDnsMode_Secure_Failure): the real reason is told."""
    resolving, secure_dns = make(SECURE)
    request, on_done = resolving.start("host.test")
    secure_dns.tasks[0].fail(ERR_DNS_TIMED_OUT)
    assert on_done.result == ERR_NAME_NOT_RESOLVED and request.net_error == ERR_DNS_TIMED_OUT
    assert not resolving.workers.jobs


def test_secure_mode_takes_no_insecure_answer(make: Make) -> None:
    """Row 139 (SecureDnsMode_Secure_InsecureAsyncCacheHit): what the system said is not good enough."""
    resolving, _ = make(SECURE)
    resolving.learn("host.test", BOOTSTRAP)
    resolving.start("host.test")
    resolving.start("host.test", parameters=STALE)


def test_automatic_mode_falls_back_to_the_system(make: Make) -> None:
    """Row 139 (SecureDnsMode_Automatic_SecureFailure): whose answer is kept as insecure: others ask safely first."""
    resolving, secure_dns = make(AUTOMATIC)
    request, on_done = resolving.start("host.test")
    secure_dns.tasks[0].fail()
    resolving.answers_arrive()
    assert on_done.result == OK and request.source == AnswerSource.SYSTEM
    again, on_done = resolving.start("host.test")
    secure_dns.tasks[1].fail()
    resolving.driver.run_until_idle()
    assert on_done.result == OK and again.source == AnswerSource.CACHE and resolving.asked == ["host.test"]


def test_automatic_mode_without_anybody_left(make: Make) -> None:
    """Row 139: the last reason is told."""
    resolving, secure_dns = make(AUTOMATIC)
    resolving.answers["host.test"] = NOT_FOUND
    request, on_done = resolving.start("host.test")
    secure_dns.tasks[0].fail(ERR_DNS_TIMED_OUT)
    resolving.answers_arrive()
    assert on_done.result == ERR_NAME_NOT_RESOLVED and request.error_detail == "no name server"


def test_automatic_mode_while_no_server_answers(make: Make) -> None:
    """Row 139 (SecureDnsMode_Automatic_Unavailable): the system is asked; safe answers are still good."""
    resolving, secure_dns = make(AUTOMATIC)
    resolving.start("safe.test")
    secure_dns.tasks[0].find("192.0.2.7")
    secure_dns.is_available = False
    assert resolving.answer_now("safe.test")[1] == ["192.0.2.7"]
    resolving.learn("host.test")
    assert len(secure_dns.tasks) == 1 and resolving.answer_now("host.test")[0] == OK


def test_automatic_mode_takes_a_stale_answer_from_anybody(make: Make) -> None:
    """Row 139 (SecureDnsMode_Automatic_Stale): for those who allow it."""
    resolving, secure_dns = make(AUTOMATIC)
    secure_dns.is_available = False
    resolving.learn("host.test")
    secure_dns.is_available = True
    resolving.driver.advance(61)
    assert resolving.answer_now("host.test", STALE)[1] == ["192.0.2.1"]


def test_off_means_the_system(make: Make) -> None:
    """Row 139 (SecureDnsMode_Off)."""
    resolving, secure_dns = make(OFF)
    resolving.learn("host.test")
    assert not secure_dns.tasks


@pytest.mark.parametrize(
    "host, parameters", [("printer.local", ResolveParameters()), ("doh.test", BOOTSTRAP), ("a.test", FROM_SYSTEM)]
)
def test_what_the_system_is_asked_in_secure_mode(make: Make, host: str, parameters: ResolveParameters) -> None:
    """Row 139: names of the link, the servers' own, and what it is to be asked."""
    resolving, secure_dns = make(SECURE)
    resolving.learn(host, parameters)
    assert resolving.asked == [host] and not secure_dns.tasks


def test_secure_dns_where_there_is_none(make: Make) -> None:
    """Row 139: is a failure that says so, at once."""
    resolving, _ = make(OFF)
    result, _, request = resolving.answer_now("host.test", FROM_SECURE_DNS)
    assert result == ERR_NAME_NOT_RESOLVED and "DNS over HTTPS" in request.error_detail


def test_secure_dns_waits_for_no_thread(make: Make) -> None:
    """Row 139: it holds no place in the queue; where it fails it stands in line."""
    resolving, secure_dns = make(AUTOMATIC)
    resolving.start("hangs.test", parameters=FROM_SYSTEM)
    _, safe = resolving.start("safe.test")
    _, unsafe = resolving.start("unsafe.test")
    secure_dns.tasks[0].find("192.0.2.7")
    secure_dns.tasks[1].fail()
    resolving.driver.run_until_idle()
    assert safe.result == OK and not unsafe.is_called and resolving.manager.queued_count == 1
    resolving.answers_arrive()
    assert unsafe.result == OK


def test_a_cancelled_lookup_cancels_its_query(make: Make) -> None:
    """Row 118: of DNS over HTTPS, too."""
    resolving, secure_dns = make(SECURE)
    resolving.start("host.test")[0].cancel()
    assert secure_dns.tasks[0].is_cancelled and resolving.manager.job_count == 0


def test_a_negative_answer_is_kept_for_its_time(make: Make) -> None:
    """Row 140 (NotFoundTTL, CachedError*): DNS tells how long there will be no such name."""
    resolving, secure_dns = make(SECURE)
    resolving.start("no.test")
    secure_dns.tasks[0].fail(ttl_s=30)
    resolving.driver.advance(29)
    result, _, request = resolving.answer_now("no.test")
    assert result == ERR_NAME_NOT_RESOLVED and request.error_detail == "no such name"
    assert request.source is None and request.staleness is not None
    resolving.driver.advance(1)
    resolving.start("no.test")
    assert len(secure_dns.tasks) == 2


@pytest.mark.parametrize("ipv6_source, family", [("2001:db8::2", socket.AF_UNSPEC), (None, socket.AF_INET)])
def test_no_question_for_ipv6_that_leads_nowhere(make: Make, ipv6_source: str | None, family: int) -> None:
    """Row 137 (Ipv6Unreachable)."""
    resolving, secure_dns = make(SECURE)
    resolving.ipv6_source = ipv6_source
    resolving.start("host.test")
    assert secure_dns.tasks[0].query_family == family


@pytest.mark.parametrize(
    "host, shown",
    [
        ("Host.test", "host.test"),
        ("host.test.", "host.test"),
        ("LOCALHOST", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("printer.local", "printer.local"),
    ],
)
@pytest.mark.parametrize("parameters", [ResolveParameters(), BOOTSTRAP, FROM_SYSTEM], ids=repr)
def test_a_hook_sees_every_host(hooked: Resolving, host: str, shown: str, parameters: ResolveParameters) -> None:
    """A filter decides about addresses and localhost as well; nobody else is asked, whatever the request says."""
    request, on_done = hooked.start(host, 8080, parameters)
    hooked.hook_tasks[0].find("192.0.2.8", source=AnswerSource.HOOK, ttl_s=None)
    assert on_done.result == OK and [str(address) for address in request.addresses] == ["192.0.2.8:8080"]
    assert hooked.hook_tasks[0].host == shown and request.source == AnswerSource.HOOK
    assert not hooked.workers.jobs and hooked.manager.cache_size == 0


def test_a_hook_may_say_no(hooked: Resolving) -> None:
    """Also where there is no network: the reason is the hook's."""
    hooked.manager.set_offline(True)
    request, on_done = hooked.start("127.0.0.1")
    hooked.hook_tasks[0].answer(ResolveAnswer(ERR_NAME_NOT_RESOLVED, source=AnswerSource.HOOK, detail="internal"))
    assert on_done.result == ERR_NAME_NOT_RESOLVED and request.error_detail == "internal"
    assert not hooked.workers.jobs


def test_a_hook_is_not_shown_what_is_no_host(hooked: Resolving) -> None:
    """Bad names fail as ever, and nobody may be asked for what is to be answered locally."""
    assert hooked.answer_now("a b")[0] == ERR_NAME_NOT_RESOLVED
    local = ResolveParameters(source=ResolveSource.LOCAL_ONLY)
    assert hooked.answer_now("127.0.0.1", local)[0] == ERR_NAME_NOT_RESOLVED
    assert not hooked.hook_tasks


def test_hooks_that_hang_do_not_keep_the_others_waiting(hooked: Resolving) -> None:
    """They hold their threads, but not their places."""
    for number in range(8):
        hooked.start(f"hangs-{number}.test")
    _, on_done = hooked.start("host.test")
    assert len(hooked.hook_tasks) == 8
    hooked.driver.advance(PATIENCE_S)
    hooked.hook_tasks[-1].find("192.0.2.9", source=AnswerSource.HOOK, ttl_s=None)
    assert on_done.result == OK and hooked.manager.job_count == 8


@pytest.mark.parametrize("parameters", [ResolveParameters(), STALE], ids=["fresh", "stale"])
def test_only_a_hooks_own_answers_are_taken_from_the_cache(hooked: Resolving, parameters: ResolveParameters) -> None:
    """One that was saved by a session without the hook has not been judged."""
    for host, source in (("saved.test", AnswerSource.SYSTEM), ("hook.test", AnswerSource.HOOK)):
        answer = ResolveAnswer(OK, (endpoint("192.0.2.9"),), source, 60.0)
        hooked.cache.store(HostCacheKey(host, socket.AF_UNSPEC), answer)
    hooked.driver.advance(0 if parameters.cache_usage == CacheUsage.ALLOWED else 61)
    hooked.start("saved.test", parameters=parameters)
    assert hooked.answer_now("hook.test", parameters)[1] == ["192.0.2.9"]
    assert hooked.hook_tasks[0].host == "saved.test"
