"""Reads certificates and revocation lists, whatever they hold; knows how the library complains of their frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T")


def load_certificate(der: bytes) -> x509.Certificate:
    """The certificate of these bytes, DER. ValueError for everything that is not one, and nothing else."""
    from cryptography import x509

    return _load(x509.load_der_x509_certificate, der)


def load_pem_certificate(pem: bytes) -> x509.Certificate:
    """The same of the first block -----BEGIN CERTIFICATE----- of a text."""
    from cryptography import x509

    return _load(x509.load_pem_x509_certificate, pem)


def load_revocation_list(der: bytes) -> x509.CertificateRevocationList:
    """The revocation list of these bytes, DER; ValueError as above."""
    from cryptography import x509

    return _load(x509.load_der_x509_crl, der)


def _load(load: Callable[[bytes], T], data: bytes) -> T:
    from cryptography import x509

    try:
        return load(data)
    except (x509.InvalidVersion, Warning) as error:  # versions that do not exist; what it means to refuse one day
        raise ValueError(str(error)) from error
