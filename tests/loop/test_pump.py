"""The pump: WatchFileDescriptor's semantics, over every poller."""

from __future__ import annotations

import gc
import os
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from netstack_sync.loop.message_loop import MessageLoop
from netstack_sync.loop.poller import MAX_EVENTS, Poller
from netstack_sync.loop.pump import MAX_SHARE_S, READ, READ_WRITE, WRITE, FdWatchController, MessagePump
from tests.support.loops import DEADLINE_S, LoopDriver

SocketPair = tuple[socket.socket, socket.socket]


class Watcher:
    """Notes its callbacks as ("read" or "write") and then does what the test says."""

    def __init__(
        self, on_read: Callable[[], object] = lambda: None, on_write: Callable[[], object] = lambda: None
    ) -> None:
        self.calls: list[str] = []
        self.on_read = on_read
        self.on_write = on_write

    def on_fd_readable(self, fd: int) -> None:
        self.calls.append("read")
        self.on_read()

    def on_fd_writable(self, fd: int) -> None:
        self.calls.append("write")
        self.on_write()


@pytest.fixture
def pump(driver: LoopDriver) -> MessagePump:
    return driver.loop.pump


@pytest.fixture
def controller() -> FdWatchController:
    return FdWatchController()


def watch(
    pump: MessagePump,
    sock: socket.socket,
    mode: int,
    controller: FdWatchController,
    watcher: Watcher,
    persistent: bool = True,
) -> bool:
    return pump.watch_file_descriptor(sock.fileno(), persistent, mode, controller, watcher)


def test_a_controller_may_outlive_the_loop(poller: Poller, pair: SocketPair) -> None:
    """Row 1: after the pump closed stopping is harmless, and nothing can be armed any more."""
    pump = MessagePump(poller)
    controller, late = FdWatchController(), FdWatchController()
    assert watch(pump, pair[0], READ, controller, Watcher())
    pump.close()
    pump.close()
    controller.stop_watching()
    assert not controller.is_watching
    assert not watch(pump, pair[0], READ, late, Watcher())
    assert len(pump) == 0


def test_stopping_twice_is_a_no_op(pump: MessagePump, pair: SocketPair, controller: FdWatchController) -> None:
    """Row 2: so is stopping what was never armed."""
    controller.stop_watching()
    assert watch(pump, pair[0], READ, controller, Watcher())
    assert controller.is_watching and len(pump) == 1
    controller.stop_watching()
    controller.stop_watching()
    assert not controller.is_watching and len(pump) == 0


def test_a_controller_may_be_dropped_in_its_own_callback(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController
) -> None:
    """Row 3: stopped and forgotten inside the callback: no further callback, no crash."""
    owned = [controller]
    del controller

    def drop() -> None:
        owned.pop().stop_watching()
        gc.collect()

    watcher = Watcher(on_read=drop, on_write=drop)
    pair[1].send(b"x")
    assert watch(pump, pair[0], READ_WRITE, owned[0], watcher)
    pump.poll(0.0)
    pump.poll(0.0)
    assert watcher.calls == ["write"]
    assert len(pump) == 0


def test_a_controller_that_is_dropped_armed_goes_on(pump: MessagePump, pair: SocketPair) -> None:
    """The pump keeps an armed watch alive: only stop_watching() ends it."""
    watcher = Watcher()
    assert watch(pump, pair[0], READ, FdWatchController(), watcher)
    gc.collect()
    pair[1].send(b"x")
    pump.poll(0.0)
    assert watcher.calls == ["read"]


@pytest.mark.parametrize("persistent", [False, True])
def test_a_write_callback_that_stops_the_watch_swallows_the_read(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController, persistent: bool
) -> None:
    """Row 4: the second readiness of the same event is not delivered."""
    watcher = Watcher(on_write=controller.stop_watching)
    pair[1].send(b"x")
    assert watch(pump, pair[0], READ_WRITE, controller, watcher, persistent)
    pump.poll(0.0)
    pump.poll(0.0)
    assert watcher.calls == ["write"]


