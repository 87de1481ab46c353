"""Basic credentials."""

from __future__ import annotations

from netstack_sync.auth.basic import BasicHandler, basic_credentials
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import password_identity


def test_rfc_7617_examples() -> None:
    """RFC 7617 §2 and §2.1, which is UTF-8."""
    assert basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_credentials("test", "123\xa3") == "Basic dGVzdDoxMjPCow=="


def test_the_handler_says_the_same_to_everybody() -> None:
    """It neither counts nor signs."""
    handler = BasicHandler(password_identity("Aladdin", "open sesame"), "r")
    request = AuthRequest("GET", "/", lambda: None)
    assert (handler.scheme, handler.realm, handler.can_answer(request)) == ("basic", "r", True)
    handler.on_authentication_info('nextnonce="n"')
    assert handler.authorization(request) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
