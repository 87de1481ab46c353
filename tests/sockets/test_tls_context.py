"""TLS configurations, the contexts made from them, and the cache of those."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_FILE_NOT_FOUND,
    ERR_IO_PENDING,
    ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.sockets.tls_context import ContextRequest, TlsContexts, build_context
from tests.support.loops import RecordedCompletion
from tests.support.network import NetworkDriver, driven_network
from tests.support.tls import authority, trust, write_client_certificate
from tests.support.workers import ScriptedWorkers

CONFIG = TlsConfig(TrustConfig())


class Rig:
    """A cache over workers that wait for the test."""

    def __init__(self, driver: NetworkDriver) -> None:
        self._driver = driver
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.contexts = TlsContexts(self.workers)

    def get(self, config: TlsConfig = CONFIG) -> tuple[ContextRequest, RecordedCompletion, int]:
        """Asks for a context."""
        request, done = ContextRequest(), RecordedCompletion()
        return request, done, self.contexts.get(config, request, done)

    def build(self) -> None:
        """Lets every worker finish."""
        while self.workers.jobs:
            self.workers.run_next()
        self._driver.run_until_idle()


@pytest.fixture
def rig() -> Iterator[Rig]:
    with driven_network() as driver:
        yield Rig(driver)


class TestCache:
    def test_built_once_on_a_worker(self, rig: Rig) -> None:
        """Who asks meanwhile waits for the same one; who asks later has it at once."""
        first, first_done, result = rig.get()
        second, second_done, _ = rig.get()
        assert result == ERR_IO_PENDING and len(rig.workers.jobs) == 1 and first.context is None
        rig.build()
        assert first_done.result == second_done.result == OK
        assert first.context is second.context and isinstance(first.context, ssl.SSLContext)
        third, third_done, result = rig.get()
        assert result == OK and third.context is first.context and not third_done.is_called

    def test_other_terms_other_context(self, rig: Rig) -> None:
        """Row 40: nothing is shared between configurations."""
        first, _, _ = rig.get()
        second, _, _ = rig.get(TlsConfig(TrustConfig(), alpn=("h2",)))
        rig.build()
        assert first.context is not second.context

    def test_the_users_own_is_used_as_it_is(self, rig: Rig) -> None:
        """At once, never built, never kept."""
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        request, _, result = rig.get(TlsConfig(TrustConfig(), context=own))
        assert result == OK and request.context is own and not rig.workers.jobs

    def test_cancelling(self, rig: Rig) -> None:
        """The callback never comes; the others' does, and the context is kept."""
        first, first_done, _ = rig.get()
        _, second_done, _ = rig.get()
        first.cancel()
        rig.build()
        assert not first_done.is_called and second_done.result == OK
        assert rig.get()[2] == OK

    def test_a_callback_may_cancel_another(self, rig: Rig) -> None:
        """Both waited for the same context."""
        second = ContextRequest()
        rig.contexts.get(CONFIG, ContextRequest(), lambda _: second.cancel())
        rig.contexts.get(CONFIG, second, lambda _: pytest.fail("cancelled"))
        rig.build()

    def test_clearing(self, rig: Rig) -> None:
        """What is asked for from then on is built anew."""
        first, _, _ = rig.get()
        rig.build()
        rig.contexts.clear()
        second, _, result = rig.get()
        assert result == ERR_IO_PENDING
        rig.build()
        assert second.context is not first.context

    def test_clearing_while_a_context_is_being_built(self, rig: Rig) -> None:
        """Whoever waits gets it, nobody later does: it may have read the old files."""
        first, done, _ = rig.get()
        rig.contexts.clear()
        rig.build()
        assert done.result == OK and first.context is not None
        assert rig.get()[2] == ERR_IO_PENDING
        rig.build()

    @pytest.mark.parametrize(
        "config, error",
        [
            (TlsConfig(TrustConfig(), ClientCertificate("/no/such/file")), ERR_FILE_NOT_FOUND),
            (TlsConfig(TrustConfig(), ClientCertificate("/dev/null")), ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT),
            (TlsConfig(TrustConfig(), ClientCertificate("a\0b")), ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT),
            (TlsConfig(TrustConfig(), alpn=("x" * 256,)), ERR_UNEXPECTED),
        ],
    )
    def test_a_failure_is_told_and_not_kept(self, rig: Rig, config: TlsConfig, error: int) -> None:
        """The files may be there next time."""
        request, done, _ = rig.get(config)
        rig.build()
        assert done.result == error and request.context is None and request.detail
        assert rig.get(config)[2] == ERR_IO_PENDING
        rig.build()

    @pytest.mark.parametrize(
        "path, error", [("/no/such/file", ERR_FILE_NOT_FOUND), ("/dev/null", ERR_CERT_AUTHORITY_INVALID)]
    )
    def test_authorities_that_cannot_be_loaded(self, rig: Rig, tmp_path: Path, path: str, error: int) -> None:
        """Told from a bad client certificate."""
        config = TlsConfig(TrustConfig(ca_file=path), write_client_certificate(tmp_path))
        request, done, _ = rig.get(config)
        rig.build()
        assert done.result == error
        assert "certificate authorities" in request.detail

    def test_the_words_say_what_to_do(self, rig: Rig, tmp_path: Path) -> None:
        """They name the files, and how they should be."""
        certificate = write_client_certificate(tmp_path)
        assert certificate.key_file is not None
        Path(certificate.key_file).write_text("nonsense")
        request, done, _ = rig.get(TlsConfig(trust(), certificate))
        missing, _, _ = rig.get(TlsConfig(trust(), ClientCertificate("/no/such/file")))
        rig.build()
        assert done.result == ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT
        assert certificate.key_file in request.detail and "PEM" in request.detail
        assert "/no/such/file" in missing.detail and "check the path" in missing.detail

    def test_a_lack_of_threads_is_blamed_on_no_file(self, rig: Rig, tmp_path: Path) -> None:
        """Whatever is not about the user's files is unexpected."""
        request, done, _ = rig.get(TlsConfig(trust(), write_client_certificate(tmp_path)))
        rig.workers.jobs.popleft().fail(RuntimeError("can't start new thread"))
        rig.build()
        assert done.result == ERR_UNEXPECTED and request.detail == "can't start new thread"

    def test_a_replaced_client_certificate_is_read_again(self, rig: Rig, tmp_path: Path) -> None:
        """Under the same name; as long as the files stay as they are, the context stays the same."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        first, _, _ = rig.get(config)
        rig.build()
        again, _, result = rig.get(config)
        assert result == ERR_IO_PENDING and again.context is None, "a worker looks at the files"
        rig.build()
        assert again.context is first.context
        write_client_certificate(tmp_path)
        replaced, done, _ = rig.get(config)
        rig.build()
        assert done.result == OK and replaced.context is not first.context
        assert config.client_certificate is not None
        Path(config.client_certificate.cert_file).unlink()
        _, done, _ = rig.get(config)
        rig.build()
        assert done.result == ERR_FILE_NOT_FOUND

    def test_the_number_of_contexts_is_bounded(self, rig: Rig) -> None:
        """The oldest goes."""
        configs = [TlsConfig(TrustConfig(ca_file=str(number))) for number in range(65)]
        for config in configs:
            rig.get(config)
        rig.build()
        assert rig.get(configs[1])[2] == OK and rig.get(configs[0])[2] == ERR_IO_PENDING
        rig.build()

    def test_a_callback_that_raises_keeps_nobody_else_waiting(
        self, rig: Rig, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Its bug is printed."""

        def raise_error(_: int) -> None:
            raise ZeroDivisionError

        rig.contexts.get(CONFIG, ContextRequest(), raise_error)
        _, done, _ = rig.get()
        rig.build()
        assert done.result == OK and "ZeroDivisionError" in capsys.readouterr().err


