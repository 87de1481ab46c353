"""Who is asked for a name, in which order."""

from __future__ import annotations

import pytest

from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveSource
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.dns.task_order import TaskKind, TaskOrder, task_order
from tests.support.resolving import ScriptedSecureDns

OFF, AUTOMATIC, SECURE = SecureDnsMode
HOOK, SECURE_DNS, INSECURE_CACHE, SYSTEM = TaskKind
ANYBODY = ResolveParameters()
TO_SYSTEM = TaskOrder((False,), (SYSTEM,))


def order(
    mode: SecureDnsMode | None,
    parameters: ResolveParameters = ANYBODY,
    name: str = "a.test",
    is_available: bool = True,
    has_hook: bool = False,
) -> TaskOrder:
    secure_dns = None if mode is None else ScriptedSecureDns(mode, is_available)
    return task_order(name, parameters, has_hook, secure_dns)


@pytest.mark.parametrize("mode", [None, OFF])
def test_without_secure_dns_the_system_is_asked(mode: SecureDnsMode | None) -> None:
    """Row 139: and answers of DNS over HTTPS are not taken."""
    assert order(mode) == TO_SYSTEM


@pytest.mark.parametrize("is_available", [True, False])
def test_secure_mode_asks_nobody_else(is_available: bool) -> None:
    """Row 139 (SecureDnsMode_Secure*): also while no server answers."""
    assert order(SECURE, is_available=is_available) == TaskOrder((True,), (SECURE_DNS,))


def test_automatic_mode_asks_the_system_last() -> None:
    """Row 139 (SecureDnsMode_Automatic*): its kept answers come after DNS over HTTPS has failed."""
    assert order(AUTOMATIC) == TaskOrder((True,), (SECURE_DNS, INSECURE_CACHE, SYSTEM))


def test_automatic_mode_takes_stale_answers_from_anybody() -> None:
    """Row 139 (SecureDnsMode_Automatic_Stale): who is in a hurry asks nobody first."""
    parameters = ResolveParameters(cache_usage=CacheUsage.STALE_ALLOWED)
    assert order(AUTOMATIC, parameters) == TaskOrder((True, False), (SECURE_DNS, SYSTEM))


def test_automatic_mode_without_a_server() -> None:
    """Row 139 (SecureDnsMode_Automatic_Unavailable): nobody waits for one that has not answered yet."""
    assert order(AUTOMATIC, is_available=False) == TaskOrder((True, False), (SYSTEM,))


@pytest.mark.parametrize("mode", [AUTOMATIC, SECURE])
@pytest.mark.parametrize("name", ["printer.local", "printer.local."])
def test_names_of_the_link_are_for_the_system(mode: SecureDnsMode, name: str) -> None:
    """Row 139: no name server knows them."""
    assert order(mode, name=name) == TO_SYSTEM


@pytest.mark.parametrize("name", ["local", "a.local.test", "alocal"])
def test_what_only_looks_like_a_name_of_the_link(name: str) -> None:
    """Row 139."""
    assert order(SECURE, name=name).tasks == (SECURE_DNS,)


@pytest.mark.parametrize("mode", [None, OFF, AUTOMATIC, SECURE])
@pytest.mark.parametrize(
    "parameters", [ResolveParameters(is_bootstrap=True), ResolveParameters(source=ResolveSource.SYSTEM)]
)
def test_the_system_on_demand(mode: SecureDnsMode | None, parameters: ResolveParameters) -> None:
    """Row 139: and for the names of the servers of DNS over HTTPS, whatever the mode."""
    assert order(mode, parameters) == TO_SYSTEM


@pytest.mark.parametrize("mode, tasks", [(None, ()), (OFF, ()), (AUTOMATIC, (SECURE_DNS,)), (SECURE, (SECURE_DNS,))])
def test_secure_dns_on_demand(mode: SecureDnsMode | None, tasks: tuple[TaskKind, ...]) -> None:
    """Row 139: from nobody else, also where that means nobody."""
    assert order(mode, ResolveParameters(source=ResolveSource.SECURE_DNS)) == TaskOrder((True,), tasks)


@pytest.mark.parametrize(
    "mode, caches", [(None, (False,)), (OFF, (False,)), (AUTOMATIC, (True, False)), (SECURE, (True,))]
)
def test_nobody_is_asked(mode: SecureDnsMode | None, caches: tuple[bool, ...]) -> None:
    """Row 127 (LocalOnly*): but what is known of those who might be."""
    assert order(mode, ResolveParameters(source=ResolveSource.LOCAL_ONLY)) == TaskOrder(caches, ())


@pytest.mark.parametrize("mode", [None, OFF, AUTOMATIC, SECURE])
@pytest.mark.parametrize("has_hook", [False, True])
def test_nobody_is_asked_without_the_cache_either(mode: SecureDnsMode | None, has_hook: bool) -> None:
    """Row 127: then there is nothing to answer from but the name itself."""
    parameters = ResolveParameters(source=ResolveSource.LOCAL_ONLY, cache_usage=CacheUsage.DISALLOWED)
    assert order(mode, parameters, has_hook=has_hook) == TaskOrder((), ())


@pytest.mark.parametrize("mode, tasks", [(None, (SYSTEM,)), (AUTOMATIC, (SECURE_DNS, SYSTEM)), (SECURE, (SECURE_DNS,))])
def test_without_the_cache(mode: SecureDnsMode | None, tasks: tuple[TaskKind, ...]) -> None:
    """Row 120 (BypassCache): neither at first nor on the way."""
    assert order(mode, ResolveParameters(cache_usage=CacheUsage.DISALLOWED)) == TaskOrder((), tasks)


@pytest.mark.parametrize("mode", [None, AUTOMATIC, SECURE])
@pytest.mark.parametrize("source", [ResolveSource.ANY, ResolveSource.SYSTEM, ResolveSource.SECURE_DNS])
@pytest.mark.parametrize("is_bootstrap", [True, False])
def test_with_a_hook_nobody_else_is_asked(
    mode: SecureDnsMode | None, source: ResolveSource, is_bootstrap: bool
) -> None:
    """Whatever the request and the mode say."""
    parameters = ResolveParameters(source=source, is_bootstrap=is_bootstrap)
    assert order(mode, parameters, has_hook=True) == TaskOrder((False,), (HOOK,))


def test_nor_a_hook() -> None:
    """Row 127: where nobody may be asked."""
    assert order(None, ResolveParameters(source=ResolveSource.LOCAL_ONLY), has_hook=True) == TaskOrder((False,), ())
