"""SessionReads: when SSLObject is asked for its session, in a Python where each question leaks memory."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Final

from netstack_sync.base.clock import TickClock
from netstack_sync.sockets.tls_peer import SessionKey

READING_LEAKS: Final = sys.version_info < (3, 12, 8) or (3, 13, 0) <= sys.version_info < (3, 13, 1)
"""SSLObject.session makes a copy that is never freed, some 6.4 KB (python/cpython issue 116810)."""

_MAX_PEERS: Final = 1024
_FREE_READS: Final = 256  # 1.6 MB
_S_PER_READ: Final = 60.0  # afterwards: 9 MB a day, where one a connection could be 9 MB a minute


class SessionReads:
    """A budget of reads, and none for a peer's first connection, which may be its only one. Network thread only.

    So who makes one session after the other leaks nothing, and who makes many connections loses speed, not memory: a
    handshake in full takes little more of the client's time than one that goes on from a session.
    """

    __slots__ = ("_clock", "_credit", "_seen", "_updated_s")

    def __init__(self, clock: TickClock) -> None:
        self._clock = clock
        self._credit = float(_FREE_READS)
        self._updated_s = clock.now()
        self._seen: OrderedDict[SessionKey, None] = OrderedDict()

    def may_read(self, key: SessionKey) -> bool:
        """True if the session of this connection may be read, which then counts."""
        if key not in self._seen:
            self._remember(key)
            return False
        now = self._clock.now()
        self._credit = min(self._credit + (now - self._updated_s) / _S_PER_READ, _FREE_READS)
        self._updated_s = now
        if self._credit < 1:
            return False
        self._credit -= 1
        return True

    def _remember(self, key: SessionKey) -> None:
        self._seen[key] = None
        if len(self._seen) > _MAX_PEERS:
            self._seen.popitem(last=False)

    def __repr__(self) -> str:
        return f"<SessionReads {int(self._credit)} left, {len(self._seen)} peers>"
