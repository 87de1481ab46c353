"""OCSP answers, good and bad, made as a responder makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.workers.certificate_factory import DAY, HOUR, NOW, Extension, Issued, make_authority, make_key

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
OCSP_SIGNING = ExtendedKeyUsageOID.OCSP_SIGNING
URL = "http://ocsp.test/"
THIS_WEEK = timedelta(days=7)

ROOT = make_authority()
_ECDSA_WITH = {"sha1": bytes.fromhex("300906072a8648ce3d0401"), "sha256": bytes.fromhex("300a06082a8648ce3d040302")}
_BASIC_RESPONSE = bytes.fromhex("06092b0601050507300101")


def information_access(*urls: str, method: x509.ObjectIdentifier = AuthorityInformationAccessOID.OCSP) -> Extension:
    """The extension that names responders."""
    places = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for url in urls]
    return x509.AuthorityInformationAccess(places), False


def leaf_asking(*urls: str, issuer: Issued = ROOT) -> Issued:
    """A leaf whose status these places know."""
    return Issued.make(issuer=issuer, extensions=[information_access(*urls)], key=make_key("P-256", 99))


LEAF = leaf_asking(URL)
CHAIN = (LEAF.der, ROOT.der)


def delegate(
    issuer: Issued = ROOT,
    *,
    purposes: Sequence[x509.ObjectIdentifier] = (OCSP_SIGNING,),
    kind: str = "P-256",
    extensions: Sequence[Extension] = (),
    not_before: datetime = NOW - DAY,
    not_after: datetime = NOW + DAY,
) -> Issued:
    """A responder that the issuer has appointed."""
    return Issued.make(
        "responder",
        issuer=issuer,
        san=(),
        purposes=purposes,
        extensions=extensions,
        not_before=not_before,
        not_after=not_after,
        key=make_key(kind, 55),
    )


def unsigned_answer(
    leaf: Issued,
    issuer: Issued,
    status: ocsp.OCSPCertStatus,
    this_update: datetime,
    next_update: datetime | None,
    reason: x509.ReasonFlags | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> ocsp.OCSPResponseBuilder:
    """What is said, without anybody's signature."""
    return ocsp.OCSPResponseBuilder().add_response(
        leaf.certificate,
        issuer.certificate,
        digest if digest is not None else hashes.SHA1(),
        status,
        this_update,
        next_update,
        NOW - 2 * DAY if status is REVOKED else None,
        reason,
    )


def make_answer(
    status: ocsp.OCSPCertStatus = GOOD,
    *,
    leaf: Issued = LEAF,
    issuer: Issued = ROOT,
    signer: Issued | None = None,
    by_name: bool = False,
    certificates: Sequence[Issued] = (),
    this_update: datetime = NOW - HOUR,
    next_update: datetime | None = NOW + DAY,
    reason: x509.ReasonFlags | None = None,
    digest: hashes.HashAlgorithm | None = None,
    extension: Extension | None = None,
) -> bytes:
    """An answer about `leaf` of `issuer`, signed by `signer` or the issuer."""
    signer = signer if signer is not None else issuer
    builder = unsigned_answer(leaf, issuer, status, this_update, next_update, reason, digest)
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, signer.certificate)
    if certificates:
        builder = builder.certificates([each.certificate for each in certificates])
    if extension is not None:
        builder = builder.add_extension(*extension)
    algorithm = hashes.SHA256() if hasattr(signer.key, "key_size") else None  # None for Edwards keys
    return builder.sign(signer.key, algorithm).public_bytes(Encoding.DER)


def signed_by_hand(
    body: bytes,
    signer: Issued = ROOT,
    certificates: Sequence[Issued] = (),
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """An answer with any body (ResponseData), signed by anybody, which the library would not make."""
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    digest = digest if digest is not None else hashes.SHA256()
    signature = signer.key.sign(body, ec.ECDSA(digest))
    basic = body + _ECDSA_WITH[digest.name] + der(0x03, b"\0" + signature)
    if certificates:
        basic += der(0xA0, der(0x30, b"".join(each.der for each in certificates)))
    basic = der(0x30, basic)
    return der(0x30, der(0x0A, b"\0") + der(0xA0, der(0x30, _BASIC_RESPONSE + der(0x04, basic))))


def body_of(answer: bytes) -> bytes:
    """What is signed of an answer."""
    return ocsp.load_der_ocsp_response(answer).tbs_response_bytes


def joined_answers(*answers: bytes) -> bytes:
    """One answer that says what several say; of the same responder."""
    parts = [der_parts(der_parts(body_of(answer))[0][1]) for answer in answers]
    responder, produced_at = (der(*part) for part in parts[0][:2])
    return signed_by_hand(der(0x30, responder + produced_at + der(0x30, b"".join(each[2][1] for each in parts))))


def der(tag: int, contents: bytes) -> bytes:
    """One element."""
    size = len(contents)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    if 0x80 <= size < 0x100:
        length = bytes([0x81, size])
    return bytes([tag]) + length + contents


def der_parts(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and contents of the elements that follow each other in `data`."""
    parts = []
    while data:
        size, begin = data[1], 2
        if size & 0x80:
            begin = 2 + (size & 0x7F)
            size = int.from_bytes(data[2:begin], "big")
        parts.append((data[0], data[begin : begin + size]))
        data = data[begin + size :]
    return parts
