"""What people read when a proxy says no."""

from __future__ import annotations

import pytest

from netstack_sync.sockets.tunnel_words import what_was_answered, who_is_asked_for
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser


def head(status_line: bytes) -> ResponseHead:
    parsed = ResponseHeadParser().receive(b"HTTP/1.1 " + status_line + b"\r\n\r\n")
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    "status_line, words",
    [
        (b"101 Switching Protocols", "101 Switching Protocols; no other protocol was asked for"),
        (b"204 No Content", "204 No Content; only 200 opens a tunnel"),
        (b"302 Found", "302 Found; a proxy's redirect is not followed"),
        (b"400 Bad", "400 Bad; it may not tunnel to this port, or be a web server and no proxy"),
        (b"401 No", "401 No; the credentials that it was given may be wrong"),
        (
            b"403 Forbidden",
            "403 Forbidden; its rules do not allow this; ask who runs it, or let this host bypass the proxy",
        ),
        (b"405 Not Allowed", "405 Not Allowed; it may be a web server and no proxy"),
        (b"418 I'm a teapot", "418 I'm a teapot"),
        (b"500", "500; the proxy's log may say why"),
        (b"502", "502; it could not reach the server; check the server's name and port"),
    ],
)
def test_an_answer(status_line: bytes, words: str) -> None:
    """The status as it came, and what may help where that is known."""
    assert what_was_answered(head(status_line)) == words


def test_a_reason_of_strangers() -> None:
    """Harmless, and not long."""
    words = what_was_answered(head(b"500 \x9b2J" + b"x" * 1000))
    assert words.isprintable() and len(words) < 130


@pytest.mark.parametrize(
    "values, names",
    [
        (['Basic realm="r"'], "basic"),
        (
            ['Digest realm="r", nonce="n"', "NTLM", "Negotiate", 'Digest realm="r", nonce="m"'],
            "digest, ntlm, negotiate",
        ),
        ([], "it does not say how"),
        (["=\x1b[2J"], "it does not say how"),
    ],
)
def test_a_challenge(values: list[str], names: str) -> None:
    """Each scheme once; nothing of realms and nonces."""
    assert who_is_asked_for(values, has_identity=False) == (
        f"wants to be told who is asking ({names}); pass proxy_auth, or put user:password@ into its URL"
    )
    assert who_is_asked_for(values, has_identity=True) == (
        f"wants to be told who is asking ({names}); "
        "the credentials that it was given were refused, or are of no use for this; correct proxy_auth, or its URL"
    )


def test_very_many_schemes() -> None:
    """Not all are named."""
    assert len(who_is_asked_for([f"s{number}" for number in range(1000)], has_identity=False)) < 220
