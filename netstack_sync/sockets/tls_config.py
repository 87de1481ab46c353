"""TlsConfig: everything that makes one TLS connection differ from another."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.value import Value

if TYPE_CHECKING:
    from netstack_sync.base.tls_wording import TlsTerms


class ClientCertificate(Value):
    """Where the user's certificate and key lie: PEM in one file or two, or PKCS#12 in one."""

    __slots__ = ("cert_file", "key_file", "password")

    def __init__(self, cert_file: str, key_file: str | None = None, password: str | bytes | None = None) -> None:
        self.cert_file: Final = cert_file
        self.key_file: Final = key_file
        self.password: Final = password

    def __repr__(self) -> str:
        return f"ClientCertificate(cert_file={self.cert_file!r}, key_file={self.key_file!r})"


class _HashedOnce(Value):
    """A Value whose hash is made with it."""

    __slots__ = ("_hash",)

    _hash: int

    def __hash__(self) -> int:
        return self._hash  # which is another one in another process: Value.__reduce__() leaves it out


class TlsConfig(_HashedOnce):
    """Part of the pool's key. Hashable; the hash is made once, because every request to the pool needs it."""

    __slots__ = (
        "trust",
        "client_certificate",
        "context",
        "alpn",
        "min_version",
        "max_version",
        "ciphers",
        "keylog_file",
        "resumes",
    )

    def __init__(
        self,
        trust: TrustConfig,
        client_certificate: ClientCertificate | None = None,
        context: ssl.SSLContext | None = None,
        alpn: tuple[str, ...] = ("http/1.1",),
        min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        max_version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
        ciphers: str | None = None,
        keylog_file: str | None = None,
        resumes: bool = True,
    ) -> None:
        self.trust: Final = trust
        self.client_certificate: Final = client_certificate
        self.context: Final = context
        """The user's own context: the handshake runs with it as it is, and of what follows only `alpn` matters."""
        self.alpn: Final = alpn
        """What is spoken above; offered, unless the context is the user's own, and nothing else is accepted."""
        self.min_version: Final = min_version
        self.max_version: Final = max_version
        self.ciphers: Final = ciphers
        """For TLS 1.2, in OpenSSL's words; None for OpenSSL's default."""
        self.keylog_file: Final = keylog_file
        """Where the secrets of every connection are written, for Wireshark."""
        self.resumes: Final = resumes
        """Whether a handshake may go on from a session of an earlier connection."""
        self._hash = hash(self._fields())

    @property
    def terms(self) -> TlsTerms:
        """What advice about a handshake that failed depends on; for its caller's thread."""
        from netstack_sync.base.tls_wording import TlsTerms  # late: much text, for who reads it

        return TlsTerms(self.context is not None, self.min_version, self.max_version, self.ciphers)


class TlsConfigError(Exception):
    """Something in a TlsConfig cannot be used; the words are for the user."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(detail)
        self.net_error = net_error
