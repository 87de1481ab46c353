"""The wakers: readable after a wake, never blocking, closed with their last user."""

from __future__ import annotations

import gc
import os
import select
import socket
from collections.abc import Callable

import pytest

from netstack_sync.loop.waker import EventFdWaker, SocketPairWaker, Waker


@pytest.fixture(params=[EventFdWaker, SocketPairWaker])
def waker(request: pytest.FixtureRequest) -> Waker:
    make: Callable[[], Waker] = request.param
    return make()


def is_readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0.0)[0])


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_a_wake_makes_it_readable(waker: Waker) -> None:
    """And not before."""
    assert not is_readable(waker.fd)
    waker.wake()
    assert is_readable(waker.fd)


def test_acknowledging_without_a_wake_is_harmless(waker: Waker) -> None:
    """It does not block."""
    waker.acknowledge()
    assert not is_readable(waker.fd)


def test_closing_twice_is_harmless(waker: Waker) -> None:
    """Or another's descriptor of the same number would be closed."""
    waker.close()
    waker.close()


@pytest.mark.parametrize("make", [EventFdWaker, SocketPairWaker])
def test_the_descriptors_go_with_the_last_user(make: Callable[[], Waker]) -> None:
    """A thread that holds the waker may still wake; without holders the descriptors are closed, silently."""
    waker = make()
    wake, fd = waker.wake, waker.fd
    del waker
    gc.collect()
    assert is_open(fd)
    wake()
    del wake
    gc.collect()
    assert not is_open(fd)


def test_a_socket_pair_in_a_garbage_cycle_goes_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when its sockets are older than the waker, so that the collector comes to them first."""
    pairs = [socket.socketpair()]
    fds = [end.fileno() for end in pairs[0]]
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socketpair", pairs.pop)
        cycle: list[object] = [SocketPairWaker()]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert not any(map(is_open, fds))


def test_an_acknowledged_socket_pair_is_quiet() -> None:
    """However often it was woken."""
    waker = SocketPairWaker()
    for _ in range(10):
        waker.wake()
    waker.acknowledge()
    assert not is_readable(waker.fd)


def test_a_full_socket_pair_does_not_block() -> None:
    """A wake is pending anyway."""
    waker = SocketPairWaker()
    for _ in range(100_000):
        waker.wake()
    assert is_readable(waker.fd)


def test_an_event_descriptor_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error, and no second one from the finaliser."""

    def refuse(initial: int, flags: int) -> int:
        raise OSError("too many open files")

    monkeypatch.setattr(os, "eventfd", refuse)
    with pytest.raises(OSError, match="too many"):
        EventFdWaker()
    gc.collect()
