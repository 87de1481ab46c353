"""WriteQueue: what several streams write to one socket, in order and in few system calls.

brpc's KeepWrite (src/brpc/socket.cpp) on one thread: whoever finds the queue empty tries to write at once; what
is left, and what comes meanwhile, is sent by a single writer when the socket has room again. From another thread
the way in is a posted task, as for everything else.
"""

from __future__ import annotations

import traceback
from collections import deque
from typing import Final

from netstack_sync.base.net_errors import (
    ERR_INSUFFICIENT_RESOURCES,
    ERR_IO_PENDING,
    ERR_SOCKET_NOT_CONNECTED,
    OK,
)
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.sockets.stream_socket import StreamSocket, VectoredWriter

_HIGH_BYTES: Final = 64 * 1024
_LOW_BYTES: Final = 16 * 1024
_LIMIT_BYTES: Final = 64 * 1024 * 1024  # brpc's socket_max_unwritten_bytes

_MAX_BUFFERS: Final = 256  # a call's; IOV_MAX is 1024 wherever there is sendmsg()
_MAX_TURN_BYTES: Final = 1024 * 1024  # then the loop looks after the other sockets
_MAX_JOINED_BYTES: Final = 16 * 1024  # a TLS record


class QueuedWrite:
    """One piece of data on its way out; owned by its writer. `on_done` hears OK or an error if enqueue() pended."""

    __slots__ = ("is_begun", "on_done", "rest")

    def __init__(self, data: bytes | memoryview, on_done: Completion) -> None:
        assert data, "nothing to write"
        self.rest = data
        """What has not been taken by the socket yet."""
        self.on_done: Completion | None = on_done
        self.is_begun = False


