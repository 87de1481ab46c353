"""DER: elements and fields are found where the library has found them, byte by byte."""

from __future__ import annotations

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from netstack_sync.base.der import der_contents, tbs_fields


@pytest.mark.parametrize("size, header", [(0, 2), (127, 2), (128, 3), (255, 3), (256, 4), (70_000, 5)])
def test_where_contents_begin_and_end(size: int, header: int) -> None:
    """In the short form of lengths and in the long ones, also behind something else."""
    length = bytes([size]) if size < 128 else bytes([0x80 | header - 2]) + size.to_bytes(header - 2, "big")
    element = b"\x04" + length + bytes(size)
    assert der_contents(element) == (header, header + size)
    assert der_contents(b"before" + element + b"after", 6) == (6 + header, 6 + header + size)


def test_fields_of_a_certificate() -> None:
    """As the library reads them."""
    certificate = x509.load_pem_x509_certificate(trustme.CA().issue_cert("a.test").cert_chain_pems[0].bytes())
    number, _, issuer, _, subject, key = tbs_fields(certificate.tbs_certificate_bytes, 6)
    assert number[2:] == certificate.serial_number.to_bytes(len(number) - 2, "big")
    assert (issuer, subject) == (certificate.issuer.public_bytes(), certificate.subject.public_bytes())
    assert key == certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_a_certificate_without_a_version() -> None:
    """It is of version 1, whose first field is its number."""
    version, fields = b"\xa0\x03\x02\x01\x02", [b"\x02\x01\x05", b"\x30\x00"]
    old, new = b"".join(fields), version + b"".join(fields)
    for body in (old, new):
        assert tbs_fields(b"\x30" + bytes([len(body)]) + body, 2) == fields
