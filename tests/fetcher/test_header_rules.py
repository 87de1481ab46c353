"""The caller's own Host and Content-Length."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import RequestHeaders
from netstack_sync.fetcher.header_rules import check_host, is_length


@pytest.mark.parametrize("host", ["a", "a.test:80", "[::1]:8080", "1.2.3.4", "a_b", "", "a:", "xn--a-0xa", None])
def test_one_host_will_do(host: str | None) -> None:
    check_host(RequestHeaders([("A", "b"), *([("hOST", host)] if host is not None else [])]))


def test_two_hosts_are_refused() -> None:
    """R16: also two that are the same; RFC 9112 §3.2."""
    for second in ("a", "b"):
        with pytest.raises(ValueError, match="headers: Host may be given only once"):
            check_host(RequestHeaders([("Host", "a"), ("host", second)]))


@pytest.mark.parametrize("host", ["a b", "a,b", "a, b", "a/b", "u@a", "a?b", "a:8x", "[::1", "a:1:2", "\xe4", "a\tb"])
def test_what_is_no_host_is_refused(host: str) -> None:
    """R15, R16: nothing that another parser may take for something else."""
    with pytest.raises(ValueError, match="headers: Host must be one name or address"):
        check_host(RequestHeaders([("Host", host)]))


@pytest.mark.parametrize(
    "text, is_one",
    [
        ("0", True),
        ("007", True),
        ("9" * 19, True),
        ("9" * 20, False),
        ("9" * 5000, False),
        ("", False),
        ("+1", False),
        ("1_0", False),
        (" 1", False),
        ("\xb2", False),
        ("1,1", False),
        ("0x1", False),
    ],
)
def test_a_length_is_digits(text: str, is_one: bool) -> None:
    """R15: ASCII digits only, and not so many that somebody's number overflows."""
    assert is_length(text) is is_one
