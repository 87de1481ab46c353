"""host:port, with brackets where IPv6 needs them."""

from __future__ import annotations

import pytest

from netstack_sync.base.host_port import HostPortPair, bracketed


@pytest.mark.parametrize(
    "text, host, port",
    [
        ("h:1", "h", 1),
        ("example.com:443", "example.com", 443),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::1]:65535", "::1", 65535),
    ],
)
def test_parsing_and_printing_are_inverse(text: str, host: str, port: int) -> None:
    """The brackets belong to the text, not to the host."""
    pair = HostPortPair.from_string(text)
    assert (pair.host, pair.port) == (host, port)
    assert pair.to_string() == str(pair) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h",
        "h:",
        ":1",
        "h:x",
        "h:-1",
        "h:65536",
        "h:123456",
        "::1:80",
        "[h]:80",
        "[127.0.0.1]:80",
        "[::g]:80",
        "[::1]",
        "a b:1",
        "h:٣",
    ],
)
def test_whatever_else_is_refused_and_quoted_in_the_error(text: str) -> None:
    """A missing bracket must not make the last group of an IPv6 address a port."""
    with pytest.raises(ValueError) as caught:
        HostPortPair.from_string(text)
    assert repr(text) in str(caught.value)


def test_equal_pairs_are_one_key() -> None:
    """They are used as dict keys."""
    assert {HostPortPair("h", 1): 1}[HostPortPair("h", 1)] == 1
    assert HostPortPair("h", 1) != HostPortPair("h", 2)


def test_only_a_host_with_a_colon_gets_brackets() -> None:
    """RFC 3986 §3.2.2."""
    assert bracketed("h") == "h"
    assert bracketed("::1") == "[::1]"
