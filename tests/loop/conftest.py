"""Fixtures of the loop's tests: every poller and a driven loop over each, and timers on a clock that is set."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.loop.poller import Poller
from netstack_sync.loop.poller_epoll import EpollPoller
from netstack_sync.loop.poller_selectors import SelectorPoller
from netstack_sync.loop.timers import TimerQueue
from tests.support.loops import LoopDriver, driven_loop

SocketPair = tuple[socket.socket, socket.socket]


def _select_poller() -> Poller:
    return SelectorPoller(selectors.SelectSelector())


@pytest.fixture(params=[EpollPoller, _select_poller], ids=["epoll", "select"])
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    make: Callable[[], Poller] = request.param
    poller = make()
    yield poller
    poller.close()


@pytest.fixture
def driver(poller: Poller) -> Iterator[LoopDriver]:
    with driven_loop(poller) as driver:
        yield driver


@contextmanager
def _socket_pair() -> Iterator[SocketPair]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield near, far


@pytest.fixture
def pair() -> Iterator[SocketPair]:
    with _socket_pair() as pair:
        yield pair


@pytest.fixture
def other_pair() -> Iterator[SocketPair]:
    with _socket_pair() as pair:
        yield pair


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=50.0)


@pytest.fixture
def timers(clock: ManualClock) -> TimerQueue:
    return TimerQueue(clock)
