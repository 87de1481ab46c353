"""Collecting the certificates of files, directories and data."""

from __future__ import annotations

import base64
import errno
import os
import traceback
from pathlib import Path

import pytest

from netstack_sync.base.net_errors import (
    ERR_ACCESS_DENIED,
    ERR_FILE_NOT_FOUND,
    ERR_IMPORT_CA_CERT_FAILED,
    ERR_INVALID_ARGUMENT,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers import ca_reader
from netstack_sync.workers.ca_reader import CAReader, UnusableCAError, check_der, is_openssl_certificate
from netstack_sync.workers.file_io import is_pipe
from netstack_sync.workers.load_certificate import load_certificate
from tests.workers.certificate_factory import Issued, make_authority

A = make_authority("a")
B = make_authority("b")
C = make_authority("c")
KEY = Issued.make().key_pem
NOT_BASE64 = "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n"
NOT_DER = "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n"
CUT_OFF = A.pem[: len(A.pem) // 2]
# Version 1 said in so many words, which DER does not allow and OpenSSL does.
ODD = A.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00", 1)


def _pem(der: bytes, label: str = "CERTIFICATE") -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def _reader() -> CAReader[bytes]:
    return CAReader(check_der)


def _found(reader: CAReader[bytes]) -> str:
    """The names of the authorities above in their order."""
    names = {A.der: "a", B.der: "b", C.der: "c"}
    return "".join([names[der] for der in reader.found])


def _directory(path: Path, **files: str) -> str:
    """With the files' names as OpenSSL wants them."""
    path.mkdir()
    for number, text in enumerate(files.values()):
        (path / f"{number:08x}.0").write_text(text)
    return str(path)


def test_sources_add_up(tmp_path: Path) -> None:
    """Each certificate counts once, in the order of the sources."""
    file = tmp_path / "file.pem"
    file.write_text("a comment\n" + B.pem + B.pem)
    directory = _directory(tmp_path / "directory", one=C.pem, two=B.pem)
    reader = _reader()
    reader.add_named(TrustConfig(ca_file=str(file), ca_path=directory, ca_data=A.pem))
    assert _found(reader) == "bca"


def test_nothing_named_is_nothing_read() -> None:
    """The system's roots are read elsewhere."""
    reader = _reader()
    reader.add_named(TrustConfig())
    assert reader.found == {}


@pytest.mark.parametrize("data", [A.pem, A.pem.encode(), A.der, KEY + A.pem, A.pem + KEY])
def test_data_is_pem_or_der(data: str | bytes) -> None:
    """A key beside the certificate does not matter, it is left alone."""
    reader = _reader()
    reader.add_data(data)
    assert _found(reader) == "a"


@pytest.mark.parametrize("name, contents", [("a.pem", A.pem.encode()), ("a.der", A.der)])
def test_a_file_is_pem_or_der(tmp_path: Path, name: str, contents: bytes) -> None:
    """Windows and Java export DER."""
    (tmp_path / name).write_bytes(contents)
    reader = _reader()
    reader.add_file(str(tmp_path / name))
    assert _found(reader) == "a"


def test_extra_sources_are_paths_or_data(tmp_path: Path) -> None:
    """What is text is a path; whether of a file or a directory is looked up."""
    file = tmp_path / "file.pem"
    file.write_text(A.pem)
    reader = _reader()
    for source in (str(file), _directory(tmp_path / "d", one=B.pem), C.pem.encode()):
        reader.add_extra(source)
    assert _found(reader) == "abc"


@pytest.mark.parametrize(
    "data, words",
    [
        ("", "the CA data is empty; name the authorities' certificates"),
        (b" \n", "the CA data is empty"),
        ("junk", "the CA data is neither PEM nor a DER certificate; name"),
        ("\udc80", "the CA data is neither PEM nor a DER certificate"),
        (b"junk", "the CA data is neither PEM nor a DER certificate"),
        (A.der + b"x", "the CA data is neither PEM nor a DER certificate"),
        (KEY, "the CA data holds a private key and no certificate; name"),
        (NOT_DER.replace("CERTIFICATE", "X509 CRL"), "the CA data holds X509 CRL and no certificate"),
        (A.pem + NOT_DER, "certificate 2 of the CA data cannot be read: it is no certificate; copy it anew"),
        (A.pem + NOT_BASE64 + A.pem, "certificate 2 of the CA data cannot be read: what it holds is not base64"),
        (A.pem + CUT_OFF, "certificate 2 of the CA data cannot be read: its line -----END CERTIFICATE----- is missing"),
        (
            _pem(A.der, "TRUSTED CERTIFICATE"),
            "the CA data holds a block TRUSTED CERTIFICATE, which is not read; convert it: "
            "openssl storeutl -certs FILE > ca.pem",
        ),
        (A.pem + _pem(b"x", "PKCS7"), "a block PKCS7, which is not read; convert it: openssl pkcs7 -print_certs -in"),
        (_pem(b"x", "PKCS #7 SIGNED DATA"), "convert it: openssl pkcs7 -print_certs -in FILE -out ca.pem"),
        (A.pem + "-----BEGIN CERTI", "certificate 2 of the CA data cannot be read: its line"),
    ],
)
def test_what_is_named_must_be_usable_as_a_whole(data: str | bytes, words: str) -> None:
    """One unreadable certificate spoils the data: the user meant it to be trusted."""
    with pytest.raises(UnusableCAError) as caught:
        _reader().add_data(data)
    assert caught.value.net_error == ERR_IMPORT_CA_CERT_FAILED
    assert words in str(caught.value)


@pytest.mark.parametrize("field", ["ca_file", "ca_path"])
def test_a_missing_source_is_named(field: str, tmp_path: Path) -> None:
    """With the system's reason."""
    missing = str(tmp_path / "missing")
    config = TrustConfig(ca_file=missing) if field == "ca_file" else TrustConfig(ca_path=missing)
    with pytest.raises(UnusableCAError) as caught:
        _reader().add_named(config)
    assert caught.value.net_error == ERR_FILE_NOT_FOUND
    assert f"{missing!r} cannot be read: No such file or directory; check the path" in str(caught.value)


def test_a_missing_extra_source_is_a_missing_file() -> None:
    """Nobody can tell what it should have been."""
    with pytest.raises(UnusableCAError, match="the CA file '/no/such' cannot be read"):
        _reader().add_extra("/no/such")


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    """So that the user need not guess which of several it is."""
    file = tmp_path / "file.pem"
    file.write_text(CUT_OFF)
    with pytest.raises(UnusableCAError, match=f"certificate 1 of the CA file '{file}' cannot be read"):
        _reader().add_file(str(file))


def test_a_command_that_converts_names_the_file(tmp_path: Path) -> None:
    """As a shell wants it."""
    file = tmp_path / "my ca.pem"
    file.write_text(_pem(b"x", "PKCS7"))
    with pytest.raises(UnusableCAError, match=f"-in '{file}' -out"):
        _reader().add_file(str(file))


@pytest.mark.parametrize("config", [TrustConfig(ca_file=KEY), TrustConfig(ca_path=KEY), TrustConfig(extra_ca=(KEY,))])
def test_a_key_in_place_of_a_path_is_not_shown(config: TrustConfig) -> None:
    """Neither in the text nor in what it was raised for."""
    reader = _reader()
    with pytest.raises(UnusableCAError, match="PEM text") as caught:
        reader.add_named(config)
        reader.add_extra(config.extra_ca[0])
    shown = "".join(traceback.format_exception(caught.value))
    assert "BEGIN" not in shown and KEY.splitlines()[1] not in shown


def test_a_directory_in_place_of_a_file(tmp_path: Path) -> None:
    """Opening it fails with an error that says so."""
    with pytest.raises(UnusableCAError, match=os.strerror(errno.EISDIR)):
        _reader().add_file(str(tmp_path))


@pytest.mark.parametrize("config", [TrustConfig(ca_file="a\0b"), TrustConfig(ca_path="a\0b")])
def test_a_path_that_no_system_has(config: TrustConfig) -> None:
    """A NUL in a path is refused by Python itself."""
    with pytest.raises(UnusableCAError) as caught:
        _reader().add_named(config)
    assert caught.value.net_error == ERR_INVALID_ARGUMENT


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission is not the same as absence."""

    def deny(path: str, mode: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(ca_reader, "open", deny, raising=False)  # root may read everything
    with pytest.raises(UnusableCAError) as caught:
        _reader().add_file(str(tmp_path / "x"))
    assert caught.value.net_error == ERR_ACCESS_DENIED


def test_bad_files_in_a_directory_are_passed_over(tmp_path: Path) -> None:
    """As OpenSSL does, which looks at a file only when it needs it."""
    directory = _directory(tmp_path / "d", good=A.pem, broken=NOT_DER + B.pem, empty="", key=KEY)
    (tmp_path / "d" / "ffffffff.0").symlink_to(tmp_path / "gone")
    reader = _reader()
    reader.add_directory(directory)
    assert _found(reader) == "ab"


def test_a_directory_that_nobody_has_rehashed(tmp_path: Path) -> None:
    """Its certificates count by their endings, the keys beside them do not matter."""
    for name, text in {"b.crt": B.pem, "a.PEM": A.pem, "a-key.pem": KEY, "notes.txt": C.pem}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "c.cer").write_bytes(C.der)
    reader = _reader()
    reader.add_directory(str(tmp_path))
    assert _found(reader) == "abc"


def test_hashed_names_are_alone_in_counting(tmp_path: Path) -> None:
    """Where `openssl rehash` was used the user has chosen: what has no such name was left out on purpose."""
    directory = _directory(tmp_path / "d", one=A.pem)
    (tmp_path / "d" / "b.pem").write_text(B.pem)
    reader = _reader()
    reader.add_directory(directory)
    assert _found(reader) == "a"


@pytest.mark.parametrize("name, text", [("a.txt", A.pem), ("a.pem", KEY), ("00000000.0", "")])
def test_a_directory_without_certificates(tmp_path: Path, name: str, text: str) -> None:
    """The error tells what is looked for."""
    (tmp_path / name).write_text(text)
    with pytest.raises(UnusableCAError, match=r"holds no certificate; .*`openssl rehash`.*\.pem, \.crt or \.cer"):
        _reader().add_directory(str(tmp_path))


def test_several_directories(tmp_path: Path) -> None:
    """As in SSL_CERT_DIR; one that is missing does not matter while there is another."""
    one, two = _directory(tmp_path / "one", one=A.pem), _directory(tmp_path / "two", one=B.pem)
    reader = _reader()
    reader.add_named(TrustConfig(ca_path=os.pathsep.join([one, "/no/such", two])))
    assert _found(reader) == "ab"
    with pytest.raises(UnusableCAError, match="'/no/such'"):
        reader.add_named(TrustConfig(ca_path=os.pathsep.join(["/no/such", "/nor/this"])))


def test_a_directory_with_the_separator_in_its_name(tmp_path: Path) -> None:
    """What is there is meant."""
    reader = _reader()
    reader.add_named(TrustConfig(ca_path=_directory(tmp_path / f"a{os.pathsep}b", one=A.pem)))
    assert _found(reader) == "a"


def test_the_systems_directory_is_read_as_openssl_does(tmp_path: Path) -> None:
    """Only what is named by a hash; a missing one is an empty one."""
    directory = _directory(tmp_path / "d", one=A.pem)
    (tmp_path / "d" / "b.pem").write_text(B.pem)
    reader = _reader()
    reader.add_hashed_files(directory)
    reader.add_hashed_files("/no/such/directory")
    assert _found(reader) == "a"


def test_lenient_reading_tells_if_there_was_anything(tmp_path: Path) -> None:
    """Also of what was found before."""
    (tmp_path / "a.pem").write_text(A.pem)
    reader = _reader()
    assert reader.add_leniently(str(tmp_path / "a.pem")) and reader.add_leniently(str(tmp_path / "a.pem"))
    assert not reader.add_leniently(str(tmp_path / "b.pem"))


@pytest.mark.parametrize("data", [_pem(ODD), ODD])
def test_what_only_openssl_understands_is_passed_over(data: str | bytes, tmp_path: Path) -> None:
    """It is nobody's damage, and one odd root of a bundle does not matter; unless it is all there is."""
    reader = CAReader(load_certificate)
    with pytest.raises(UnusableCAError, match=r"the CA data holds no certificate that can be used \(.*OpenSSL is less"):
        reader.add_data(data)
    assert reader.passed_over == [] and not reader.found
    file = tmp_path / "bundle.pem"
    file.write_text(_pem(ODD) + B.pem + _pem(ODD[:-1] + b"x"))
    reader.add_file(str(file))
    (line,) = reader.passed_over
    assert line.startswith(f"2 of the 3 certificates of the CA file '{file}' cannot be used and are passed over (")
    assert list(reader.found) == [B.der]


def test_what_only_openssl_understands_in_a_directory(tmp_path: Path) -> None:
    """Is as nothing."""
    (tmp_path / "odd.pem").write_text(_pem(ODD))
    reader = CAReader(load_certificate)
    with pytest.raises(UnusableCAError, match="holds no certificate"):
        reader.add_directory(str(tmp_path))
    (tmp_path / "b.pem").write_text(B.pem)
    reader.add_directory(str(tmp_path))
    assert list(reader.found) == [B.der]


def test_what_openssl_understands() -> None:
    """One certificate, and nothing more."""
    assert is_openssl_certificate(A.der) and is_openssl_certificate(ODD)
    for der in (b"", b"junk", A.der + b"x", A.der + B.der, b"\x30\x82\x01\x00" + b"x" * 256):
        assert not is_openssl_certificate(der)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_pipes_are_never_opened(tmp_path: Path) -> None:
    """Nobody may be there to write. In a directory they do not matter."""
    pipe = tmp_path / "00000000.0"
    os.mkfifo(pipe)
    for path in (str(pipe), os.devnull):
        assert is_pipe(path)
        with pytest.raises(UnusableCAError, match=f"the CA file '{path}' is a pipe or a device; copy"):
            _reader().add_extra(path)
    with pytest.raises(UnusableCAError, match="holds no certificate"):
        _reader().add_directory(str(tmp_path))
    (tmp_path / "00000001.0").write_text(A.pem)
    reader = _reader()
    reader.add_directory(str(tmp_path))
    assert _found(reader) == "a" and not reader.add_leniently(str(pipe))
    assert not is_pipe(str(tmp_path)) and not is_pipe("/no/such") and not is_pipe("a\0b")


@pytest.mark.parametrize("der", [b"", b"0", b"0\x82", b"junk", A.der[:-1], A.der + b"\0", b"\x31" + A.der[1:]])
def test_the_frame_of_a_certificate(der: bytes) -> None:
    """One SEQUENCE, all of it, and nothing more."""
    assert check_der(A.der) == A.der
    with pytest.raises(ValueError, match="no certificate"):
        check_der(der)
