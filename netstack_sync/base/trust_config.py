"""TrustConfig: whose word counts about certificates."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class OcspMode(Enum):
    """Whether the authority of a server's certificate is asked if it was taken back (RFC 6960)."""

    OFF = "off"  # it is not
    SOFT = "soft"  # a bad answer counts; none, as when a network in between keeps it, does not
    HARD = "hard"  # without an answer that it is good the certificate does not count


class TrustConfig(NamedTuple):
    """Whose word counts about certificates. Hashable: part of every key that tells connections apart.

    The sources add up; when none of the first three is named the system's roots count. With `verify` False a
    verifier vouches for nothing: it says OK and whose keys the chain holds, which pins are compared with.
    """

    verify: bool = True
    ca_file: str | None = None
    """A file with PEM certificates, or one in DER."""
    ca_path: str | None = None
    """A directory: its files named as `openssl rehash` does, or without any those ending in .pem, .crt, .cer; several
    are joined as in SSL_CERT_DIR.
    """
    ca_data: str | bytes | None = None
    """PEM certificates, or one DER certificate as bytes."""
    extra_ca: tuple[str | bytes, ...] = ()
    """Authorities trusted besides: paths of files or directories, and PEM or DER data as bytes."""
    crls: tuple[str, ...] = ()
    """Certificate revocation lists: files or directories, PEM or DER. When there are any, the leaf's authority must
    have a list among them that is valid, as OpenSSL's CRL_CHECK wants it."""
    ocsp: OcspMode = OcspMode.OFF

    @property
    def uses_default_roots(self) -> bool:
        """True when the system's roots count, besides `extra_ca`."""
        return self.ca_file is None and self.ca_path is None and self.ca_data is None

    def __repr__(self) -> str:
        data = "" if self.ca_data is None else f" ca_data={len(self.ca_data)}"
        file = "" if self.ca_file is None else f" ca_file={self.ca_file!r}"
        path = "" if self.ca_path is None else f" ca_path={self.ca_path!r}"
        extra = f" extra_ca={len(self.extra_ca)}" if self.extra_ca else ""
        crls = f" crls={len(self.crls)}" if self.crls else ""
        ocsp = f" ocsp={self.ocsp.value}" if self.ocsp is not OcspMode.OFF else ""
        return f"<TrustConfig verify={self.verify}{file}{path}{data}{extra}{crls}{ocsp}>"
