"""NetworkChangeCalculator: when a change is announced, and in which words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from netstack_sync.network.change_delays import NetworkChangeCalculator
from netstack_sync.network.connection_type import ConnectionType
from tests.support.loops import LoopDriver, driven_loop

NONE, WIFI, ETHERNET = ConnectionType.NONE, ConnectionType.WIFI, ConnectionType.ETHERNET


class Announcing:
    """A calculator, and what it announced."""

    def __init__(self, driver: LoopDriver) -> None:
        self.driver = driver
        self.announced: list[str] = []
        self.calculator = NetworkChangeCalculator(driver.loop.timers, self._on_announcement)

    def after(self, delay_s: float) -> list[str]:
        """What is announced until then; nothing in the tenth of a second before."""
        self.driver.advance(delay_s - 0.1)
        assert not self.announced
        self.driver.advance(0.1)
        announced, self.announced = self.announced, []
        return announced

    def _on_announcement(self, kinds: Sequence[ConnectionType]) -> None:
        assert kinds
        self.announced += [kind.name for kind in kinds]


@pytest.fixture
def announcing() -> Iterator[Announcing]:
    with driven_loop() as driver:
        yield Announcing(driver)


@pytest.mark.parametrize(
    "initial, expected", [(ETHERNET, ["NONE", "ETHERNET"]), (NONE, ["ETHERNET"])], ids=["online", "offline"]
)
def test_ip_address_changes_settle_for_two_seconds(
    announcing: Announcing, initial: ConnectionType, expected: list[str]
) -> None:
    """Online and offline alike; NONE first, so that old connections go before new ones come."""
    announcing.calculator.set_initial_type(initial)
    announcing.calculator.on_ip_address_changed(ETHERNET)
    assert announcing.after(2.0) == expected


@pytest.mark.parametrize(
    "initial, new, delay_s, expected",
    [
        (ETHERNET, WIFI, 0.5, ["NONE", "WIFI"]),
        (ETHERNET, NONE, 0.5, ["NONE"]),
        (NONE, WIFI, 1.5, ["WIFI"]),
    ],
)
def test_type_changes_settle_sooner(
    announcing: Announcing, initial: ConnectionType, new: ConnectionType, delay_s: float, expected: list[str]
) -> None:
    """500 ms, or 1500 ms if NONE was announced last."""
    announcing.calculator.set_initial_type(initial)
    announcing.calculator.on_connection_type_changed(new)
    assert announcing.after(delay_s) == expected


def test_what_was_announced_last_decides(announcing: Announcing) -> None:
    """The delays follow the announcements, not the signals."""
    announcing.calculator.set_initial_type(ETHERNET)
    announcing.calculator.on_connection_type_changed(NONE)
    assert announcing.after(0.5) == ["NONE"]
    announcing.calculator.on_connection_type_changed(WIFI)
    announcing.driver.advance(1.0)
    announcing.calculator.on_ip_address_changed(WIFI)
    assert announcing.after(2.0) == ["WIFI"]


def test_from_nothing_to_nothing_is_no_news(announcing: Announcing) -> None:
    """A network that comes and goes within the delay, while there is none."""
    announcing.calculator.set_initial_type(NONE)
    announcing.calculator.on_connection_type_changed(WIFI)
    announcing.calculator.on_connection_type_changed(NONE)
    assert announcing.after(10.0) == []


def test_a_flurry_is_one_announcement(announcing: Announcing) -> None:
    """Each signal begins the delay anew; the last one tells the type."""
    announcing.calculator.set_initial_type(ETHERNET)
    for kind in (NONE, WIFI, NONE):
        announcing.calculator.on_connection_type_changed(kind)
        announcing.driver.advance(0.4)
    announcing.calculator.on_ip_address_changed(WIFI)
    assert announcing.after(2.0) == ["NONE", "WIFI"]


def test_before_anything_is_known(announcing: Announcing) -> None:
    """The type is UNKNOWN, which is not NONE."""
    announcing.calculator.on_connection_type_changed(WIFI)
    assert announcing.after(0.5) == ["NONE", "WIFI"]


def test_stop(announcing: Announcing) -> None:
    """Nothing is announced any more; idempotent."""
    announcing.calculator.on_ip_address_changed(WIFI)
    announcing.calculator.stop()
    announcing.calculator.stop()
    assert announcing.after(10.0) == [] and not len(announcing.driver.loop.timers)
