"""Whose proxies a request takes: the session's, or its own; and how long what was learned of them is kept."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, ERR_PROXY_CONNECTION_FAILED, OK
from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.proxy.config import DIRECT_CONFIG, SYSTEM_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.proxy.info import ProxyInfo
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from netstack_sync.url_request.proxy_services import MAX_OWN_SETTINGS
from tests.support.loops import RecordedCompletion
from tests.support.proxies import SCRIPT, ProxyRig
from tests.support.scripted_stack import ScriptedStack

URL = Url.parse("http://a.test/")
LOGIN = ("me", "x")


def chain_of(port: int) -> ProxyChain:
    return ProxyChain((ProxyServer(ProxyScheme.HTTP, "p.test", port),))


def config_of(*ports: int) -> ProxyConfig:
    """Settings with these proxies, one after the other."""
    return ProxyConfig(rules=ProxyRules(single=tuple([chain_of(port) for port in ports])))


def make(stack: ScriptedStack, own: ProxyConfig = DIRECT_CONFIG, system: ProxyConfig = DIRECT_CONFIG) -> ProxyRig:
    return ProxyRig(stack.thread, stack.net_log, own, system=system)


def asked(stack: ScriptedStack, service: ProxyResolutionService | None) -> ProxyInfo:
    """What a service says about URL."""
    assert service is not None
    request = service.create_request(URL, stack.log())
    result, done = ERR_IO_PENDING, RecordedCompletion()
    result = request.start(done)
    stack.run()
    assert (done.result if result == ERR_IO_PENDING else result) == OK and request.info is not None
    return request.info


def let_fail(stack: ScriptedStack, service: ProxyResolutionService | None) -> None:
    """The first proxy cannot be reached, the second can."""
    info = asked(stack, service)
    assert service is not None and info.fallback(ERR_PROXY_CONNECTION_FAILED, stack.clock.now())
    service.report_success(info)


def test_settings_of_session_and_request(stack: ScriptedStack) -> None:
    """The request's count where it has any; both are kept."""
    rig = make(stack, config_of(1))
    services = rig.services
    services.start()
    assert not services.is_direct
    own, other = services.service_for(None), services.service_for(config_of(2))
    assert asked(stack, own).chain == chain_of(1) and asked(stack, other).chain == chain_of(2)
    assert services.service_for(None) is own and services.service_for(config_of(2)) is other
    assert services.settings_for(None) == config_of(1) and services.settings_for(config_of(2)) == config_of(2)
    assert len(rig.made) == 2


@pytest.mark.parametrize("config", [DIRECT_CONFIG, ProxyConfig(rules=ProxyRules(single=(DIRECT,)), source="proxy")])
def test_nothing_is_made_for_who_goes_directly(stack: ScriptedStack, config: ProxyConfig) -> None:
    """Whichever way that is said."""
    rig = make(stack, config)
    rig.services.start()
    assert rig.services.is_direct and rig.services.service_for(None) is rig.services.service_for(config) is None
    assert rig.services.settings_for(None) is rig.services.settings_for(config) is None and not rig.made


def test_each_settings_remember_their_own_bad_proxies(stack: ScriptedStack) -> None:
    """R3 (CVE-2026-8927): also those that differ in nothing but who is asking. All of them are told of."""
    services = make(stack, config_of(1, 2)).services
    with_login = ProxyConfig(rules=config_of(1, 2).rules, credentials=((chain_of(1).servers[0], LOGIN),))
    let_fail(stack, services.service_for(with_login))
    assert asked(stack, services.service_for(with_login)).chain == chain_of(2)
    assert asked(stack, services.service_for(None)).chain == chain_of(1)
    let_fail(stack, services.service_for(config_of(3, 4)))
    assert list(services.bad_proxies()) == ["http://p.test:1", "http://p.test:3"]


def test_another_network_knows_other_proxies(stack: ScriptedStack) -> None:
    """What failed may be there now."""
    services = make(stack, config_of(1, 2)).services
    let_fail(stack, services.service_for(None))
    let_fail(stack, services.service_for(config_of(3, 4)))
    services.on_dns_changed()
    assert len(services.bad_proxies()) == 2
    services.on_ip_address_changed()
    assert not services.bad_proxies()


def test_reload(stack: ScriptedStack) -> None:
    """What failed is good again; the system is looked at, however short ago the last look is."""
    rig = make(stack, config_of(1, 2), system=config_of(7))
    services = rig.services
    services.start()
    let_fail(stack, services.service_for(None))
    let_fail(stack, services.service_for(config_of(3, 4)))
    assert services.service_for(SYSTEM_CONFIG) is not None
    services.reload()  # what the system says is not known yet
    rig.workers.run_next()
    stack.run()
    services.reload()
    assert not services.bad_proxies() and len(rig.workers.jobs) == 1
    assert asked(stack, services.service_for(None)).chain == chain_of(1)
    services.shut_down()


