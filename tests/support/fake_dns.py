"""FakeDns: a name server over UDP that answers from a table, late or never, and counts what it is asked."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Iterable, Mapping

from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.pump import READ, FdWatchController

_TYPES = {1: "A", 28: "AAAA"}
_FAMILIES = {1: socket.AF_INET, 28: socket.AF_INET6}
_TTL_S = 60
_RESPONSE = 0x8580  # QR, AA, RD, RA
_NXDOMAIN = 3


class FakeDns:
    """Runs on `thread`; the test may read `queries` and set the attributes at any moment. Owns the socket."""

    def __init__(self, thread: NetworkThread, sock: socket.socket, table: Mapping[str, Iterable[str]]) -> None:
        """`table` has the addresses of each name, IPv4 and IPv6 mixed; there are no other names."""
        self.is_silent = False
        self.delay_s = 0.0
        self.queries: Counter[tuple[str, str]] = Counter()
        """How often each (name, type) was asked; a type that is neither "A" nor "AAAA" is its number."""
        self._table = {name: list(addresses) for name, addresses in table.items()}
        self._thread = thread
        self._socket = sock
        sock.setblocking(False)
        self._watch = FdWatchController()

    def start(self) -> None:
        """Answers from now on; thread's."""
        self._thread.pump.watch_file_descriptor(self._socket.fileno(), True, READ, self._watch, self)

    def close(self) -> None:
        """Closes the socket; thread's."""
        self._watch.stop_watching()
        self._socket.close()

    def on_fd_readable(self, fd: int) -> None:
        """Pump: somebody asks."""
        query, sender = self._socket.recvfrom(4096)
        name, kind, question = _parse(query)
        self.queries[name, _TYPES.get(kind, str(kind))] += 1
        if not self.is_silent:
            answer = self._answer(query[:2], name, kind, question)
            self._thread.timers.call_later(self.delay_s, lambda: self._send(answer, sender))

    def on_fd_writable(self, fd: int) -> None:
        """Pump: not watched."""

    def _send(self, answer: bytes, receiver: tuple[str, int]) -> None:
        if self._watch.is_watching:
            self._socket.sendto(answer, receiver)

    def _answer(self, number: bytes, name: str, kind: int, question: bytes) -> bytes:
        addresses = self._table.get(name)
        family = _FAMILIES.get(kind)
        is_wanted_ipv6 = family == socket.AF_INET6
        wanted = [a for a in addresses or () if (":" in a) == is_wanted_ipv6] if family is not None else []
        flags = _RESPONSE | (_NXDOMAIN if addresses is None else 0)
        answer = number + struct.pack("!HHHHH", flags, 1, len(wanted), 0, 0) + question
        for address in wanted:
            assert family is not None
            packed = socket.inet_pton(family, address)
            answer += struct.pack("!HHHIH", 0xC00C, kind, 1, _TTL_S, len(packed)) + packed  # 0xC00C: the name asked
        return answer


def _parse(query: bytes) -> tuple[str, int, bytes]:
    """The name, the type, and the question as it stands in the message (RFC 1035 §4.1.2)."""
    labels, position = [], 12
    while query[position]:
        labels.append(query[position + 1 : position + 1 + query[position]].decode())
        position += 1 + query[position]
    (kind,) = struct.unpack_from("!H", query, position + 1)
    return ".".join(labels).lower(), kind, query[12 : position + 5]
