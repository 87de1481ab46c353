"""MessagePump: waits for descriptors and tells their watchers, with Chromium's WatchFileDescriptor semantics.

What holds (base/message_loop/watchable_io_message_pump_posix.h, message_pump_epoll.cc):

- a one-shot watch is disarmed before its callback, so the callback may arm it again;
- watching a descriptor again with the same controller adds to what it watches; another descriptor is refused;
- when both directions are ready the write callback comes first, and it may stop the watch, in which case the
  read callback does not come;
- no callback after stop_watching(), even for an event that was already fetched.

Other than in Chromium, dropping an armed controller does not stop it: the pump keeps it alive.
"""

from __future__ import annotations

import traceback
from typing import Final, Protocol

from netstack_sync.base.clock import SystemTickClock, TickClock
from netstack_sync.loop.poller import MAX_EVENTS, Poller
from netstack_sync.loop.thread_checker import ThreadChecker

READ, WRITE, READ_WRITE = 1, 2, 3

MAX_SHARE_S: Final = 0.001  # of a turn for its descriptors, and for its tasks; what is left waits for the next turn


class FdWatcher(Protocol):
    """Is told that a descriptor is ready; loop's thread."""

    def on_fd_readable(self, fd: int) -> None: ...

    def on_fd_writable(self, fd: int) -> None: ...


class FdWatchController:
    """One watch of one descriptor; owned by whoever watches, reusable after it stopped. Loop's thread only."""

    __slots__ = ("_descriptor", "mode", "persistent", "stops", "watcher")

    def __init__(self) -> None:
        self._descriptor: _WatchedDescriptor | None = None
        self.stops = 0  # how often the owner stopped it: tells a stop from the disarming of a one-shot watch
        self.mode = 0
        self.persistent = False
        self.watcher: FdWatcher | None = None

    @property
    def is_watching(self) -> bool:
        """True while armed."""
        return self._descriptor is not None

    def stop_watching(self) -> None:
        """No callback comes after this; idempotent, also from inside a callback and after the pump closed."""
        self.stops += 1
        self.disarm()

    def disarm(self) -> None:
        """Takes the watch out of the pump."""
        descriptor = self._descriptor
        if descriptor is not None:
            self._descriptor = None
            self.mode = 0
            self.watcher = None
            descriptor.remove(self)


class _WatchedDescriptor:
    """All watches of one descriptor, and what the kernel was told about them."""

    __slots__ = ("_pump", "controllers", "fd", "interest", "reader")

    def __init__(self, fd: int, pump: MessagePump) -> None:
        self.fd = fd
        self.interest = 0
        self.reader: FdWatcher | None = None  # whom alone any event concerns, and who goes on watching
        self.controllers: list[FdWatchController] = []
        self._pump = pump

    def remove(self, controller: FdWatchController) -> None:
        """Takes one watch out."""
        self.controllers.remove(controller)
        self._pump.update_interest(self)

    def wanted(self) -> int:
        """The union of what the controllers watch; finds out who reads alone."""
        self.reader = None
        if len(self.controllers) == 1:
            controller = self.controllers[0]
            if controller.mode == READ and controller.persistent:
                self.reader = controller.watcher
            return controller.mode
        mode = 0
        for controller in self.controllers:
            mode |= controller.mode
        return mode

    def dispatch(self, ready: int) -> None:
        """Tells the watchers; a watch added meanwhile waits for the next event."""
        for controller in tuple(self.controllers):
            self._tell(controller, ready)

    def _tell(self, controller: FdWatchController, ready: int) -> None:
        watcher = controller.watcher
        if watcher is None or controller._descriptor is not self:
            return  # stopped by a callback of the same event
        ready &= controller.mode
        if not ready:
            return
        stops = controller.stops
        if not controller.persistent:
            controller.disarm()
        if ready & WRITE:
            watcher.on_fd_writable(self.fd)
            if controller.stops != stops:
                return
        if ready & READ:
            watcher.on_fd_readable(self.fd)