def test_settings_of_requests_are_bounded(stack: ScriptedStack) -> None:
    """Those used longest ago are dropped, unless somebody waits for their script."""
    rig = make(stack)
    services = rig.services
    stalled = ProxyConfig(pac_script=SCRIPT)
    service = services.service_for(stalled)
    assert service is not None
    request, done = service.create_request(URL, stack.log()), RecordedCompletion()
    assert request.start(done) == ERR_IO_PENDING
    for port in range(1, MAX_OWN_SETTINGS):
        services.service_for(config_of(port))
    first = services.service_for(config_of(1))  # used again
    services.service_for(config_of(1000))
    assert services.service_for(stalled) is service and services.service_for(config_of(1)) is first
    made = len(rig.made)
    assert made == MAX_OWN_SETTINGS + 1
    services.service_for(config_of(2))
    assert len(rig.made) == made + 1, "it was the one that was dropped"
    assert asked(stack, rig.made[2].service).chain == chain_of(2), "to who knows it, it still answers"
    request.cancel()


def test_all_are_busy(stack: ScriptedStack) -> None:
    """Then there are more of them; each has a request under way."""
    rig = make(stack)
    requests = []
    for number in range(MAX_OWN_SETTINGS + 2):
        service = rig.services.service_for(ProxyConfig(pac_script=f"{SCRIPT}// {number}"))
        assert service is not None
        requests.append(service.create_request(URL, stack.log()))
        assert requests[-1].start(RecordedCompletion()) == ERR_IO_PENDING
    rig.services.service_for(ProxyConfig(pac_script=f"{SCRIPT}// 0"))
    assert len(rig.made) == MAX_OWN_SETTINGS + 2
    for request in requests:
        request.cancel()
    assert all([run.is_cancelled for run in rig.engine.runs])


@pytest.mark.parametrize("is_own", [True, False])
def test_what_the_system_says(stack: ScriptedStack, is_own: bool) -> None:
    """It is looked at on a worker, and not known before."""
    rig = make(stack, SYSTEM_CONFIG if is_own else DIRECT_CONFIG, system=config_of(7))
    services, config = rig.services, None if is_own else SYSTEM_CONFIG
    services.start()
    service = services.service_for(config)
    assert service is not None and services.settings_for(config) is None
    request, done = service.create_request(URL, stack.log()), RecordedCompletion()
    assert request.start(done) == ERR_IO_PENDING
    rig.workers.run_next()
    stack.run()
    assert done.result == OK and request.info is not None and request.info.chain == chain_of(7)
    assert services.settings_for(config) == config_of(7)
    services.shut_down()
    assert not len(stack.thread.timers)


def test_shut_down(stack: ScriptedStack) -> None:
    """Whoever waits is told, whoever comes later too, and the engine ends."""
    rig = make(stack, ProxyConfig(pac_script=SCRIPT))
    services = rig.services
    service = services.service_for(None)
    assert service is not None
    request, done = service.create_request(URL, stack.log()), RecordedCompletion()
    assert request.start(done) == ERR_IO_PENDING
    services.shut_down()
    services.shut_down()
    stack.run()
    assert done.result == ERR_CONTEXT_SHUT_DOWN and rig.engine.shut_downs == 2
    late = services.service_for(ProxyConfig(pac_script=SCRIPT, source="late"))
    assert late is not None and late.create_request(URL, stack.log()).start(done) == ERR_CONTEXT_SHUT_DOWN
    assert services.service_for(SYSTEM_CONFIG) is not None and not rig.workers.jobs


def test_forked_child(stack: ScriptedStack) -> None:
    """The parent's processes are the parent's."""
    rig = make(stack)
    rig.services.abandon_after_fork()
    assert rig.engine.is_abandoned


def test_identities(stack: ScriptedStack) -> None:
    """Those of the settings that decided; see ProxyIdentities."""
    services = make(stack).services
    server = chain_of(1).servers[0]
    info = ProxyInfo((chain_of(1),), ProxyConfig(credentials=((server, LOGIN),)))
    assert services.identity_of(server, info, lambda _: None) == password_identity(*LOGIN)
    services.forget_identity(server)
    services.stop_asking(lambda _: None)
    assert services.identity_error(server) == ""


def test_what_is_dropped_looks_at_nothing_any_more(stack: ScriptedStack) -> None:
    """Neither at the system, nor for a newer script."""
    rig = make(stack, system=config_of(7))
    service = rig.services.service_for(SYSTEM_CONFIG)
    rig.workers.run_next()
    stack.run()
    for port in range(1, MAX_OWN_SETTINGS + 1):
        rig.services.service_for(config_of(port))
    stack.advance(60.0)
    assert asked(stack, service).chain == chain_of(7) and not rig.workers.jobs and not len(stack.thread.timers)
