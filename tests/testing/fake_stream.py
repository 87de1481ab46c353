"""A ServerStream in memory, which takes and gives what a test tells it to."""

from __future__ import annotations

from collections import deque

from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.loop.completion import Task


class FakeStream:
    """Each read and write uses up one scripted result; without one they take all and have nothing."""

    def __init__(self) -> None:
        self.reads: deque[bytes | int] = deque()
        self.writes: deque[int] = deque()
        self.sent = b""
        self.ended: list[str] = []
        self.readable: Task | None = None
        self.writable: Task | None = None
        self.has_unread = False
        self.has_unsent = False

    def read(self, max_bytes: int) -> bytes | int:
        return self.reads.popleft() if self.reads else ERR_IO_PENDING

    def write(self, data: bytes | memoryview) -> int:
        result = self.writes.popleft() if self.writes else len(data)
        if result > 0:
            self.sent += bytes(data[:result])
        return result

    def notify_readable(self, task: Task) -> None:
        self.readable = task

    def notify_writable(self, task: Task) -> None:
        self.writable = task

    def become_writable(self) -> None:
        """Runs the task that waits for room."""
        task, self.writable = self.writable, None
        assert task is not None
        task()

    def end(self, has_goodbye: bool) -> None:
        self.ended.append("goodbye" if has_goodbye else "end")

    def reset(self) -> None:
        self.ended.append("reset")

    def close(self) -> None:
        self.ended.append("close")
