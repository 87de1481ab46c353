"""ProxyResolutionRequest: one answer, or none once it was cancelled; callbacks may do anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, OK
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig
from netstack_sync.proxy.resolution_request import ProxyResolutionRequest
from tests.support.proxy_service import MANUAL, PAC, ServiceWorld

STATES = ["settings", "script", "answer", "name", "told"]


def reach(service: ServiceWorld, state: str) -> None:
    """Brings requests that were started to a state."""
    if state in ("answer", "name"):
        service.script()
    if state == "name":
        service.world.engine.open[0].ask("a.test")
    if state == "told":
        service.world.fetcher.give()


@pytest.mark.parametrize("state", STATES)
def test_cancel(service: ServiceWorld, state: str) -> None:
    """Row 218: CancelInProgressRequest, CancelWhilePACFetching. In every state: no callback, and the others are
    answered; idempotent.
    """
    if state != "settings":
        service.set(PAC)
    cancelled, other = service.ask("http://a.test/"), service.ask("http://b.test/")
    reach(service, state)
    cancelled.request.cancel()
    cancelled.request.cancel()
    assert cancelled.request.load_state is LoadState.IDLE
    if state == "settings":
        service.configs.change(MANUAL)
    if state == "script":
        service.script()
    service.run()
    for run in service.world.engine.open:
        run.answer("PROXY p:80")
    assert not cancelled.done.is_called and other.result == OK
    cancels = service.world.net_log.params_of(NetLogEventType.CANCELLED, NetLogEventPhase.NONE)
    assert len(cancels) == 1


def test_a_request_that_is_over(service: ServiceWorld) -> None:
    """May be cancelled, which means nothing."""
    service.set(DIRECT_CONFIG)
    asking = service.ask()
    asking.request.cancel()
    assert asking.chains == "direct://"
    assert service.world.net_log.params_of(NetLogEventType.CANCELLED, NetLogEventPhase.NONE) == []


def test_load_states(service: ServiceWorld) -> None:
    """What a request waits for, one after the other."""
    service.set(ProxyConfig(auto_detect=True))
    asking = service.ask()
    states = [asking.request.load_state]
    service.world.dns.lookups[0].finish(("192.0.2.1",))
    states.append(asking.request.load_state)
    service.script()
    states.append(asking.request.load_state)
    service.world.engine.open[0].ask("a.test")
    states.append(asking.request.load_state)
    service.world.dns.lookups[1].finish()
    service.answer("DIRECT")
    states.append(asking.request.load_state)
    assert [state.name for state in states] == [
        "RESOLVING_HOST",
        "DOWNLOADING_PAC_FILE",
        "RESOLVING_PROXY_FOR_URL",
        "RESOLVING_HOST_IN_PAC_FILE",
        "IDLE",
    ]


class Deed:
    """A callback that does something, the first time."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self.deed = deed
        self.results: list[int] = []

    def __call__(self, result: int) -> None:
        self.results.append(result)
        self.deed()


def started(service: ServiceWorld, deed: Callable[[], object]) -> tuple[ProxyResolutionRequest, Deed]:
    """A request whose callback does that."""
    net_log = NetLogWithSource.make(service.world.net_log, NetLogSourceType.URL_REQUEST)
    request = service.service.create_request(Url.parse("http://deed.test/"), net_log)
    done = Deed(deed)
    assert request.start(done) == ERR_IO_PENDING
    return request, done


@pytest.mark.parametrize("is_asked", [True, False], ids=["by the script", "by rules"])
def test_a_callback_that_cancels(service: ServiceWorld, is_asked: bool) -> None:
    """Row 218: CallbackDeletesRequest, CallbackDeletesSelf. Its own request and one that waits behind it."""
    service.set(PAC)
    requests: list[ProxyResolutionRequest] = []

    def cancel_all() -> None:
        for request in requests:
            request.cancel()

    first, done = started(service, cancel_all)
    second = service.ask()
    third = service.ask()
    requests += [first, second.request]
    if is_asked:
        service.script()
        for run in service.world.engine.runs:
            if run.is_open:
                run.answer("DIRECT")
    else:
        service.world.fetcher.fail()
        service.run()
    assert done.results == [OK] and not second.done.is_called and third.result == OK


@pytest.mark.parametrize("is_asked", [True, False], ids=["by the script", "by rules"])
def test_a_callback_that_ends_the_service(service: ServiceWorld, is_asked: bool) -> None:
    """Row 218: CallbackDeletesService. The others are told so, from inside."""
    service.set(PAC)
    _, done = started(service, service.service.shut_down)
    other = service.ask()
    if is_asked:
        service.script()
        service.world.engine.open[0].answer("DIRECT")
    else:
        service.world.fetcher.fail()
        service.run()
    assert done.results == [OK] and other.result == ERR_CONTEXT_SHUT_DOWN


def test_a_callback_that_asks_again(service: ServiceWorld) -> None:
    """Gets behind those who wait."""
    service.set(PAC)
    again: list[ProxyResolutionRequest] = []
    _, done = started(service, lambda: again.append(service.ask("http://again.test/").request))
    other = service.ask("http://other.test/")
    service.world.fetcher.fail()
    service.run()
    assert done.results == [OK] and other.result == OK and again[0].info is not None


def test_a_callback_that_changes_the_settings(service: ServiceWorld) -> None:
    """Who has not been told yet has the new ones."""
    service.set(PAC)
    _, done = started(service, lambda: service.configs.change(MANUAL))
    other = service.ask()
    service.world.fetcher.fail()
    service.run()
    assert done.results == [OK] and other.chains == "http://manual:80"


def test_a_callback_that_has_another_script_fetched(service: ServiceWorld) -> None:
    """Who has not been told yet waits for it."""
    service.set(PAC)
    _, done = started(service, lambda: service.configs.change(ProxyConfig(pac_url="http://other.test/")))
    other = service.ask()
    service.world.fetcher.fail()
    service.run()
    assert done.results == [OK] and other.result == ERR_IO_PENDING
    assert service.world.fetcher.open.url == "http://other.test/" and service.world.engine.runs == []
    service.script()
    service.answer("PROXY p:80")
    assert other.chains == "http://p:80"


def test_a_service_that_ends_before_the_request_starts(service: ServiceWorld) -> None:
    """Row 218: ProxyServiceDeletedBeforeRequest."""
    net_log = NetLogWithSource.make(service.world.net_log, NetLogSourceType.URL_REQUEST)
    request = service.service.create_request(Url.parse("http://a.test/"), net_log)
    service.service.shut_down()
    assert request.start(lambda _: None) == ERR_CONTEXT_SHUT_DOWN


def test_the_log(service: ServiceWorld) -> None:
    """What was decided stands between the begin and the end."""
    service.set(MANUAL)
    service.ask()
    entries = service.world.net_log.entries
    assert [(entry.type.name, entry.phase.name) for entry in entries] == [
        ("PROXY_RESOLUTION_SERVICE", "BEGIN"),
        ("PROXY_RESOLUTION_SERVICE_RESOLVED_PROXY_LIST", "NONE"),
        ("PROXY_RESOLUTION_SERVICE", "END"),
    ]
    assert entries[1].params == {"proxy_info": "http://manual:80"}
