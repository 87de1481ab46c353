"""Reads certificates and revocation lists, whatever they hold; knows how the library complains of their frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509


def load_certificate(der: bytes) -> x509.Certificate:
    """The certificate of these bytes, DER. ValueError for everything that is not one, and nothing else."""
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(der)
    except (x509.InvalidVersion, Warning) as error:  # versions that do not exist; what it means to refuse one day
        raise ValueError(str(error)) from error


def load_pem_certificate(pem: bytes) -> x509.Certificate:
    """The same of the first block -----BEGIN CERTIFICATE----- of a text."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem)
    except (x509.InvalidVersion, Warning) as error:
        raise ValueError(str(error)) from error


def load_revocation_list(der: bytes) -> x509.CertificateRevocationList:
    """The revocation list of these bytes, DER; ValueError as above."""
    from cryptography import x509

    try:
        return x509.load_der_x509_crl(der)
    except (x509.InvalidVersion, Warning) as error:
        raise ValueError(str(error)) from error
