"""BodyPipe: a bounded pipe of body bytes from the network thread to one reading thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.rendezvous import Rendezvous

HIGH_WATER_BYTES = 1024 * 1024  # one large read, or many small ones, ahead of the reader


class BodyPipe:
    """Written on the network thread, read on a caller's; a full pipe stops the socket from being read.

    The reader takes everything that is there at once, so that a fast network costs few crossings. `on_drained`
    runs on the network thread when a writer that was told to pause may go on.
    """

    __slots__ = (
        "_is_paused",
        "_lock",
        "_on_drained",
        "_pieces",
        "_reader",
        "_result",
        "_size_bytes",
        "_thread",
    )

    def __init__(self, thread: NetworkThread, on_drained: Callable[[], None]) -> None:
        self._thread = thread
        self._on_drained = on_drained
        self._lock = threading.RLock()  # held for a few instructions; a finalizer may re-enter it
        self._pieces: deque[bytes] = deque()
        self._size_bytes = 0
        self._is_paused = False
        self._reader: Rendezvous | None = None
        self._result = ERR_IO_PENDING

    # --- network thread

    def write(self, piece: bytes) -> bool:
        """Takes a piece; False asks the writer to pause until `on_drained`."""
        with self._lock:
            self._pieces.append(piece)
            self._size_bytes += len(piece)
            self._is_paused = self._size_bytes >= HIGH_WATER_BYTES
            may_go_on = not self._is_paused
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.notify()
        return may_go_on

    def finish(self, net_error: int) -> None:
        """Marks the end: OK, or the error that cut the body off. What was written before can still be read."""
        with self._lock:
            self._result = net_error
            self._on_drained = _nothing  # opens the circle of fetcher and pipe
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.notify()

    # --- reading thread

    def read(self) -> list[bytes]:
        """Waits for pieces; an empty list is the end, and `result` tells which.

        Where it would have to wait on the network thread, which writes them, it raises RuntimeError.
        """
        if self._thread.is_abandoned:
            return self._read_in_forked_child()
        while True:
            with self._lock:
                pieces = list(self._pieces)
                if pieces or self._result != ERR_IO_PENDING:
                    self._pieces.clear()
                    self._size_bytes = 0
                    must_resume, self._is_paused = self._is_paused, False
                    break
                if self._thread.is_wait_futile:
                    self._result = ERR_CONTEXT_SHUT_DOWN
                    return []
                if self._thread.is_current:
                    raise RuntimeError("reading a stream on the network thread would wait for itself; use URLFetcher")
                self._reader = reader = self._thread.desk.meet()
            reader.wait()
        if must_resume:
            self._thread.post(self._on_drained)
        return pieces

    def discard(self) -> None:
        """Drops what is there; nobody reads any more. Without the lock, for the sake of a forked child."""
        self._pieces.clear()

    def _read_in_forked_child(self) -> list[bytes]:
        """What is here; the rest goes to the parent. A thread that is not here may have held the lock."""
        pieces = list(self._pieces)
        self._pieces.clear()
        if not pieces and self._result == ERR_IO_PENDING:
            self._result = ERR_CONTEXT_SHUT_DOWN
        return pieces

    @property
    def result(self) -> int:
        """ERR_IO_PENDING until the end was written, then OK or the error."""
        return self._result


def _nothing() -> None:
    """Nobody waits for room any more."""
