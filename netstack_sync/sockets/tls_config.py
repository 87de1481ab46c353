"""TlsConfig: everything that makes one TLS connection differ from another."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from netstack_sync.base.tls_wording import TlsTerms
from netstack_sync.base.trust_config import TrustConfig


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Where the user's certificate and key lie: PEM in one file or two, or PKCS#12 in one."""

    cert_file: str
    key_file: str | None = None
    password: str | bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """Part of the pool's key. Hashable; the hash is made once, because every request to the pool needs it."""

    trust: TrustConfig
    client_certificate: ClientCertificate | None = None
    context: ssl.SSLContext | None = None
    """The user's own context: the handshake runs with it as it is, and of what follows only `alpn` matters."""
    alpn: tuple[str, ...] = ("http/1.1",)
    """What is spoken above; offered, unless the context is the user's own, and nothing else is accepted."""
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    ciphers: str | None = None
    """For TLS 1.2, in OpenSSL's words; None for OpenSSL's default."""
    keylog_file: str | None = None
    """Where the secrets of every connection are written, for Wireshark."""
    resumes: bool = True
    """Whether a handshake may go on from a session of an earlier connection."""
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values = (self.trust, self.client_certificate, self.context, self.alpn, self.min_version, self.max_version)
        object.__setattr__(self, "_hash", hash((*values, self.ciphers, self.keylog_file, self.resumes)))

    @property
    def terms(self) -> TlsTerms:
        """What advice about a handshake that failed depends on."""
        return TlsTerms(self.context is not None, self.min_version, self.max_version, self.ciphers)

    def __hash__(self) -> int:
        return self._hash


class TlsConfigError(Exception):
    """Something in a TlsConfig cannot be used; the words are for the user."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(detail)
        self.net_error = net_error
