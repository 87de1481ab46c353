"""TlsSessionCache: what lets a handshake go on from an earlier one (net/ssl/ssl_client_session_cache.cc)."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

from netstack_sync.base.clock import TickClock
from netstack_sync.sockets.tls_peer import SessionKey
from netstack_sync.sockets.tls_session_reads import READING_LEAKS, SessionReads

_MAX_PEERS: Final = 1024  # Chromium's; a session takes some 2 KiB, and its certificates are shared with its verdict
_LOOKUPS_PER_SWEEP: Final = 256  # Chromium's
_MAX_TICKETS: Final = 2  # per peer, as in Chromium: a browser's connections come in pairs
_MAX_LIFETIME_S: Final = 7 * 24 * 3600.0  # RFC 8446 §4.6.1

# Some servers hand out sessions that they never take back, farms without common keys for instance. With OpenSSL 3.0 to
# take one and to offer it costs as much as a quarter of a handshake.
_MAX_REFUSALS: Final = 2  # in a row; one may be a server that was restarted
_REFUSED_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class TlsSession:
    """One session with what the server has proved when it was made."""

    session: ssl.SSLSession
    context: ssl.SSLContext
    """The only one that OpenSSL may resume it with."""
    peer_chain: tuple[bytes, ...]
    """What the verdict on a resumed connection is about: it is asked for anew, and the verdict cache mostly has it. So
    a certificate that expires, or a trust that is taken away, counts for resumed connections as well."""
    is_single_use: bool
    """TLS 1.3: two connections with one ticket could be told to be the same user's (RFC 8446 appendix C.4)."""
    renews_at_s: float
    """Half its life is over: from then on a newer one is taken when there is one."""
    expires_at_s: float


class _Refusals(NamedTuple):
    """How often in a row a server did not resume, and until when that counts."""

    times: int
    until_s: float


class TlsSessionCache:
    """Sessions by peer and configuration, the least recently used dropped first. Network thread only."""

    __slots__ = ("_clock", "_lookups", "_reads", "_refusals", "_sessions")

    def __init__(self, clock: TickClock, reading_leaks: bool = READING_LEAKS) -> None:
        self._clock = clock
        self._reads = SessionReads(clock) if reading_leaks else None
        self._sessions: OrderedDict[SessionKey, list[TlsSession]] = OrderedDict()
        self._refusals: OrderedDict[SessionKey, _Refusals] = OrderedDict()
        self._lookups = 0

    def take(self, key: SessionKey, context: ssl.SSLContext) -> TlsSession | None:
        """The newest session for the key that `context` can resume; one for single use is gone with this."""
        self._lookups += 1
        if self._lookups >= _LOOKUPS_PER_SWEEP:
            self._sweep()
        sessions = self._sessions.get(key)
        while sessions:
            session = sessions[-1]
            if session.context is context and session.expires_at_s > self._clock.now():
                if session.is_single_use:
                    self._remove_last(key, sessions)
                else:
                    self._sessions.move_to_end(key)
                return session
            self._remove_last(key, sessions)
        return None

    def store(
        self, key: SessionKey, session: ssl.SSLSession, context: ssl.SSLContext, chain: tuple[bytes, ...], version: str
    ) -> None:
        """Keeps a session of a connection whose verdict was good; `version` is the connection's."""
        lifetime_s = min(
            float(session.timeout), float(session.ticket_lifetime_hint or session.timeout), _MAX_LIFETIME_S
        )
        now = self._clock.now()
        kept = TlsSession(session, context, chain, version == "TLSv1.3", now + lifetime_s / 2, now + lifetime_s)
        sessions = self._sessions.setdefault(key, [])
        sessions.append(kept)
        del sessions[: -_room(version)]
        self._sessions.move_to_end(key)
        if len(self._sessions) > _MAX_PEERS:
            self._sessions.popitem(last=False)

    def wants(self, key: SessionKey, version: str) -> bool:
        """True when the session of a new connection is to be read: none that is fresh is there in its place, and as
        far as we know the server takes its sessions back.
        """
        refusals, now = self._refusals.get(key), self._clock.now()
        if refusals is not None and refusals.times >= _MAX_REFUSALS and refusals.until_s > now:
            return False
        fresh = sum(session.renews_at_s > now for session in self._sessions.get(key, ()))
        return fresh < _room(version) and (self._reads is None or self._reads.may_read(key))

    def note_offered(self, key: SessionKey, is_resumed: bool) -> None:
        """What became of a session that was offered in a handshake that went well."""
        refusals = self._refusals.pop(key, None)
        if not is_resumed:
            self.forget(key)  # in TLS 1.2 the same one would be offered again and again
            times = refusals.times + 1 if refusals is not None and refusals.until_s > self._clock.now() else 1
            self._refusals[key] = _Refusals(times, self._clock.now() + _REFUSED_S)
            if len(self._refusals) > _MAX_PEERS:
                self._refusals.popitem(last=False)

    def forget(self, key: SessionKey) -> None:
        """Drops what there is for the key: the server did not like it."""
        self._sessions.pop(key, None)

    def clear(self) -> None:
        """Drops everything; whom to trust has changed."""
        self._sessions.clear()
        self._refusals.clear()

    def _remove_last(self, key: SessionKey, sessions: list[TlsSession]) -> None:
        sessions.pop()
        if not sessions:
            del self._sessions[key]

    def _sweep(self) -> None:
        self._lookups = 0
        now = self._clock.now()
        for key, sessions in list(self._sessions.items()):
            sessions[:] = [session for session in sessions if session.expires_at_s > now]
            if not sessions:
                del self._sessions[key]

    def __len__(self) -> int:
        return len(self._sessions)

    def __repr__(self) -> str:
        return f"<TlsSessionCache {len(self)} peers>"


def _room(version: str) -> int:
    return _MAX_TICKETS if version == "TLSv1.3" else 1
