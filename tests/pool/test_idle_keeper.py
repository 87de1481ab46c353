"""IdleKeeper: the best socket first, sweeps while something idles, makes room, clears out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.pool import close_reasons
from netstack_sync.pool.group import Group, GroupSocket
from netstack_sync.pool.idle_keeper import IdleKeeper
from netstack_sync.pool.pooled_socket import UNUSED_TIMEOUT_S, PooledSocket
from tests.support.network import NetworkDriver, driven_network
from tests.support.pool import FakeSocket, group_id


class Keeper:
    """Groups with idle sockets, what was closed of them, and who was told."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.groups: dict[str, Group] = {}
        self.closed: list[tuple[str, str]] = []
        self.told: list[str] = []
        self.keeper = IdleKeeper(driver.thread, self._close, self._on_closed)

    def add(self, name: str, *, used: bool = False, keep_alive_s: float | None = None) -> FakeSocket:
        """A socket of the group begins to idle."""
        group = self.groups.setdefault(name, Group(group_id(name), self.keeper.on_lost))
        socket = FakeSocket()
        pooled = PooledSocket(group, socket)
        pooled.is_used = used
        group.sockets.add(pooled)
        self.keeper.add(pooled, keep_alive_s)
        return socket

    def take(self, name: str) -> object:
        """The socket that a request of the group gets."""
        pooled = self.keeper.take(self.groups[name].idle)
        return pooled.socket if pooled is not None else None

    @property
    def is_sweeping(self) -> bool:
        """True while the timer runs."""
        return len(self.driver.thread.timers) == 1

    def _close(self, pooled: GroupSocket, reason: str) -> None:
        self.closed.append((pooled.group.group_id.origin.host[0], reason))
        pooled.socket.disconnect()

    def _on_closed(self, group: Group) -> None:
        self.told.append(group.group_id.origin.host[0])


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with driven_network() as driver:
        yield Keeper(driver)


def test_sweeps_until_nothing_is_left(keeper: Keeper) -> None:
    """Row 67: one timer, however many sockets, and none without."""
    assert not keeper.is_sweeping
    keeper.add("a")
    keeper.driver.advance(5.0)
    keeper.add("b")
    assert keeper.is_sweeping
    keeper.driver.advance(UNUSED_TIMEOUT_S - 5.0)
    assert keeper.closed == [("a", close_reasons.TIMED_OUT)] and keeper.is_sweeping
    keeper.driver.advance(10.0)
    assert [name for name, _ in keeper.closed] == ["a", "b"] == keeper.told
    assert not keeper.is_sweeping and not len(keeper.keeper)


def test_what_the_server_promised_ends_the_idling_earlier(keeper: Keeper) -> None:
    """A connection is not used in the last second of its server's patience, and is swept soon after."""
    keeper.add("a", used=True, keep_alive_s=5.0)
    survivor = keeper.add("a", used=True)
    keeper.driver.advance(4.0)
    assert keeper.take("a") is survivor
    assert keeper.take("a") is None
    assert keeper.closed == [("a", close_reasons.TIMED_OUT)]
    keeper.add("b", used=True, keep_alive_s=1.0)
    keeper.driver.advance(10.0)
    assert keeper.closed[1:] == [("b", close_reasons.TIMED_OUT)] and not len(keeper.keeper)


def test_taking_closes_what_is_no_good(keeper: Keeper) -> None:
    """Row 60: silently, as the group is in use; what comes on the good one from now on is for who took it."""
    good = keeper.add("a", used=True)
    broken, noisy = keeper.add("a", used=True), keeper.add("a", used=True)
    broken.received.append(b"")
    noisy.received.append(b"x")
    assert keeper.take("a") is good
    good.peer_sends(b"x")
    assert keeper.closed == [("a", close_reasons.UNREAD_DATA), ("a", close_reasons.REMOTE_CLOSED)]
    assert keeper.told == [] and not len(keeper.keeper)
    assert keeper.take("a") is None


def test_a_socket_that_its_peer_closes_goes_at_once(keeper: Keeper) -> None:
    """Row 60: and the group is told."""
    keeper.add("a").peer_sends(b"")
    assert keeper.closed == [("a", close_reasons.REMOTE_CLOSED)] and keeper.told == ["a"]


def test_closes_one_to_make_room(keeper: Keeper) -> None:
    """Row 50: the one that has idled longest, whosever it is."""
    assert not keeper.keeper.close_one()
    for name in "bab":
        keeper.add(name)
    assert [keeper.keeper.close_one() for _ in range(4)] == [True, True, True, False]
    assert keeper.closed == [(name, close_reasons.MADE_ROOM) for name in "bab"]


def test_a_group_can_be_spared(keeper: Keeper) -> None:
    """Row 79: sockets opened in advance do not push out those of their own group."""
    keeper.add("a")
    keeper.add("b")
    assert keeper.keeper.close_one(spared=keeper.groups["a"])
    assert not keeper.keeper.close_one(spared=keeper.groups["a"])
    assert keeper.told == ["b"]


def test_closes_all(keeper: Keeper) -> None:
    """Row 60: and stops sweeping."""
    for name in "aab":
        keeper.add(name)
    assert keeper.keeper.close_all(close_reasons.ON_REQUEST)
    assert keeper.closed == [(name, close_reasons.ON_REQUEST) for name in "aab"] and not keeper.is_sweeping
    assert not keeper.keeper.close_all(close_reasons.ON_REQUEST)


class CountedSocket(FakeSocket):
    """Counts how often somebody looked at it, which is a system call."""

    looks = 0

    def is_connected_and_idle(self) -> bool:
        """See StreamSocket."""
        self.looks += 1
        return super().is_connected_and_idle()


@pytest.mark.parametrize("polls, used, looks", [(0, True, 1), (1, True, 1), (2, True, 0), (9, True, 0)])
def test_what_has_been_watched_needs_no_look(keeper: Keeper, polls: int, used: bool, looks: int) -> None:
    """Row 60: once a whole poll has begun and ended since, the watch would have told; the first may be under way."""
    group = Group(group_id("a"), keeper.keeper.on_lost)
    socket = CountedSocket()
    pooled = PooledSocket(group, socket)
    pooled.is_used = used
    keeper.keeper.add(pooled, None)
    for _ in range(polls):
        keeper.driver.thread.pump.poll(0.0)
    assert keeper.keeper.take(group.idle) is pooled
    assert socket.looks == looks


def test_what_was_watched_is_looked_at_while_not_all_were_told(keeper: Keeper) -> None:
    """An answer of the same poll may take a socket whose own bytes, which belong to no answer, are told next."""
    group = Group(group_id("a"), keeper.keeper.on_lost)
    pump, socket = keeper.driver.thread.pump, CountedSocket()
    pooled = PooledSocket(group, socket)
    pooled.is_used = True
    keeper.keeper.add(pooled, None)
    for _ in range(3):
        pump.poll(0.0)
    pump.is_behind = True
    assert keeper.keeper.take(group.idle) is pooled
    assert socket.looks == 1


def test_an_unused_socket_is_always_looked_at(keeper: Keeper) -> None:
    """Row 39: it may have got bytes, which is fine, and then nobody is told of its end."""
    socket = keeper.add("a")
    socket.peer_sends(b"x")
    socket.received[0] = b""
    for _ in range(3):
        keeper.driver.thread.pump.poll(0.0)
    assert keeper.take("a") is None
    assert keeper.closed == [("a", close_reasons.REMOTE_CLOSED)]
