"""The objects that callers pass as `auth`."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.auth.credentials import (
    AnyAuth,
    BasicAuth,
    BearerAuth,
    DigestAuth,
    NegotiateAuth,
    NetrcAuth,
    NtlmAuth,
    any_identity,
)
from netstack_sync.auth.identity import AuthIdentity


def test_secrets_are_not_shown() -> None:
    """A repr ends in logs."""
    for value in (
        BasicAuth("user", "secret"),
        DigestAuth("user", "secret"),
        NtlmAuth("user", "secret"),
        NegotiateAuth("user", "secret"),
        AnyAuth("user", "secret"),
        BearerAuth("secret"),
    ):
        assert "secret" not in repr(value)
    assert repr(BasicAuth("user", "secret")) == "BasicAuth(username='user')"


@pytest.mark.parametrize("bad", [None, 5, b"u"])
def test_names_and_passwords_are_strings(bad: Any) -> None:
    """Bytes have no encoding that a scheme could know."""
    for make in (BasicAuth, DigestAuth, NtlmAuth, AnyAuth):
        with pytest.raises(ValueError, match="auth: user name and password must be strings"):
            make(bad, "p")
        with pytest.raises(ValueError, match="auth: user name and password must be strings"):
            make("u", bad)
    if bad is not None:
        with pytest.raises(ValueError, match="auth: user name and password must be strings"):
            NegotiateAuth(bad)


def test_what_utf_8_cannot_express() -> None:
    """It is refused where it was given, not on the network thread; the secret is not shown."""
    for make in (BasicAuth, DigestAuth):
        with pytest.raises(ValueError, match="auth: user name and password must be valid Unicode") as caught:
            make("u", "secret\ud800")
        assert "secret" not in str(caught.value) and caught.value.__cause__ is None


def test_colons() -> None:
    """They end the name in Basic; Digest hashes it."""
    with pytest.raises(ValueError, match=r"auth: a user name .* colon"):
        BasicAuth("a:b", "c")
    assert DigestAuth("a:b", "c").username == "a:b"


@pytest.mark.parametrize("token", [None, b"t", "", "a b", "a\r\nB: c", "\xe9", "a\x7f"])
def test_tokens_that_cannot_be_sent(token: Any) -> None:
    """Rule R16: nothing that could end the header."""
    with pytest.raises(ValueError, match="auth: a bearer token"):
        BearerAuth(token)


def test_paths() -> None:
    """A path of a netrc file, or the usual place."""
    assert NetrcAuth().path is None and NetrcAuth("x").path == "x"
    bad: Any = 5
    with pytest.raises(TypeError, match="auth: the path"):
        NetrcAuth(bad)


def test_accounts() -> None:
    """The domain stands in one place; a name without a letter is nobody's."""
    assert NtlmAuth("DOM\\u", "p").domain == "" and AnyAuth("u", "p", "DOM").domain == "DOM"
    bad: Any = 5
    for make in (NtlmAuth, AnyAuth):
        for domain in (bad, "a\\b"):
            with pytest.raises(ValueError, match="auth: domain must be"):
                make("u", "p", domain)
        with pytest.raises(ValueError, match="holds a domain already"):
            make("DOM\\u", "p", "DOM")
        with pytest.raises(ValueError, match="the user name is empty"):
            make("", "p")


@pytest.mark.parametrize("host", ["", "HTTP/h", "h:80", "HTTP@h", "a b", "h\r\n", 5])
def test_the_host_of_a_service(host: Any) -> None:
    """A name, and nothing that Kerberos would read as more."""
    with pytest.raises(ValueError, match="auth: host is the name"):
        NegotiateAuth(host=host)
    assert NegotiateAuth(host="web.corp.example").host == "web.corp.example"


def test_negotiate_needs_no_password() -> None:
    """A ticket will do, whosever; a password without a user will not."""
    assert NegotiateAuth() == NegotiateAuth(None, None, host=None, delegate=False)
    assert NegotiateAuth("me@CORP.EXAMPLE").password is None
    with pytest.raises(ValueError, match="auth: a password needs"):
        NegotiateAuth(password="p")
    bad: Any = "yes"
    with pytest.raises(TypeError, match="auth: delegate must be"):
        NegotiateAuth(delegate=bad)


def test_any_scheme() -> None:
    """But for Basic, where that could not tell where the name ends."""
    assert any_identity(AnyAuth("u", "p")).schemes == ("negotiate", "ntlm", "digest", "basic")
    assert any_identity(AnyAuth("u:x", "p", "DOM")) == AuthIdentity(
        "u:x", "p", ("negotiate", "ntlm", "digest"), domain="DOM"
    )
