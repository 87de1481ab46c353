"""The user's certificate and key: what can be loaded, and what is said about what cannot."""

from __future__ import annotations

import logging
import os
import ssl
import stat
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import (
    ERR_FILE_NOT_FOUND,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
    ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY,
)
from netstack_sync.sockets.client_certificate import (
    check_client_certificate,
    client_certificate_stamps,
    holds_pkcs12,
    load_client_certificate,
)
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfigError

NOW = ManualWallClock(datetime.now(timezone.utc).timestamp())
CLIENT = ssl.PROTOCOL_TLS_CLIENT
END = "-----END CERTIFICATE-----\n"


@cache
def identity() -> trustme.LeafCert:
    """A certificate that an authority below another has issued, so that it has a chain."""
    return trustme.CA().create_child_ca().issue_cert("me@a.test")


def chain() -> bytes:
    """The certificate and the one of its issuer, PEM."""
    return b"".join(blob.bytes() for blob in identity().cert_chain_pems)


def key_as(encryption: KeySerializationEncryption, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    """The key, PEM."""
    key = load_pem_private_key(identity().private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, form, encryption)


def pkcs12_of(password: bytes | None, *, has_key: bool = True, has_certificate: bool = True) -> bytes:
    """Both and the chain in one file."""
    leaf, *issuers = x509.load_pem_x509_certificates(chain())
    key: Any = load_pem_private_key(identity().private_key_pem.bytes(), None)
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(
        b"me", key if has_key else None, leaf if has_certificate else None, issuers, encryption
    )


Write = Callable[[str, bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and gives its path."""

    def write_file(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write_file


def loaded(certificate: ClientCertificate) -> list[bytes]:
    """What a server gets to see of it, DER, in a handshake that ends well."""
    client, server = ssl.SSLContext(CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    load_client_certificate(client, certificate)
    identity().configure_cert(server)
    server.load_verify_locations(cadata=identity().cert_chain_pems[-1].bytes().decode())
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    server.maximum_version = ssl.TLSVersion.TLSv1_2  # all of it within the handshake
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(2):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    inner: Any = vars(theirs)["_sslobj"]
    return [certificate.public_bytes(2) for certificate in inner.get_unverified_chain()]


def chain_in_der() -> list[bytes]:
    """What a server should see."""
    return [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(chain())]


def refusal(certificate: ClientCertificate, number: int = ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT) -> str:
    """Why it is refused, both times."""
    with pytest.raises(TlsConfigError) as caught:
        load_client_certificate(ssl.SSLContext(CLIENT), certificate)
    assert caught.value.net_error == number
    with pytest.raises(ValueError) as told:
        check_client_certificate(certificate, NOW)
    assert str(told.value) == f"cert: {caught.value}"
    return str(caught.value)


class TestPem:
    def test_in_one_file_or_two(self, write: Write) -> None:
        """With the chain."""
        cert, key = write("me.pem", chain()), write("me.key", key_as(NoEncryption()))
        assert loaded(ClientCertificate(cert, key)) == chain_in_der()
        assert loaded(ClientCertificate(write("both", chain() + key_as(NoEncryption())))) == chain_in_der()
        check_client_certificate(ClientCertificate(cert, key, "not needed"), NOW)

    @pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
    @pytest.mark.parametrize("password", ["secret", b"secret"])
    def test_with_an_encrypted_key(self, write: Write, form: PrivateFormat, password: str | bytes) -> None:
        """The password counts; that it is missing is told apart from a wrong one, and OpenSSL asks nobody."""
        cert, key = write("me.pem", chain()), write("me.key", key_as(BestAvailableEncryption(b"secret"), form))
        assert loaded(ClientCertificate(cert, key, password)) == chain_in_der()
        assert "me.key' is encrypted; pass (certificate, key, password)" in refusal(ClientCertificate(cert, key))
        for wrong in ("other", b"other", ""):
            assert refusal(ClientCertificate(cert, key, wrong)).startswith(f"the password of the key in {key!r} is wr")

    def test_a_password_that_cannot_be_one(self, write: Write) -> None:
        """Of more than OpenSSL takes."""
        cert, key = write("me.pem", chain()), write("me.key", key_as(BestAvailableEncryption(b"secret")))
        assert "password cannot be longer" in refusal(ClientCertificate(cert, key, "x" * 2000))

    def test_files_that_cannot_be_read(self, write: Write, tmp_path: Path) -> None:
        """Each is named."""
        cert, none, folder = write("me.pem", chain()), str(tmp_path / "none"), str(tmp_path)
        for missing in (ClientCertificate(none), ClientCertificate(cert, none)):
            why = refusal(missing, ERR_FILE_NOT_FOUND)
            assert why.startswith(f"cannot read {none!r}: ") and why.endswith("; check the path and its permissions")
        with pytest.raises(ValueError, match=f"cert: cannot read '{folder}': Is a directory"):
            check_client_certificate(ClientCertificate(folder), NOW)
        assert "cannot read 'a\\x00b': " in refusal(ClientCertificate("a\0b"))

    @pytest.mark.parametrize("content", [b"", b"garbage", b"\x30\x03\x02\x01\x02", b"0", key_as(NoEncryption())])
    def test_without_a_certificate(self, write: Write, content: bytes) -> None:
        """Nothing, something else, or the key alone."""
        assert "me.pem' holds no certificate; it must be PEM or PKCS#12" in refusal(
            ClientCertificate(write("me.pem", content), write("me.key", key_as(NoEncryption())))
        )

    def test_without_a_key(self, write: Write) -> None:
        """In the file where it is looked for."""
        cert, other = write("me.pem", chain()), write("other", b"garbage")
        for certificate, where in ((ClientCertificate(cert), cert), (ClientCertificate(cert, other), other)):
            why = refusal(certificate, ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY)
            assert why.startswith(f"{where!r} holds no private key in PEM; pass the pair")

    @pytest.mark.parametrize("kind", [trustme.KeyType.RSA, trustme.KeyType.ECDSA])
    def test_a_key_of_another_certificate(self, write: Write, kind: trustme.KeyType) -> None:
        """Of the same kind or not."""
        other = trustme.CA().issue_cert("you@a.test", key_type=kind).private_key_pem.bytes()
        cert, key = write("me.pem", chain()), write("you.key", other)
        assert refusal(ClientCertificate(cert, key)).startswith(f"the key in {key!r} is not that of the certificate in")

    def test_damage(self, write: Write) -> None:
        """The one that is damaged is named, also when the other one has a password."""
        block = b"-----BEGIN %s-----\nAAAA\n-----END %s-----\n"
        cert, broken = write("me.pem", chain()), write("broken.pem", block % (b"CERTIFICATE", b"CERTIFICATE"))
        for encryption in (NoEncryption(), BestAvailableEncryption(b"secret")):
            key = write("me.key", key_as(encryption))
            assert f"the certificate in {broken!r} is damaged" in refusal(ClientCertificate(broken, key))
        key = write("broken.key", block % (b"PRIVATE KEY", b"PRIVATE KEY"))
        assert f"the key in {key!r} cannot be loaded" in refusal(ClientCertificate(cert, key))


class TestPkcs12:
    @pytest.mark.parametrize("password", [None, "secret", b"secret"])
    def test_with_its_chain(self, write: Write, password: str | bytes | None) -> None:
        """Whatever the file is called."""
        path = write("me.pem", pkcs12_of(None if password is None else b"secret"))
        assert loaded(ClientCertificate(path, None, password)) == chain_in_der()
        check_client_certificate(ClientCertificate(path, None, password), NOW)

    def test_passwords(self, write: Write) -> None:
        """A missing one is told apart from a wrong one."""
        path = write("me.p12", pkcs12_of(b"secret"))
        assert refusal(ClientCertificate(path)) == f"{path!r} needs a password; pass (path, password)"
        assert refusal(ClientCertificate(path, None, "other")).startswith(f"the password of {path!r} is wrong")

    def test_what_is_missing(self, write: Write) -> None:
        """Key or certificate; and a key in a file of its own is one too many."""
        path = write("me.p12", pkcs12_of(b"x", has_key=False))
        assert "holds no private key" in refusal(
            ClientCertificate(path, None, "x"), ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY
        )
        path = write("me.p12", pkcs12_of(b"x", has_certificate=False))
        assert "holds no certificate for its key" in refusal(ClientCertificate(path, None, "x"))
        assert "pass (path, None, password)" in refusal(ClientCertificate(path, path, "x"))

    def test_damage(self, write: Write) -> None:
        """Is not taken for a wrong password."""
        path = write("me.p12", pkcs12_of(b"x")[:300])
        assert refusal(ClientCertificate(path, None, "x")).startswith(f"{path!r} cannot be opened as PKCS#12: ")

    def test_what_openssl_refuses(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """Is told in its words: a key too short for its security level, a certificate of another key."""
        certificate = ClientCertificate(write("me.p12", pkcs12_of(b"x")), None, "x")

        def refuse(*_: object, **__: object) -> None:
            raise ssl.SSLError("EE_KEY_TOO_SMALL")

        monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", refuse)
        assert refusal(certificate).startswith(f"OpenSSL refuses what {certificate.cert_file!r} holds: ")

    def test_the_key_is_on_no_disk(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nor anywhere else in clear: OpenSSL gets a file in memory, encrypted, which is gone afterwards."""
        names, passwords = _spy(monkeypatch)
        certificate = ClientCertificate(write("me.p12", pkcs12_of(b"x")), None, "x")
        before = set(os.listdir("/proc/self/fd"))
        load_client_certificate(ssl.SSLContext(CLIENT), certificate)
        load_client_certificate(ssl.SSLContext(CLIENT), certificate)
        assert all(name.startswith("/proc/self/fd/") for name in names) and set(os.listdir("/proc/self/fd")) <= before
        assert len(set(passwords)) == 2 and all(len(password) >= 32 for password in passwords)

    @pytest.mark.parametrize("lack", ["memfd_create", "/proc"])
    def test_without_files_in_memory(
        self, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lack: str
    ) -> None:
        """A file that only its owner may read, gone afterwards."""
        if lack == "memfd_create":
            monkeypatch.delattr(os, "memfd_create")
        else:
            monkeypatch.setattr(os, "access", lambda path, mode: False)
        certificate = ClientCertificate(write("me.p12", pkcs12_of(b"x")), None, "x")
        folder = tmp_path / "temporary"
        folder.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        names, _ = _spy(monkeypatch)
        load_client_certificate(ssl.SSLContext(CLIENT), certificate)
        assert [os.path.dirname(name) for name in names] == [str(folder)] and not list(folder.iterdir())

    def test_a_lack_of_room(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """Is blamed on no file of the user's."""
        certificate = ClientCertificate(write("me.p12", pkcs12_of(b"x")), None, "x")

        def refuse(_: str) -> int:
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(os, "memfd_create", refuse)
        assert "to OpenSSL: " in refusal(certificate, ERR_INSUFFICIENT_RESOURCES)


def _spy(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """Names and passwords that OpenSSL gets; each file is looked at."""
    names: list[str] = []
    passwords: list[str] = []
    load = ssl.SSLContext.load_cert_chain

    def watch(context: ssl.SSLContext, name: str, password: str) -> None:
        names.append(name)
        passwords.append(password)
        content = Path(name).read_bytes()
        assert b"ENCRYPTED PRIVATE KEY" in content and b"-BEGIN PRIVATE KEY" not in content
        assert name.startswith("/proc") or stat.S_IMODE(os.stat(name).st_mode) == 0o600
        load(context, name, password=password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watch)
    return names, passwords


def test_what_is_pkcs12(write: Write) -> None:
    """By content; lengths may take one byte, several, or be left open."""
    assert holds_pkcs12(write("a", pkcs12_of(None)))
    for data in (b"\x30\x05\x02\x01\x03", b"\x30\x81\x80\x02\x01\x03", b"\x30\x80\x02\x01\x03"):
        assert holds_pkcs12(write("b", data))
    der = x509.load_pem_x509_certificates(chain())[0].public_bytes(Encoding.DER)
    for data in (b"", b"\x30", b"\x30\x05\x02\x01\x00", b"\x31\x05\x02\x01\x03", chain(), der):
        assert not holds_pkcs12(write("c", data))
    assert not holds_pkcs12("/no/such/file") and not holds_pkcs12("a\0b")


def test_stamps_tell_that_a_file_was_replaced(write: Write) -> None:
    """Either of them; a missing one has none."""
    certificate = ClientCertificate(write("me.pem", b"a"), write("me.key", b"a"))
    first = client_certificate_stamps(certificate)
    assert client_certificate_stamps(certificate) == first and len(first) == 2
    write("me.key", b"ab")
    assert client_certificate_stamps(certificate) != first
    assert len(client_certificate_stamps(ClientCertificate("/no/such/file"))) == 1


def test_a_version_that_does_not_exist(write: Write) -> None:
    """OpenSSL minds no version 6; nor does the look at the date."""
    der = bytearray(ssl.PEM_cert_to_DER_cert(chain().decode().split("-----END CERTIFICATE-----")[0] + END))
    der[der.index(b"\xa0\x03\x02\x01\x02") + 4] = 5
    pem = ssl.DER_cert_to_PEM_cert(bytes(der)).encode()
    check_client_certificate(ClientCertificate(write("me.pem", pem + key_as(NoEncryption()))), NOW)


def test_one_that_has_expired_is_told_to_the_log(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    """The server decides; while it is good nothing is said."""
    certificate = ClientCertificate(write("both", chain() + key_as(NoEncryption())))
    end = x509.load_pem_x509_certificate(chain()).not_valid_after_utc
    with caplog.at_level(logging.WARNING, "netstack_sync.tls"):
        check_client_certificate(certificate, ManualWallClock((end - timedelta(seconds=1)).timestamp()))
        assert not caplog.messages
        check_client_certificate(certificate, ManualWallClock((end + timedelta(seconds=1)).timestamp()))
    [message] = caplog.messages
    assert message == f"the client certificate in {certificate.cert_file!r} has expired on {end.date()}"


def test_one_that_only_openssl_understands(write: Write) -> None:
    """Has no date that could be told."""
    data = chain().replace(b" CERTIFICATE-", b" TRUSTED CERTIFICATE-")
    certificate = ClientCertificate(write("both", data + key_as(NoEncryption())))
    check_client_certificate(certificate, NOW)