@pytest.mark.parametrize("persistent", [False, True])
def test_write_comes_before_read(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController, persistent: bool
) -> None:
    """Row 4: when both are ready and nobody stops, both are told, in this order."""
    watcher = Watcher()
    pair[1].send(b"x")
    assert watch(pump, pair[0], READ_WRITE, controller, watcher, persistent)
    assert pump.poll(0.0) == 1
    assert watcher.calls == ["write", "read"]
    assert controller.is_watching is persistent


def test_readable_fires_exactly_when_ready(pump: MessagePump, pair: SocketPair, controller: FdWatchController) -> None:
    """Row 5: not before there is something to read."""
    watcher = Watcher()
    assert watch(pump, pair[0], READ, controller, watcher)
    assert pump.poll(0.0) == 0 and watcher.calls == []
    pair[1].send(b"x")
    assert pump.poll(0.0) == 1 and watcher.calls == ["read"]
    pair[0].recv(1)
    assert pump.poll(0.0) == 0 and watcher.calls == ["read"]


def test_writable_fires_exactly_when_ready(pump: MessagePump, pair: SocketPair, controller: FdWatchController) -> None:
    """Row 5: not while the buffers are full."""
    near, far = pair
    _fill(near)
    watcher = Watcher()
    assert watch(pump, near, WRITE, controller, watcher)
    assert pump.poll(0.0) == 0 and watcher.calls == []
    far.setblocking(False)
    _drain(far)
    assert pump.poll(0.0) == 1 and watcher.calls == ["write"]


def test_idle_is_declared_after_ready_descriptors(
    driver: LoopDriver, pair: SocketPair, controller: FdWatchController
) -> None:
    """Row 6: readiness counts as work, and what its callback posts does too."""
    done: list[str] = []
    watcher = Watcher(on_read=lambda: driver.loop.task_runner.post_task(lambda: done.append("task")))
    pair[1].send(b"x")
    assert watch(driver.loop.pump, pair[0], READ, controller, watcher, persistent=False)
    driver.run_until_idle()
    assert watcher.calls == ["read"] and done == ["task"]


def test_stopping_in_the_callback_ends_a_persistent_watch(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController
) -> None:
    """Row 7: although there is more to read."""
    watcher = Watcher(on_read=controller.stop_watching)
    pair[1].send(b"xx")
    assert watch(pump, pair[0], READ, controller, watcher)
    pump.poll(0.0)
    pump.poll(0.0)
    assert watcher.calls == ["read"]


def test_a_one_shot_watch_fires_once(pump: MessagePump, pair: SocketPair, controller: FdWatchController) -> None:
    """Row 8: although more is there; it is disarmed before its callback."""
    armed: list[bool] = []
    watcher = Watcher(on_read=lambda: armed.append(controller.is_watching))
    pair[1].send(b"xx")
    assert watch(pump, pair[0], READ, controller, watcher, persistent=False)
    pump.poll(0.0)
    pump.poll(0.0)
    assert watcher.calls == ["read"] and armed == [False]


def test_a_persistent_watch_fires_while_data_remains(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController
) -> None:
    """Row 9: once a poll."""
    watcher = Watcher(on_read=lambda: pair[0].recv(1))
    pair[1].send(b"xyz")
    assert watch(pump, pair[0], READ, controller, watcher)
    for _ in range(5):
        pump.poll(0.0)
    assert watcher.calls == ["read"] * 3


def test_stop_and_restart_in_the_callback(pump: MessagePump, pair: SocketPair, controller: FdWatchController) -> None:
    """Row 10: the new watch fires for the next event, and not for the one being told."""
    second = Watcher()

    def restart() -> None:
        controller.stop_watching()
        assert watch(pump, pair[0], READ_WRITE, controller, second)

    first = Watcher(on_write=restart)
    pair[1].send(b"x")
    assert watch(pump, pair[0], READ_WRITE, controller, first)
    pump.poll(0.0)
    assert first.calls == ["write"] and second.calls == []
    pump.poll(0.0)
    assert first.calls == ["write"] and second.calls == ["write", "read"]


