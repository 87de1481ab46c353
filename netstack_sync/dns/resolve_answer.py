"""What a name resolved to, and the Protocol of those who find out."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.net_errors import OK

if TYPE_CHECKING:
    from netstack_sync.wire.dns_message import HttpsRecord


class AnswerSource(Enum):
    """Who answered."""

    LITERAL = "literal"  # the host was an IP address
    LOCALHOST = "localhost"  # RFC 6761: never asked of anybody
    CACHE = "cache"
    SYSTEM = "system"  # getaddrinfo()
    SECURE_DNS = "DNS over HTTPS"
    HOOK = "resolver hook"  # a function of the user's


class ResolveAnswer(NamedTuple):
    """The outcome of one lookup; addresses have port 0."""

    net_error: int
    addresses: AddressList = ()
    source: AnswerSource = AnswerSource.SYSTEM
    ttl_s: float | None = None
    """How long it may be cached, failures included; None: not at all."""
    services: tuple[HttpsRecord, ...] = ()
    detail: str = ""
    """What went wrong, in words; may be empty."""
    os_error: int = 0
    """The system's own number, for the log."""

    @property
    def is_ok(self) -> bool:
        """True when there are addresses."""
        return self.net_error == OK


class ResolveTask(Protocol):
    """One way to an answer, started once. Network thread only."""

    def start(self, on_done: Callable[[ResolveAnswer], None]) -> None:
        """Asks; one later call, never from inside start()."""

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
