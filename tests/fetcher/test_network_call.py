"""Calls on the network thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from netstack_sync import ContextShutDown
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.loop.network_thread import NetworkThread


@pytest.fixture
def thread() -> Iterator[NetworkThread]:
    thread = NetworkThread("netstack-test")
    thread.start()
    yield thread
    thread.stop(10.0)


def test_the_value_or_the_exception_comes_back(thread: NetworkThread) -> None:
    assert call_on_network_thread(thread, lambda: thread.is_current) is True
    with pytest.raises(ZeroDivisionError):
        call_on_network_thread(thread, lambda: 1 // 0)


def test_on_the_thread_itself_it_is_just_called(thread: NetworkThread) -> None:
    assert call_on_network_thread(thread, lambda: call_on_network_thread(thread, lambda: 5)) == 5


def test_a_thread_that_is_busy_is_not_waited_for_longer_than_allowed(thread: NetworkThread) -> None:
    may_go_on = threading.Event()
    thread.post(lambda: _ignore(may_go_on.wait(10.0)))
    assert call_on_network_thread(thread, lambda: 5, timeout_s=0.01) is None
    may_go_on.set()
    assert call_on_network_thread(thread, lambda: 6, timeout_s=10.0) == 6


def test_a_thread_that_has_ended_is_an_error(thread: NetworkThread) -> None:
    thread.stop(10.0)
    with pytest.raises(ContextShutDown):
        call_on_network_thread(thread, lambda: 5)


def _ignore(_: bool) -> None:
    """A task answers nothing."""
