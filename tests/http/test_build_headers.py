"""Request heads, byte for byte."""

from __future__ import annotations

import pytest

from netstack_sync.auth.basic import basic_credentials
from netstack_sync.base.net_errors import OK
from netstack_sync.http.build_headers import (
    Forwarding,
    RequestHeads,
    head_params,
    headers_to_send,
    with_sent_headers,
)
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.upload import BytesUpload, UploadStream
from netstack_sync.log.net_log import NetLogCaptureMode
from tests.support.scripted_stack import request_info

HEADS = RequestHeads()


class EndlessUpload(BytesUpload):
    """A body whose size nobody knows."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(b"")
        self.size = None


def head(
    url: str = "http://a.test/",
    method: str = "GET",
    headers: list[tuple[str, str]] | None = None,
    upload: UploadStream | None = None,
) -> list[str]:
    """The lines of the head, without the two line ends that close it."""
    data = HEADS.build(request_info(url, method, headers, upload))
    assert data.endswith(b"\r\n\r\n")
    return data[:-4].decode("latin-1").split("\r\n")


def test_a_plain_get() -> None:
    """Row 160: the least that is sent is the request line, Host and Connection."""
    assert head() == ["GET / HTTP/1.1", "Host: a.test", "Connection: keep-alive"]


@pytest.mark.parametrize(
    "url, target, host",
    [
        ("http://a.test:80/p", "/p", "a.test"),
        ("http://a.test:81/p?q=1#fragment", "/p?q=1", "a.test:81"),
        ("https://a.test:443", "/", "a.test"),
        ("http://[::1]:8080/", "/", "[::1]:8080"),
        ("http://bücher.test/ü?ü", "/%C3%BC?%C3%BC", "xn--bcher-kva.test"),
    ],
)
def test_target_and_host(url: str, target: str, host: str) -> None:
    """The fragment stays at home; the default port is left out."""
    assert head(url)[:2] == [f"GET {target} HTTP/1.1", f"Host: {host}"]


def test_the_callers_headers_keep_their_order_and_spelling() -> None:
    """Row 177, ExtraHeaders: they follow Host and Connection; duplicates and latin-1 are kept."""
    fields = [("x-B", "2"), ("X-a", "1"), ("x-b", "é")]
    assert head(headers=fields)[3:] == ["x-B: 2", "X-a: 1", "x-b: é"]


def test_headers_that_others_fill_in_are_sent_as_they_are() -> None:
    """Row 177, UserAgent, Referer and ExtraHeadersStripped: in their order and spelling, once each."""
    fields = [("referer", "www.foo.com"), ("User-Agent", "Chromium Ultra Awesome X Edition"), ("FoO", "bar")]
    assert head(headers=fields)[3:] == [f"{name}: {value}" for name, value in fields]


@pytest.mark.parametrize(
    "referer", ["http://p.test/" + "x" * 5000, "https://u:p@p.test/#f", "about:blank"], ids=["long", "full", "no page"]
)
def test_a_referer_of_the_callers_is_the_callers(referer: str) -> None:
    """Row 243, CapRefererHeaderLength, NoUserPassInReferrer, NoFragmentInReferrer: here nobody makes one up, so that
    the one who writes it means it, as in requests, httpx and curl. What redirects make of it is in test_redirects.py.
    """
    assert head(headers=[("Referer", referer)])[3:] == [f"Referer: {referer}"]


def test_the_caller_may_replace_host_and_connection() -> None:
    """Each is sent once, as the caller wants it."""
    fields = [("CONNECTION", "close"), ("hOST", "other.test")]
    assert head(headers=fields) == ["GET / HTTP/1.1", "CONNECTION: close", "hOST: other.test"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_methods_with_a_body_say_that_there_is_none(method: str) -> None:
    """Row 177, PostContentLengthZero and PutContentLengthZero."""
    assert head(method=method)[-1] == "Content-Length: 0"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "post"])
def test_other_methods_say_nothing_of_a_body(method: str) -> None:
    """Row 177, HeadContentLengthZero: no Content-Length without a body. Methods are case-sensitive."""
    assert head(method=method) == [f"{method} / HTTP/1.1", "Host: a.test", "Connection: keep-alive"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_body_of_known_size_has_a_content_length(method: str) -> None:
    """Whatever the method; an empty body too."""
    assert head(method=method, upload=BytesUpload(b"hello"))[-1] == "Content-Length: 5"
    assert head(method=method, upload=BytesUpload(b""))[-1] == "Content-Length: 0"


def test_a_body_of_unknown_size_is_chunked() -> None:
    """And has no Content-Length."""
    assert head(method="POST", upload=EndlessUpload())[3:] == ["Transfer-Encoding: chunked"]


def test_credentials_of_the_url_become_basic_authentication() -> None:
    """UTF-8 as RFC 7617 wants it; not part of Host or target."""
    lines = head("http://us%C3%A9r:p%3Ass@a.test/x")
    assert lines == [
        "GET /x HTTP/1.1",
        "Host: a.test",
        "Connection: keep-alive",
        "Authorization: Basic dXPDqXI6cDpzcw==",
    ]
    assert head("http://user@a.test/")[-1] == f"Authorization: {basic_credentials('user', '')}"


def test_the_callers_authorization_beats_the_urls() -> None:
    """There is never a second Authorization."""
    assert head("http://u:p@a.test/", headers=[("authorization", "Bearer x")])[3:] == ["authorization: Bearer x"]


def test_an_answer_to_a_challenge_beats_both_and_is_not_kept() -> None:
    """Each one is sent once; what is remembered of the request stays as it was."""
    heads = RequestHeads()
    headers = [("AUTHORIZATION", "Basic x"), ("A", "1"), ("Authorization", "Basic y")]
    info = request_info("http://u:p@a.test/", headers=headers)
    lines = heads.build(info, "Digest z").decode().split("\r\n")
    assert lines[3:] == ["A: 1", "Authorization: Digest z", "", ""]
    plain = request_info()
    assert b"Digest" in heads.build(plain, "Digest z") and b"Authorization" not in heads.build(plain)


def test_a_body_that_waits_is_announced() -> None:
    """Once, and not any more when the server has refused the expectation."""
    heads, info = RequestHeads(), request_info(method="POST", upload=BytesUpload(b"hello"))
    info.interim = InterimAnswers(expects_continue=True)
    assert heads.build(info).decode().split("\r\n")[3:] == ["Expect: 100-continue", "Content-Length: 5", "", ""]
    info.interim.expects_continue = False
    assert heads.build(info).decode().split("\r\n")[3:] == ["Content-Length: 5", "", ""]


def test_a_head_for_the_log() -> None:
    """Secrets are cut as in every list of headers."""
    params = head_params(RequestHeads().build(request_info(), "Digest secret"))(NetLogCaptureMode.DEFAULT)
    assert params["line"] == "GET / HTTP/1.1"
    assert params["headers"] == [
        "Host: a.test", "Connection: keep-alive", "Authorization: [13 bytes were stripped]"
    ]  # fmt: skip


def test_requests_that_differ_in_one_thing_have_different_heads() -> None:
    """Heads are remembered: what is remembered is never mixed up."""
    base = head(headers=[("A", "1")])
    assert head(headers=[("A", "1")]) == base
    assert head(headers=[("A", "2")]) != base
    assert head(headers=[("a", "1")]) != base
    assert head(method="HEAD", headers=[("A", "1")]) != base
    assert head("http://a.test:81/", headers=[("A", "1")]) != base
    assert head("http://u:p@a.test/", headers=[("A", "1")]) != base


def is_kept(heads: RequestHeads, url: str, headers: list[tuple[str, str]] | None = None) -> bool:
    """True when a head like this one is not built twice, whatever its URL."""
    known = heads._known.copy()
    first = heads.build(request_info(url, headers=headers))
    assert heads.build(request_info(url, headers=headers)) == first
    return heads._known != known


def test_what_is_remembered() -> None:
    """No credentials, in the URL or in any spelling of a header, no Host of the caller's, and nothing large."""
    heads = RequestHeads()
    assert is_kept(heads, "http://a.test/") and is_kept(heads, "http://a.test/", [("Accept", "x")])
    assert not is_kept(heads, "http://user@a.test/", [("A", "1")]) and not is_kept(
        heads, "http://u:p@a.test/", [("A", "1")]
    )
    for name in ("authorization", "COOKIE", "Proxy-Authorization", "hOST"):
        assert not is_kept(heads, "http://a.test/", [(name, "secret")])
    assert not is_kept(heads, "http://a.test/", [("X", "x" * 2048)])


