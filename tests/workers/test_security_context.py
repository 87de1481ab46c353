"""The tokens of NTLM and Negotiate, with pyspnego on both sides."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest
import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import (
    BadMechanismError,
    FeatureMissingError,
    InvalidCredentialError,
    NegotiateOptions,
    NoCredentialError,
    OperationNotAvailableError,
)

from netstack_sync.base.net_errors import (
    ERR_INVALID_AUTH_CREDENTIALS,
    ERR_MISCONFIGURED_AUTH_ENVIRONMENT,
    ERR_MISSING_AUTH_CREDENTIALS,
    ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS,
)
from netstack_sync.workers import security_context
from netstack_sync.workers.security_context import (
    SecurityError,
    SecurityParams,
    has_pyspnego,
    open_security_context,
    require_pyspnego,
)
from tests.support.ntlm_server import ntlm_users

NTLM = SecurityParams("ntlm", "DOM\\me", "secret", "a.test", False, None)


@pytest.fixture(autouse=True)
def _users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom the acceptors know."""
    ntlm_users(tmp_path, monkeypatch, "DOM:me:secret")


def acceptor(protocol: str = "ntlm", bindings: GssChannelBindings | None = None) -> Any:
    return spnego.server(hostname="a.test", service="HTTP", protocol=protocol, channel_bindings=bindings)


def log_in(params: SecurityParams, server: Any) -> bool:
    """Both sides to the end; raises what the server says to a login that it refuses."""
    client, token = open_security_context(params), None
    while not server.complete:
        token = server.step(client.step(token))
    return bool(server.client_principal == "DOM\\me")


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize("delegates", [False, True])
def test_a_login(protocol: str, delegates: bool) -> None:
    """Row 171, NTLMAuthV2: the acceptor knows who it is. Without Kerberos, Negotiate carries NTLM."""
    assert log_in(NTLM._replace(protocol=protocol, delegates=delegates), acceptor(protocol))


@pytest.mark.parametrize("delegates", [False, True])
def test_the_server_acts_as_the_user_only_if_it_may(delegates: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is asked for as the service HTTP, by whoever runs the program if nobody is named."""
    asked: list[tuple[object, ...]] = []

    def client(username: object, password: object, **options: Any) -> None:
        is_delegated = bool(options["context_req"] & spnego.ContextReq.delegate)
        asked.append((username, password, options["service"], options["hostname"], is_delegated))

    monkeypatch.setattr(spnego, "client", client)
    open_security_context(SecurityParams("negotiate", "", "", "a.test", delegates, None))
    assert asked == [(None, None, "HTTP", "a.test", delegates)]


def test_a_wrong_password() -> None:
    """The server finds out."""
    with pytest.raises(spnego.exceptions.InvalidTokenError):
        log_in(NTLM._replace(password="wrong"), acceptor())


def test_a_login_counts_on_its_own_connection_only(server_certificate: bytes) -> None:
    """RFC 5929: what was signed for one certificate is worth nothing to a server with another."""
    mine, other = (
        GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(der).digest())
        for der in (server_certificate, b"other")
    )
    params = NTLM._replace(certificate=server_certificate)
    assert log_in(params, acceptor(bindings=mine))
    with pytest.raises(spnego.exceptions.BadBindingsError):
        log_in(params, acceptor(bindings=other))
    assert log_in(NTLM._replace(certificate=b"no certificate"), acceptor()), "which leaves the login unbound"


@pytest.fixture
def server_certificate() -> bytes:
    """DER, signed with SHA-256."""
    import trustme
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = trustme.CA().issue_cert("a.test").cert_chain_pems[0].bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


@pytest.mark.parametrize("name, used", [("md5", "sha256"), ("sha1", "sha256"), ("sha384", "sha384"), (None, "sha256")])
def test_the_hash_of_the_bindings(name: str | None, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5929 §4.1: that of the certificate's signature, unless it is broken, or there is none."""

    class Certificate:
        class Algorithm:
            pass

        signature_hash_algorithm = None if name is None else Algorithm()

    if Certificate.signature_hash_algorithm is not None:
        monkeypatch.setattr(Certificate.Algorithm, "name", name, raising=False)
    monkeypatch.setattr(security_context, "load_certificate", lambda _: Certificate)
    bindings = security_context._bindings(b"der")
    assert bindings is not None
    assert bindings.application_data == b"tls-server-end-point:" + hashlib.new(used, b"der").digest()


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_a_server_that_talks_nonsense(protocol: str) -> None:
    """Whatever the library makes of it is an error with words."""
    client = open_security_context(NTLM._replace(protocol=protocol))
    client.step(None)
    with pytest.raises(SecurityError) as caught:
        client.step(b"garbage")
    assert caught.value.net_error == ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS and caught.value.detail


def test_a_server_that_asks_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing more to say."""

    class Complete:
        def step(self, token: bytes | None) -> None:
            """Says nothing."""

    monkeypatch.setattr(spnego, "client", lambda *_, **__: Complete())
    with pytest.raises(SecurityError) as caught:
        open_security_context(NTLM).step(b"more")
    assert caught.value.net_error == ERR_INVALID_AUTH_CREDENTIALS


@pytest.mark.parametrize(
    "error, username, expected",
    [
        (NoCredentialError(), "me", ERR_MISSING_AUTH_CREDENTIALS),
        (InvalidCredentialError(), "me", ERR_INVALID_AUTH_CREDENTIALS),
        (BadMechanismError(), "me", ERR_MISCONFIGURED_AUTH_ENVIRONMENT),
        (BadMechanismError(), "", ERR_MISSING_AUTH_CREDENTIALS),
        (OperationNotAvailableError(), "", ERR_MISSING_AUTH_CREDENTIALS),
        (FeatureMissingError(NegotiateOptions.wrapping_iov), "me", ERR_MISCONFIGURED_AUTH_ENVIRONMENT),
        (ImportError("no gssapi"), "me", ERR_MISCONFIGURED_AUTH_ENVIRONMENT),
        (RuntimeError("a bug"), "me", ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS),
    ],
)
def test_what_an_error_of_the_library_means(
    error: Exception, username: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chromium's errors; whoever has no ticket is told about tickets, and nobody about passwords."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(spnego, "client", fail)
    with pytest.raises(SecurityError) as caught:
        open_security_context(NTLM._replace(username=username))
    assert caught.value.net_error == expected
    assert ("Kerberos ticket" in caught.value.detail) == (not username) and "secret" not in str(caught.value)


def test_without_pyspnego(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra, where the credentials are given as well as where they are needed."""
    require_pyspnego()
    monkeypatch.setattr(security_context, "find_spec", lambda _: None)
    assert not has_pyspnego()
    with pytest.raises(ImportError, match=r"netstack-sync\[auth\]"):
        require_pyspnego()
    monkeypatch.setitem(sys.modules, "spnego", None)
    with pytest.raises(SecurityError, match=r"netstack-sync\[auth\]") as caught:
        open_security_context(NTLM)
    assert caught.value.net_error == ERR_MISCONFIGURED_AUTH_ENVIRONMENT
