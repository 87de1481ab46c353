"""Certificates that the library refuses to make: another version, serial number or signature algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.workers.certificate_factory import Issued

_SEQUENCE = 0x30
_VERSION = 0xA0
_EXTENSIONS = 0xA3
ISSUER, VALIDITY, SUBJECT = 3, 4, 5
"""Positions of fields, which version 3 has."""
_ALTERNATIVE_NAME = b"\x55\x1d\x11"
_ALGORITHMS = {
    "SHA1": (hashes.SHA1(), bytes.fromhex("300906072a8648ce3d0401")),
    "SHA256": (hashes.SHA256(), bytes.fromhex("300a06082a8648ce3d040302")),
}


def rewritten(
    issued: Issued,
    issuer: Issued,
    *,
    digest: str = "SHA256",
    serial: bytes | None = None,
    is_version_1: bool = False,
    replaced: Mapping[int, tuple[int, bytes]] = MappingProxyType({}),
) -> Issued:
    """`issued` with other fields, signed again by `issuer`, whose key is on a curve.

    Those `replaced` are by position, SUBJECT for example, with tag and content.
    """
    fields = _elements(_elements(issued.certificate.tbs_certificate_bytes)[0][1])
    if serial is not None:
        fields[1] = (fields[1][0], serial)
    for position, field in replaced.items():
        fields[position] = field
    fields[2] = (_SEQUENCE, _elements(_ALGORITHMS[digest][1])[0][1])
    if is_version_1:
        fields = [field for field in fields if field[0] not in (_VERSION, _EXTENSIONS)]
    return Issued(x509.load_der_x509_certificate(_signed(fields, issuer, digest)), issued.key)


def of_version(number: int, issuer: Issued) -> bytes:
    """A leaf, DER, of another version; the library does not even load it."""
    fields = _elements(_elements(Issued.make(issuer=issuer).certificate.tbs_certificate_bytes)[0][1])
    return _signed([(_VERSION, b"\x02\x01" + bytes([number - 1])), *fields[1:]], issuer, "SHA256")


def common_name(text: bytes, string_tag: int) -> tuple[int, bytes]:
    """A name with one attribute, as a kind of string."""
    attribute = _element(_SEQUENCE, bytes.fromhex("0603550403") + _element(string_tag, text))
    return _SEQUENCE, _element(0x31, attribute)


def _signed(fields: list[tuple[int, bytes]], issuer: Issued, digest: str) -> bytes:
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    algorithm, identifier = _ALGORITHMS[digest]
    body = _element(_SEQUENCE, b"".join(_element(*field) for field in fields))
    signature = issuer.key.sign(body, ec.ECDSA(algorithm))
    return _element(_SEQUENCE, body + identifier + _element(0x03, b"\0" + signature))


def alternative_name(certificate: x509.Certificate) -> bytes | None:
    """The value of subjectAltName as it is encoded; the library reads all extensions or none."""
    fields = _elements(_elements(certificate.tbs_certificate_bytes)[0][1])
    for tag, content in fields:
        if tag == _EXTENSIONS:
            for _, extension in _elements(_elements(content)[0][1]):
                (_, oid), *_, (_, value) = _elements(extension)
                if oid == _ALTERNATIVE_NAME:
                    return value
    return None


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(digits)]) + digits + content


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of the elements of `data`."""
    elements = []
    position = 0
    while position < len(data):
        tag, size, begin = data[position], data[position + 1], position + 2
        if size >= 0x80:
            begin += size - 0x80
            size = int.from_bytes(data[position + 2 : begin], "big")
        elements.append((tag, data[begin : begin + size]))
        position = begin + size
    return elements
