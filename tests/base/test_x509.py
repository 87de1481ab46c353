"""CertificateFacts: what OpenSSL and the library say, in plain values; never an exception."""

from __future__ import annotations

import hashlib
import pickle
import ssl
import subprocess
import sys
from datetime import datetime, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from netstack_sync.base.x509 import CertificateFacts, chain_facts, pem_text, pin_text, public_key_hash
from tests.support.subprocesses import ROOT
from tests.workers.certificate_factory import Issued, make_authority, make_key

_BEGIN, _END = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), datetime(2049, 12, 31, tzinfo=timezone.utc)
_AUTHORITY = make_authority("root")
_LEAF = Issued.make(
    "example.test",
    issuer=_AUTHORITY,
    san=("example.test", "*.example.test", "IP:192.0.2.1", "IP:2001:db8::1"),
    not_before=_BEGIN,
    not_after=_END,
)


def facts_of(issued: Issued) -> CertificateFacts:
    """What is read of it."""
    facts = CertificateFacts.from_der(issued.der)
    assert facts is not None
    return facts


def spki_of(issued: Issued) -> bytes:
    """The library's own encoding of the key."""
    return issued.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed(key: dsa.DSAPrivateKey | ed448.Ed448PrivateKey, *names: x509.NameAttribute[str]) -> bytes:
    """A bare certificate, DER."""
    name = x509.Name(names)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(_BEGIN).not_valid_after(_END)
    return builder.sign(key, hashes.SHA256() if isinstance(key, dsa.DSAPrivateKey) else None).public_bytes(Encoding.DER)


def test_a_certificate_is_read_whole() -> None:
    """Names in the notation of RFC 4514, times with their zone, numbers as tools show them."""
    facts = facts_of(_LEAF)
    assert (facts.subject, facts.issuer, facts.common_name) == ("CN=example.test", "CN=root", "example.test")
    assert facts.subject_alternative_names == ("example.test", "*.example.test", "192.0.2.1", "2001:db8::1")
    assert (facts.not_before, facts.not_after) == (_BEGIN, _END)
    assert facts.not_before.tzinfo is not None
    assert facts.serial_number == f"{_LEAF.certificate.serial_number:x}"
    assert (facts.public_key, facts.signature_algorithm) == ("EC secp256r1", "ECDSA with SHA256")
    assert facts.public_key_hash == hashlib.sha256(spki_of(_LEAF)).digest()
    assert facts.fingerprint_sha256 == hashlib.sha256(_LEAF.der).hexdigest()
    assert not facts.is_self_signed


def test_it_is_a_value() -> None:
    """Equal when read twice, hashable, and it crosses processes; repr is without the bytes."""
    facts = facts_of(_LEAF)
    assert facts == facts_of(_LEAF) and len({facts, facts_of(_LEAF)}) == 1
    assert pickle.loads(pickle.dumps(facts)) == facts
    assert "der=" not in repr(facts) and "CN=example.test" in repr(facts)


def test_the_pin_is_openssls() -> None:
    """What the usual recipe prints (curl's manual): the SHA-256 of the public key in base64."""
    pem = subprocess.run(
        ["openssl", "x509", "-pubkey", "-noout"], input=_LEAF.pem.encode(), capture_output=True, check=True
    ).stdout
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode().replace("PUBLIC KEY", "CERTIFICATE"))).digest()
    assert facts_of(_LEAF).pin == pin_text(digest)
    assert facts_of(_LEAF).pin.startswith("sha256/") and len(facts_of(_LEAF).pin) == 51


@pytest.mark.parametrize("size", [0, 1, 47, 48, 49, 96, 500])
def test_pem_is_pythons(size: int) -> None:
    """Lines of 64 characters, and a line end."""
    assert pem_text(bytes(size)) == ssl.DER_cert_to_PEM_cert(bytes(size))


def test_pem_is_a_certificate_again() -> None:
    """For a file that `verify` takes."""
    assert facts_of(_LEAF).pem == _LEAF.pem


@pytest.mark.parametrize(
    "kind, key, signature",
    [
        ("P-256", "EC secp256r1", "ECDSA with SHA256"),
        ("brainpool", "EC brainpoolP256r1", "ECDSA with SHA256"),
        ("2048", "RSA 2048", "RSA with SHA256"),
        ("Ed25519", "Ed25519", "ED25519"),
    ],
)
def test_keys_and_signatures_are_named(kind: str, key: str, signature: str) -> None:
    """Kind and size; the hash of the key is of what is in the certificate, whatever its kind."""
    issued = Issued.make(key=make_key(kind))
    facts = facts_of(issued)
    assert (facts.public_key, facts.signature_algorithm) == (key, signature)
    assert facts.public_key_hash == hashlib.sha256(spki_of(issued)).digest()


def test_old_and_seldom_keys_are_named() -> None:
    """Nothing that the library can read is without a name; a certificate may also be of version 1 or nameless."""
    facts = CertificateFacts.from_der(signed(dsa.generate_private_key(2048)))
    assert facts is not None
    assert (facts.public_key, facts.subject, facts.common_name) == ("DSA 2048", "", "")
    assert facts.subject_alternative_names == () and facts.signature_algorithm == "DSA with SHA256"
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "a, b")
    facts = CertificateFacts.from_der(signed(ed448.Ed448PrivateKey.generate(), unit))
    assert facts is not None and (facts.public_key, facts.subject) == ("Ed448", r"OU=a\, b")