class TestConfig:
    def test_it_is_a_key(self) -> None:
        """Row 40: equal by value; a secret is part of it but is not shown."""
        with_password = ClientCertificate("a", "b", "secret")
        assert TlsConfig(trust(), with_password) == TlsConfig(trust(), ClientCertificate("a", "b", "secret"))
        assert TlsConfig(trust(), with_password) != TlsConfig(trust(), ClientCertificate("a", "b"))
        assert "secret" not in repr(TlsConfig(trust(), with_password))
        assert hash(TlsConfig(trust())) == hash(TlsConfig(trust()))

    def test_who_gives_the_verdict(self) -> None:
        """OpenSSL for own contexts and client certificates, else the verifier."""
        assert not TlsConfig(trust()).verifies_in_handshake
        assert TlsConfig(trust(), ClientCertificate("a")).verifies_in_handshake
        assert TlsConfig(trust(), context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).verifies_in_handshake


class TestBuilding:
    def test_without_a_client_certificate(self) -> None:
        """TLS 1.2 and later, no compression, no renegotiation, no verdict of OpenSSL's."""
        context = build_context(TlsConfig(trust()))
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.options & ssl.OP_NO_COMPRESSION and context.options & ssl.OP_NO_RENEGOTIATION
        assert context.verify_mode == ssl.CERT_NONE and not context.check_hostname
        assert not context.get_ca_certs()

    def test_with_a_client_certificate(self, tmp_path: Path) -> None:
        """OpenSSL must verify before it sends the certificate."""
        certificate = write_client_certificate(tmp_path)
        context = build_context(TlsConfig(trust(), certificate))
        assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
        assert len(context.get_ca_certs()) == 1
        unverified = build_context(TlsConfig(trust(verify=False), certificate))
        assert unverified.verify_mode == ssl.CERT_NONE

    def test_with_authorities_from_a_file(self, tmp_path: Path) -> None:
        """As the user of `verify="ca.pem"` means it."""
        ca_file = tmp_path / "ca.pem"
        authority().cert_pem.write_to_path(str(ca_file))
        config = TlsConfig(TrustConfig(ca_file=str(ca_file)), write_client_certificate(tmp_path))
        assert len(build_context(config).get_ca_certs()) == 1

    @pytest.mark.parametrize("has_system_roots", [True, False])
    def test_the_systems_roots_else_certifis(
        self, tmp_path: Path, has_system_roots: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A system without roots is no reason to trust nobody."""
        ca_file = tmp_path / "ca.pem"
        ca_file.write_bytes(authority().cert_pem.bytes() if has_system_roots else b"")
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
        context = build_context(TlsConfig(TrustConfig(), write_client_certificate(tmp_path)))
        count = len(context.get_ca_certs())
        assert count == 1 if has_system_roots else count > 50

    def test_a_key_with_a_password_that_is_not_given(self, tmp_path: Path) -> None:
        """An error; OpenSSL must not ask on the terminal."""
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
            load_pem_private_key,
        )

        certificate = write_client_certificate(tmp_path)
        assert certificate.key_file is not None
        key_file = Path(certificate.key_file)
        key = load_pem_private_key(key_file.read_bytes(), None)
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
        key_file.write_bytes(locked)
        with pytest.raises(Exception, match="with the right password"):
            build_context(TlsConfig(trust(), certificate))
        build_context(TlsConfig(trust(), ClientCertificate(certificate.cert_file, str(key_file), "secret")))
