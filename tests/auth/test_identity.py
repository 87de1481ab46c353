"""The objects that callers pass as `auth`."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.auth.identity import BasicAuth, BearerAuth, DigestAuth, NetrcAuth, password_identity


def test_secrets_are_not_shown() -> None:
    """A repr ends in logs."""
    for value in (
        BasicAuth("user", "secret"),
        DigestAuth("user", "secret"),
        BearerAuth("secret"),
        password_identity("user", "secret"),
    ):
        assert "secret" not in repr(value)
    assert repr(BasicAuth("user", "secret")) == "BasicAuth(username='user')"


@pytest.mark.parametrize("bad", [None, 5, b"u"])
def test_names_and_passwords_are_strings(bad: Any) -> None:
    """Bytes have no encoding that a scheme could know."""
    for make in (BasicAuth, DigestAuth):
        with pytest.raises(ValueError, match="auth: user name and password must be strings"):
            make(bad, "p")
        with pytest.raises(ValueError, match="auth: user name and password must be strings"):
            make("u", bad)


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