def test_algorithms_that_nobody_knows_are_shown_by_number() -> None:
    """The rest of the certificate is worth showing all the same, and its key can be pinned."""
    der = _LEAF.der.replace(bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277"))
    facts = CertificateFacts.from_der(der)
    assert facts is not None and facts.public_key == "of the unknown kind 1.2.840.10045.2.119"
    assert facts.public_key_hash == hashlib.sha256(spki_of(_LEAF).replace(b"\x3d\x02\x01", b"\x3d\x02\x77")).digest()
    der = _LEAF.der.replace(bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040377"))
    facts = CertificateFacts.from_der(der)
    assert facts is not None and facts.signature_algorithm == "1.2.840.10045.4.3.119"


def test_keys_that_have_no_class_here_are_shown_by_number() -> None:
    """X25519 cannot sign, but a certificate can be about it; its number has a name."""
    key = bytes.fromhex("302a300506032b656e032100") + bytes(32)
    issued = Issued.make(key=make_key("Ed25519"))
    facts = CertificateFacts.from_der(issued.der.replace(spki_of(issued), key))
    assert facts is not None and facts.public_key == "X25519"


def test_keys_of_unnamed_kinds_are_shown_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version of the library may read a kind that its table of names does not have yet."""
    monkeypatch.delattr("cryptography.x509.oid.PublicKeyAlgorithmOID.ED25519")
    assert facts_of(Issued.make(key=make_key("Ed25519"))).public_key == "1.3.101.112"


def test_the_hash_is_of_the_bytes_that_are_there() -> None:
    """A point on a curve may be written in two ways; RFC 7469 section 2.4 takes the one in the certificate."""
    key = make_key()
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    short = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    info = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + short
    version, name = bytes.fromhex("a003020102"), bytes.fromhex("3000")
    before = bytes.fromhex("020107") + name + name + name + name
    for head in (version + before, before):
        body = head + info
        assert public_key_hash(b"\x30" + bytes([len(body)]) + body) == hashlib.sha256(info).digest()


@pytest.mark.parametrize(
    "name",
    [
        x509.UniformResourceIdentifier("spiffe://a.test/x"),
        x509.RFC822Name("me@a.test"),
    ],
)
def test_other_kinds_of_names_are_shown(name: x509.GeneralName) -> None:
    """Services are named by URI, people by address."""
    san = (x509.SubjectAlternativeName([name, x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))]), False)
    assert facts_of(Issued.make(san=(), extensions=(san,))).subject_alternative_names == (str(name.value),)


def test_names_of_strangers_cannot_move_the_cursor() -> None:
    """What does not print is escaped as RFC 4514 section 2.4 has it, in pairs of hexadecimal digits."""
    issuer = make_authority("a\x1b[2J\r\nb\u202e,é")
    facts = facts_of(Issued.make("\x9b\x7f", issuer=issuer))
    assert (facts.subject, facts.issuer) == (r"CN=\C2\9B\7F", r"CN=a\1B[2J\0D\0Ab\E2\80\AE\,é")
    assert x509.Name.from_rfc4514_string(facts.issuer) == issuer.certificate.subject
    assert facts.common_name == "\x9b\x7f"


def test_names_that_cannot_be_read_hide_nothing_else() -> None:
    """A verifier will refuse the certificate; whoever wants to know why sees the rest."""
    broken = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x82"), False)
    facts = facts_of(Issued.make(san=(), extensions=(broken,)))
    assert facts.subject_alternative_names == () and facts.subject == "CN=example.test"


def test_self_signed_is_proved_by_the_signature() -> None:
    """An authority may have given its own name to what it issued."""
    assert facts_of(_AUTHORITY).is_self_signed
    namesake = Issued.make("root", issuer=_AUTHORITY, key=make_key(number=5))
    assert not facts_of(namesake).is_self_signed


def test_an_old_signature_of_its_own_counts() -> None:
    """The library does not check SHA-1 any more; with the same name on both sides it hardly is another's."""
    root = make_authority("root", kind="2048")
    facts = facts_of(root.resigned_with_sha1(root))
    assert facts.is_self_signed and facts.signature_algorithm == "RSA with SHA1"


def test_a_chain_leaves_out_what_is_none() -> None:
    """In its order."""
    assert chain_facts((_LEAF.der, b"junk", _AUTHORITY.der)) == (facts_of(_LEAF), facts_of(_AUTHORITY))


@given(st.data())
@example(None)
def test_junk_is_none_and_never_an_exception(data: st.DataObject | None) -> None:
    """Certificates come from strangers: whatever bytes they are, reading them does not fail."""
    der = bytearray()
    if data is not None:
        der += _LEAF.der
        for _ in range(data.draw(st.integers(1, 3))):
            der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    facts = CertificateFacts.from_der(bytes(der))
    assert facts is None or facts.der == bytes(der)


def test_the_heavy_library_is_loaded_late() -> None:
    """Whoever never looks at a certificate does not pay for it."""
    code = (
        "import sys, netstack_sync.base.x509, netstack_sync.base.ssl_info; sys.exit('cryptography.x509' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
