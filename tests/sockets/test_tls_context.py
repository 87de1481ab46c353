"""TLS configurations, the contexts made from them, and the cache of those."""

from __future__ import annotations

import errno
import os
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netstack_sync.base.net_errors import (
    ERR_FILE_NOT_FOUND,
    ERR_INVALID_ARGUMENT,
    ERR_IO_PENDING,
    ERR_NO_SSL_VERSIONS_ENABLED,
    ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
    ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY,
    ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig, TlsConfigError
from netstack_sync.sockets.tls_context import (
    ContextRequest,
    TlsContexts,
    build_context,
    set_versions_and_ciphers,
    touch_keylog_file,
)
from tests.support.loops import RecordedCompletion
from tests.support.network import NetworkDriver, driven_network
from tests.support.subprocesses import running_python
from tests.support.tls import trust, write_client_certificate
from tests.support.workers import ScriptedWorkers

CONFIG = TlsConfig(TrustConfig())
UNKNOWN_VERSION: Any = 5


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

    def test_many_are_told_in_turns(self, rig: Rig) -> None:
        """Each goes on with a handshake; nobody is left out, and who is cancelled meanwhile is not told."""
        waits = [rig.get() for _ in range(10)]
        rig.workers.run_next()
        waits[7][0].cancel()
        rig.build()
        assert [done.result for _, done, _ in waits] == [ERR_IO_PENDING if n == 7 else OK for n in range(10)]

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

    def test_clearing_and_asking_while_a_context_is_being_built(self, rig: Rig) -> None:
        """Who asks after the files were exchanged waits for another one."""
        early, _, _ = rig.get()
        rig.contexts.clear()
        late, done, result = rig.get()
        assert result == ERR_IO_PENDING
        rig.build()
        assert done.result == OK and early.context is not None and late.context is not None
        assert late.context is not early.context and rig.get()[0].context is late.context

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

    def test_the_words_say_what_to_do(self, rig: Rig, tmp_path: Path) -> None:
        """They name the files, and how they should be."""
        certificate = write_client_certificate(tmp_path)
        assert certificate.key_file is not None
        Path(certificate.key_file).write_text("nonsense")
        request, done, _ = rig.get(TlsConfig(trust(), certificate))
        missing, _, _ = rig.get(TlsConfig(trust(), ClientCertificate("/no/such/file")))
        rig.build()
        assert done.result == ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY
        assert certificate.key_file in request.detail and "pass the pair" in request.detail
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
        rig.contexts.get(CONFIG, ContextRequest(), raise_error)
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


class TestBuilding:
    @pytest.mark.parametrize("has_certificate", [False, True])
    def test_what_holds_for_every_context(self, has_certificate: bool, tmp_path: Path) -> None:
        """TLS 1.2 and later, no compression, no renegotiation, no verdict of OpenSSL's."""
        certificate = write_client_certificate(tmp_path) if has_certificate else None
        context = build_context(TlsConfig(trust(), certificate))
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.options & ssl.OP_NO_COMPRESSION and context.options & ssl.OP_NO_RENEGOTIATION
        assert context.verify_mode == ssl.CERT_NONE and not context.check_hostname
        assert not context.get_ca_certs()

    def test_being_cut_off_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also where somebody has changed the default."""
        make = ssl.SSLContext.__new__

        def make_lax(kind: type[ssl.SSLContext], protocol: int) -> ssl.SSLContext:
            context = make(kind, protocol)
            context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
            return context

        monkeypatch.setattr(ssl.SSLContext, "__new__", make_lax)
        assert ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).options & ssl.OP_IGNORE_UNEXPECTED_EOF
        assert not build_context(TlsConfig(trust())).options & ssl.OP_IGNORE_UNEXPECTED_EOF

    def test_the_latest_version_that_the_system_allows(self, tmp_path: Path) -> None:
        """Counts; one that forbids all that is asked for is named. The lowest version is ours."""
        settings = tmp_path / "openssl.cnf"
        settings.write_text(
            "openssl_conf = all\n[all]\nssl_conf = tls\n[tls]\nsystem_default = ours\n"
            "[ours]\nMaxProtocol = TLSv1.2\nMinProtocol = TLSv1.1\n"
        )
        program = """
            import ssl
            from netstack_sync.base.trust_config import TrustConfig
            from netstack_sync.sockets.tls_config import TlsConfig
            from netstack_sync.sockets.tls_context import build_context
            context = build_context(TlsConfig(TrustConfig()))
            assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_2
            build_context(TlsConfig(TrustConfig(), min_version=ssl.TLSVersion.TLSv1_3))
            """
        with running_python(program, wrapper=["env", f"OPENSSL_CONF={settings}"]) as process:
            _, complained = process.communicate(timeout=30)
        assert complained.splitlines()[-1].endswith("openssl.cnf) forbids the versions that are asked for")

    def test_a_version_that_the_system_forbids(self) -> None:
        """As if openssl.cnf had said so."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(TlsConfigError, match="forbids the versions") as caught:
            set_versions_and_ciphers(context, TlsConfig(TrustConfig(), min_version=ssl.TLSVersion.TLSv1_3))
        assert caught.value.net_error == ERR_NO_SSL_VERSIONS_ENABLED

    def test_versions_and_ciphers(self) -> None:
        """As they are asked for."""
        version, cipher = ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-GCM-SHA256"
        context = build_context(TlsConfig(trust(), min_version=version, max_version=version, ciphers=cipher))
        assert (context.minimum_version, context.maximum_version) == (version, version)
        old_ones = [known["name"] for known in context.get_ciphers() if not known["name"].startswith("TLS_")]
        assert old_ones == [cipher]

    def test_dhe_is_left_out(self) -> None:
        """Whose groups a server may choose so large that a handshake takes seconds; who wants it asks for it."""

        def exchanges(config: TlsConfig) -> set[str]:
            return {cipher["kea"] for cipher in build_context(config).get_ciphers()}

        default = exchanges(TlsConfig(trust()))  # of some systems with much else
        assert "kx-dhe" not in default and {"kx-any", "kx-ecdhe"} <= default
        assert "kx-dhe" in exchanges(TlsConfig(trust(), ciphers="DHE+AESGCM"))

    def test_where_the_system_allows_nothing_but_dhe(self) -> None:
        """It stays."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_ciphers("DHE+AESGCM")
        set_versions_and_ciphers(context, TlsConfig(trust()))
        assert "kx-dhe" in {cipher["kea"] for cipher in context.get_ciphers()}

    @pytest.mark.parametrize(
        "config, error, words",
        [
            (
                TlsConfig(TrustConfig(), min_version=UNKNOWN_VERSION),
                ERR_NO_SSL_VERSIONS_ENABLED,
                r"OpenSSL .* does not have the versions",
            ),
            (
                TlsConfig(TrustConfig(), ciphers="no-such"),
                ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
                "knows no cipher of 'no-s",
            ),
            (TlsConfig(TrustConfig(), ciphers=""), ERR_SSL_VERSION_OR_CIPHER_MISMATCH, "knows no cipher of ''"),
            (TlsConfig(TrustConfig(), ciphers="a\0b"), ERR_SSL_VERSION_OR_CIPHER_MISMATCH, "openssl ciphers"),
            (
                TlsConfig(TrustConfig(), ciphers="TLS_AES_128_GCM_SHA256"),
                ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
                "those of TLS 1.3, whose names begin with TLS_",
            ),
        ],
    )
    def test_what_this_openssl_does_not_have(self, config: TlsConfig, error: int, words: str) -> None:
        """Is named, with what to do."""
        with pytest.raises(TlsConfigError, match=words) as caught:
            set_versions_and_ciphers(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), config)
        assert caught.value.net_error == error

    def test_secrets_are_written_down(self, tmp_path: Path) -> None:
        """To a file for its owner only; one that is there is appended to and stays as open as it is."""
        path = tmp_path / "keys"
        context = build_context(TlsConfig(trust(), keylog_file=str(path)))
        assert context.keylog_filename == str(path) and stat.S_IMODE(path.stat().st_mode) == 0o600
        path.write_text("CLIENT_RANDOM 1 2\n")
        path.chmod(0o644)
        build_context(TlsConfig(trust(), keylog_file=str(path)))
        assert path.read_text() == "CLIENT_RANDOM 1 2\n" and stat.S_IMODE(path.stat().st_mode) == 0o644

    def test_secrets_that_cannot_be_written_down(self, tmp_path: Path) -> None:
        """The words name the file."""
        for path, error in ((tmp_path / "no" / "keys", ERR_FILE_NOT_FOUND), ("a\0b", ERR_INVALID_ARGUMENT)):
            with pytest.raises(TlsConfigError, match="cannot write TLS secrets to '") as caught:
                touch_keylog_file(os.fspath(path))
            assert caught.value.net_error == error
        with pytest.raises(TlsConfigError, match=f"there is no folder '{tmp_path / 'no'}'"):
            touch_keylog_file(str(tmp_path / "no" / "keys"))
        with pytest.raises(TlsConfigError, match=os.strerror(errno.EISDIR)):
            touch_keylog_file(str(tmp_path))
        with pytest.raises(TlsConfigError, match="cannot write TLS secrets to PEM text: it takes a path"):
            touch_keylog_file(f"{tmp_path}/-----BEGIN PRIVATE KEY-----")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
    def test_secrets_for_nobody(self, tmp_path: Path) -> None:
        """A pipe that nobody reads is an error; one that somebody reads is fine."""
        path = str(tmp_path / "pipe")
        os.mkfifo(path)
        with pytest.raises(TlsConfigError, match=r"cannot write TLS secrets to '.*pipe'"):
            touch_keylog_file(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        touch_keylog_file(path)
        os.close(reader)
