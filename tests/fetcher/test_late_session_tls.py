"""The TLS of a session is looked at by whoever says something about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import netstack_sync.fetcher.session_tls as session_tls
from netstack_sync import InsecureTlsWarning, TlsSettings
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.fetcher.late_session_tls import LateSessionTls
from netstack_sync.fetcher.session_tls import SessionTls
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.testing.certificates import process_authority

URL = Url.parse("https://h/")
PEM = process_authority().pem


def make(**said: Any) -> LateSessionTls:
    arguments = {"verify": True, "cert": None, "extra_ca": None, "settings": None, "environment": {}, **said}
    return LateSessionTls(**arguments)


def test_nothing_said() -> None:
    """It is what SessionTls makes of that, and costs nothing; an empty variable says nothing."""
    tls = make(environment={"SSL_CERT_FILE": "", "HOME": "/"})
    assert tls._made is None and tls.is_settled
    assert tls.tls == SessionTls(True, None, None, TlsSettings(), {}).tls == TlsConfig(TrustConfig())
    assert tls.for_request({"timeout": 5}, URL) is tls.tls and tls._made is None


def test_a_request_that_says_something() -> None:
    """The session's own stays what it was; who looks is made once."""
    tls = make()
    assert tls.for_request({"verify": PEM}, URL).trust == TrustConfig(ca_data=PEM)
    made = tls._made
    assert made is not None and tls.for_request({}, URL) == tls.tls == TlsConfig(TrustConfig()) and tls.is_settled
    with pytest.raises(ValueError, match="cert: "):
        tls.for_request({"cert": "/no/such"}, URL)
    assert tls._made is made


@pytest.mark.parametrize(
    "said",
    [{"verify": PEM}, {"extra_ca": PEM}, {"settings": TlsSettings(min_version="1.3")}],
)
def test_a_session_that_says_something(said: dict[str, Any]) -> None:
    """Each argument counts."""
    tls = make(**said)
    assert tls._made is not None and tls.tls is tls._made.tls != TlsConfig(TrustConfig()) and tls.is_settled
    assert tls.for_request({}, URL) is tls.tls


@pytest.mark.parametrize("said", [{"verify": 0}, {"cert": "/no/such"}, {"extra_ca": "/no/such"}, {"settings": 1}])
def test_what_is_wrong_is_said_at_once(said: dict[str, Any]) -> None:
    """By the session."""
    with pytest.raises((ValueError, TypeError)):
        make(**said)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_variable_that_says_something(name: str, tmp_path: Path) -> None:
    """It is tried by the first request that needs it; then the matter is settled."""
    file = tmp_path / "ca.pem"
    file.write_bytes(PEM)
    path = tmp_path if name == "SSL_CERT_DIR" else file
    tls = make(environment={name: str(path)})
    assert not tls.is_settled and tls.tls == SessionTls(True, None, None, TlsSettings(), {name: str(path)}).tls
    assert tls.for_request({}, Url.parse("http://h/")) is tls.tls and tls._made is None
    assert tls.for_request({}, URL) == tls.tls and tls.is_settled and tls._made is not None


def test_secrets_are_written_for_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_tls, "_key_log_notice", session_tls.Once())
    path = tmp_path / "keys.log"
    with pytest.warns(InsecureTlsWarning):
        assert make(environment={"SSLKEYLOGFILE": str(path)}).tls.keylog_file == str(path)
