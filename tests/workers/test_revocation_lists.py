"""Loading and keeping revocation lists."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding

from netstack_sync.base.net_errors import (
    ERR_ACCESS_DENIED,
    ERR_FILE_NOT_FOUND,
    ERR_IMPORT_CA_CERT_FAILED,
    ERR_INVALID_ARGUMENT,
    OK,
)
from netstack_sync.workers import revocation_lists
from netstack_sync.workers.revocation_lists import (
    RevocationList,
    RevocationLists,
    RevocationListsCache,
    load_revocation_lists,
)
from tests.workers.certificate_factory import DAY, NOW, Issued, make_authority, unknown
from tests.workers.certificate_lists import make_list, pem, scope

A = make_list(make_authority("a"))
B = make_list(make_authority("b"))
C = make_list(make_authority("c"))
BROKEN = "-----BEGIN X509 CRL-----\nanVuaw==\n-----END X509 CRL-----\n"
CUT_OFF = pem(A)[:-30]


def _der(crl: x509.CertificateRevocationList) -> bytes:
    return crl.public_bytes(Encoding.DER)


def _names(lists: RevocationLists) -> list[str]:
    return [each.crl.issuer.rfc4514_string() for each in lists.lists]


@pytest.mark.parametrize(
    "content, names", [(pem(A).encode(), ["CN=a"]), (_der(A), ["CN=a"]), (pem(A, B).encode(), ["CN=a", "CN=b"])]
)
def test_a_file_is_pem_or_der(content: bytes, names: list[str], tmp_path: Path) -> None:
    """PEM may hold several lists, and comments; each knows its file."""
    file = tmp_path / "file"
    file.write_bytes(b"a comment\n" + content if content.startswith(b"-") else content)
    lists = load_revocation_lists((str(file),))
    assert (lists.net_error, _names(lists)) == (OK, names)
    assert {each.source for each in lists.lists} == {str(file)}
    assert repr(lists) == f"<RevocationLists {len(names)}>"


def test_certificates_beside_lists_do_not_matter(tmp_path: Path) -> None:
    """A bundle with an authority and its list is one file."""
    file = tmp_path / "bundle.pem"
    file.write_text(make_authority().pem + pem(A))
    assert _names(load_revocation_lists((str(file),))) == ["CN=a"]


def test_of_a_directory_every_file_with_lists_counts(tmp_path: Path) -> None:
    """In the order of their names; others, and directories within, are passed over."""
    (tmp_path / "2.pem").write_text(pem(A))
    (tmp_path / "1.crl").write_bytes(_der(B))
    (tmp_path / "README").write_text("what is here")
    (tmp_path / "0.pem").write_text(make_authority().pem)
    (tmp_path / "within").mkdir()
    (tmp_path / "within" / "3.pem").write_text(pem(C))
    (tmp_path / "gone").symlink_to("/no/such/file")
    assert _names(load_revocation_lists((str(tmp_path),))) == ["CN=b", "CN=a"]


def test_sources_add_up(tmp_path: Path) -> None:
    """Files and directories, in their order."""
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "a").write_text(pem(A))
    (tmp_path / "b").write_text(pem(B))
    assert _names(load_revocation_lists((str(tmp_path / "b"), str(tmp_path / "directory")))) == ["CN=b", "CN=a"]


@pytest.mark.parametrize(
    "content, words",
    [
        ("", "holds no certificate revocation list; name"),
        ("junk", "holds no certificate revocation list; name"),
        (make_authority().pem, "holds no certificate revocation list; name"),
        (pem(A) + BROKEN, "cannot be read"),
        (CUT_OFF, "was cut off"),
    ],
)
def test_a_file_without_a_list_is_an_error(content: str, words: str, tmp_path: Path) -> None:
    """The file is named, and nothing of the others counts."""
    (tmp_path / "good").write_text(pem(A))
    file = tmp_path / "bad"
    file.write_text(content)
    lists = load_revocation_lists((str(tmp_path / "good"), str(file)))
    assert (lists.lists, lists.net_error) == ((), ERR_IMPORT_CA_CERT_FAILED)
    assert repr(str(file)) in lists.detail and words in lists.detail
    assert repr(lists) == f"<RevocationLists {lists.detail}>"


def test_a_broken_list_of_several_is_numbered(tmp_path: Path) -> None:
    """Who has to repair the file should find it."""
    file = tmp_path / "file"
    file.write_text(pem(A, B) + BROKEN)
    assert f"revocation list 3 of the file {str(file)!r}" in load_revocation_lists((str(file),)).detail


def test_a_directory_without_a_list_is_an_error(tmp_path: Path) -> None:
    """As is one with a broken list; the directory, or the file in it, is named."""
    (tmp_path / "README").write_text("nothing yet")
    lists = load_revocation_lists((str(tmp_path),))
    assert lists.net_error == ERR_IMPORT_CA_CERT_FAILED
    assert f"no file of the directory {str(tmp_path)!r} holds" in lists.detail
    (tmp_path / "broken").write_text(BROKEN)
    assert repr(str(tmp_path / "broken")) in load_revocation_lists((str(tmp_path),)).detail


@pytest.mark.parametrize("path, net_error", [("/no/such/file", ERR_FILE_NOT_FOUND), ("a\0b", ERR_INVALID_ARGUMENT)])
def test_what_is_not_there_is_an_error(path: str, net_error: int) -> None:
    """With the number of the system's error, and the path."""
    lists = load_revocation_lists((path,))
    assert lists.net_error == net_error
    assert repr(path) in lists.detail


