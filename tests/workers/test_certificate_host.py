"""The host names that a certificate stands for."""

from __future__ import annotations

import pytest
from cryptography import x509

from netstack_sync.workers.certificate_host import host_fault, is_non_unique
from tests.workers.certificate_factory import general_name


def _fault(host: str, *entries: str) -> str:
    return host_fault([general_name(entry) for entry in entries] or None, host)


@pytest.mark.parametrize(
    "entry, host",
    [
        ("example.test", "example.test"),
        ("EXAMPLE.Test", "example.test"),
        ("example.test", "EXAMPLE.TEST"),
        ("example.test", "example.test."),
        ("a_b.example.test", "a_b.example.test"),
        ("localhost", "localhost"),
        ("*.example.test", "a.example.test"),
        ("*.example.test", "-a.example.test"),
        ("*.3.test", "a.3.test"),
        ("*.xn--a.test", "b.xn--a.test"),
        ("*.example.test", "xn--bcher-kva.example.test"),
        ("xn--bcher-kva.example.test", "bücher.example.test"),
        ("IP:127.0.0.1", "127.0.0.1"),
        ("IP:127.0.0.1", "127.1"),
        ("IP:::1", "::1"),
        ("IP:::1", "0:0:0:0:0:0:0:1"),
        ("IP:2001:db8::1", "2001:DB8::1"),
    ],
)
def test_entries_that_match(entry: str, host: str) -> None:
    """Names match without regard to case and to the host's trailing dot; addresses by value."""
    assert _fault(host, entry) == ""


@pytest.mark.parametrize(
    "entry, host",
    [
        ("example.test", "other.test"),
        ("example.test", "a.example.test"),
        ("example.test.", "example.test"),
        (".example.test", "a.example.test"),
        ("*.example.test", "example.test"),
        ("*.example.test", "a.b.example.test"),
        ("*.example.test", "a_b.example.test"),
        ("*.example.test.", "a.example.test"),
        ("*.test", "example.test"),
        ("*", "localhost"),
        ("*.*.test", "a.example.test"),
        ("f*.example.test", "foo.example.test"),
        ("*a.example.test", "ba.example.test"),
        ("a.*.test", "a.example.test"),
        ("xn--*.example.test", "xn--bcher-kva.example.test"),
        ("*.a_b.example.test", "x.a_b.example.test"),
        ("*.-a.test", "x.-a.test"),
        ("*.a-.test", "x.a-.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("example.test", "127.0.0.1"),
        ("IP:127.0.0.1", "127.0.0.2"),
        ("IP:127.0.0.1", "::ffff:127.0.0.1"),
        ("IP:127.0.0.1", "example.test"),
        ("*.0.0.1", "127.0.0.1"),
        ("example.test", "no such host"),
    ],
)
def test_entries_that_do_not_match(entry: str, host: str) -> None:
    """Wildcards are one whole first label, never match addresses, and need two labels after them."""
    assert repr(host) in _fault(host, entry)


@pytest.mark.parametrize("entry, host", [("ban\u212a.test", "bank.test"), ("*.ban\u212a.test", "a.bank.test")])
def test_letters_that_are_not_ascii_match_nothing(entry: str, host: str) -> None:
    """In lower case the sign of Kelvin is a k."""
    assert entry.lower().endswith("bank.test")
    name = x509.DNSName._init_without_validation(entry)
    assert repr(host) in host_fault([name], host)
    assert host_fault([name, general_name(host)], host) == ""


def test_names_are_shown_in_one_line() -> None:
    """They are a stranger's."""
    names = [x509.DNSName(f"{text}.test") for text in ("a\x1b[2J", "b\r\nforged", "x" * 60_000)]
    fault = host_fault(names, "b.test")
    assert fault.isprintable() and len(fault) < 300


def test_the_common_name_does_not_count() -> None:
    """A certificate without subjectAltName is for nobody."""
    assert "names no host at all in subjectAltName" in _fault("example.test")


def test_a_subject_alternative_name_without_hosts_is_for_nobody() -> None:
    """Entries of other kinds are no hosts."""
    fault = host_fault([x509.RFC822Name("a@example.test")], "b.test")
    assert fault == "the certificate is for no host, not for 'b.test'"


def test_the_fault_names_who_the_certificate_is_for() -> None:
    """A few names are shown, of many only the first."""
    fault = _fault("b.test", "a.test", "IP:127.0.0.1")
    assert fault == "the certificate is for a.test, 127.0.0.1, not for 'b.test'"
    many = [f"{number}.test" for number in range(7)]
    assert "0.test, 1.test, 2.test, 3.test, 4.test and 2 more" in _fault("b.test", *many)


@pytest.mark.parametrize(
    "host, expected",
    [
        ("localhost", True),
        ("intranet", True),
        ("intranet.", True),
        ("example.test", False),
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("192.168.1.1", True),
        ("169.254.1.1", True),
        ("100.64.0.1", True),
        ("8.8.8.8", False),
        ("::1", True),
        ("fe80::1", True),
        ("fd00::1", True),
        ("2001:4860:4860::8888", False),
    ],
)
def test_some_hosts_are_others_in_other_networks(host: str, expected: bool) -> None:
    """Names without a dot, and addresses that are not of the internet."""
    assert is_non_unique(host) is expected
