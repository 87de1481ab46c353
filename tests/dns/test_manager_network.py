"""What the resolver does when the network changes, or is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import (
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_CHANGED,
    OK,
)
from netstack_sync.dns.resolve_request import SharedResolveRequest
from netstack_sync.dns.resolver_settings import ResolverSettings
from netstack_sync.dns.secure_dns import SecureDnsMode
from tests.support.loops import LoopDriver, RecordedCompletion, driven_loop
from tests.support.resolving import NOT_FOUND, Resolving, ScriptedSecureDns


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


@pytest.fixture
def resolving(driver: LoopDriver) -> Resolving:
    """Two lookups at a time."""
    return Resolving(driver, ResolverSettings(max_parallel=2))


def test_the_same_name_is_asked_in_the_other_network(resolving: Resolving) -> None:
    """Row 121 (FlushCacheOnIPAddressChange): the answer is kept for those who take stale ones."""
    resolving.learn("host.test")
    resolving.manager.on_ip_address_changed()
    assert resolving.manager.cache_size == 1
    resolving.learn("host.test")
    assert resolving.asked == ["host.test"] * 2


def test_other_name_servers_may_have_other_answers(resolving: Resolving) -> None:
    """Row 141 (FlushCacheOnDnsConfigChange): what runs goes on."""
    resolving.learn("host.test")
    _, running = resolving.start("other.test")
    resolving.manager.on_dns_changed()
    resolving.start("host.test")
    resolving.answers_arrive()
    assert running.result == OK and resolving.asked.count("host.test") == 2


def test_what_runs_is_aborted_and_what_waits_is_not(resolving: Resolving) -> None:
    """Row 122 (AbortOnIPAddressChanged, AbortOnlyExistingRequests…): those that wait ask the new network."""
    running = [resolving.start(host) for host in ("a.test", "b.test")]
    _, waiting = resolving.start("c.test")
    resolving.manager.on_ip_address_changed()
    for request, on_done in running:
        assert on_done.result == request.net_error == ERR_NETWORK_CHANGED and "changed" in request.error_detail
    assert not waiting.is_called and resolving.manager.job_count == 1
    resolving.answers_arrive()
    assert waiting.result == OK and resolving.asked == ["c.test"]
    resolving.net_log.assert_spans_are_closed()


def test_a_callback_may_ask_again(resolving: Resolving) -> None:
    """Row 122: its own name or that of another one that is about to be aborted: both are asked anew."""
    again: list[RecordedCompletion] = []

    def ask_both(_: int) -> None:
        again.extend(resolving.start(host)[1] for host in ("a.test", "b.test"))

    resolving.start_with(ask_both, "a.test")
    _, other = resolving.start("b.test")
    resolving.manager.on_ip_address_changed()
    assert other.result == ERR_NETWORK_CHANGED and not any(on_done.is_called for on_done in again)
    resolving.answers_arrive()
    assert [on_done.result for on_done in again] == [OK, OK] and resolving.asked == ["a.test", "b.test"]


def test_a_callback_may_cancel_what_is_about_to_be_aborted(resolving: Resolving) -> None:
    """Row 119 (CancelWithinAbortedCallback): it is told nothing then."""
    requests: list[SharedResolveRequest] = []
    resolving.start_with(lambda _: requests[0].cancel(), "a.test")
    request, on_done = resolving.start("b.test")
    requests.append(request)
    resolving.manager.on_ip_address_changed()
    assert not on_done.is_called and resolving.manager.job_count == 0
    resolving.net_log.assert_spans_are_closed()


def test_a_callback_may_shut_the_resolver_down(resolving: Resolving) -> None:
    """Row 119 (DeleteWithinAbortedCallback): nobody is told anything after that, and nothing starts."""
    resolving.start_with(lambda _: resolving.manager.shut_down(), "a.test")
    _, running = resolving.start("b.test")
    _, waiting = resolving.start("c.test")
    resolving.manager.on_ip_address_changed()
    resolving.answers_arrive()
    assert not running.is_called and not waiting.is_called and resolving.asked == []


def test_a_callback_that_raises_does_not_stop_the_resolver(
    resolving: Resolving, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row 122: the others are told, and the queue goes on."""

    def fail(_: int) -> None:
        raise RuntimeError("my bug")

    resolving.start_with(fail, "a.test")
    _, running = resolving.start("b.test")
    _, waiting = resolving.start("c.test")
    resolving.manager.on_ip_address_changed()
    resolving.answers_arrive()
    assert running.result == ERR_NETWORK_CHANGED and waiting.result == OK
    assert "my bug" in capsys.readouterr().err


def test_limits_hold_after_a_change(resolving: Resolving) -> None:
    """Row 123 (ObeyPoolConstraintsAfterIPAddressChange): whatever was aborted and started anew."""

    def ask_again(_: int) -> None:
        for number in range(3):
            resolving.start(f"again-{number}.test")

    for number in range(6):
        resolving.start_with(ask_again, f"{number}.test")
    before = len(resolving.workers.jobs)
    resolving.manager.on_ip_address_changed()
    assert before == 2 and len(resolving.workers.jobs) - before == 2
    resolving.workers.jobs.clear()


def test_everybody_who_knows_the_network_is_told(driver: LoopDriver) -> None:
    """Row 121: DNS over HTTPS, whose lookups are aborted like all others, and the IPv6 probe."""
    secure_dns = ScriptedSecureDns(SecureDnsMode.SECURE)
    resolving = Resolving(driver, secure_dns=secure_dns)
    resolving.ipv6_source = None
    _, on_done = resolving.start("host.test")
    resolving.ipv6_source = "2001:db8::2"
    resolving.manager.on_ip_address_changed()
    assert on_done.result == ERR_NETWORK_CHANGED and secure_dns.tasks[0].is_cancelled
    resolving.start("host.test")
    assert secure_dns.tasks[0].query_family != secure_dns.tasks[1].query_family


@pytest.mark.parametrize("is_offline, result", [(True, ERR_INTERNET_DISCONNECTED), (False, ERR_NAME_NOT_RESOLVED)])
def test_a_failure_without_network_says_so(resolving: Resolving, is_offline: bool, result: int) -> None:
    """And a success is one; local answers need no network."""
    resolving.manager.set_offline(True)
    resolving.manager.set_offline(is_offline)
    resolving.answers["no.test"] = NOT_FOUND
    request, on_done = resolving.start("no.test")
    resolving.learn("host.test")
    assert on_done.result == request.net_error == result and request.error_detail == "no name server"
    assert resolving.answer_now("localhost")[0] == OK and resolving.answer_now("..")[0] == ERR_NAME_NOT_RESOLVED