def test_a_one_shot_watch_may_be_armed_again_in_its_callback(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController
) -> None:
    """Row 10: it then fires once a poll."""
    watcher = Watcher()
    watcher.on_read = lambda: watch(pump, pair[0], READ, controller, watcher, persistent=False)
    pair[1].send(b"x")
    assert watch(pump, pair[0], READ, controller, watcher, persistent=False)
    pump.poll(0.0)
    pump.poll(0.0)
    assert watcher.calls == ["read", "read"] and controller.is_watching


def test_quitting_in_a_watcher_ends_before_the_next_one(
    driver: LoopDriver, pair: SocketPair, other_pair: SocketPair
) -> None:
    """Row 14: nothing more is told after the quit, not even of the same poll, and nothing is slept for."""
    watchers = [Watcher(on_read=driver.loop.quit), Watcher(on_read=driver.loop.quit)]
    controllers = [FdWatchController(), FdWatchController()]
    for (near, far), watcher, controller in zip((pair, other_pair), watchers, controllers, strict=True):
        far.send(b"x")
        assert watch(driver.loop.pump, near, READ, controller, watcher)
    driver.loop.run()
    assert sorted(len(watcher.calls) for watcher in watchers) == [0, 1]


def test_watching_again_adds_to_what_is_watched(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController
) -> None:
    """The masks are joined, and persistence wins."""
    watcher = Watcher()
    pair[1].send(b"x")
    assert watch(pump, pair[0], READ, controller, watcher, persistent=False)
    assert watch(pump, pair[0], WRITE, controller, watcher, persistent=True)
    pump.poll(0.0)
    assert watcher.calls == ["write", "read"] and controller.is_watching


def test_a_new_watch_does_not_inherit_the_old_ones_persistence(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController
) -> None:
    """Stopping forgets the mode and the persistence."""
    watcher = Watcher()
    assert watch(pump, pair[0], READ_WRITE, controller, watcher, persistent=True)
    controller.stop_watching()
    pair[1].send(b"x")
    assert watch(pump, pair[0], READ, controller, watcher, persistent=False)
    pump.poll(0.0)
    assert watcher.calls == ["read"] and not controller.is_watching


def test_one_controller_watches_one_descriptor(
    pump: MessagePump, pair: SocketPair, other_pair: SocketPair, controller: FdWatchController
) -> None:
    """Another descriptor is refused, and the first watch stays."""
    watcher = Watcher()
    assert watch(pump, pair[0], READ, controller, watcher)
    assert not watch(pump, other_pair[0], READ, controller, watcher)
    pair[1].send(b"x")
    other_pair[1].send(b"x")
    pump.poll(0.0)
    assert watcher.calls == ["read"]


def test_several_controllers_watch_one_descriptor(pump: MessagePump, pair: SocketPair) -> None:
    """Each is told what it asked for; the last one that leaves takes the watch out of the kernel."""
    reader, writer = Watcher(), Watcher()
    read_watch, write_watch = FdWatchController(), FdWatchController()
    assert watch(pump, pair[0], READ, read_watch, reader)
    assert watch(pump, pair[0], WRITE, write_watch, writer)
    pump.poll(0.0)
    assert (reader.calls, writer.calls) == ([], ["write"])
    pair[1].send(b"x")
    pump.poll(0.0)
    assert (reader.calls, writer.calls) == (["read"], ["write", "write"])
    write_watch.stop_watching()
    pump.poll(0.0)
    assert (reader.calls, writer.calls) == (["read", "read"], ["write", "write"])
    assert len(pump) == 1
    read_watch.stop_watching()
    assert pump.poll(0.0) == 0 and len(pump) == 0


def test_a_watch_stopped_by_its_neighbour_is_not_told(pump: MessagePump, pair: SocketPair) -> None:
    """Two watches of one descriptor: the first callback stops the second watch."""
    first, second = FdWatchController(), FdWatchController()
    told = Watcher(on_read=second.stop_watching)
    untold = Watcher()
    pair[1].send(b"x")
    assert watch(pump, pair[0], READ, first, told)
    assert watch(pump, pair[0], READ, second, untold)
    pump.poll(0.0)
    assert told.calls == ["read"] and untold.calls == []


