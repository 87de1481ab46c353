"""One rule of a bypass list, and what is none."""

from __future__ import annotations

import pytest

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.proxy.bypass_rule import (
    MAX_LENGTH,
    BypassRule,
    Condition,
    HostRule,
    NamedRule,
    RangeRule,
    address_number,
    parse_bypass_rule,
    split_bypass_rules,
)

ANY = Condition()
MAPPED = 0xFFFF << 32


@pytest.mark.parametrize(
    "text, rule",
    [
        ("EXAMPLE.com.", HostRule(ANY, "example.com")),
        (".Example.com", HostRule(ANY, "*.example.com")),
        ("*.example.com.", HostRule(ANY, "*.example.com")),
        ("***.example.com", HostRule(ANY, "*.example.com")),
        ("https://a?b:0443", HostRule(Condition("https", 443), "a?b")),
        ("*.bücher.example", HostRule(ANY, "*.xn--bcher-kva.example")),
        ("*.Bücher.EXAMPLE:1", HostRule(Condition("", 1), "*.xn--bcher-kva.example")),
        ("10.0.0.1", RangeRule(ANY, MAPPED | 0x0A000001, 128)),
        ("http://10.1:8080", RangeRule(Condition("http", 8080), MAPPED | 0x0A000001, 128)),
        ("::1", RangeRule(ANY, 1, 128)),
        ("[::1]:8", RangeRule(Condition("", 8), 1, 128)),
        ("10.9.9.9/8", RangeRule(ANY, (MAPPED | 0x0A000000) >> 24, 104)),
        ("fe80::/10", RangeRule(ANY, 0xFE80 >> 6, 10)),
        ("[fe80::]/10", RangeRule(ANY, 0xFE80 >> 6, 10)),
        ("::/0", RangeRule(ANY, 0, 0)),
        ("<Local>", NamedRule("<local>")),
        ("<-LOOPBACK>", NamedRule("<-loopback>")),
    ],
)
def test_what_is_a_rule(text: str, rule: BypassRule) -> None:
    """Row 213 (LoopbackAndLocalCaseInsensitive, ParseBracketedIPv6Range): each form in its one spelling."""
    assert parse_bypass_rule(text) == rule


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "empty host"),
        ("http://", "empty host"),
        ("a..b", "empty label"),
        ("a b", "a character that no host name has"),
        ("<other>", "a character that no host name has"),
        (".", "empty label"),
        ("..", "empty label"),
        ("*.", "empty label"),
        ("*..com", "empty label"),
        ("*$.com", "a character that no host name has"),
        ("://x", "no valid scheme"),
        ("*://x", "no valid scheme"),
        ("http://http://x", "no valid scheme"),
        (":80", "empty host"),
        ("x:0", "ports are 1 to 65535"),
        ("x:65536", "ports are 1 to 65535"),
        ("x:-34", "a character that no host name has"),
        ("x:", "a character that no host name has"),
        ("*:port", "a wildcard beside a colon"),
        ("[fe80:*]", "write a range: fe80::/10"),
        ("b*ü.example", "a wildcard inside an international label"),
        ("*.bü$cher.example", "a host"),
        ("10.0.0.0/33", "a number from 0 to 32"),
        ("fe80::/129", "a number from 0 to 128"),
        ("10.0.0.0/", "a number from 0 to 32"),
        ("10.0.0.0/-1", "a number from 0 to 32"),
        ("10.0.0.0/255.0.0.0", "a number from 0 to 32"),
        ("10.0.0.0/8:80", "a number from 0 to 32"),
        ("10/8", "no range of addresses such as 10.0.0.0/8"),
        ("[10.0.0.0/8", "no range of addresses"),
        ("example.com/", "no range of addresses"),
        ("[::1", "not an IPv6 address"),
        ("[::1%eth0]", "a zone id"),
        ("1.2.3.4.5", "not an IPv4 address"),
        ("x" * (MAX_LENGTH + 1), "longer than 1024"),
    ],
)
def test_what_is_none(text: str, message: str) -> None:
    """Row 212 (BadInputs, ParseInvalidPort): the words say why."""
    with pytest.raises(ValueError, match=message):
        parse_bypass_rule(text)


@pytest.mark.parametrize(
    "host, number",
    [
        ("1.2.3.4", MAPPED | 0x01020304),
        ("::ffff:102:304", MAPPED | 0x01020304),
        ("2001:db8::1", 0x20010DB8 << 96 | 1),
        ("host", None),
        ("host4", None),
        ("h.4a", None),
        ("", None),
    ],
)
def test_addresses_are_numbers(host: str, number: int | None) -> None:
    """IPv4 among the others, where its mapped form lies."""
    assert address_number(host) == number
    assert (number is None) == (parse_ip_literal(host) is None)


def test_a_list_of_rules() -> None:
    """Blanks around them and nothing between separators do not count."""
    assert split_bypass_rules(" a.test,*.b ;; <local>,") == ["a.test", "*.b", "<local>"]
    assert split_bypass_rules(" , ;") == []