def test_a_directory_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not an empty one."""

    def listdir(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", listdir)
    lists = load_revocation_lists((str(tmp_path),))
    assert lists.net_error == ERR_ACCESS_DENIED
    assert f"{str(tmp_path)!r} cannot be read: Permission denied" in lists.detail
    assert RevocationListsCache().get((str(tmp_path),)).net_error == ERR_ACCESS_DENIED


def test_a_list_is_examined_when_it_is_read(tmp_path: Path) -> None:
    """What it is about, whether it is about changes only, and why it cannot be used."""
    root = make_authority()
    reason = (x509.CRLReason(x509.ReasonFlags.superseded), True)
    rows = [
        make_list(root),
        make_list(root, extensions=[scope("http://ca.test/"), (x509.DeltaCRLIndicator(1), True)]),
        make_list(root, extensions=[(unknown("1.2.3.4.5"), True)]),
        make_list(root, {Issued.make(): [reason]}),
        make_list(root, extensions=[(unknown("2.5.29.28", b"\x04\x00"), True)]),
    ]
    file = tmp_path / "file"
    file.write_text(pem(*rows))
    plain, delta, unusable, entry, unreadable = load_revocation_lists((str(file),)).lists
    assert (plain.scope, plain.is_delta, plain.complaint) == (None, False, "")
    assert (delta.scope, delta.is_delta, delta.complaint) == (scope("http://ca.test/")[0], True, "")
    assert unusable.complaint == "its critical extension 1.2.3.4.5 is not understood"
    assert entry.complaint == "an entry has a critical extension that is not understood"
    assert unreadable.complaint.startswith("it cannot be understood: ")


@pytest.mark.filterwarnings("ignore")
def test_a_list_of_a_version_that_does_not_exist(tmp_path: Path) -> None:
    """Is no list; the library has an exception of its own for it."""
    odd = _der(A).replace(b"\x02\x01\x01\x30", b"\x02\x01\x05\x30")
    file = tmp_path / "file"
    file.write_bytes(odd)
    assert "holds no certificate revocation list" in load_revocation_lists((str(file),)).detail
    file.write_text(f"-----BEGIN X509 CRL-----\n{base64.b64encode(odd).decode()}\n-----END X509 CRL-----\n")
    assert "cannot be read" in load_revocation_lists((str(file),)).detail


def _load_one(crl: x509.CertificateRevocationList, directory: Path) -> RevocationList:
    file = directory / "file"
    file.write_text(pem(crl))
    (loaded,) = load_revocation_lists((str(file),)).lists
    return loaded


def test_the_serial_numbers_of_a_list_are_known(tmp_path: Path) -> None:
    """Also where something in it cannot be read."""
    root, leaf, other = make_authority(), Issued.make(), Issued.make()
    odd = (unknown("2.5.29.21", b"\x04\x00"), False)
    expected = {leaf.certificate.serial_number, other.certificate.serial_number}
    assert _load_one(make_list(root, [leaf, other]), tmp_path).serial_numbers == expected
    assert _load_one(make_list(root, {leaf: [odd], other: []}), tmp_path).serial_numbers == expected
    assert _load_one(make_list(root), tmp_path).serial_numbers == frozenset()


def test_a_signature_is_checked_once_for_each_issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes milliseconds for a long list; each issuer, and its key, has an answer of its own."""
    asked: list[x509.Certificate] = []
    check = revocation_lists._has_signed

    def counted(issuer: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
        asked.append(issuer)
        return check(issuer, crl)

    monkeypatch.setattr(revocation_lists, "_has_signed", counted)
    root, impostor = make_authority().certificate, make_authority(number=2).certificate
    loaded = _load_one(make_list(make_authority()), tmp_path)
    for _ in range(3):
        assert loaded.is_signed_by(root) and not loaded.is_signed_by(impostor)
    assert asked == [root, impostor]


def test_a_limited_number_of_issuers_is_remembered(tmp_path: Path) -> None:
    """Certificates with the name of a list's issuer may be many."""
    loaded = _load_one(make_list(make_authority()), tmp_path)
    for number in range(20):
        issuer = make_authority(not_after=NOW + (number + 1) * DAY).certificate
        assert loaded.is_signed_by(issuer)
    assert len(loaded._signed_by) <= 8
    assert loaded == replace(loaded), "what was found out is no part of the value"


def test_a_key_that_signs_nothing(tmp_path: Path) -> None:
    """Has signed no list, whatever the library says to that."""
    root = make_authority()
    key = x25519.X25519PrivateKey.generate().public_key()
    name = root.certificate.subject
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key).serial_number(1)
    issuer = builder.not_valid_before(NOW).not_valid_after(NOW + DAY).sign(root.key, hashes.SHA256())
    assert not _load_one(make_list(root), tmp_path).is_signed_by(issuer)


def test_lists_are_parsed_once(tmp_path: Path) -> None:
    """The same value comes back until it is forgotten."""
    file = tmp_path / "file"
    file.write_text(pem(A))
    cache = RevocationListsCache()
    lists = cache.get((str(file),))
    assert cache.get((str(file),)) is lists
    cache.forget()
    assert cache.get((str(file),)) is not lists


def test_a_changed_list_is_noticed(tmp_path: Path) -> None:
    """Also within a directory, where a file was written in place; a list that has gone is an error."""
    file = tmp_path / "directory" / "file"
    file.parent.mkdir()
    file.write_text(pem(A))
    cache = RevocationListsCache()
    for source in (str(file), str(file.parent)):
        file.write_text(pem(A))
        assert _names(cache.get((source,))) == ["CN=a"]
        file.write_text(pem(A, B))
        assert _names(cache.get((source,))) == ["CN=a", "CN=b"]
    file.unlink()
    assert cache.get((str(file),)).net_error == ERR_FILE_NOT_FOUND
    assert cache.get((str(file.parent),)).net_error == ERR_IMPORT_CA_CERT_FAILED