def test_an_event_already_fetched_is_not_told_after_the_stop(
    pump: MessagePump, pair: SocketPair, other_pair: SocketPair
) -> None:
    """Of two ready descriptors whoever is told first stops the other."""
    controllers = [FdWatchController(), FdWatchController()]

    def stop_both() -> None:
        for controller in controllers:
            controller.stop_watching()

    watchers = [Watcher(on_read=stop_both), Watcher(on_read=stop_both)]
    for (near, far), watcher, controller in zip((pair, other_pair), watchers, controllers, strict=True):
        far.send(b"x")
        assert watch(pump, near, READ, controller, watcher)
    pump.poll(0.0)
    assert sorted(len(watcher.calls) for watcher in watchers) == [0, 1]


def test_a_new_descriptor_of_the_same_number_does_not_get_the_old_ones_event(
    pump: MessagePump, pair: SocketPair, other_pair: SocketPair
) -> None:
    """Or a connecting socket would take a dead one's readiness for its own success."""
    controllers = {pair[0]: FdWatchController(), other_pair[0]: FdWatchController()}
    fresh, fresh_far = socket.socketpair()
    _fill(fresh)
    newcomer = Watcher()
    fresh_watch = FdWatchController()

    def replace(other: socket.socket) -> None:
        """The one that is told first closes the other and watches a new socket with its number."""
        for controller in controllers.values():
            controller.stop_watching()
        number = other.fileno()
        os.dup2(fresh.fileno(), number)
        assert pump.watch_file_descriptor(number, True, WRITE, fresh_watch, newcomer)

    for (near, far), other in ((pair, other_pair[0]), (other_pair, pair[0])):
        far.send(b"x")
        watcher = Watcher(on_read=lambda other=other: replace(other))  # type: ignore[misc]
        assert watch(pump, near, READ, controllers[near], watcher)
    with fresh, fresh_far:
        assert pump.poll(0.0) == 2
        assert fresh_watch.is_watching and newcomer.calls == []
        fresh_watch.stop_watching()


def test_an_event_already_fetched_is_not_told_to_who_watches_the_other_direction_since(
    pump: MessagePump, pair: SocketPair, other_pair: SocketPair
) -> None:
    """Bytes came for two readers; the first one told has the other descriptor watched for writing instead, which
    is full. Or a connecting socket could take another's bytes for its own success.
    """
    readers = {pair[0]: FdWatchController(), other_pair[0]: FdWatchController()}
    writers = {pair[0]: FdWatchController(), other_pair[0]: FdWatchController()}
    full = Watcher()

    def turn_round(other: socket.socket) -> None:
        assert watch(pump, other, WRITE, writers[other], full)
        readers[other].stop_watching()

    for (near, far), other in ((pair, other_pair[0]), (other_pair, pair[0])):
        _fill(near)
        far.send(b"x")
        watcher = Watcher(on_read=lambda other=other: turn_round(other))  # type: ignore[misc]
        assert watch(pump, near, READ, readers[near], watcher)
    assert pump.poll(0.0) == 2
    assert sum(reader.is_watching for reader in readers.values()) == 1 and full.calls == []


def test_a_controller_that_watches_a_new_descriptor_of_the_same_number(
    pump: MessagePump, pair: SocketPair, other_pair: SocketPair
) -> None:
    """As a socket does that goes on to its next address in the callback: the rest of the event is not for it."""
    controller = FdWatchController()
    near = pair[0]
    _fill(other_pair[0])

    def replace() -> None:
        controller.stop_watching()
        os.dup2(other_pair[0].fileno(), near.fileno())
        assert watch(pump, near, READ_WRITE, controller, fresh)

    fresh = Watcher()
    old = Watcher(on_write=replace)
    pair[1].send(b"x")
    assert watch(pump, near, READ_WRITE, controller, old)
    pump.poll(0.0)
    pump.poll(0.0)
    assert old.calls == ["write"] and fresh.calls == []
    controller.stop_watching()


