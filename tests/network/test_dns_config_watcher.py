"""DnsConfigWatcher: tells only of contents that differ."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.network import dns_config_watcher
from netstack_sync.network.dns_config_watcher import DnsConfigWatcher
from netstack_sync.workers.dns_config import ConfigFile, DnsConfig
from tests.support.network import NetworkDriver, driven_network
from tests.support.workers import ScriptedWorkers


class Watching:
    """A watcher of one file, whose contents the test decides."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.contents = b"old"
        self.known: list[DnsConfig | None] = []
        self.changes = 0
        self.watcher = DnsConfigWatcher(driver.thread.timers, self.workers, self._on_change)

    def read(self, known: DnsConfig | None) -> DnsConfig:
        """Takes the place of the worker's function."""
        self.known.append(known)
        return (ConfigFile(self.contents, (len(self.known),)),)

    def look(self) -> int:
        """The worker looks; how many changes were told so far."""
        self.workers.run_next()
        self.driver.run_until_idle()
        return self.changes

    def _on_change(self) -> None:
        self.changes += 1


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watching]:
    with driven_network() as driver:
        # The name is bound when the watcher is made.
        made: list[Watching] = []
        monkeypatch.setattr(dns_config_watcher, "read_dns_config", lambda known: made[0].read(known))
        made.append(Watching(driver))
        yield made[0]
        made[0].watcher.stop()


def test_only_differences_are_told(watching: Watching) -> None:
    """Not what is there at first, nor a file that was only written anew."""
    watching.watcher.start()
    watching.driver.advance(14.9)
    assert not watching.workers.jobs
    watching.driver.advance(0.2)
    assert watching.look() == 0
    watching.driver.advance(15.0)
    assert watching.look() == 0
    watching.contents = b"new"
    watching.driver.advance(15.0)
    assert watching.look() == 1
    watching.driver.advance(15.0)
    assert watching.look() == 1
    assert watching.known[0] is None and watching.known[1] == (ConfigFile(b"old"),)


def test_check_now(watching: Watching) -> None:
    """Does not wait for the period."""
    watching.watcher.start()
    watching.watcher.check_now()
    assert watching.look() == 0
    watching.contents = b"new"
    watching.watcher.check_now()
    assert watching.look() == 1


def test_stop(watching: Watching) -> None:
    """Nothing is told and nothing looked at any more; idempotent."""
    watching.watcher.start()
    watching.watcher.check_now()
    watching.look()
    watching.contents = b"new"
    watching.watcher.check_now()
    watching.watcher.stop()
    watching.watcher.stop()
    assert watching.look() == 0
    watching.driver.advance(100.0)
    assert not watching.workers.jobs