def test_one_head_serves_all_hosts_and_paths() -> None:
    """What is remembered knows nothing of the URL: it neither grows with hosts nor mixes them up."""
    heads = RequestHeads()
    for number in range(5):
        lines = heads.build(request_info(f"http://h{number}.test:81/{number}?q", headers=[("A", "é")])).decode(
            "latin-1"
        )
        assert lines == (
            f"GET /{number}?q HTTP/1.1\r\nHost: h{number}.test:81\r\nConnection: keep-alive\r\nA: é\r\n\r\n"
        )
    assert len(heads._known) == 1


def test_credentials_of_a_url_are_sent_beside_a_head_that_is_remembered() -> None:
    """And those that follow have none."""
    heads = RequestHeads()
    plain = heads.build(request_info())
    assert b"Authorization" in heads.build(request_info("http://u:p@a.test/"))
    assert heads.build(request_info()) == plain


def test_the_oldest_is_forgotten() -> None:
    """A program that never asks twice for the same does not fill the memory."""
    heads = RequestHeads()
    for number in range(257):
        heads.build(request_info(headers=[("A", str(number))]))
    kept = [dict(key[1])["A"] for key in heads._known]
    assert kept == [str(number) for number in range(1, 257)]


def test_two_framing_fields_are_refused() -> None:
    """The caller's Content-Length beside ours would be a smuggled request; the layers above take it out."""
    with pytest.raises(ValueError, match="only one of Content-Length"):
        head(method="POST", headers=[("Content-Length", "5")], upload=BytesUpload(b"hello"))


