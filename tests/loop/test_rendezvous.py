"""Waiting for the network thread: once notified once woken, interrupted by signals, never poisoned."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from netstack_sync.base.exceptions import NetError
from netstack_sync.loop import rendezvous
from netstack_sync.loop.rendezvous import (
    DefaultSignal,
    LockSignal,
    PipeSignal,
    Rendezvous,
    RendezvousDesk,
)
from tests.support.loops import DEADLINE_S


class _PortablePipe(PipeSignal):
    """A PipeSignal as on a system without event descriptors."""

    __slots__ = ()

    def __init__(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "platform", "darwin")
            super().__init__()


class Interrupted(Exception):
    """What a signal handler raises here."""


ALL_SIGNALS = [PipeSignal, _PortablePipe, LockSignal]


@pytest.fixture(params=ALL_SIGNALS)
def desk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> RendezvousDesk:
    monkeypatch.setattr(rendezvous, "DefaultSignal", request.param)
    monkeypatch.setattr(LockSignal, "_SLICE_S", 0.002)  # so that a wait takes several
    return RendezvousDesk(lambda: False)


@pytest.fixture
def on_alarm() -> Iterator[Callable[[Callable[[], None]], None]]:
    """on_alarm(f): f() runs in a signal handler of this thread in a moment."""
    previous = signal.getsignal(signal.SIGALRM)

    def arm(function: Callable[[], None]) -> None:
        def handle(number: int, frame: FrameType | None) -> None:
            function()

        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.02)

    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, previous)


OnAlarm = Callable[[Callable[[], None]], None]


def interrupt() -> None:
    raise Interrupted


@pytest.mark.skipif(sys.platform == "win32", reason="a blocked read cannot be interrupted there")
def test_a_descriptor_is_the_default() -> None:
    """Where a signal interrupts a read."""
    assert DefaultSignal is PipeSignal


def test_a_notify_before_the_wait_counts(desk: RendezvousDesk) -> None:
    """The wait returns at once."""
    meeting = desk.meet()
    meeting.notify()
    meeting.wait()


def test_a_notify_from_another_thread_ends_the_wait(desk: RendezvousDesk) -> None:
    """Many times in a row, each wait with its own notify."""
    wanted = threading.Semaphore(0)
    meetings: list[Callable[[], None]] = []

    def answer() -> None:
        for _ in range(200):
            assert wanted.acquire(timeout=DEADLINE_S)
            meetings.pop()()

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(200):
        meeting = desk.meet()
        meetings.append(meeting.notify)
        wanted.release()
        meeting.wait()
        assert not meetings
    thread.join(DEADLINE_S)


def test_a_thread_uses_its_signal_again(desk: RendezvousDesk) -> None:
    """Making one costs a system call; threads do not share it."""
    meeting = desk.meet()
    meeting.notify()
    meeting.wait()
    again = desk.meet()
    assert again is meeting
    elsewhere: list[Rendezvous] = []
    thread = threading.Thread(target=lambda: elsewhere.append(desk.meet()))
    thread.start()
    thread.join(DEADLINE_S)
    assert elsewhere[0] is not again


def test_a_handler_that_raises_ends_the_wait_and_poisons_nothing(desk: RendezvousDesk, on_alarm: OnAlarm) -> None:
    """The late notify of the interrupted wait does not end the next one."""
    meeting = desk.meet()
    on_alarm(interrupt)
    with pytest.raises(Interrupted):
        meeting.wait()
    meeting.notify()
    after = desk.meet()
    assert not after.wait_at_most(0.0)
    after.notify()
    after.wait()


def test_a_handler_that_raises_ends_a_wait_with_a_limit(desk: RendezvousDesk, on_alarm: OnAlarm) -> None:
    """With the same care for the next wait."""
    meeting = desk.meet()
    on_alarm(interrupt)
    with pytest.raises(Interrupted):
        meeting.wait_at_most(DEADLINE_S)
    meeting.notify()
    assert not desk.meet().wait_at_most(0.0)


def test_a_handler_that_returns_does_not_end_the_wait(desk: RendezvousDesk, on_alarm: OnAlarm) -> None:
    """The wait goes on until the notify."""
    handled: list[str] = []
    meeting = desk.meet()

    def first() -> None:
        handled.append("first")
        on_alarm(second)

    def second() -> None:
        handled.append("second")
        meeting.notify()

    on_alarm(first)
    meeting.wait()
    assert handled == ["first", "second"]


def test_a_handler_may_wait_itself(desk: RendezvousDesk, on_alarm: OnAlarm) -> None:
    """A fetch in a signal handler, while the same thread waits for another: each gets its own answer."""
    order: list[str] = []
    outer = desk.meet()

    def fetch_in_handler() -> None:
        inner = desk.meet()
        outer.notify()
        assert not inner.wait_at_most(0.0)  # the outer's answer is not the inner's
        inner = desk.meet()
        inner.notify()
        inner.wait()
        order.append("inner")

    on_alarm(fetch_in_handler)
    outer.wait()
    order.append("outer")
    assert order == ["inner", "outer"]


def test_the_network_thread_meets_nobody() -> None:
    """It would wait for itself."""
    with pytest.raises(RuntimeError, match="network thread would wait for itself; use URLFetcher"):
        RendezvousDesk(lambda: True).meet()


def test_a_meeting_that_nobody_waits_for_poisons_nothing(desk: RendezvousDesk) -> None:
    """As when Ctrl-C comes between meet() and wait()."""
    meeting = desk.meet()
    meeting.notify()
    assert not desk.meet().wait_at_most(0.0)


@pytest.mark.parametrize("limit_s", [-1.0, 0.0, 0.01, 0.11])
def test_a_wait_with_a_limit_ends_without_a_notify(desk: RendezvousDesk, limit_s: float) -> None:
    """And says so; the notify that comes late does not end another wait."""
    meeting = desk.meet()
    assert not meeting.wait_at_most(limit_s)
    meeting.notify()
    assert not desk.meet().wait_at_most(0.0)


@pytest.mark.parametrize("limit_s", [0.0, 0.01, DEADLINE_S, None])
def test_a_wait_with_a_limit_ends_with_the_notify(desk: RendezvousDesk, limit_s: float | None) -> None:
    """None is no limit; the signal is used again."""
    meeting = desk.meet()
    meeting.notify()
    assert meeting.wait_at_most(limit_s)
    assert desk.meet() is meeting


@pytest.mark.parametrize("make", [PipeSignal, _PortablePipe])
def test_descriptors_go_with_the_last_user(make: Callable[[], PipeSignal]) -> None:
    """Whoever is going to notify keeps them open."""
    wanted = make()
    notify = wanted.notify
    fds = {wanted._reader, wanted._writer}
    del wanted
    gc.collect()
    notify()
    del notify
    gc.collect()
    for fd in fds:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_an_event_descriptor_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error, and no second one from the finaliser."""

    def refuse(initial: int, flags: int) -> int:
        raise OSError("too many open files")

    monkeypatch.setattr(os, "eventfd", refuse)
    with pytest.raises(NetError, match=r"ERR_INSUFFICIENT_RESOURCES.*no descriptor for the calling thread.*too many"):
        RendezvousDesk(lambda: False).meet()
    gc.collect()


def test_each_kind_knows_how_to_wait() -> None:
    """There is no wait without a kind of signal."""
    bare = Rendezvous()
    for method in (bare.notify, bare.wait, lambda: bare.wait_at_most(0.0)):
        with pytest.raises(NotImplementedError):
            method()
