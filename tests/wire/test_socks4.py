"""SOCKS4 and 4a as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.net_errors import ERR_PROXY_AUTH_REQUESTED, ERR_SOCKS_CONNECTION_FAILED
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.socks4 import (
    SOCKS4_GRANTED,
    Socks4ReplyParser,
    build_socks4_request,
    problem_with_socks4,
    socks4_user_id,
)

REPLY = b"\0\x5a\x1f\x90\xc0\0\2\1"


def test_an_address_goes_as_an_address() -> None:
    """Row 178, SOCKS4_HTTP_GET: version, connect, port, address, user, NUL."""
    assert build_socks4_request("192.0.2.1", 80) == b"\4\1\0\x50\xc0\0\2\1\0"
    assert build_socks4_request("192.0.2.1", 443, b"me") == b"\4\1\x01\xbb\xc0\0\2\1me\0"
    assert build_socks4_request("0.0.0.0", 443) == b"\4\1\x01\xbb\0\0\0\0\0"


def test_a_name_goes_behind_an_address_that_no_host_has() -> None:
    """SOCKS4a."""
    assert build_socks4_request("a.test", 443, b"me") == b"\4\1\x01\xbb\0\0\0\1me\0a.test\0"


@pytest.mark.parametrize("host", ["::1", "::ffff:c000:201"])
def test_ipv6_cannot_be_said(host: str) -> None:
    """And it is not sent as if it were a name."""
    with pytest.raises(ValueError, match="SOCKS4 knows IPv4 addresses only"):
        build_socks4_request(host, 443)


@pytest.mark.parametrize("host", ["0.0.0.1", "0.0.0.255"])
def test_an_address_that_means_a_name_is_refused(host: str) -> None:
    """The proxy would wait for the name."""
    with pytest.raises(ValueError, match="means nothing to SOCKS4"):
        build_socks4_request(host, 443)


@pytest.mark.parametrize("host", ["a" * 256, "a\0b"])
def test_a_name_that_does_not_fit_is_refused(host: str) -> None:
    """R17 (CVE-2023-38545)."""
    with pytest.raises(ValueError, match="the host name"):
        build_socks4_request(host, 443)


def test_the_user_id() -> None:
    """A NUL would end it, and the proxy take the rest for a name."""
    assert socks4_user_id("mé") == b"m\xc3\xa9"
    for user in ("a" * 256, "me\0evil.test"):
        with pytest.raises(ValueError, match="the user name for the SOCKS proxy") as caught:
            socks4_user_id(user)
        assert user not in str(caught.value)


@given(st.lists(st.integers(0, len(REPLY) - 1), max_size=4), st.binary(max_size=3))
def test_a_reply_may_come_in_any_pieces(cuts: list[int], behind: bytes) -> None:
    """What follows it is kept apart."""
    parser, begin = Socks4ReplyParser(), 0
    for cut in sorted(cuts):
        assert parser.receive(REPLY[begin:cut]) is None
        begin = cut
    assert parser.receive(REPLY[begin:] + behind) == SOCKS4_GRANTED
    assert parser.surplus == behind


@pytest.mark.parametrize("code", [91, 92, 93, 0, 255])
def test_a_refusal_is_known_early(code: int) -> None:
    """Some proxies hang up right behind it."""
    parser = Socks4ReplyParser()
    assert parser.receive(b"\0") is None
    assert parser.receive(bytes([code])) == code


def test_another_version_is_no_answer() -> None:
    """That of SOCKS5 for instance, or HTTP."""
    for data in (b"\5\0", b"HTTP/1.1", b"\4\x5a"):
        with pytest.raises(WireError, match="the answer begins with") as caught:
            Socks4ReplyParser().receive(data)
        assert caught.value.net_error == ERR_SOCKS_CONNECTION_FAILED


@pytest.mark.parametrize(
    "code, net_error, words",
    [
        (91, ERR_SOCKS_CONNECTION_FAILED, "gives no reason"),
        (92, ERR_SOCKS_CONNECTION_FAILED, "identd"),
        (93, ERR_PROXY_AUTH_REQUESTED, "another user"),
        (94, ERR_SOCKS_CONNECTION_FAILED, "does not know"),
        (0, ERR_SOCKS_CONNECTION_FAILED, "does not know"),
    ],
)
def test_each_refusal_has_an_error_and_words(code: int, net_error: int, words: str) -> None:
    """The words say what may help."""
    error, text = problem_with_socks4(code)
    assert error == net_error and words in text


def test_repr() -> None:
    """It shows how far it is."""
    parser = Socks4ReplyParser()
    parser.receive(b"\0\x5a")
    assert repr(parser) == "<Socks4ReplyParser received=b'\\x00Z'>"