def test_an_upload_stays_unread() -> None:
    """Building a head asks the size and nothing else."""
    upload = BytesUpload(b"x")
    head(upload=upload)
    assert upload.read(lambda _: None) == b"x"
    assert upload.rewind() == OK


# --- what a delegate sees


@pytest.mark.parametrize(
    "url, headers, authorization",
    [
        ("http://a.test/", [], None),
        ("http://a.test:81/", [("Accept", "x"), ("accept", "y")], None),
        ("http://u:p@a.test/", [("Accept", "x")], None),
        ("http://u:p@a.test/", [("Authorization", "own")], None),
        ("http://a.test/", [("Host", "other"), ("Connection", "close")], None),
        ("http://a.test/", [], "Digest x"),
        ("http://u:p@a.test/", [("Accept", "x")], "Digest x"),
    ],
)
@pytest.mark.parametrize("upload", [None, BytesUpload(b"x"), EndlessUpload()])
def test_what_is_shown_is_what_is_sent(
    url: str, headers: list[tuple[str, str]], authorization: str | None, upload: UploadStream | None
) -> None:
    """Unchanged it gives the same head, byte for byte."""
    info = request_info(url, "POST", headers, upload)
    shown = headers_to_send(info, authorization)
    assert HEADS.build(with_sent_headers(info, shown)) == HEADS.build(info, authorization)
    assert info.headers.items() == headers


def test_what_frames_the_body_is_not_shown_and_not_taken() -> None:
    """Rule R16: neither what stands in the request nor what is put in."""
    info = request_info("http://u:p@a.test/", "POST", [("Content-Length", "9")], BytesUpload(b"x"))
    shown = headers_to_send(info, None)
    assert "content-length" not in shown
    shown.set("Content-Length", "9")
    shown.set("Transfer-Encoding", "chunked")
    shown.remove("authorization")
    changed = with_sent_headers(info, shown)
    assert changed.headers.items() == [("Host", "a.test"), ("Connection", "keep-alive")]
    assert changed.url.username is None and info.url.username == "u"


def test_there_is_one_host() -> None:
    """RFC 9112 §3.2: a second one beside ours is refused, another one in its place is sent."""
    info = request_info()
    shown = headers_to_send(info, None)
    shown.set("Host", "other.test")
    assert with_sent_headers(info, shown).headers.get("host") == "other.test"
    shown.add("host", "third.test")
    with pytest.raises(ValueError, match="more than one Host"):
        with_sent_headers(info, shown)


# --- a request that a proxy forwards


def forwarded(
    url: str = "http://a.test/", headers: list[tuple[str, str]] | None = None, authorization: str | None = None
) -> list[str]:
    """The lines of the head for the proxy."""
    data = RequestHeads().build(request_info(url, headers=headers), None, Forwarding(authorization))
    return data[:-4].decode("latin-1").split("\r\n")


