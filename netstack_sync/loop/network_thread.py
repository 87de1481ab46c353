"""NetworkThread: the thread that owns every socket, with its loop."""

from __future__ import annotations

import threading

from netstack_sync.base.clock import TickClock
from netstack_sync.loop.completion import Task
from netstack_sync.loop.descriptors import DescriptorRegistry
from netstack_sync.loop.message_loop import MessageLoop
from netstack_sync.loop.rendezvous import RendezvousDesk


class NetworkThread:
    """A daemon thread around a MessageLoop. `start`, `stop` and the task runner may be used from any thread.

    The thread is a daemon, so that a process may end while requests are under way.
    """

    __slots__ = (
        "_is_exiting",
        "_is_stopping",
        "_loop",
        "_thread",
        "clock",
        "desk",
        "is_abandoned",
        "is_alive",
        "post",
        "pump",
        "sockets",
        "task_runner",
        "timers",
        "wake_soon",
    )

    def __init__(self, name: str = "netstack-network", clock: TickClock | None = None) -> None:
        self._loop = loop = MessageLoop(clock)
        self.clock: TickClock = loop.clock
        """The clock of all deadlines."""
        self.task_runner = loop.task_runner
        """The way in; any thread."""
        self.post = loop.task_runner.post_task  # bound directly: one call less on the way of every request
        """post(task) -> bool: runs it on the network thread; False once that has shut down or is another process's."""
        self.wake_soon = loop.wakes.append
        """wake_soon(notify): lets a caller go at the end of the turn; network thread only. See MessageLoop.wakes."""
        self.timers = loop.timers
        """The loop's timers; network thread only."""
        self.pump = loop.pump
        """The loop's pump; network thread only."""
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self.desk = RendezvousDesk(self.task_runner.runs_tasks_on_this_thread)
        self.sockets = DescriptorRegistry()
        self.is_abandoned = False
        self.is_alive = False
        """True between start and the end of the loop, and only in the process that started it; any thread."""
        self._is_stopping = False
        self._is_exiting = False

    def start(self) -> None:
        """Starts the thread; once."""
        self.is_alive = True  # before its first task can be waited for
        try:
            self._thread.start()
        except BaseException:
            self.is_alive = False
            raise

    def stop(self, timeout_s: float | None = None) -> bool:
        """Ends the loop after the tasks already posted; True when the thread is gone within `timeout_s` seconds.

        Idempotent. From the network thread itself it only asks, and the answer is False.
        """
        if self.is_abandoned:
            return False
        self.task_runner.post_task(self._quit)
        if self.is_current:
            return False
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def stop_at_exit(self, timeout_s: float) -> bool:
        """As stop(), at the end of the process; see post_for_caller()."""
        self._is_exiting = True
        return self.stop(timeout_s)

    def abandon_after_fork(self) -> None:
        """In a forked child, where the thread does not exist: drops its sockets and descriptors silently."""
        self.is_abandoned = True
        self.is_alive = False
        self._loop.abandon()  # first: the kernel's watch list is shared with the parent and must stay as it is
        self.sockets.close_all()
        self.desk.abandon_after_fork()

    @property
    def is_current(self) -> bool:
        """True when called on the network thread."""
        return self.task_runner.runs_tasks_on_this_thread()

    @property
    def is_wait_futile(self) -> bool:
        """True when nobody will answer the calling thread."""
        return not self.is_alive and not self._lets_caller_vanish

    @property
    def _lets_caller_vanish(self) -> bool:
        """True for a daemon thread while the process exits: it goes on waiting.

        It is about to vanish, and an exception would serve for nothing but a traceback on the terminal.
        """
        return self._is_exiting and threading.current_thread().daemon

    def post_for_caller(self, task: Task) -> bool:
        """As post(), of what the calling thread will wait for; False when it must not wait.

        A daemon thread goes on waiting while the process exits, also for nothing.
        """
        return self.post(task) or self._lets_caller_vanish

    def _main(self) -> None:
        try:
            self._loop.run()
        finally:
            self._is_stopping = True  # also when the loop gave up by itself
            try:
                self._loop.close()
                self.sockets.close_all()  # of whoever did not close before the thread ended
            finally:
                self.is_alive = False

    def _quit(self) -> None:
        if not self._is_stopping:  # else: a loop that closes runs the task of a second stop(), or of a late one
            self._is_stopping = True
            self._loop.quit()
