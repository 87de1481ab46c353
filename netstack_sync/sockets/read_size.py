"""AdaptiveReadSize: how much to ask a socket for, from the sizes of the last messages."""

from __future__ import annotations

from typing import Final

_MESSAGES_A_READ: Final = 16
_SMALLEST_BYTES: Final = 4096
_LARGEST_BYTES: Final = 524_288
_WINDOW: Final = 10  # messages


class AdaptiveReadSize:
    """Sixteen average messages, within bounds (brpc: src/brpc/input_messenger.cpp). Owned by whoever reads."""

    __slots__ = ("_average_bytes", "value")

    def __init__(self) -> None:
        self._average_bytes = 0
        self.value = _SMALLEST_BYTES
        """Bytes; what the next read should ask for."""

    def note_message(self, size_bytes: int) -> None:
        """A message of this size came; the first one is the average."""
        if self._average_bytes:
            size_bytes = (self._average_bytes * (_WINDOW - 1) + size_bytes) // _WINDOW
        self._average_bytes = size_bytes
        self.value = min(max(size_bytes * _MESSAGES_A_READ, _SMALLEST_BYTES), _LARGEST_BYTES)
