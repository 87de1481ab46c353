"""IdleCloser: sweeps while something idles, makes room, clears out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.pool.group import Group
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.idle_closer import IdleCloser
from netstack_sync.pool.idle_sockets import UNUSED_TIMEOUT_S, IdleSocket
from tests.support.network import NetworkDriver, driven_network
from tests.support.pool import FakeSocket, group_id


class Closer:
    """Groups with idle sockets, and what was dropped of them."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.groups: dict[GroupId, Group] = {}
        self.dropped: list[str] = []
        self.closer = IdleCloser(driver.thread.timers, self.groups, self._drop)

    def add(self, name: str) -> None:
        """A socket of the group begins to idle."""
        group = self.groups.setdefault(group_id(name), Group(group_id(name), lambda group, idle: None))
        group.idle.add(FakeSocket(), self.driver.clock.now())
        self.closer.note_idle()

    def _drop(self, group: Group, sockets: list[IdleSocket]) -> None:
        self.dropped += [group.group_id.origin.host[0] for _ in sockets]
        if group.is_empty:
            self.groups.pop(group.group_id)

    @property
    def is_sweeping(self) -> bool:
        """True while the timer runs."""
        return len(self.driver.thread.timers) == 1


@pytest.fixture
def closer() -> Iterator[Closer]:
    with driven_network() as driver:
        yield Closer(driver)


def test_sweeps_until_nothing_is_left(closer: Closer) -> None:
    """Row 67: one timer, however many sockets, and none without."""
    assert not closer.is_sweeping
    closer.add("a")
    closer.driver.advance(5.0)
    closer.add("b")
    assert closer.is_sweeping
    closer.driver.advance(UNUSED_TIMEOUT_S - 5.0)
    assert closer.dropped == ["a"] and closer.is_sweeping
    closer.driver.advance(10.0)
    assert closer.dropped == ["a", "b"] and not closer.is_sweeping and not closer.groups


def test_closes_one_to_make_room(closer: Closer) -> None:
    """Row 50: of the first group that has one."""
    assert not closer.closer.close_one()
    for name in "bab":
        closer.add(name)
    assert [closer.closer.close_one() for _ in range(4)] == [True, True, True, False]
    assert closer.dropped == ["b", "b", "a"]


def test_closes_all(closer: Closer) -> None:
    """Row 60: and stops sweeping."""
    for name in "aab":
        closer.add(name)
    closer.closer.close_all()
    assert closer.dropped == ["a", "a", "b"] and not closer.is_sweeping
