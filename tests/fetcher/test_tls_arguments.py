"""What values of `verify`, `cert` and `extra_ca` stand for, and what goes together."""

from __future__ import annotations

import os
import ssl
import traceback
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from netstack_sync import TlsSettings
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.trust_config import OcspMode, TrustConfig
from netstack_sync.fetcher.tls_arguments import (
    Verification,
    client_certificate_from,
    extra_ca_from,
    make_tls_config,
    verification_from,
)
from netstack_sync.sockets.client_certificate import check_client_certificate
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.testing.certificates import process_authority

PEM = process_authority().pem.decode()


def test_what_verify_means(tmp_path: Path) -> None:
    """A path is a path whether it is there or not; whoever checks tells."""
    file = tmp_path / "ca.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    rows: list[tuple[object, Verification]] = [
        (True, Verification(TrustConfig())),
        (False, Verification(TrustConfig(verify=False))),
        (str(file), Verification(TrustConfig(ca_file=str(file)))),
        (file, Verification(TrustConfig(ca_file=str(file)))),
        (tmp_path, Verification(TrustConfig(ca_path=str(tmp_path)))),
        (PEM, Verification(TrustConfig(ca_data=PEM))),
        ("# of the company\n" + PEM, Verification(TrustConfig(ca_data="# of the company\n" + PEM))),
        (b"der", Verification(TrustConfig(ca_data=b"der"))),
        (context, Verification(TrustConfig(), context)),
    ]
    for value, meaning in rows:
        assert verification_from(value, {}) == meaning
        if value is not True:
            assert verification_from(value, {"SSL_CERT_FILE": "x"}) == meaning


@pytest.mark.parametrize("value", [None, 1, 0, ["x"], bytearray(b"x")])
def test_verify_of_another_kind_is_refused(value: object) -> None:
    """In particular 0 and None, which some would read as False."""
    with pytest.raises(ValueError, match=f"verify: must be True, False, a path, .* not {type(value).__name__}"):
        verification_from(value, {})


def test_a_context_for_servers_is_refused() -> None:
    """It would fail in the first handshake."""
    with pytest.raises(ValueError, match="verify: this SSLContext is for servers"):
        verification_from(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), {})


def test_the_environment_below_verify(tmp_path: Path) -> None:
    """OpenSSL's variables, then those of requests and curl; one that is empty is not set."""
    both = {"REQUESTS_CA_BUNDLE": "one", "CURL_CA_BUNDLE": "two"}
    rows: list[tuple[dict[str, str], TrustConfig, str]] = [
        (
            {"SSL_CERT_FILE": "f", "SSL_CERT_DIR": "d:e", **both},
            TrustConfig(ca_file="f", ca_path="d:e"),
            "SSL_CERT_FILE and SSL_CERT_DIR",
        ),
        ({"SSL_CERT_FILE": "f", "SSL_CERT_DIR": ""}, TrustConfig(ca_file="f"), "SSL_CERT_FILE"),
        ({"SSL_CERT_DIR": "d", **both}, TrustConfig(ca_path="d"), "SSL_CERT_DIR"),
        (both, TrustConfig(ca_file="one"), "REQUESTS_CA_BUNDLE"),
        ({"CURL_CA_BUNDLE": "two", "REQUESTS_CA_BUNDLE": ""}, TrustConfig(ca_file="two"), "CURL_CA_BUNDLE"),
        ({"CURL_CA_BUNDLE": str(tmp_path)}, TrustConfig(ca_path=str(tmp_path)), "CURL_CA_BUNDLE"),
        ({"SSL_CERT_FILE": ""}, TrustConfig(), "verify"),
    ]
    for environment, trust, source in rows:
        assert verification_from(True, environment) == Verification(trust, None, source)


def test_what_extra_ca_means(tmp_path: Path) -> None:
    """Paths stay text, whatever is no path becomes bytes."""
    assert extra_ca_from(None) == extra_ca_from([]) == ()
    assert extra_ca_from(tmp_path) == extra_ca_from(str(tmp_path)) == (str(tmp_path),)
    assert extra_ca_from(PEM) == extra_ca_from(PEM.encode()) == (PEM.encode(),)
    assert extra_ca_from(iter([tmp_path, PEM, b"der", "a"])) == (str(tmp_path), PEM.encode(), b"der", "a")
    with pytest.raises(ValueError, match="extra_ca: must be a path, PEM text, bytes, or a list of these, not bool"):
        extra_ca_from(True)
    with pytest.raises(ValueError, match=r"extra_ca: .* not one of int"):
        extra_ca_from([5])


def test_what_cert_means(tmp_path: Path) -> None:
    """Certificate, key and password, in this order."""
    cert, key = tmp_path / "c.pem", tmp_path / "k.pem"
    key.touch()
    assert client_certificate_from(None) is None
    assert client_certificate_from(cert) == ClientCertificate(str(cert))
    assert client_certificate_from((str(cert),)) == ClientCertificate(str(cert))
    assert client_certificate_from((str(cert), None)) == ClientCertificate(str(cert))
    assert client_certificate_from((cert, key)) == ClientCertificate(str(cert), str(key))
    assert client_certificate_from((cert, key, "pw")) == ClientCertificate(str(cert), str(key), "pw")
    assert client_certificate_from((cert, None, b"pw")) == ClientCertificate(str(cert), None, b"pw")


def test_a_pair_of_pkcs12_and_password(tmp_path: Path) -> None:
    """Known by the content of the first and because the second is no file that exists."""
    identity = process_authority().issue(["me"], is_client=True)
    key: Any = load_pem_private_key(identity.key_pem, None)
    path, other = tmp_path / "me.pem", tmp_path / "other"
    leaf = load_pem_x509_certificate(identity.cert_pem)
    path.write_bytes(pkcs12.serialize_key_and_certificates(None, key, leaf, None, BestAvailableEncryption(b"pw")))
    other.touch()
    for password in ("pw", b"pw", "a\0b"):
        assert client_certificate_from((path, password)) == ClientCertificate(str(path), None, password)
    assert client_certificate_from((path, str(other))) == ClientCertificate(str(path), str(other))


