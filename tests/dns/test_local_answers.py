"""What is answered without asking anybody."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.dns.local_answers import answer_literal, answer_localhost, is_valid_host
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer

ANY, V4, V6 = socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6
LOOPBACK_V4, LOOPBACK_V6 = IPEndPoint("127.0.0.1", 0, V4), IPEndPoint("::1", 0, V6)


@pytest.mark.parametrize(
    "literal, family, address",
    [
        ("127.1.2.3", ANY, IPEndPoint("127.1.2.3", 0, V4)),
        ("127.1.2.3", V4, IPEndPoint("127.1.2.3", 0, V4)),
        ("2001:DB8:0::1", ANY, IPEndPoint("2001:db8::1", 0, V6)),
        ("::ffff:7f00:1", V6, IPEndPoint("::ffff:7f00:1", 0, V6)),
    ],
)
def test_a_literal_is_its_own_answer(literal: str, family: int, address: IPEndPoint) -> None:
    """Row 113: in canonical form."""
    assert answer_literal(literal, family) == ResolveAnswer(OK, (address,), AnswerSource.LITERAL)


@pytest.mark.parametrize("literal, family", [("127.0.0.1", V6), ("::1", V4), ("::ffff:7f00:1", V4)])
def test_a_literal_of_the_other_family_fails(literal: str, family: int) -> None:
    """Row 126: an IPv4 address in IPv6 is an IPv6 address."""
    answer = answer_literal(literal, family)
    assert answer is not None and answer.net_error == ERR_NAME_NOT_RESOLVED and "other family" in answer.detail


@pytest.mark.parametrize("host", ["", "a.test", "[::1]", "fe80::1%eth0", "1.2.3", "127.0.0.1."])
def test_a_name_is_no_literal(host: str) -> None:
    """Row 113: neither are brackets, scopes and short forms, which URLs do not hand down."""
    assert answer_literal(host, ANY) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "..",
        "...",
        "a..b",
        ".a",
        "a..",
        "a" * 64 + ".test",
        "a" * 64,
        "a." * 128,
        ".".join(["a" * 63] * 4),
        "x" * 5000,
        "a b",
        "a/b",
        "a\n",
        "a%00",
        "[::1]",
        "fe80::1%eth0",
        "-",
        "a.-b",
        "é.test",
    ],
)
def test_a_bad_name(host: str) -> None:
    """Row 114: nobody may be asked for it."""
    assert not is_valid_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "a",
        "a.b",
        "a.b.",
        "_dmarc.example",
        "my_service",
        "-a.test",
        "xn--nxasmq6b.test",
        "1.2.3.example",
        "a" * 63,
        ".".join(["a" * 63] * 3 + ["b" * 61]),
        ".".join(["a" * 63] * 3 + ["b" * 61]) + ".",
    ],
)
def test_a_good_name(host: str) -> None:
    """Row 114: the other side of it: labels to 63, names to 253 characters and the final dot."""
    assert is_valid_host(host)


@pytest.mark.parametrize("name", ["localhost", "localhost.", "a.localhost", "a.b.localhost."])
@pytest.mark.parametrize(
    "family, addresses", [(ANY, (LOOPBACK_V6, LOOPBACK_V4)), (V4, (LOOPBACK_V4,)), (V6, (LOOPBACK_V6,))]
)
def test_localhost_is_loopback(name: str, family: int, addresses: tuple[IPEndPoint, ...]) -> None:
    """Row 134: IPv6 first; only the family that is wanted."""
    assert answer_localhost(name, family) == ResolveAnswer(OK, addresses, AnswerSource.LOCALHOST)


@pytest.mark.parametrize(
    "name", ["", "localhost6", "localhost.localdomain", "notlocalhost", "localhost.com", "localhost.."]
)
def test_what_only_looks_like_localhost(name: str) -> None:
    """Row 134: is a name like any other."""
    assert answer_localhost(name, ANY) is None
