"""The portable poller's own; tests/loop/test_poller.py has what all pollers share."""

from __future__ import annotations

import selectors
import socket

import pytest

from netstack_sync.base.clock import SystemTickClock
from netstack_sync.loop.poller import MAX_EVENTS
from netstack_sync.loop.poller_selectors import SelectorPoller


def test_the_best_selector_is_the_default() -> None:
    """Whatever the platform has."""
    poller = SelectorPoller()
    near, far = socket.socketpair()
    with near, far:
        poller.set_interest(near.fileno(), 0, selectors.EVENT_WRITE)
        assert poller.poll(0.0, MAX_EVENTS) == [(near.fileno(), selectors.EVENT_WRITE)]
    poller.close()


@pytest.mark.parametrize("delay_s", [0.0001, 0.0015])
def test_a_poll_does_not_end_early(delay_s: float) -> None:
    """Although select() may round down."""
    clock = SystemTickClock()
    poller = SelectorPoller(selectors.SelectSelector())
    before = clock.now()
    poller.poll(delay_s, MAX_EVENTS)
    assert clock.now() >= before + delay_s
    poller.close()
