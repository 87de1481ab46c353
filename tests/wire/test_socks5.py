"""SOCKS5 as bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.net_errors import ERR_SOCKS_CONNECTION_FAILED, ERR_SOCKS_CONNECTION_HOST_UNREACHABLE
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.socks5 import (
    METHOD_LOGIN,
    SOCKS5_SUCCEEDED,
    Socks5ReplyParser,
    VerdictParser,
    build_greeting,
    build_login,
    build_socks5_request,
    problem_with_socks5,
)
from netstack_sync.wire.socks_reply import SocksReplyParser

REPLIES = {
    "IPv4": b"\5\0\0\1\xc0\0\2\1\x1f\x90",
    "IPv6": b"\5\0\0\4" + bytes(range(16)) + b"\x1f\x90",
    "name": b"\5\0\0\3\6p.test\x1f\x90",
    "empty name": b"\5\0\0\3\0\x1f\x90",
    "longest name": b"\5\0\0\3\xff" + b"a" * 255 + b"\x1f\x90",
}


def test_the_greeting_offers_what_we_have() -> None:
    """User and password only where there are any."""
    assert build_greeting(has_login=False) == b"\5\1\0"
    assert build_greeting(has_login=True) == b"\5\2\0\2"


def test_the_login() -> None:
    """RFC 1929 §2; either part may be empty."""
    assert build_login("me", "secret") == b"\1\2me\6secret"
    assert build_login("ü", "") == b"\1\2\xc3\xbc\0"
    assert build_login("a" * 255, "b" * 255) == b"\1\xff" + b"a" * 255 + b"\xff" + b"b" * 255


@pytest.mark.parametrize("user, password, what", [("a" * 256, "p", "user name"), ("me", "b" * 256, "password")])
def test_a_login_that_does_not_fit_is_refused(user: str, password: str, what: str) -> None:
    """R17 (CVE-2023-38545): a length is never cut to one byte. Nothing of it is shown."""
    with pytest.raises(ValueError, match=f"^the {what} for the SOCKS proxy has 256 bytes") as caught:
        build_login(user, password)
    assert user not in str(caught.value) and password * 5 not in str(caught.value)


@pytest.mark.parametrize(
    "host, target",
    [
        ("192.0.2.1", b"\1\xc0\0\2\1"),
        ("2001:db8::1", b"\4\x20\x01\x0d\xb8" + b"\0" * 11 + b"\1"),
        ("a.test", b"\3\6a.test"),
        ("xn--bcher-kva.test", b"\3\x12xn--bcher-kva.test"),
        ("a" * 255, b"\3\xff" + b"a" * 255),
        ("1.2.3", b"\3\0051.2.3"),
    ],
)
def test_addresses_go_as_addresses_and_names_as_names(host: str, target: bytes) -> None:
    """Row 178, SOCKS5_*: the proxy looks names up."""
    assert build_socks5_request(host, 443) == b"\5\1\0" + target + b"\x01\xbb"


@pytest.mark.parametrize("host", ["a" * 256, "a" * 300, "", "a\0b"])
def test_a_name_that_does_not_fit_is_refused(host: str) -> None:
    """R17 (CVE-2023-38545)."""
    with pytest.raises(ValueError, match="the host name"):
        build_socks5_request(host, 443)


def feed(parser: SocksReplyParser, data: bytes, cuts: list[int]) -> list[int | None]:
    """What the parser said to each piece, up to its verdict; what is left comes with the last piece."""
    said: list[int | None] = []
    begin = 0
    for cut in sorted(cuts):
        said.append(parser.receive(data[begin:cut]))
        begin = cut
        if said[-1] is not None:
            return said
    return [*said, parser.receive(data[begin:])]


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reply_may_come_in_any_pieces(reply: bytes) -> None:
    """Whatever kind of address is in it, each byte alone; it is complete with its last byte and not before."""
    for size in range(len(reply)):
        assert Socks5ReplyParser().receive(reply[:size]) is None
    parser = Socks5ReplyParser()
    said = feed(parser, reply, list(range(1, len(reply))))
    assert said == [None] * (len(reply) - 1) + [SOCKS5_SUCCEEDED] and parser.surplus == b""


@given(st.sampled_from(list(REPLIES.values())), st.binary(min_size=1, max_size=5), st.data())
def test_what_follows_a_reply_is_kept_apart(reply: bytes, behind: bytes, data: st.DataObject) -> None:
    """Wherever the pieces end within the reply."""
    parser = Socks5ReplyParser()
    cuts = data.draw(st.lists(st.integers(0, len(reply) - 1), max_size=4))
    said = feed(parser, reply + behind, cuts)
    assert said == [None] * len(cuts) + [SOCKS5_SUCCEEDED]
    assert parser.surplus == behind


@pytest.mark.parametrize("code", [1, 9, 255])
def test_a_refusal_is_known_early(code: int) -> None:
    """Some proxies hang up right behind it."""
    assert Socks5ReplyParser().receive(bytes([5, code])) == code


@pytest.mark.parametrize("kind", [0, 2, 5, 255])
def test_an_address_of_an_unknown_kind_has_no_end(kind: int) -> None:
    """It cannot be passed over."""
    with pytest.raises(WireError, match=f"unknown kind {kind} ") as caught:
        Socks5ReplyParser().receive(bytes([5, 0, 0, kind, 0]))
    assert caught.value.net_error == ERR_SOCKS_CONNECTION_FAILED


@pytest.mark.parametrize("make_parser", [Socks5ReplyParser, VerdictParser, lambda: VerdictParser(is_login=True)])
def test_another_version_is_no_answer(make_parser: Callable[[], SocksReplyParser]) -> None:
    """That of HTTP for instance."""
    with pytest.raises(WireError, match=r"the answer begins with b'H', not with its version") as caught:
        make_parser().receive(b"HTTP/1.1 400 Bad Request\r\n")
    assert caught.value.net_error == ERR_SOCKS_CONNECTION_FAILED


def test_a_verdict_is_two_bytes() -> None:
    """In one piece or two; what follows is kept apart."""
    parser = VerdictParser()
    assert (parser.receive(b"\5"), parser.receive(b"\2"), parser.surplus) == (None, METHOD_LOGIN, b"")
    parser = VerdictParser()
    assert (parser.receive(b"\5\2more"), parser.surplus) == (METHOD_LOGIN, b"more")
    with pytest.raises(WireError):
        VerdictParser().receive(b"\1\0")


@pytest.mark.parametrize("version", [b"\1", b"\5"])
def test_the_answer_to_a_login_may_bear_either_version(version: bytes) -> None:
    """RFC 1929 says 1; that of SOCKS is put up with."""
    assert VerdictParser(is_login=True).receive(version + b"\0") == 0
    with pytest.raises(WireError):
        VerdictParser(is_login=True).receive(b"\0\0")


@pytest.mark.parametrize(
    "code, net_error, words",
    [
        (1, ERR_SOCKS_CONNECTION_FAILED, "log"),
        (2, ERR_SOCKS_CONNECTION_FAILED, "its rules"),
        (3, ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, "network"),
        (4, ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, "check its name"),
        (5, ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, "port"),
        (6, ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, "in time"),
        (7, ERR_SOCKS_CONNECTION_FAILED, "command"),
        (8, ERR_SOCKS_CONNECTION_FAILED, "kind of address"),
        (9, ERR_SOCKS_CONNECTION_FAILED, "does not know"),
        (255, ERR_SOCKS_CONNECTION_FAILED, "does not know"),
    ],
)
def test_each_refusal_has_an_error_and_words(code: int, net_error: int, words: str) -> None:
    """A server that cannot be reached is no fault of the proxy's, which stays in use."""
    error, text = problem_with_socks5(code)
    assert error == net_error and words in text


def test_repr() -> None:
    """It shows how far a parser is."""
    reply, verdict = Socks5ReplyParser(), VerdictParser()
    reply.receive(b"\5\0")
    verdict.receive(b"\5")
    assert repr(reply) == "<Socks5ReplyParser received=b'\\x05\\x00'>"
    assert repr(verdict) == "<VerdictParser received=b'\\x05'>"
