"""The choice of the poller, and what every poller must do."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from netstack_sync.loop.poller import MAX_EVENTS, DefaultPoller, Poller
from netstack_sync.loop.poller_epoll import EpollPoller

SocketPair = tuple[socket.socket, socket.socket]
READ, WRITE = 1, 2


@pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")
def test_linux_has_epoll() -> None:
    """The fastest one is chosen."""
    assert DefaultPoller is EpollPoller


def ready(poller: Poller) -> dict[int, int]:
    return {fd: poller.ready_bits[event & 31] for fd, event in poller.poll(0.0, MAX_EVENTS)}


def test_interest_is_set_changed_and_taken_back(poller: Poller, pair: SocketPair) -> None:
    """The readiness bits are READ 1 and WRITE 2."""
    fd = pair[0].fileno()
    pair[1].send(b"x")
    assert ready(poller) == {}
    poller.set_interest(fd, 0, READ)
    assert ready(poller) == {fd: READ}
    poller.set_interest(fd, READ, WRITE)
    assert ready(poller) == {fd: WRITE}
    poller.set_interest(fd, WRITE, READ | WRITE)
    assert ready(poller) == {fd: READ | WRITE}
    poller.set_interest(fd, READ | WRITE, 0)
    assert ready(poller) == {}


def test_it_is_level_triggered(poller: Poller, pair: SocketPair) -> None:
    """What is not read is reported again."""
    poller.set_interest(pair[0].fileno(), 0, READ)
    pair[1].send(b"x")
    assert ready(poller) == ready(poller) == {pair[0].fileno(): READ}


def test_a_poll_ends_after_its_time(poller: Poller) -> None:
    """With nothing to report."""
    assert poller.poll(0.001, MAX_EVENTS) == []


@pytest.mark.parametrize("timeout_s", [None, 3600.0])
def test_a_waker_ends_a_poll(poller: Poller, timeout_s: float | None) -> None:
    """Every wake ends a poll, with a limit or without; after the acknowledgement there is nothing left."""
    waker = poller.make_waker()
    for _ in range(3):
        waker.wake()
        assert [fd for fd, _ in poller.poll(timeout_s, MAX_EVENTS)] == [waker.fd]
        waker.acknowledge()
        assert poller.poll(0.0, MAX_EVENTS) == []


def test_an_unknown_descriptor_is_refused(poller: Poller, pair: SocketPair) -> None:
    """With an error that the pump knows."""
    with pytest.raises((OSError, KeyError, ValueError)):
        poller.set_interest(pair[0].fileno(), READ, 0)


def test_closing_a_poller_leaves_its_waker_usable(poller: Poller) -> None:
    """Another thread may be about to wake."""
    waker = poller.make_waker()
    poller.close()
    waker.wake()
    os.fstat(waker.fd)
