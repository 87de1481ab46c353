"""The TLS of a session and its requests: checked on the caller's thread, loud when it does not protect."""

from __future__ import annotations

import inspect
import logging
import os
import secrets
import ssl
import stat
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

import netstack_sync.fetcher.session_tls as module
from netstack_sync import InsecureTlsWarning, Session, TlsSettings
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.fetcher.session_tls import Once, SessionTls
from netstack_sync.sockets.client_certificate import check_client_certificate
from netstack_sync.sockets.tls_config import ClientCertificate
from netstack_sync.testing.certificates import CertificateAuthority, process_authority

URL = Url.parse("https://h/")
PEM = process_authority().pem


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    path.write_bytes(PEM)
    return str(path)


@pytest.fixture
def identity(tmp_path: Path) -> tuple[str, str]:
    return process_authority().issue(["me"], is_client=True).write(tmp_path)


def make(
    verify: object = True,
    cert: object = None,
    extra_ca: object = None,
    settings: TlsSettings | None = None,
    environment: Mapping[str, str] | None = None,
) -> SessionTls:
    """With what is given and nothing else."""
    return SessionTls(verify, cert, extra_ca, settings or TlsSettings(), environment or {})


class TestArguments:
    def test_of_a_session(self, ca_file: str, identity: tuple[str, str]) -> None:
        """What requests get that say nothing."""
        tls = make(ca_file, identity, [PEM], TlsSettings(min_version="1.3"))
        assert tls.tls.trust == TrustConfig(ca_file=ca_file, extra_ca=(PEM,))
        assert tls.tls.client_certificate == ClientCertificate(*identity)
        assert tls.tls.min_version is ssl.TLSVersion.TLSv1_3
        assert tls.for_request({"timeout": 5}, URL) is tls.tls

    def test_of_a_request(self, ca_file: str, identity: tuple[str, str]) -> None:
        """It goes over the session's, of which the rest stays."""
        tls = make(extra_ca=PEM, settings=TlsSettings(ciphers="ECDHE+AESGCM"), environment={"SSL_CERT_FILE": ca_file})
        own = tls.for_request({"verify": PEM, "cert": identity}, URL)
        assert own.trust == TrustConfig(ca_data=PEM, extra_ca=(PEM,)) and own.ciphers == "ECDHE+AESGCM"
        assert own.client_certificate == ClientCertificate(*identity)
        with_certificate = tls.for_request({"cert": identity}, URL)
        assert with_certificate.trust == tls.tls.trust and with_certificate.client_certificate is not None
        assert make(cert=identity).for_request({"cert": None}, URL).client_certificate is None
        assert make(PEM, environment={"SSL_CERT_FILE": ca_file}).for_request({"verify": True}, URL).trust == (
            TrustConfig(ca_file=ca_file)
        )

    def test_a_context_of_the_users(self, identity: tuple[str, str]) -> None:
        """Of a session or a request; a request with a certificate cannot add to it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls = make(context)
        assert tls.tls.context is make().for_request({"verify": context}, URL).context is context
        with pytest.raises(ValueError, match="cert: load it"):
            tls.for_request({"cert": identity}, URL)
        with pytest.raises(ValueError, match="extra_ca: load them"):
            make(extra_ca=PEM).for_request({"verify": context}, URL)

    @pytest.mark.parametrize(
        "arguments, words",
        [
            ({"verify": "/no/such"}, r"verify: .*'/no/such'"),
            ({"verify": b"x"}, "verify: "),
            ({"extra_ca": "/no/such"}, r"extra_ca: .*'/no/such'"),
            ({"cert": "/no/such"}, "cert: cannot read '/no/such'"),
            ({"settings": TlsSettings(crls=os.devnull)}, f"crls: '{os.devnull}' is a pipe or a device"),
            ({"cert": os.devnull}, f"cert: '{os.devnull}' is a pipe or a device"),
            ({"settings": TlsSettings(ciphers="no-such")}, "tls: OpenSSL knows no cipher of 'no-such'"),
            ({"extra_ca": "/no/such", "environment": {"SSL_CERT_FILE": "/nor/this"}}, r"extra_ca: .*'/no/such'"),
            ({"settings": TlsSettings(crls="/dev")}, r"crls: no file of the directory '/dev' holds"),
            ({"settings": TlsSettings(crls=__file__)}, rf"crls: the file '{__file__}' holds no"),
            ({"environment": {"SSLKEYLOGFILE": "/no/such/file"}}, r"SSLKEYLOGFILE: .*'/no/such/file'.*trust_env=False"),
        ],
    )
    def test_what_is_wrong_is_said_at_once(self, arguments: dict[str, Any], words: str) -> None:
        """By the constructor, naming argument or variable and file."""
        with pytest.raises(ValueError, match=f"^{words}"):
            make(**arguments)

    @pytest.mark.parametrize("options", [{"verify": "/no/such"}, {"cert": "/no/such"}, {"verify": 0}])
    def test_of_requests_too(self, options: dict[str, Any]) -> None:
        """Before anything is sent."""
        [name] = options
        with pytest.raises(ValueError, match=f"{name}: "):
            make().for_request(options, URL)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
class TestEnvironment:
    """A variable that names nothing usable."""

    def test_the_request_that_needs_it_is_told(self, name: str, identity: tuple[str, str]) -> None:
        """Each of them, also one that brings a certificate of its own or says verify=True."""
        tls = make(environment={name: "/no/such"})
        for _ in range(2):
            for options in ({}, {"cert": identity}, {"verify": True}):
                with pytest.raises(ValueError, match=f"^{name}: .*'/no/such'"):
                    tls.for_request(options, URL)

    def test_what_goes_over_it_does_not_suffer(self, name: str, ca_file: str) -> None:
        """Authorities of a session or a request, none at all, and what needs none."""
        tls = make(environment={name: "/no/such"})
        assert tls.for_request({"verify": ca_file}, URL).trust == TrustConfig(ca_file=ca_file)
        with pytest.warns(InsecureTlsWarning):
            assert tls.for_request({"verify": False}, URL).trust == TrustConfig(verify=False)
        assert tls.for_request({"verify": ssl.create_default_context()}, URL).context is not None
        assert tls.for_request({}, Url.parse("http://h/")) is tls.tls
        own = make(ca_file, environment={name: "/no/such"})
        assert own.for_request({}, URL) is own.tls

    def test_one_that_was_mended_counts(self, name: str, ca_file: str, tmp_path: Path) -> None:
        """And is looked at once: whoever verifies notices what comes later."""
        path = tmp_path / ("d" if name == "SSL_CERT_DIR" else "f")
        tls = make(environment={name: str(path)})
        with pytest.raises(ValueError, match=name):
            tls.for_request({}, URL)
        os.symlink(tmp_path if name == "SSL_CERT_DIR" else ca_file, path)
        assert tls.for_request({}, URL) is tls.tls
        path.unlink()
        assert tls.for_request({}, URL) is tls.tls

    def test_a_key_in_it_is_not_shown(self, name: str) -> None:
        """Somebody took it for the place of the certificate itself."""
        tls = make(environment={name: process_authority().issue(["me"]).key_pem.decode()})
        with pytest.raises(ValueError, match=f"^{name}: .*PEM text") as caught:
            tls.for_request({}, URL)
        assert "BEGIN" not in "".join(traceback.format_exception(caught.value))


class TestSecrets:
    """Bad arguments that hold them."""

    KEY = process_authority().issue(["me"]).key_pem.decode()

    @pytest.mark.parametrize(
        "arguments",
        [
            {"verify": KEY},
            {"verify": KEY.encode()},
            {"verify": Path(KEY)},
            {"verify": [KEY]},
            {"extra_ca": KEY},
            {"extra_ca": [KEY, KEY]},
            {"extra_ca": Path(KEY)},
            {"extra_ca": [{KEY: KEY}]},
            {"cert": KEY},
            {"cert": (KEY, KEY)},
            {"settings": TlsSettings(ciphers=KEY)},
            {"environment": {"SSLKEYLOGFILE": KEY}},
        ],
    )
    def test_a_private_key_is_not_shown(self, arguments: dict[str, Any]) -> None:
        """Neither in the text nor in what it was raised for."""
        [name] = arguments
        words = {"settings": "tls", "environment": "SSLKEYLOGFILE"}.get(name, name)
        with pytest.raises(ValueError, match=f"^{words}") as caught:
            make(**arguments)
        shown = "".join(traceback.format_exception(caught.value))
        assert self.KEY.splitlines()[1] not in shown and "PRIVATE KEY--" not in shown

    def test_a_wrong_password_is_not_shown(self, identity: tuple[str, str]) -> None:
        """The file is."""
        key: Any = load_pem_private_key(Path(identity[1]).read_bytes(), None)
        encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right"))
        Path(identity[1]).write_bytes(encrypted)
        wrong = secrets.token_hex()
        with pytest.raises(ValueError, match=f"cert: the password of the key in '{identity[1]}' is wrong") as caught:
            make(cert=(*identity, wrong))
        assert wrong not in "".join(traceback.format_exception(caught.value))
        tls = make(cert=(*identity, "right"))
        assert "right" not in repr(tls.tls)


class TestFiles:
    """Each error names the file."""

    @pytest.mark.parametrize("content", [b"", b"junk", PEM[: len(PEM) // 2], PEM.replace(b"\nM", b"\n!M", 1)])
    def test_that_cannot_be_used(self, content: bytes, identity: tuple[str, str], tmp_path: Path) -> None:
        """Empty, no PEM, cut off, and with garbage in between."""
        file = tmp_path / "bad.pem"
        file.write_bytes(content)
        for name in ("verify", "extra_ca", "cert"):
            arguments: dict[str, Any] = {name: str(file)}
            with pytest.raises(ValueError, match=f"^{name}: .*'{file}'"):
                make(**arguments)
        with pytest.raises(ValueError, match=f"^cert: .*'{file}'"):
            make(cert=(identity[0], file))
        with pytest.raises(ValueError, match=f"^crls: .*'{file}'"):
            make(settings=TlsSettings(crls=file))

    def test_which_block_it_is(self, tmp_path: Path) -> None:
        """And why."""
        file = tmp_path / "bad.pem"
        file.write_bytes(PEM + b"-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n" + PEM)
        with pytest.raises(ValueError, match=f"verify: certificate 2 of the CA file '{file}' cannot be read: it is no"):
            make(file)

    def test_a_key_of_somebody_else(self, identity: tuple[str, str], tmp_path: Path) -> None:
        """Both files are named."""
        file = tmp_path / "other.pem"
        file.write_bytes(CertificateAuthority().issue(["other"]).key_pem)
        with pytest.raises(ValueError, match=f"cert: the key in '{file}' is not that of .* in '{identity[0]}'"):
            make(cert=(identity[0], file))


class TestChecks:
    """Files of a request are looked at again only when they have changed."""

    def test_of_a_certificate(self, identity: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Also one that becomes bad."""
        checked: list[ClientCertificate] = []

        def watch(certificate: ClientCertificate, clock: Any) -> None:
            checked.append(certificate)
            check_client_certificate(certificate, clock)

        monkeypatch.setattr(module, "check_client_certificate", watch)
        tls = make()
        for _ in range(3):
            tls.for_request({"cert": identity}, URL)
        assert checked == [ClientCertificate(*identity)]
        Path(identity[1]).write_bytes(CertificateAuthority().issue(["other"]).key_pem)
        for _ in range(2):
            with pytest.raises(ValueError, match="is not that of the certificate"):
                tls.for_request({"cert": identity}, URL)
        assert len(checked) == 3

    def test_of_authorities(self, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Forgetting some when there are many."""
        checked: list[TrustConfig] = []
        monkeypatch.setattr(module, "check_trust", lambda trust, source: checked.append(trust))
        tls = make()
        checked.clear()
        for _ in range(3):
            tls.for_request({"verify": ca_file}, URL)
        assert checked == [TrustConfig(ca_file=ca_file)]
        Path(ca_file).write_bytes(PEM + PEM)
        tls.for_request({"verify": ca_file}, URL)
        assert len(checked) == 2
        for number in range(20):
            tls.for_request({"verify": tmp_path / str(number)}, URL)
        tls.for_request({"verify": ca_file}, URL)
        assert len(checked) == 23 and len(tls._trusts) <= 16


class TestInsecure:
    def test_a_session_warns_once(self, recwarn: pytest.WarningsRecorder) -> None:
        """At the line that made it; its requests say nothing more."""
        line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]  # CPython has frames
        session = Session(verify=False, trust_env=False)
        session.prepare("GET", "https://h/")
        session.prepare("GET", "https://h/", cert=None)
        [warning] = recwarn.list
        assert warning.category is InsecureTlsWarning and (warning.filename, warning.lineno) == (__file__, line)
        assert str(warning.message).startswith("verify=False accepts any certificate") and "extra_ca=" in str(
            warning.message
        )

    def test_requests_that_say_so_warn_too(self, recwarn: pytest.WarningsRecorder) -> None:
        """Each of them, where it is; one that verifies says nothing."""
        tls = make()
        assert tls.for_request({"verify": False}, URL).trust == TrustConfig(verify=False)
        assert tls.for_request({"verify": False}, URL).trust == TrustConfig(verify=False)
        tls.for_request({"verify": True}, URL)
        assert [warning.category for warning in recwarn.list] == [InsecureTlsWarning, InsecureTlsWarning]

    def test_hosts_are_named_once_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        """Those that TLS is spoken to, a hundred at most."""
        with pytest.warns(InsecureTlsWarning):
            tls = make(False)
        with caplog.at_level(logging.WARNING, "netstack_sync.tls"):
            for url in ("https://a/", "https://a:444/x", "http://plain/", "https://b/"):
                tls.for_request({}, Url.parse(url))
            tls.for_request({"verify": True}, Url.parse("https://verified/"))
            assert caplog.messages == [f"the certificate of {host} is not checked: verify=False" for host in "ab"]
            for number in range(200):
                tls.for_request({}, Url.parse(f"https://{number}.test/"))
        assert len(caplog.messages) == 100


class TestKeyLog:
    @pytest.fixture(autouse=True)
    def new_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that was told nothing yet."""
        monkeypatch.setattr(module, "_key_log_notice", Once())

    def test_the_process_is_told_once(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
    ) -> None:
        """By a warning and in the log; the file is there, for its owner only."""
        path = tmp_path / "keys"
        environment = {"SSLKEYLOGFILE": str(path)}
        with caplog.at_level(logging.WARNING, "netstack_sync.tls"):
            tls = make(environment=environment)
            assert tls.tls.keylog_file == str(path) == make(environment=environment).tls.keylog_file
            assert tls.for_request({"verify": PEM}, URL).keylog_file == str(path)
        [warning], [logged] = recwarn.list, caplog.messages
        assert warning.category is InsecureTlsWarning and str(warning.message) == logged
        assert logged.startswith(f"SSLKEYLOGFILE: the secrets of TLS connections are written to {str(path)!r}")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600

    def test_a_context_of_the_users_has_its_own(self, tmp_path: Path) -> None:
        """Requests of the session without one do not."""
        with pytest.warns(InsecureTlsWarning):
            tls = make(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), environment={"SSLKEYLOGFILE": str(tmp_path / "keys")})
        assert tls.tls.keylog_file is None and tls.for_request({"verify": True}, URL).keylog_file is not None

    def test_an_empty_variable_is_none(self) -> None:
        """As OpenSSL's other variables."""
        assert make(environment={"SSLKEYLOGFILE": ""}).tls.keylog_file is None