def test_a_hang_up_reaches_a_watch_that_only_writes(pump: MessagePump, controller: FdWatchController) -> None:
    """A full pipe whose reader leaves is reported as an error only, and its writer must learn of it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 65536)
    except BlockingIOError:
        pass
    watcher = Watcher()
    assert pump.watch_file_descriptor(writer, True, WRITE, controller, watcher)
    assert pump.poll(0.0) == 0
    os.close(reader)
    pump.poll(0.0)
    assert watcher.calls == ["write"]
    controller.stop_watching()
    os.close(writer)


def test_the_end_of_the_stream_is_readable(pump: MessagePump, pair: SocketPair, controller: FdWatchController) -> None:
    """Who reads learns of the hang-up by reading."""
    watcher = Watcher()
    assert watch(pump, pair[0], READ, controller, watcher)
    pair[1].close()
    pump.poll(0.0)
    assert watcher.calls == ["read"] and pair[0].recv(1) == b""


def test_a_negative_descriptor_is_refused(pump: MessagePump, controller: FdWatchController) -> None:
    """It is what a closed socket has."""
    assert not pump.watch_file_descriptor(-1, True, READ, controller, Watcher())
    assert not controller.is_watching


@pytest.mark.parametrize("mode", [0, 4, 7])
def test_a_senseless_mode_is_a_mistake(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController, mode: int
) -> None:
    """Only READ, WRITE and both."""
    with pytest.raises(AssertionError):
        watch(pump, pair[0], mode, controller, Watcher())


def test_what_the_kernel_refuses_is_not_armed(controller: FdWatchController) -> None:
    """A closed descriptor number (epoll; select notices later): False, and nothing is left over."""
    pump = MessageLoop().pump
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    assert not pump.watch_file_descriptor(reader, True, READ, controller, Watcher())
    assert not controller.is_watching and len(pump) == 0
    pump.close()


def test_a_descriptor_closed_before_its_watch_stopped(
    pump: MessagePump, pair: SocketPair, controller: FdWatchController
) -> None:
    """The stop still works."""
    assert watch(pump, pair[0], READ, controller, Watcher())
    pair[0].close()
    controller.stop_watching()
    assert not controller.is_watching and len(pump) == 0
    assert pump.poll(0.0) == 0


@pytest.mark.parametrize("mode", [READ, READ_WRITE], ids=["a reader alone", "any"])
def test_a_watcher_that_raises_hides_nobody(
    pump: MessagePump, pair: SocketPair, other_pair: SocketPair, capsys: pytest.CaptureFixture[str], mode: int
) -> None:
    """Both of two ready descriptors are told although every callback raises; one alone does not end the loop."""

    def fail() -> None:
        raise RuntimeError("a bug of a callback")

    watchers = [Watcher(on_read=fail, on_write=fail), Watcher(on_read=fail, on_write=fail)]
    controllers = [FdWatchController(), FdWatchController()]
    for (near, far), watcher, controller in zip((pair, other_pair), watchers, controllers, strict=True):
        far.send(b"x")
        assert watch(pump, near, mode, controller, watcher)
    assert pump.poll(0.0) == 2
    call = "read" if mode == READ else "write"
    assert [watcher.calls for watcher in watchers] == [[call], [call]]
    assert capsys.readouterr().err.count("RuntimeError: a bug of a callback") == 2
    controllers[0].stop_watching()
    assert pump.poll(0.0) == 1 and watchers[1].calls == [call, call]
    assert capsys.readouterr().err.count("RuntimeError: a bug of a callback") == 1


def test_the_waker_ends_a_poll_and_is_no_work(pump: MessagePump) -> None:
    """A wake before the poll counts too."""
    pump.waker.wake()
    assert pump.poll(None) == 0
    assert pump.poll(0.0) == 0


def test_a_wake_together_with_an_event(pump: MessagePump, pair: SocketPair, controller: FdWatchController) -> None:
    """In one poll: the wake is no work, the event is."""
    watcher = Watcher()
    assert watch(pump, pair[0], READ, controller, watcher)
    pair[1].send(b"x")
    pump.waker.wake()
    assert pump.poll(0.0) == 1 and watcher.calls == ["read"]


def test_an_event_of_a_descriptor_nobody_knows_is_ignored(pair: SocketPair) -> None:
    """A poller may report what was taken out a moment ago."""

    class LatePoller(ScriptedPoller):
        def poll(self, timeout_s: float | None, max_events: int) -> list[tuple[int, int]]:
            return [(pair[0].fileno(), READ)]

    pump = MessagePump(LatePoller())
    assert pump.poll(0.0) == 0
    pump.close()


def test_watchers_that_take_long_share_the_turns(driver: LoopDriver, pair: SocketPair, other_pair: SocketPair) -> None:
    """Once the time is up the others wait for the next poll, which begins with them: none starves."""
    pump, told = driver.loop.pump, list[str]()

    def on_read(name: str) -> None:
        told.append(name)
        driver.clock.advance(MAX_SHARE_S)

    for name, sock in (("a", pair[0]), ("b", other_pair[0])):
        assert watch(pump, sock, READ, FdWatchController(), Watcher(partial(on_read, name)))
    pair[1].send(b"x")
    other_pair[1].send(b"x")  # nobody reads it: both are ready for ever
    assert [pump.poll(0.0) for _ in range(4)] == [2, 2, 2, 2]
    assert told in (["a", "b", "a", "b"], ["b", "a", "b", "a"])


def test_of_many_that_are_always_ready_none_starves(driver: LoopDriver) -> None:
    """Each is told once before anybody is told again, however few a turn has time for."""
    pump, told = driver.loop.pump, list[int]()
    pairs = [socket.socketpair() for _ in range(12)]

    def on_read(number: int) -> None:
        told.append(number)
        driver.clock.advance(MAX_SHARE_S / 4)

    for number, (ours, theirs) in enumerate(pairs):
        assert watch(pump, ours, READ, FdWatchController(), Watcher(partial(on_read, number)))
        theirs.send(b"x")
    while len(told) < 36:
        pump.poll(0.0)
    assert [sorted(told[start : start + 12]) for start in (0, 12, 24)] == [list(range(12))] * 3
    for pair in pairs:
        for sock in pair:
            sock.close()


def test_one_passed_over_that_is_not_ready_any_more(
    driver: LoopDriver, pair: SocketPair, other_pair: SocketPair
) -> None:
    """It is not told, and the next poll knows nothing of it."""
    pump, told = driver.loop.pump, list[str]()
    controllers = {name: FdWatchController() for name in "ab"}

    def on_read(name: str) -> None:
        told.append(name)
        driver.clock.advance(MAX_SHARE_S)
        for controller in controllers.values():
            controller.stop_watching()

    for name, sock in (("a", pair[0]), ("b", other_pair[0])):
        assert watch(pump, sock, READ, controllers[name], Watcher(partial(on_read, name)))
    pair[1].send(b"x")
    other_pair[1].send(b"x")
    assert pump.poll(0.0) == 2 and pump.poll(0.0) == 0
    assert len(told) == 1


def test_polls_count_what_was_told(
    pump: MessagePump, pair: SocketPair, other_pair: SocketPair, controller: FdWatchController
) -> None:
    """Each poll of which everybody was told, with no event, with one and with several, is counted when it is over."""
    counts: list[int] = []
    for sock in (pair[0], other_pair[0]):
        assert watch(pump, sock, READ, FdWatchController(), Watcher(lambda: counts.append(pump.polls)))
    assert pump.polls == 0
    pump.poll(0.0)
    pump.waker.wake()
    pump.poll(0.0)
    assert pump.polls == 2
    pair[1].send(b"x")
    pump.poll(0.0)
    other_pair[1].send(b"x")
    pump.poll(0.0)
    assert counts == [2, 3, 3] and pump.polls == 4


def test_what_came_before_the_second_poll_has_been_told(
    pump: MessagePump, pair: SocketPair, other_pair: SocketPair
) -> None:
    """Who begins to watch while a poll is dispatched is not told by this one, but by the next."""
    idle = Watcher()
    watched_at: list[int] = []

    def begin_to_watch() -> None:
        if not watched_at:
            other_pair[1].send(b"x")
            assert watch(pump, other_pair[0], READ, FdWatchController(), idle)
            watched_at.append(pump.polls)

    assert watch(pump, pair[0], READ, FdWatchController(), Watcher(begin_to_watch))
    pair[1].send(b"x")
    pump.poll(0.0)
    assert pump.polls == watched_at[0] + 1 and idle.calls == []
    pump.poll(0.0)
    assert pump.polls == watched_at[0] + 2 and idle.calls == ["read"]


def test_polls_of_which_some_were_not_told_do_not_count(
    driver: LoopDriver, pair: SocketPair, other_pair: SocketPair
) -> None:
    """Because a callback took all of the time, or quit."""
    pump = driver.loop.pump

    def take_long() -> None:
        driver.clock.advance(MAX_SHARE_S)

    def quit_the_pump() -> None:
        pump.is_halted = True

    watchers = [Watcher(), Watcher()]
    for (near, far), watcher in zip((pair, other_pair), watchers, strict=True):
        far.send(b"x")
        assert watch(pump, near, READ, FdWatchController(), watcher)
    watchers[0].on_read = watchers[1].on_read = take_long
    pump.poll(0.0)
    assert pump.polls == 0 and pump.is_behind
    watchers[0].on_read = watchers[1].on_read = quit_the_pump
    pump.poll(0.0)
    assert pump.polls == 0 and pump.is_behind and sum(len(watcher.calls) for watcher in watchers) == 2
    pump.is_halted = False
    behind: list[bool] = []
    watchers[0].on_read = watchers[1].on_read = lambda: behind.append(pump.is_behind)
    pump.poll(0.0)
    assert pump.polls == 1 and behind == [True, True] and not pump.is_behind


def test_a_full_poll_does_not_count() -> None:
    """The kernel may have had more events than it was asked for."""

    class FullPoller(ScriptedPoller):
        def poll(self, timeout_s: float | None, max_events: int) -> list[tuple[int, int]]:
            return [(fd, READ) for fd in range(sizes.pop())]

    sizes = [MAX_EVENTS - 1, MAX_EVENTS]
    pump = MessagePump(FullPoller())
    pump.poll(0.0)
    assert pump.polls == 0
    pump.poll(0.0)
    assert pump.polls == 1
    pump.close()


class ScriptedPoller:
    """A poller without a kernel."""

    ready_bits: Sequence[int] = (0, 1, 2, 3)

    def make_waker(self) -> ScriptedWaker:
        return ScriptedWaker()

    def set_interest(self, fd: int, old: int, new: int) -> None:
        """Accepts anything."""

    def close(self) -> None:
        """Holds nothing."""


class ScriptedWaker:
    """A waker that nobody wakes."""

    fd = -1

    def wake(self) -> None:
        """Nobody sleeps."""

    def acknowledge(self) -> None:
        """Nothing to take."""

    def close(self) -> None:
        """Holds nothing."""


def _fill(sock: socket.socket) -> None:
    sock.setblocking(False)
    try:
        while True:
            sock.send(b"x" * 65536)
    except BlockingIOError:
        return


def _drain(sock: socket.socket) -> None:
    try:
        while sock.recv(65536):
            continue
    except BlockingIOError:
        return


def test_another_thread_may_not_watch(pump: MessagePump, pair: SocketPair, controller: FdWatchController) -> None:
    """The pump belongs to the thread that used it first; misuse is noticed before anything happens."""
    assert watch(pump, pair[0], READ, controller, Watcher())
    errors: list[AssertionError] = []

    def misuse() -> None:
        try:
            watch(pump, pair[1], READ, FdWatchController(), Watcher())
        except AssertionError as error:
            errors.append(error)

    thread = threading.Thread(target=misuse)
    thread.start()
    thread.join(DEADLINE_S)
    controller.stop_watching()
    assert "only the loop's thread" in str(errors[0]) and len(pump) == 0