class MessagePump:
    """Owns the poller and its waker. Loop's thread only, but for the waker."""

    __slots__ = (
        "_clock",
        "_descriptors",
        "_places",
        "_ready_bits",
        "_thread_checker",
        "_waker_fd",
        "is_behind",
        "is_closed",
        "is_halted",
        "poller",
        "polls",
        "waker",
    )

    def __init__(self, poller: Poller, clock: TickClock | None = None) -> None:
        self.poller = poller
        self._clock = clock if clock is not None else SystemTickClock()
        self._places: dict[_WatchedDescriptor, int] = {}  # in the row that is formed when a turn has not time for all
        self._ready_bits = poller.ready_bits
        self.waker = poller.make_waker()
        self._waker_fd = self.waker.fd
        self._descriptors: dict[int, _WatchedDescriptor] = {}
        self._thread_checker = ThreadChecker()
        self._thread_checker.detach()  # a pump is made before its thread runs
        self.is_closed = False
        self.is_halted = False  # set by a loop that quits: what is ready is reported again by the next poll
        self.is_behind = False
        """True while somebody may not have been told yet of what a poll has brought."""
        self.polls = 0
        """Counts the polls after which everybody was told of all there was. Who watches since it was n has been told
        of all that came before the poll that made it n + 2; the first may have begun before the watch."""

    def watch_file_descriptor(
        self, fd: int, persistent: bool, mode: int, controller: FdWatchController, watcher: FdWatcher
    ) -> bool:
        """Arms `controller` for `fd`; False, and nothing armed, if it watches another one or the kernel refuses."""
        assert mode and not mode & ~READ_WRITE, mode
        if fd < 0 or self.is_closed:
            return False
        assert self._thread_checker.is_current(), "only the loop's thread watches descriptors"
        current = controller._descriptor
        if current is not None and current.fd != fd:
            return False
        descriptor = self._descriptors.get(fd)
        if descriptor is None:
            descriptor = self._descriptors[fd] = _WatchedDescriptor(fd, self)
        if current is None:
            descriptor.controllers.append(controller)
            controller._descriptor = descriptor
            controller.persistent = False
        controller.mode |= mode
        controller.persistent |= persistent
        controller.watcher = watcher
        return self.update_interest(descriptor) or self._refuse(controller)

    def update_interest(self, descriptor: _WatchedDescriptor) -> bool:
        """Tells the kernel what is wanted of a descriptor, if that changed."""
        old, new = descriptor.interest, descriptor.wanted()
        if not descriptor.controllers:
            self._descriptors.pop(descriptor.fd, None)
        if old == new or self.is_closed:
            return True
        descriptor.interest = new
        try:
            self.poller.set_interest(descriptor.fd, old, new)
        except (OSError, KeyError, ValueError):
            # The descriptor is not pollable, or was closed before its watch was stopped.
            return not new
        return True

    def _refuse(self, controller: FdWatchController) -> bool:
        controller.stop_watching()
        return False

    def poll(self, timeout_s: float | None) -> int:
        """Waits at most `timeout_s` seconds and dispatches; answers how many descriptors were ready."""
        return self.dispatch(self.poller.poll(timeout_s, MAX_EVENTS))

    def dispatch(self, events: list[tuple[int, int]]) -> int:
        """Tells the watchers of what a poll brought; answers how many descriptors that concerns."""
        if len(events) != 1:
            return self._dispatch_many(events)
        fd, event = events[0]  # fast path: one answer has come, or one task
        descriptor = self._descriptors.get(fd)
        if descriptor is not None:
            reader = descriptor.reader
            if reader is None:
                self._tell(descriptor, event, descriptor.interest)
            else:
                try:
                    reader.on_fd_readable(fd)  # whatever it is, the reader finds out
                except BaseException:
                    traceback.print_exc()
            self.polls += 1
            return 1
        if fd == self._waker_fd:
            self.waker.acknowledge()
        self.polls += 1
        return 0

    def _dispatch_many(self, events: list[tuple[int, int]]) -> int:
        self.is_behind = True
        # Looked up before anybody is told: a callback may close a descriptor and open another of the same
        # number, or watch the other direction, and none of these must be told of the old one's event.
        batch, descriptors = [], self._descriptors
        for fd, event in events:
            descriptor = descriptors.get(fd)
            if descriptor is not None:
                batch.append((descriptor, event, descriptor.interest))
            elif fd == self._waker_fd:
                self.waker.acknowledge()
        if self._places:
            # The kernel reports in the same order again; those that always have data would starve the others.
            places, self._places = self._places, {}
            batch.sort(key=lambda entry: places.get(entry[0], len(places)))
        if self._tell_in_time(batch) and len(events) < MAX_EVENTS:
            self.polls += 1
            self.is_behind = False
        return len(batch)

    def _tell_in_time(self, batch: list[tuple[_WatchedDescriptor, int, int]]) -> bool:
        """Tells as many as the time allows; False when some were left to the next poll."""
        now = self._clock.now
        stop_at = now() + MAX_SHARE_S
        for told, (descriptor, event, interest) in enumerate(batch):
            if told:
                if self.is_halted:
                    return False
                if now() >= stop_at:
                    row = batch[told:] + batch[:told]
                    self._places = {entry[0]: place for place, entry in enumerate(row)}
                    return False
            reader = descriptor.reader
            if reader is None or interest != READ:
                self._tell(descriptor, event, interest)
                continue
            try:
                reader.on_fd_readable(descriptor.fd)  # fast path
            except BaseException:
                traceback.print_exc()
        return True

    def _tell(self, descriptor: _WatchedDescriptor, event: int, interest: int) -> None:
        try:
            # Readiness that nobody asked for (a hang-up seen by a writer) goes to whoever watched when it came.
            descriptor.dispatch(self._ready_bits[event & 31] & interest or interest)
        except BaseException:
            # Or a watcher that always raises would hide those behind it from every poll.
            traceback.print_exc()

    def close(self) -> None:
        """Gives the poller back; controllers may outlive it. The waker is left to its last user."""
        if not self.is_closed:
            self.is_closed = True
            self._descriptors.clear()
            self.poller.close()

    def __len__(self) -> int:
        """How many descriptors are watched."""
        return len(self._descriptors)
