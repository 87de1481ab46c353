"""PollingConfigService: when it looks, what it tells, and what it makes of a look without result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from netstack_sync.base.proxy_chain import ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.proxy.config_service import ProxyConfigService
from netstack_sync.proxy.polling_config_service import PollingConfigService
from tests.support.loops import LoopDriver, driven_loop
from tests.support.workers import ScriptedWorkers


def config_of(host: str) -> ProxyConfig:
    """All goes through this proxy."""
    return ProxyConfig(rules=ProxyRules(single=(ProxyChain((ProxyServer(ProxyScheme.HTTP, host, 80),)),)))


class Polling:
    """A service whose settings the test decides; it observes it as well."""

    def __init__(self, driver: LoopDriver) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.loop.task_runner)
        self.system: ProxyConfig | Exception = config_of("a.test")
        self.told: list[ProxyConfig] = []
        self.service = PollingConfigService(driver.loop.timers, self.workers, self._read)
        self.service.add_observer(self)

    def on_proxy_config_changed(self, config: ProxyConfig) -> None:
        """See ProxyConfigObserver."""
        assert self.service.latest() == config
        self.told.append(config)

    def answer(self) -> None:
        """The worker's look comes to its end."""
        self.workers.run_next()
        self.driver.run_until_idle()

    def _read(self) -> ProxyConfig:
        if isinstance(self.system, Exception):
            raise self.system
        return self.system


@pytest.fixture
def polling() -> Iterator[Polling]:
    with driven_loop() as driver:
        yield Polling(driver)


@pytest.fixture
def started(polling: Polling) -> Polling:
    """The first look is over."""
    polling.service.start()
    polling.answer()
    return polling


def test_the_first_look_is_on_a_worker(polling: Polling) -> None:
    """Until it is over nothing is known; then the observers are told."""
    service: ProxyConfigService = polling.service
    assert service.latest() is None and not polling.workers.jobs
    polling.service.start()
    polling.driver.run_until_idle()
    assert service.latest() is None and not polling.told
    polling.answer()
    assert polling.told == [config_of("a.test")] == [service.latest()]


def test_an_idle_program_is_not_woken(started: Polling) -> None:
    """No timer is armed once the first look is over."""
    assert len(started.driver.loop.timers) == 0
    started.driver.advance(3600.0)
    assert not started.workers.jobs


def test_it_looks_again_when_it_is_asked_after_a_while(started: Polling) -> None:
    """Ten seconds after the end of the last look, and not twice at the same time."""
    for _ in range(3):
        started.driver.advance(3.3)
        started.service.on_lazy_poll()
    assert not started.workers.jobs
    started.driver.advance(0.2)
    started.service.on_lazy_poll()
    started.service.on_lazy_poll()
    assert len(started.workers.jobs) == 1
    started.driver.advance(20.0)
    started.service.on_lazy_poll()
    assert len(started.workers.jobs) == 1
    started.answer()
    started.service.on_lazy_poll()
    assert not started.workers.jobs


def test_it_looks_at_once_when_it_is_told_to(started: Polling) -> None:
    """However short ago the last look is; and not twice at the same time."""
    started.service.look_now()
    started.service.look_now()
    assert len(started.workers.jobs) == 1


def test_only_changes_are_told(started: Polling) -> None:
    """To those who still observe."""
    for host in ("a.test", "b.test", "b.test"):
        started.system = config_of(host)
        started.driver.advance(10.0)
        started.service.on_lazy_poll()
        started.answer()
    assert started.told == [config_of("a.test"), config_of("b.test")]
    started.service.remove_observer(started)
    started.system = DIRECT_CONFIG
    started.driver.advance(10.0)
    started.service.on_lazy_poll()
    started.answer()
    assert len(started.told) == 2 and started.service.latest() == DIRECT_CONFIG


def test_settings_that_are_taken_back_are_gone(started: Polling) -> None:
    """R4 (CVE-2026-9079): a login with them; nothing of old settings is mixed into new ones."""
    proxy = ProxyServer(ProxyScheme.HTTP, "a.test", 80)
    logged_in = replace(config_of("a.test"), credentials=((proxy, ("me", "secret")),))
    for system in (logged_in, config_of("a.test")):
        started.system = system
        started.driver.advance(10.0)
        started.service.on_lazy_poll()
        started.answer()
    latest = started.service.latest()
    assert logged_in in started.told and latest is not None and latest.credentials_of(proxy) is None


def test_a_look_that_fails_changes_nothing(started: Polling) -> None:
    """The last good settings stay, and the next look may go well."""
    started.system = OSError("gsettings failed")
    started.driver.advance(10.0)
    started.service.on_lazy_poll()
    started.answer()
    assert started.service.latest() == config_of("a.test")
    started.system = config_of("b.test")
    started.driver.advance(10.0)
    started.service.on_lazy_poll()
    started.answer()
    assert started.told[-1] == config_of("b.test")


def test_a_look_that_hangs_changes_nothing(started: Polling) -> None:
    """It holds one worker, however long it takes."""
    for _ in range(5):
        started.driver.advance(100.0)
        started.service.on_lazy_poll()
    assert len(started.workers.jobs) == 1 and started.told == [config_of("a.test")]


def test_a_first_look_that_fails_is_direct(polling: Polling) -> None:
    """And says why, where the settings are shown."""
    polling.system = OSError("gsettings failed with status 1")
    polling.service.start()
    polling.answer()
    (config,) = polling.told
    assert config == ProxyConfig(source=config.source) and not config.has_automatic_settings
    assert config.source.endswith("could not be read: gsettings failed with status 1")
    assert len(polling.driver.loop.timers) == 0


def test_a_first_look_that_hangs_is_direct_after_five_seconds(polling: Polling) -> None:
    """What it finds after all counts from then on."""
    polling.service.start()
    polling.driver.advance(4.9)
    assert polling.service.latest() is None
    polling.driver.advance(0.2)
    (config,) = polling.told
    assert config == ProxyConfig(source=config.source) and config.source.endswith("could not be read within 5 s")
    polling.answer()
    assert polling.told == [config, config_of("a.test")]


def test_after_the_end_nothing_comes(polling: Polling) -> None:
    """Neither a reply, nor the end of patience, nor a look; idempotent."""
    polling.service.start()
    polling.service.shut_down()
    polling.service.shut_down()
    polling.answer()
    polling.driver.advance(100.0)
    polling.service.on_lazy_poll()
    assert not polling.told and not polling.workers.jobs and polling.service.latest() is None


def test_the_end_between_looks(started: Polling) -> None:
    """What is known stays known."""
    started.service.shut_down()
    started.driver.advance(100.0)
    started.service.on_lazy_poll()
    assert not started.workers.jobs and started.service.latest() == config_of("a.test")
