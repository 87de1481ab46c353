"""What the stack asks of a certificate verifier: a request that is started once and answers with a verdict.

Verifiers are stacked, outermost first: PinningCertVerifier, CachingCertVerifier, CoalescingCertVerifier,
OcspCertVerifier, ThreadedCertVerifier (net/cert/cert_verifier.h).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion


@dataclass(frozen=True, slots=True)
class VerifyParams:
    """Everything a verdict depends on besides the time; the key of the cache and of coalescing."""

    chain: tuple[bytes, ...]
    """DER as the server sent it, leaf first."""
    hostname: str
    """The canonical host that was asked for: a name, or an IP literal without brackets."""
    trust: TrustConfig

    def __repr__(self) -> str:
        return f"<VerifyParams {self.hostname} {len(self.chain)} certificates {self.trust!r}>"


class CertVerifyRequest(Protocol):
    """One question. Network thread only; cancel it or let it finish."""

    @property
    def result(self) -> CertVerifyResult | None:
        """The verdict once finished; also when it is bad."""

    def start(self, on_done: Completion) -> int:
        """`result.net_error` if the verdict is known, or ERR_IO_PENDING and one later callback with it."""
        ...

    def cancel(self) -> None:
        """The callback never comes; idempotent."""


class CertVerifier(Protocol):
    """Makes requests. Network thread only."""

    def create_request(self, params: VerifyParams, net_log: NetLogWithSource) -> CertVerifyRequest:
        """A request that is not started yet."""
        ...

    def on_trust_changed(self) -> None:
        """Whom to trust has changed: no request started from now on gets an answer found before."""
