"""PollingTracker: states out of what workers find."""

from __future__ import annotations

import pytest

from netstack_sync.network import polling_tracker
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.interfaces import LocalAddress, NetworkState
from netstack_sync.network.polling_tracker import PollingTracker
from tests.support.network import driven_network
from tests.support.workers import ScriptedWorkers


def test_addresses_are_looked_at_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time a state, whose type stays UNKNOWN also without addresses; nothing after stop()."""
    found = frozenset({"10.0.0.1", "2001:db8::1"})
    monkeypatch.setattr(polling_tracker, "list_local_addresses", lambda: found)
    states: list[NetworkState] = []
    with driven_network() as driver:
        workers = ScriptedWorkers(driver.thread.task_runner)
        tracker = PollingTracker(driver.thread.timers, workers, states.append)
        tracker.start()
        driver.advance(9.9)
        assert not workers.jobs
        driver.advance(0.2)
        workers.run_next()
        driver.run_until_idle()
        found = frozenset()
        driver.advance(10.0)
        workers.run_next()
        driver.run_until_idle()
        both = frozenset({LocalAddress("10.0.0.1"), LocalAddress("2001:db8::1")})
        assert states == [
            NetworkState(both, frozenset(), ConnectionType.UNKNOWN),
            NetworkState(frozenset(), frozenset(), ConnectionType.UNKNOWN),
        ]
        tracker.stop()
        tracker.stop()
        driver.advance(100.0)
        assert not workers.jobs and not len(driver.thread.timers)