@pytest.mark.parametrize(
    "url, target, host",
    [
        ("http://a.test", "http://a.test/", "a.test"),
        ("http://a.test:81/p?q=1#fragment", "http://a.test:81/p?q=1", "a.test:81"),
        ("http://[::1]:8080/", "http://[::1]:8080/", "[::1]:8080"),
        ("http://bücher.test/ü", "http://xn--bcher-kva.test/%C3%BC", "xn--bcher-kva.test"),
    ],
)
def test_the_whole_url_goes_to_the_proxy(url: str, target: str, host: str) -> None:
    """RFC 9112 §3.2.2: without the fragment; Host is the server's."""
    assert forwarded(url) == [f"GET {target} HTTP/1.1", f"Host: {host}", "Proxy-Connection: keep-alive"]


def test_credentials_of_the_url_are_not_in_the_target() -> None:
    """RFC 9110 §4.2.4: they are for the server, in its own header, and what the proxy is told stands beside them."""
    assert forwarded("http://u:p@a.test/x", authorization="Basic proxy") == [
        "GET http://a.test/x HTTP/1.1",
        "Host: a.test",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic proxy",
        f"Authorization: {basic_credentials('u', 'p')}",
    ]


def test_our_answer_to_the_proxy_beats_the_callers() -> None:
    """Of which all occurrences go."""
    own = [("PROXY-Authorization", "x"), ("A", "1"), ("Proxy-Authorization", "y")]
    assert forwarded(headers=own, authorization="Digest z")[3:] == ["A: 1", "Proxy-Authorization: Digest z"]
    assert forwarded(headers=own)[3:] == [f"{name}: {value}" for name, value in own]


@pytest.mark.parametrize("field", ["Proxy-Connection: close", "connection: close", "CONNECTION: keep-alive, X"])
def test_the_caller_may_say_how_long_the_proxy_keeps_the_connection(field: str) -> None:
    """In either field; nothing of ours contradicts it."""
    name, _, value = field.partition(": ")
    assert forwarded(headers=[(name, value)])[2:] == [field]


def test_what_is_for_a_proxy_goes_to_nobody_else() -> None:
    """Row 169, SanitizeProxyAuthHeaders, and row 177, ExtraHeadersStripped; rule R5: in every spelling, all of them."""
    own = [("Proxy-Authorization", "x"), ("A", "1"), ("proxy-authorization", "y"), ("PROXY-Connection", "close")]
    for url in ("http://a.test/", "https://a.test/"):
        assert head(url, headers=own)[1:] == ["Host: a.test", "Connection: keep-alive", "A: 1"]
    assert head(headers=[*own, ("Connection", "close")])[1:] == ["Host: a.test", "A: 1", "Connection: close"]


def test_a_forwarded_head_is_remembered_as_one() -> None:
    """Not in place of the one that a server gets; none with what the proxy is told."""
    heads, info, form = RequestHeads(), request_info(), Forwarding()
    first = heads.build(info, None, form)
    assert heads.build(info) != first and heads.build(info, None, form) == first
    other = heads.build(request_info("http://b.test:81/x"), None, form)
    assert other == b"GET http://b.test:81/x HTTP/1.1\r\nHost: b.test:81\r\nProxy-Connection: keep-alive\r\n\r\n"
    assert len(heads._known) == 2
    assert b"secret" in heads.build(info, None, Forwarding("Basic secret"))
    own = request_info(headers=[("Proxy-Authorization", "secret")])
    assert b"secret" in heads.build(own, None, form) and b"secret" not in heads.build(own)
    assert len(heads._known) == 2


@pytest.mark.parametrize("forwarding", [None, Forwarding(), Forwarding("Basic x")])
@pytest.mark.parametrize("authorization", [None, "Digest x"])
@pytest.mark.parametrize(
    "url, headers",
    [
        ("http://a.test/x", []),
        ("http://u:p@a.test/", [("Accept", "x")]),
        ("http://a.test/", [("Proxy-Connection", "close"), ("Accept", "x")]),
        ("http://a.test/", [("Connection", "close")]),
        ("http://a.test/", [("Accept", "x"), ("proxy-CONNECTION", "close"), ("Connection", "close")]),
    ],
)
def test_what_is_shown_is_what_goes_to_the_proxy(
    url: str, headers: list[tuple[str, str]], authorization: str | None, forwarding: Forwarding | None
) -> None:
    """Unchanged it gives the same head, byte for byte, whoever gets it."""
    info = request_info(url, "POST", headers, BytesUpload(b"x"))
    shown = headers_to_send(info, authorization, forwarding)
    sent = HEADS.build(with_sent_headers(info, shown), None, Forwarding() if forwarding is not None else None)
    assert sent == HEADS.build(info, authorization, forwarding)
