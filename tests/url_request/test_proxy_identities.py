"""As whom proxies are spoken to: which word counts, and how the user's function is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_PROXY_AUTH_REQUESTED
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.http.proxy_source import OnIdentity
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig
from netstack_sync.url_request.proxy_identities import ProxyIdentities
from tests.support.network import NetworkDriver, driven_network
from tests.support.workers import ScriptedWorkers

A, B = (ProxyServer(ProxyScheme.HTTP, host, 80) for host in ("a.test", "b.test"))
ME, HER = password_identity("me", "x"), password_identity("her", "y")


class Function:
    """Of a user's; says what it is told to, and notes what it was asked."""

    def __init__(self, *answers: AuthIdentity | BaseException | None) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, url: str) -> AuthIdentity | None:
        self.asked.append(url)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Logins:
    """See ProxyLogins."""

    def __init__(
        self,
        for_all: AuthIdentity | None = None,
        by_proxy: dict[ProxyServer, AuthIdentity] | None = None,
        ask: Callable[[str], AuthIdentity | None] | None = None,
    ) -> None:
        self.source: Callable[[str], object] | None = ask
        self._known = (by_proxy or {}, for_all)
        self._function = ask

    def identity_of(self, server: ProxyServer) -> AuthIdentity | None:
        return self._known[0].get(server, self._known[1])

    def ask(self, server: ProxyServer) -> AuthIdentity | None:
        assert self._function is not None
        return self._function(str(server))


class Rig:
    """Identities, the workers that ask, and what the waiting were told."""

    def __init__(self, driver: NetworkDriver, logins: Logins | None) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.identities = ProxyIdentities(logins, self.workers)
        self.told: list[AuthIdentity | int | None] = []
        self.on_done: list[OnIdentity] = []
        """Of those who asked, in their order."""

    def ask(self, server: ProxyServer = A, config: ProxyConfig = DIRECT_CONFIG) -> AuthIdentity | int | None:
        self.on_done.append(lambda identity: self.told.append(identity))
        return self.identities.identity_of(server, config, self.on_done[-1])

    def answer(self) -> None:
        self.workers.run_next()
        self.driver.run_until_idle()


@pytest.fixture
def driver() -> Iterator[NetworkDriver]:
    with driven_network() as driver:
        yield driver


def test_nobody(driver: NetworkDriver) -> None:
    """Unless the user says who."""
    assert Rig(driver, None).ask() is None and Rig(driver, Logins()).ask() is None


def test_url_comes_first_and_is_for_one_proxy(driver: NetworkDriver) -> None:
    """Basic goes out with the first request then."""
    config = ProxyConfig(credentials=((A, ("me", "x")),))
    for logins in (Logins(HER), Logins(by_proxy={A: HER, B: HER}), Logins(ask=Function(HER))):
        rig = Rig(driver, logins)
        identity = rig.ask(A, config)
        assert identity == ME and isinstance(identity, AuthIdentity) and identity.sends_basic
        assert rig.ask(B, config) in (HER, ERR_IO_PENDING)


def test_mapping_is_for_those_it_names(driver: NetworkDriver) -> None:
    """Another proxy is told nothing."""
    rig = Rig(driver, Logins(by_proxy={A: ME}))
    assert (rig.ask(A), rig.ask(B)) == (ME, None)


def test_function_is_asked_once_for_each_proxy(driver: NetworkDriver) -> None:
    """By however many at a time; its answer is kept, None as well."""
    function = Function(ME, None)
    rig = Rig(driver, Logins(ask=function))
    assert [rig.ask(A), rig.ask(A), rig.ask(B)] == [ERR_IO_PENDING] * 3 and not rig.told
    rig.answer()
    assert rig.told == [ME, ME]
    rig.answer()
    assert rig.told == [ME, ME, None]
    assert (rig.ask(A), rig.ask(B)) == (ME, None) and not rig.workers.jobs
    assert function.asked == ["http://a.test:80", "http://b.test:80"]


def test_answer_that_was_refused_is_forgotten(driver: NetworkDriver) -> None:
    """R4 (CVE-2026-9079): what the function says next counts, also if that is nobody."""
    rig = Rig(driver, Logins(ask=Function(ME, None)))
    rig.ask()
    rig.answer()
    rig.identities.forget(A)
    rig.identities.forget(B)
    assert rig.ask() == ERR_IO_PENDING
    rig.answer()
    assert rig.ask() is None


@pytest.mark.parametrize("error", [KeyError("no\nkeyring"), SystemExit("gone")])
def test_function_that_fails(driver: NetworkDriver, error: BaseException) -> None:
    """Fails those who wait, in its words; the next request asks again."""
    rig = Rig(driver, Logins(ask=Function(error, ME)))
    rig.ask()
    rig.answer()
    assert rig.told == [ERR_PROXY_AUTH_REQUESTED]
    words = rig.identities.error_of(A)
    assert words.startswith(f"proxy_auth failed for http://a.test:80: {type(error).__name__}: ") and words.isprintable()
    assert rig.ask() == ERR_IO_PENDING
    rig.answer()
    assert rig.told[1:] == [ME] and rig.identities.error_of(A) == ""


def test_memory_is_bounded(driver: NetworkDriver) -> None:
    """A script may name any number of proxies."""
    servers = [ProxyServer(ProxyScheme.HTTP, "a.test", port) for port in range(1, 301)]
    rig = Rig(driver, Logins(ask=lambda url: ME))
    for server in servers:
        rig.ask(server)
        rig.answer()
    assert rig.ask(servers[-1]) == ME and rig.ask(servers[0]) == ERR_IO_PENDING


def test_who_does_not_wait_any_more_is_not_told(driver: NetworkDriver) -> None:
    """What the function says is kept all the same."""
    rig = Rig(driver, Logins(ask=Function(ME)))
    for _ in range(3):
        rig.ask()
    for _ in range(2):
        rig.identities.stop_asking(rig.on_done[1])
    rig.answer()
    assert rig.told == [ME, ME] and rig.ask() == ME
    rig.identities.stop_asking(rig.on_done[0])


def test_one_who_is_told_may_end_another_and_have_a_bug(
    driver: NetworkDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are told; many of them not in one turn of the loop."""
    rig = Rig(driver, Logins(ask=Function(ME)))

    def end_the_next(_: object) -> None:
        rig.identities.stop_asking(rig.on_done[0])
        raise RuntimeError("a bug")

    assert rig.identities.identity_of(A, DIRECT_CONFIG, end_the_next) == ERR_IO_PENDING
    for _ in range(9):
        rig.ask()
    rig.answer()
    assert rig.told == [ME] * 8 and "a bug" in capsys.readouterr().err
