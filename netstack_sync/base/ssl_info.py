"""Values about TLS: the verdict on a certificate chain, and what a handshake agreed on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from netstack_sync.base.cert_status import CertStatus


@dataclass(frozen=True, slots=True)
class CertVerifyResult:
    """The verdict on a chain (net/cert/cert_verify_result.h)."""

    net_error: int
    """OK, the most serious certificate error, or why no verdict was possible."""
    cert_status: CertStatus
    """Everything that was found, the less serious too."""
    verified_chain: tuple[bytes, ...]
    """DER, from the leaf to the root; as the server sent it if no way to a root was found."""
    is_issued_by_known_root: bool
    """True when the chain ends in one of the system's roots and not in one the user added."""
    reasons: tuple[str, ...] = ()
    """What is wrong, one thing each, in words; the most serious is not always the first."""
    public_key_hashes: tuple[bytes, ...] = ()
    """SHA-256 of the SubjectPublicKeyInfo of each certificate of `verified_chain`, in its order."""

    @property
    def detail(self) -> str:
        """The reasons in one line; empty when nothing is wrong."""
        return "; ".join(self.reasons)


_NOTHING_FOUND: Final = CertStatus(0)


@dataclass(frozen=True, slots=True)
class SSLInfo:
    """What a user may want to know about the TLS of a response (net/ssl/ssl_info.h)."""

    version: str
    """As OpenSSL spells it: "TLSv1.3"."""
    cipher: str
    alpn: str
    """The protocol agreed on inside TLS; empty for none."""
    peer_chain: tuple[bytes, ...]
    """The certificates as the server sent them: DER, leaf first."""
    host: str = ""
    """Whom the handshake was meant for: a name, or an IP literal without brackets."""
    is_resumed: bool = False
    """True when the handshake went on from a session of an earlier connection; the chain is from then."""
    cert_status: CertStatus = _NOTHING_FOUND
    is_issued_by_known_root: bool = False
    verified_chain: tuple[bytes, ...] = ()
    """See CertVerifyResult; empty without a verdict."""
    reasons: tuple[str, ...] = ()
    """See CertVerifyResult."""
    public_key_hashes: tuple[bytes, ...] = ()
    """See CertVerifyResult."""

    def with_verdict(self, verdict: CertVerifyResult) -> SSLInfo:
        """The same connection after its certificate was judged."""
        return replace(
            self,
            cert_status=verdict.cert_status,
            is_issued_by_known_root=verdict.is_issued_by_known_root,
            verified_chain=verdict.verified_chain,
            reasons=verdict.reasons,
            public_key_hashes=verdict.public_key_hashes,
        )

    @property
    def subject(self) -> str:
        """Whom the leaf names, as in "CN=example.com"; empty without a leaf that can be read."""
        if not self.peer_chain:
            return ""
        from cryptography import x509  # heavy, and seldom asked for

        try:
            return x509.load_der_x509_certificate(self.peer_chain[0]).subject.rfc4514_string()
        except ValueError:
            return ""

    def to_params(self) -> dict[str, object]:
        """The parameters of the NetLog event SSL_CONNECT."""
        agreed = {"version": self.version, "cipher_suite": self.cipher}
        return {**agreed, "is_resumed": self.is_resumed, "next_proto": self.alpn or "unknown"}
