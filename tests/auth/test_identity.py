"""Who answers challenges, as a value."""

from __future__ import annotations

from netstack_sync.auth.identity import AuthIdentity, identity_of_url, owner_of_connections, password_identity
from netstack_sync.base.url import Url


def test_the_same_user() -> None:
    """Whatever is sent without a question."""
    identity = AuthIdentity("u", "p", ("ntlm",), domain="DOM")
    assert identity == AuthIdentity("u", "p", ("ntlm",), True, "DOM") != AuthIdentity("u", "p", ("ntlm",))
    assert len({identity, AuthIdentity("u", "p", ("ntlm",), True, "DOM")}) == 1
    assert identity != "u"
    assert identity.replaced(password="q") == AuthIdentity("u", "q", ("ntlm",), domain="DOM")


def test_a_password_is_not_shown() -> None:
    """A repr ends in logs."""
    assert repr(password_identity("user", "secret")) == "AuthIdentity('user', digest/basic)"


def test_which_schemes_are_for_connections() -> None:
    """Those need connections of their own."""
    assert AuthIdentity("u", "p", ("negotiate", "ntlm", "digest", "basic")).is_connection_based
    assert AuthIdentity("", "", ("negotiate",)).is_connection_based
    assert not password_identity("u", "p").is_connection_based
    assert owner_of_connections(None) is owner_of_connections(password_identity("u", "p")) is None
    identity = AuthIdentity("u", "p", ("ntlm",))
    assert owner_of_connections(identity) is identity


def test_the_user_of_a_url() -> None:
    """Decoded; a password may be missing."""
    assert identity_of_url(Url.parse("http://a.test/"), True) is None
    for url, name, password in (("http://u%20v:p%3A@a.test/", "u v", "p:"), ("http://u@a.test/", "u", "")):
        identity = identity_of_url(Url.parse(url), sends_basic=False)
        assert identity == password_identity(name, password), "whatever is sent by itself, it is the same user"
        assert identity is not None and not identity.sends_basic
