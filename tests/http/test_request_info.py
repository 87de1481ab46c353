"""The values that make a request."""

from __future__ import annotations

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload
from netstack_sync.sockets.tls_config import TlsConfig


def test_what_is_left_out_has_a_plain_meaning() -> None:
    """No body, middle priority, no partition, and the user may be recognised."""
    url, headers, tls = Url.parse("http://a.test/"), RequestHeaders(), TlsConfig(TrustConfig())
    info = HttpRequestInfo(url, "GET", headers, tls)
    assert (info.url, info.method, info.headers, info.tls) == (url, "GET", headers, tls)
    assert info.upload is None and info.partition is None and info.priority is RequestPriority.MEDIUM
    assert not info.privacy_mode and info.auth is None


def test_what_is_given_is_kept() -> None:
    """Nothing is copied or changed."""
    upload = BytesUpload(b"x")
    info = HttpRequestInfo(
        Url.parse("https://a.test/"),
        "PUT",
        RequestHeaders(),
        TlsConfig(TrustConfig()),
        upload,
        RequestPriority.LOWEST,
        password_identity("u", "p"),
        partition="site",
        privacy_mode=True,
    )
    assert info.upload is upload and info.priority is RequestPriority.LOWEST and info.partition == "site"
    assert info.privacy_mode and info.auth == password_identity("u", "p")
    assert info.cookies == () and info.cookie_store is None


def test_a_copy_may_be_changed() -> None:
    """It has every value of the first one, which stays as it is."""
    info = HttpRequestInfo(Url.parse("https://a.test/"), "PUT", RequestHeaders(), TlsConfig(TrustConfig()))
    for name in HttpRequestInfo.__slots__:
        setattr(info, name, name)
    copy = info.copy()
    assert [getattr(copy, name) for name in HttpRequestInfo.__slots__] == list(HttpRequestInfo.__slots__)
    copy.method = "GET"
    assert info.method == "method"


def test_a_body_waits_if_there_is_something_to_wait_with() -> None:
    """The wish is carried along where there is no body, after a redirect for instance, and means nothing there."""
    info = HttpRequestInfo(Url.parse("https://a.test/"), "PUT", RequestHeaders(), TlsConfig(TrustConfig()))
    assert not info.expects_continue
    info.interim = InterimAnswers(expects_continue=True)
    assert not info.expects_continue
    for data in (b"", b"x"):
        info.upload = BytesUpload(data)
        assert info.expects_continue is bool(data)
    info.interim.expects_continue = False
    assert not info.expects_continue
