"""What every TLS socket of a context shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from netstack_sync.cert.verifier import CertVerifier
from netstack_sync.loop.completion import Task
from netstack_sync.sockets.tls_context import TlsContexts
from netstack_sync.sockets.tls_session_cache import TlsSessionCache
from netstack_sync.workers.worker_pool import WorkerPool

_MAX_INLINE: Final = 2  # see benchmarks/handshakes.py


class HandshakeLoad:
    """How many handshakes are under way; network thread only.

    The crypto of a handshake takes half a millisecond. One alone is done sooner on the network thread, without two
    thread crossings; of several each would hold up all others, and whatever else the thread has to do.
    """

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def begin(self) -> None:
        """A handshake begins."""
        self._count += 1

    def end(self) -> None:
        """It has ended, in whatever way."""
        assert self._count > 0, "a handshake ends once"
        self._count -= 1

    @property
    def is_high(self) -> bool:
        """True when crypto belongs on workers."""
        return self._count > _MAX_INLINE

    def __repr__(self) -> str:
        return f"<HandshakeLoad {self._count}>"


class TlsServices(NamedTuple):
    """Made once per context; network thread only, but for the workers."""

    contexts: TlsContexts
    verifier: CertVerifier
    workers: WorkerPool
    post_task: Callable[[Task], bool]
    sessions: TlsSessionCache
    load: HandshakeLoad
    has_pins: Callable[[str], bool]
    """Whether the verifier has pins for a host; then it is asked about unverified connections too."""

    def on_trust_changed(self) -> None:
        """Nothing that was found out or built before counts any more."""
        self.verifier.on_trust_changed()
        self.contexts.clear()
        self.sessions.clear()
