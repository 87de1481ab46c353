"""The encoding of certificates (DER, ITU-T X.690), as far as bytes are wanted as they are and not encoded again.

Everything here has been parsed before by the library, so that lengths fit.
"""

from __future__ import annotations

from typing import Final

_VERSION_TAG: Final = 0xA0


def der_contents(der: bytes, offset: int = 0) -> tuple[int, int]:
    """Where the contents of the element at `offset` begin and end."""
    length = der[offset + 1]
    begin = offset + 2
    if length & 0x80:
        size = length & 0x7F
        length, begin = int.from_bytes(der[begin : begin + size], "big"), begin + size
    return begin, begin + length


def tbs_fields(tbs_certificate: bytes, count: int) -> list[bytes]:
    """The first fields of a TBSCertificate after its version: serialNumber, signature, issuer, validity, subject,
    subjectPublicKeyInfo (RFC 5280 section 4.1).
    """
    offset, _ = der_contents(tbs_certificate)
    if tbs_certificate[offset] == _VERSION_TAG:
        _, offset = der_contents(tbs_certificate, offset)
    fields = []
    for _ in range(count):
        begin, (_, offset) = offset, der_contents(tbs_certificate, offset)
        fields.append(tbs_certificate[begin:offset])
    return fields