class WriteQueue:
    """The one writer of a socket that it does not own: nobody else may write to it, wait for its room or cancel that.

    Network thread only. Pieces are completed in the order in which they were given. An error of the socket is the
    end of every piece that is queued and of every later one. `is_full` asks writers to wait for `on_drained`, which
    comes once unless an error does; one who goes on nevertheless comes to the limit.
    """

    __slots__ = (
        "_error",
        "_high_bytes",
        "_is_telling",
        "_is_waiting",
        "_limit_bytes",
        "_low_bytes",
        "_on_drained",
        "_outcomes",
        "_socket",
        "_vectored",
        "_writes",
        "is_full",
        "queued_bytes",
    )

    def __init__(
        self,
        socket: StreamSocket,
        on_drained: Task,
        high_bytes: int = _HIGH_BYTES,
        low_bytes: int = _LOW_BYTES,
        limit_bytes: int = _LIMIT_BYTES,
    ) -> None:
        if not 0 <= low_bytes < high_bytes <= limit_bytes:
            raise ValueError(
                f"write queue: 0 <= low_bytes ({low_bytes}) < high_bytes ({high_bytes}) <= limit_bytes "
                f"({limit_bytes}) does not hold"
            )
        self._socket = socket
        self._vectored = socket if isinstance(socket, VectoredWriter) else None
        self._on_drained = on_drained
        self._high_bytes = high_bytes
        self._low_bytes = low_bytes
        self._limit_bytes = limit_bytes
        self._writes: deque[QueuedWrite] = deque()
        self._outcomes: deque[tuple[QueuedWrite, int]] = deque()
        """Pieces that are through, whose writers have not been told yet."""
        self._error = OK
        self._is_waiting = False  # for the socket's room; always, while there is something to write
        self._is_telling = False
        self.queued_bytes = 0
        self.is_full = False
        """True from `high_bytes` on until no more than `low_bytes` are left."""

    def enqueue(self, write: QueuedWrite) -> int:
        """OK when all of it was taken at once, ERR_IO_PENDING, or an error: the socket's, or
        ERR_INSUFFICIENT_RESOURCES, which concerns this piece only, when `limit_bytes` are waiting already.
        """
        if self._error != OK:
            return self._error
        if self.queued_bytes >= self._limit_bytes:
            return ERR_INSUFFICIENT_RESOURCES
        if not self._writes and not self._is_telling:
            result = self._socket.write(write.rest)
            if result == len(write.rest):
                return OK  # fast path: the socket has room
            if result < ERR_IO_PENDING:
                self._error = result
                return result
            if result > 0:
                write.is_begun = True
                write.rest = memoryview(write.rest)[result:]
        self._writes.append(write)
        self.queued_bytes += len(write.rest)
        self.is_full = self.is_full or self.queued_bytes >= self._high_bytes
        self._wait()
        return ERR_IO_PENDING

    def cancel(self, write: QueuedWrite) -> bool:
        """Its writer is not told any more; True when none of it was sent, nor will be. A piece that has begun goes
        on, or the peer would take what follows for the rest of it.
        """
        write.on_done = None
        if write.is_begun or write not in self._writes:
            return False
        self._writes.remove(write)
        self.queued_bytes -= len(write.rest)
        return True  # if there is room now, the wait that is under way tells it

    def close(self) -> None:
        """Drops everything: no callback comes, and nothing can be queued any more; idempotent. The socket is left
        to its owner.
        """
        self._error = ERR_SOCKET_NOT_CONNECTED
        self._forget()
        self._outcomes.clear()

    def _forget(self) -> None:
        self._writes.clear()
        self.queued_bytes = 0
        self.is_full = False

    def _wait(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._socket.notify_writable(self._on_writable)

    def _on_writable(self) -> None:
        self._is_waiting = False
        result, turn_bytes = OK, 0
        while self._writes and turn_bytes < _MAX_TURN_BYTES and result >= 0:
            result = self._write_some()
            if result > 0:
                turn_bytes += result
                self._take(result)
        if result < ERR_IO_PENDING:
            self._fail(result)
        elif self._writes:
            self._wait()
        self._tell()

    def _write_some(self) -> int:
        if len(self._writes) == 1:
            return self._socket.write(self._writes[0].rest)
        if self._vectored is not None:
            return self._vectored.write_many(self._next_buffers(_MAX_BUFFERS, _MAX_TURN_BYTES))
        buffers = self._next_buffers(len(self._writes), _MAX_JOINED_BYTES)
        return self._socket.write(buffers[0] if len(buffers) == 1 else b"".join(buffers))

    def _next_buffers(self, max_count: int, max_bytes: int) -> list[bytes | memoryview]:
        """The first pieces, as many as fit; at least one, whatever its size."""
        buffers: list[bytes | memoryview] = []
        size = 0
        for write in self._writes:
            size += len(write.rest)
            if buffers and (size > max_bytes or len(buffers) == max_count):
                break
            buffers.append(write.rest)
        return buffers

    def _take(self, sent: int) -> None:
        """The socket took the first `sent` bytes."""
        self.queued_bytes -= sent
        while sent:
            write = self._writes[0]
            write.is_begun = True
            if len(write.rest) > sent:
                write.rest = memoryview(write.rest)[sent:]
                return
            sent -= len(write.rest)
            self._writes.popleft()
            self._outcomes.append((write, OK))

    def _fail(self, error: int) -> None:
        self._error = error
        self._outcomes += [(write, error) for write in self._writes]
        self._forget()

    def _tell(self) -> None:
        """Last in a turn, when everything is in order: a callback may enqueue, cancel and close."""
        self._is_telling = True
        while self._outcomes:
            write, result = self._outcomes.popleft()
            on_done, write.on_done = write.on_done, None
            if on_done is None:
                continue
            try:
                on_done(result)
            except BaseException:
                traceback.print_exc()  # one stream's bug must not leave the others untold
        self._is_telling = False
        if self.is_full and self.queued_bytes <= self._low_bytes:
            self.is_full = False
            self._on_drained()