def shown(error: BaseException) -> str:
    """All that a log would have of it."""
    return "".join(traceback.format_exception(error)) + repr(error)


KEY = process_authority().issue(["me"]).key_pem.decode()


class Named:
    """A path of somebody's own."""

    def __fspath__(self) -> str:
        return KEY


@pytest.mark.parametrize(
    "value", [KEY, KEY.encode(), Path(KEY), Named(), (KEY,), ("c", KEY), ("c", None, KEY), ["c", KEY], {"c": KEY}]
)
def test_a_key_in_place_of_a_path_is_not_shown(value: object) -> None:
    """The text says what to do with it."""
    with pytest.raises(ValueError, match="cert: takes paths; this is PEM text: write it to a file") as caught:
        client_certificate_from(value)
    assert KEY.splitlines()[1] not in shown(caught.value)


@pytest.mark.parametrize("rest", [("s3cret",), ("s3cret", None), ("s3cret", "pw"), (Path("s3cret"),), ("s3\0cret",)])
@pytest.mark.parametrize("is_there", [True, False])
def test_what_may_be_a_password_is_not_shown(rest: tuple[Any, ...], is_there: bool, tmp_path: Path) -> None:
    """Whoever gives it where the key's file belongs; that the first is missing is said by who reads it."""
    file = tmp_path / "c.pem"
    if is_there:
        file.touch()
        with pytest.raises(
            ValueError, match=rf"cert: the value after '{file}'.*for a password pass \(path, None, password\)"
        ) as e:
            client_certificate_from((file, *rest))
    else:
        certificate = client_certificate_from((file, *rest))
        assert certificate is not None
        with pytest.raises(ValueError, match=f"cert: cannot read '{file}'") as e:
            check_client_certificate(certificate, ManualWallClock())
    assert "cret" not in shown(e.value)


@pytest.mark.parametrize("value", [(b"c", "s3cret"), ("c", "k", 5, "s3cret"), ("c", None, ["s3cret"]), "\udc80s3cret"])
def test_a_bad_tuple_is_not_shown(value: tuple[Any, ...]) -> None:
    """Nor a password that no UTF-8 can say."""
    with pytest.raises(ValueError, match="cert: ") as caught:
        client_certificate_from(("c", None, value) if isinstance(value, str) else value)
    assert "cret" not in str(caught.value) and caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_pipes_hold_no_certificates(tmp_path: Path) -> None:
    """They would be read more than once, and opening one may take for ever."""
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.touch()
    for value in (pipe, (pipe, "pw"), (file, pipe)):
        with pytest.raises(ValueError, match=f"cert: '{pipe}' is a pipe or a device"):
            client_certificate_from(value)


@pytest.mark.parametrize(
    "value",
    [5, (), ("c", "k", "pw", 1), (None, "k"), (b"c",), ("c", 5), ("c", "k", 5), ("c", b"pw"), ["c"], {"c": "k"}],
)
def test_cert_of_another_kind_is_refused(value: object) -> None:
    """With all the forms there are."""
    with pytest.raises(ValueError, match=r"cert: must be a path, or a tuple .* for PKCS#12 \(path, password\)"):
        client_certificate_from(value)


def test_all_of_it_comes_together() -> None:
    """Nothing that a session is told is lost."""
    settings = TlsSettings("1.2", "1.3", "ECDHE+AESGCM", ("/",), "soft", session_resumption=False)
    certificate = ClientCertificate("c")
    trust = TrustConfig(ca_file="f")
    assert make_tls_config(trust, certificate, None, ("e", b"der"), settings, "keys") == TlsConfig(
        TrustConfig(ca_file="f", extra_ca=("e", b"der"), crls=("/",), ocsp=OcspMode.SOFT),
        certificate,
        min_version=ssl.TLSVersion.TLSv1_2,
        max_version=ssl.TLSVersion.TLSv1_3,
        ciphers="ECDHE+AESGCM",
        keylog_file="keys",
        resumes=False,
    )
    assert make_tls_config(TrustConfig(), None, None, (), TlsSettings(), None) == TlsConfig(TrustConfig())


def test_who_trusts_anybody_needs_nobodys_word() -> None:
    """Connections without verification are of one kind."""
    config = make_tls_config(TrustConfig(verify=False), None, None, ("e",), TlsSettings(crls="/", ocsp="hard"), None)
    assert config.trust == TrustConfig(verify=False)


@pytest.mark.parametrize(
    "certificate, extra_ca, settings, name",
    [
        (ClientCertificate("c"), (), TlsSettings(), "cert: load it"),
        (None, ("e",), TlsSettings(), "extra_ca: load them"),
        (None, (), TlsSettings(min_version="1.3"), "tls: an SSLContext"),
        (None, (), TlsSettings(crls="/"), "tls: an SSLContext"),
    ],
)
def test_a_context_stands_alone(
    certificate: ClientCertificate | None, extra_ca: tuple[str, ...], settings: TlsSettings, name: str
) -> None:
    """What it would not get is refused instead of forgotten; whether sessions go on is not its business."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ValueError, match=name):
        make_tls_config(TrustConfig(), certificate, context, extra_ca, settings, None)
    resuming = TlsSettings(session_resumption=False)
    config = make_tls_config(TrustConfig(), None, context, (), resuming, "keys")
    assert config == TlsConfig(TrustConfig(), context=context, resumes=False)
