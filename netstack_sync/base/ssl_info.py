"""Values about TLS: the verdict on a certificate chain, and what a handshake agreed on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.net_errors import OK
from netstack_sync.base.shown_text import shown
from netstack_sync.base.x509 import CertificateFacts, chain_facts


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
    pinned_by: str = ""
    """The host whose pins were missed: the server's own, or a domain above it; empty when none were."""

    @property
    def detail(self) -> str:
        """The reasons in one line; empty when nothing is wrong."""
        return "; ".join(self.reasons)


_NOTHING_FOUND: Final = CertStatus(0)


@dataclass(frozen=True, slots=True, repr=False)
class SSLInfo:
    """What a user may want to know about the TLS of a response (net/ssl/ssl_info.h).

    Made for every connection, on the network thread: certificates are read when they are asked for, each time.
    """

    version: str
    """As OpenSSL spells it: "TLSv1.3"."""
    cipher: str
    """As OpenSSL spells it: "TLS_AES_128_GCM_SHA256"."""
    alpn: str
    """The protocol agreed on inside TLS; empty for none."""
    peer_chain: tuple[bytes, ...]
    """The certificates as the server sent them: DER, leaf first."""
    host: str = ""
    """Whom the handshake was meant for: a name, or an IP literal without brackets."""
    is_resumed: bool = False
    """True when the handshake went on from a session of an earlier connection; the chain is from then."""
    cert_status: CertStatus = _NOTHING_FOUND
    """See CertVerifyResult."""
    is_issued_by_known_root: bool = False
    """See CertVerifyResult."""
    verified_chain: tuple[bytes, ...] = ()
    """See CertVerifyResult; empty without a verdict."""
    reasons: tuple[str, ...] = ()
    """See CertVerifyResult."""
    public_key_hashes: tuple[bytes, ...] = ()
    """See CertVerifyResult."""
    pinned_by: str = ""
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
            pinned_by=verdict.pinned_by,
        )

    @property
    def has_fault(self) -> bool:
        """True when something is wrong with the certificate, though the caller takes it."""
        return bool(self.cert_status) and map_cert_status_to_net_error(self.cert_status) != OK

    @property
    def leaf(self) -> CertificateFacts | None:
        """The server's own certificate; None without one that can be read."""
        certificate = self.peer_certificate
        return CertificateFacts.from_der(certificate) if certificate is not None else None

    @property
    def peer_certificate(self) -> bytes | None:
        """The same as it came (DER)."""
        return self.peer_chain[0] if self.peer_chain else None

    @property
    def sent_chain(self) -> tuple[CertificateFacts, ...]:
        """The certificates as the server sent them, its own first; without those that cannot be read."""
        return chain_facts(self.peer_chain)

    @property
    def chain(self) -> tuple[CertificateFacts, ...]:
        """From the leaf to the root that is trusted; without a verdict as the server sent it."""
        return chain_facts(self.verified_chain or self.peer_chain)

    @property
    def subject(self) -> str:
        """Whom the leaf names, as in "CN=example.com"; empty without a leaf, as all that follows."""
        leaf = self.leaf
        return leaf.subject if leaf is not None else ""

    @property
    def issuer(self) -> str:
        """Who vouches for the leaf."""
        leaf = self.leaf
        return leaf.issuer if leaf is not None else ""

    @property
    def subject_alternative_names(self) -> tuple[str, ...]:
        """The hosts that the leaf is for; addresses as text."""
        leaf = self.leaf
        return leaf.subject_alternative_names if leaf is not None else ()

    @property
    def not_before(self) -> datetime | None:
        """When the leaf's validity begins, in UTC."""
        leaf = self.leaf
        return leaf.not_before if leaf is not None else None

    @property
    def not_after(self) -> datetime | None:
        """When the leaf expires, in UTC."""
        leaf = self.leaf
        return leaf.not_after if leaf is not None else None

    @property
    def serial_number(self) -> str:
        """The leaf's; hexadecimal."""
        leaf = self.leaf
        return leaf.serial_number if leaf is not None else ""

    @property
    def public_key_hash(self) -> bytes:
        """The SHA-256 of the leaf's public key; see CertificateFacts."""
        leaf = self.leaf
        return leaf.public_key_hash if leaf is not None else b""

    @property
    def pin(self) -> str:
        """The same in the notation of `pins`: "sha256/BASE64="."""
        leaf = self.leaf
        return leaf.pin if leaf is not None else ""

    def to_params(self) -> dict[str, object]:
        """The parameters of the NetLog event SSL_CONNECT."""
        agreed = {"version": self.version, "cipher_suite": self.cipher}
        return {**agreed, "is_resumed": self.is_resumed, "next_proto": self.alpn or "unknown"}

    def __repr__(self) -> str:
        words = [self.host, self.version, self.cipher, self.alpn, "resumed" if self.is_resumed else ""]
        words += [_count(self.peer_chain), *_names(self.cert_status)]
        return f"<SSLInfo {shown(' '.join(filter(None, words)))}>"


def _names(status: CertStatus) -> list[str]:
    return [flag.name for flag in CertStatus if flag in status and flag.name is not None]


def _count(chain: tuple[bytes, ...]) -> str:
    return "1 certificate" if len(chain) == 1 else f"{len(chain)} certificates"
