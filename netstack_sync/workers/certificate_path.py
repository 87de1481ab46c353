"""The way from a certificate to a root by names and signatures, whatever rules it breaks.

The engine of verify_certificate.py says that there is none that it likes, or which one it has taken. Here a way is
looked for to say what is wrong with it, and to tell which certificates belong together. Nothing here can make a
chain good.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from netstack_sync.base.der import tbs_fields
from netstack_sync.workers.load_certificate import load_certificate

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

MAX_SERVED: Final = 32
"""How many certificates besides the leaf are looked at; honest servers send one to four."""

_MAX_SIGNATURE_CHECKS: Final = 50  # some 5 ms; a server can send chains with millions of ways through them


class CertPath(NamedTuple):
    """Certificates that signed each other, from the leaf upwards."""

    certificates: list[x509.Certificate]
    reaches_root: bool


def find_path(
    leaf: x509.Certificate, served: Iterable[x509.Certificate], roots: tuple[x509.Certificate, ...]
) -> CertPath:
    """The way from `leaf` to a root, or the longest way that there is. Only signatures and names count."""
    return _PathFinder(served, roots).climb([leaf])


def load_readable(served: Iterable[bytes]) -> list[x509.Certificate]:
    """Those of `served`, DER, that are X.509; whether another was needed whoever looks for a way will see."""
    certificates = []
    for der in served:
        try:
            certificates.append(load_certificate(der))
        except ValueError:
            continue
    return certificates


def encode_chain(chain: Iterable[x509.Certificate]) -> tuple[bytes, ...]:
    """In DER, as they were."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return tuple(certificate.public_bytes(Encoding.DER) for certificate in chain)


def may_issue(certificate: x509.Certificate) -> bool:
    """Whether it says that it is an authority (RFC 5280 section 4.2.1.9), whose key may sign certificates."""
    from cryptography import x509

    try:
        extensions = certificate.extensions
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid
    except Exception:
        return False  # it cannot be read: the library complains in many ways


def broken_hash(certificate: x509.Certificate) -> hashes.HashAlgorithm | None:
    """The hash under a certificate's signature, if it can be forged."""
    algorithm = certificate.signature_hash_algorithm
    return algorithm if algorithm is not None and algorithm.name in ("md5", "sha1") else None


class _PathFinder:
    """Depth first, roots before what the server sent, within a budget of signature checks.

    Names are compared as they are encoded, as the engine does: a server can send ones that take long to compare.
    """

    __slots__ = ("_checks_left", "_roots", "_served")

    def __init__(self, served: Iterable[x509.Certificate], roots: tuple[x509.Certificate, ...]) -> None:
        self._served: dict[bytes, list[x509.Certificate]] = {}
        for certificate in served:
            self._served.setdefault(_names(certificate)[1], []).append(certificate)
        self._roots = roots
        self._checks_left = _MAX_SIGNATURE_CHECKS

    def climb(self, path: list[x509.Certificate]) -> CertPath:
        """The best path that begins with `path`."""
        top = path[-1]
        best = CertPath(path, top in self._roots)
        if best.reaches_root:
            return best
        for candidate in self._issuers(top):
            if candidate in path or not self._has_signed(candidate, top):
                continue
            found = self.climb([*path, candidate])
            if found.reaches_root:
                return found
            if len(found.certificates) > len(best.certificates):
                best = found
        return best

    def _issuers(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """Those who bear the name of its issuer."""
        name, parsed_name = _names(certificate)[0], certificate.issuer
        # What was read of the roots is kept with them, so this is the quicker comparison there.
        alike = [root for root in self._roots if root.subject == parsed_name]
        return [*(root for root in alike if _names(root)[1] == name), *self._served.get(name, ())]

    def _has_signed(self, issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        if self._checks_left == 0:
            return False
        self._checks_left -= 1
        try:
            _check_signature(certificate, issuer)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            return False
        return True


def _check_signature(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key = issuer.public_key()
    algorithm = broken_hash(certificate)
    signature, body = certificate.signature, certificate.tbs_certificate_bytes
    # The library does not look at broken hashes any more; here they are looked at to be able to say what is wrong.
    if algorithm is not None and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, body, padding.PKCS1v15(), algorithm)
    elif algorithm is not None and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, body, ec.ECDSA(algorithm))
    else:
        certificate.verify_directly_issued_by(issuer)


def _names(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """Issuer and subject as they are encoded."""
    _, _, issuer, _, subject = tbs_fields(certificate.tbs_certificate_bytes, 5)
    return issuer, subject
