"""FetchWait: how threads wait for a fetch, and how the network thread lets them go."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.fetcher.caller_news import CallerNews
from netstack_sync.loop.rendezvous import Rendezvous
from netstack_sync.url_request.context import URLRequestContext


class FetchWait:
    """The part of a SyncUrlFetcher that its waiting threads and the network thread meet in.

    Whoever waits enters himself and then looks whether there is something; the network thread sets what there is
    and then looks who waits. So one sees the other, without a lock; or both, and who takes the rendezvous out of
    the list ends the wait. Its values are set by the SyncUrlFetcher, all in one place: there is one for each fetch.
    """

    __slots__ = ("_context", "_net_error", "_news", "_waiting")

    _context: URLRequestContext
    _net_error: int  # the outcome; ERR_IO_PENDING until then
    _news: CallerNews | None  # none where nobody wants to be told
    _waiting: list[Rendezvous]

    @property
    def is_done(self) -> bool:
        """True when wait() would not wait."""
        return self._net_error != ERR_IO_PENDING or not self._context.thread.is_alive

    def _sleep(self) -> None:
        """Waits until there is something, not at all when there is or when nothing will come."""
        thread, waiting = self._context.thread, self._waiting
        if thread.is_wait_futile or self._has_something:
            return
        rendezvous = thread.desk.meet()
        waiting.append(rendezvous)
        if self._has_something:
            try:
                waiting.remove(rendezvous)
            except ValueError:
                pass  # it is being notified at this moment
            else:
                rendezvous.is_free = True
                return
        rendezvous.wait()

    @property
    def _has_something(self) -> bool:
        """True when there is an outcome, or something to tell."""
        return self._net_error != ERR_IO_PENDING or (self._news is not None and not self._news.is_empty)

    def _tell_and_wait(self, news: CallerNews) -> None:
        """Until the outcome is there and all is told."""
        thread = self._context.thread
        while self._net_error == ERR_IO_PENDING and not thread.is_wait_futile:
            news.tell()
            self._sleep()
        if not thread.is_abandoned:  # else: its lock may have been held at the moment of a fork
            news.tell()

    def _release(self) -> None:
        """Lets go who waits, on this thread, for there is no loop that would."""
        try:
            while True:
                self._waiting.pop().notify()
        except IndexError:
            pass

    def _wake(self, net_error: int) -> None:
        """Whoever waits looks again, at the end of the turn. Network thread only."""
        self._net_error = net_error
        waiting = self._waiting
        while waiting:
            try:
                rendezvous = waiting.pop()
            except IndexError:
                return  # the last one has just seen it himself
            self._context.thread.wake_soon(rendezvous.notify)
