"""SocksReplyParser: what the answers of SOCKS proxies have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

from netstack_sync.base.net_errors import ERR_SOCKS_CONNECTION_FAILED
from netstack_sync.wire.errors import WireError

_HEAD_BYTES = 2


class SocksReplyParser(ABC):
    """Reads one message of a proxy from pieces of any size; owned by whoever reads the socket.

    It begins with a version and a byte that says yes or no.
    """

    __slots__ = ("_buffer", "_versions", "_what_begins", "surplus")

    def __init__(self, versions: tuple[int, ...], what_begins: str = "its version") -> None:
        """`what_begins` names the version where it is another one."""
        self._versions = versions
        self._what_begins = what_begins
        self._buffer = b""
        self.surplus = b""
        """What followed the message in the last piece."""

    def receive(self, data: bytes) -> int | None:
        """The byte that says yes or no, None when more is needed, or WireError."""
        self._buffer = buffer = self._buffer + data
        if buffer and buffer[0] not in self._versions:
            words = f"the answer begins with {buffer[:1]!r}, not with {self._what_begins}"
            raise WireError(ERR_SOCKS_CONNECTION_FAILED, words)
        end = self._end(buffer) if len(buffer) >= _HEAD_BYTES else None
        if end is None or len(buffer) < end:
            return None
        self.surplus = buffer[end:]
        return buffer[1]

    @abstractmethod
    def _end(self, buffer: bytes) -> int | None:
        """How many bytes the message has, of which the first two are there; None while nobody can tell."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} received={self._buffer!r}>"
