"""Epoll's own: its event bits; tests/loop/test_poller.py has what all pollers share."""

from __future__ import annotations

import select
import socket

import pytest

from netstack_sync.loop.poller import MAX_EVENTS
from netstack_sync.loop.poller_epoll import EpollPoller

READ, WRITE = 1, 2
_MANY = 100


@pytest.mark.parametrize(
    "events, expected",
    [
        (0, 0),
        (select.EPOLLIN, READ),
        (select.EPOLLOUT, WRITE),
        (select.EPOLLIN | select.EPOLLOUT, READ | WRITE),
        (select.EPOLLHUP, READ),
        (select.EPOLLERR, READ),
        (select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP, READ | WRITE),
        (select.EPOLLPRI, 0),
    ],
)
def test_readiness_by_event_bits(events: int, expected: int) -> None:
    """Hang-up and error are delivered to those who read."""
    assert EpollPoller.ready_bits[events] == expected


def test_one_poll_reports_a_bounded_number() -> None:
    """The rest is reported by the next one, so that nobody starves."""
    poller = EpollPoller()
    pairs = [socket.socketpair() for _ in range(_MANY)]
    for near, far in pairs:
        poller.set_interest(near.fileno(), 0, READ)
        far.send(b"x")
    first = {fd for fd, _ in poller.poll(0.0, MAX_EVENTS)}
    second = {fd for fd, _ in poller.poll(0.0, MAX_EVENTS)}
    assert 0 < len(first) < _MANY
    assert first | second == {near.fileno() for near, _ in pairs}
    poller.close()
    for near, far in pairs:
        near.close()
        far.close()
