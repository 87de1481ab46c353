"""Chains made at random: none is taken that OpenSSL refuses in a real handshake."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync.base.net_errors import OK
from netstack_sync.workers.verify_certificate import verify_certificate
from tests.workers.certificate_chains import (
    ANY_PURPOSE,
    CLIENT_AUTH,
    HOST,
    NETSCAPE_TYPE,
    SERVER_AUTH,
    Chain,
    ask_here,
    lists_here,
    policies,
)
from tests.workers.certificate_factory import (
    DAY,
    HOUR,
    NOW,
    Extension,
    Issued,
    key_usage,
    make_authority,
    make_key,
    openssl_complaint,
    permit,
    unknown,
)
from tests.workers.certificate_trust import roots_of

_USAGES: list[x509.ExtensionType] = [
    key_usage(server=True),
    key_usage(sign_certificates=True),
    key_usage(server=True, sign_certificates=True),
    key_usage(),
]
_PURPOSES: list[x509.ExtensionType] = [
    x509.ExtendedKeyUsage([SERVER_AUTH]),
    x509.ExtendedKeyUsage([CLIENT_AUTH]),
    x509.ExtendedKeyUsage([ANY_PURPOSE]),
    x509.ExtendedKeyUsage([CLIENT_AUTH, SERVER_AUTH]),
]
_CONSTRAINTS: list[x509.ExtensionType] = [
    permit(x509.DNSName("test")),
    permit(x509.DNSName(HOST), x509.DNSName("b.test")),
    permit(x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))),
    permit(x509.RFC822Name("test")),
    x509.NameConstraints(None, [x509.DNSName("b.test")]),
    x509.NameConstraints([x509.DNSName("test")], [x509.DNSName("a.example.test")]),
]
_OTHERS: list[x509.ExtensionType] = [
    unknown("1.2.3.4.5"),
    unknown(NETSCAPE_TYPE, b"\x03\x02\x06\x40"),
    unknown(NETSCAPE_TYPE, b"\x03\x02\x07\x80"),
    policies(),
    x509.PolicyConstraints(0, None),
    x509.InhibitAnyPolicy(0),
    x509.TLSFeature([x509.TLSFeatureType.status_request]),
    lists_here(),
    ask_here(),
]
_NAMES = [(HOST,), (HOST, "b.test"), ("*.example.test",), ("IP:10.0.0.1",), ("a.example.test", "IP:10.0.0.1"), ()]
_HOSTS = [HOST, HOST, "a.example.test", "b.test", "10.0.0.1"]


def _one_in(number: int) -> st.SearchStrategy[bool]:
    return st.integers(1, number).map(lambda drawn: drawn == number)


@st.composite
def _extensions(draw: st.DrawFn) -> list[Extension]:
    """Few of them, or nothing would ever be good."""
    kinds = [kind for kind in (_USAGES, _PURPOSES, _CONSTRAINTS, _OTHERS) if draw(_one_in(6))]
    return [(draw(st.sampled_from(kind)), draw(st.booleans())) for kind in kinds]


@st.composite
def _authorities(draw: st.DrawFn, name: str, issuer: Issued | None, number: int) -> Issued:
    return make_authority(
        name,
        issuer,
        number=number,
        kind=draw(st.sampled_from(["P-256", "P-256", "P-384", "2048"])),
        is_authority=draw(st.sampled_from([True] * 8 + [False, None])),
        is_critical=draw(st.booleans()),
        path_length=None,
        not_after=NOW - HOUR if draw(_one_in(20)) else NOW + DAY,
        extensions=draw(_extensions()),
        has_identifiers=draw(st.booleans()),
    )


@st.composite
def _chains(draw: st.DrawFn) -> Chain:
    """With one way to a root at most: of several OpenSSL may take one that is bad."""
    root = top = draw(_authorities("root", None, 1))
    served: list[Issued] = []
    for number in range(draw(st.integers(0, 2))):
        top = draw(_authorities(f"middle {number}", top, 2 + number))
        served.insert(0, top)
    leaf = Issued.make(
        issuer=top,
        san=draw(st.sampled_from(_NAMES)),
        is_authority=draw(st.sampled_from([False, True, None])),
        not_after=NOW - HOUR if draw(_one_in(20)) else NOW + DAY,
        purposes=(),
        extensions=draw(_extensions()),
        key=make_key(draw(st.sampled_from(["P-256", "2048", "1024", "Ed25519"])), 9),
        has_identifiers=draw(st.booleans()),
    )
    trusted = draw(st.sampled_from([root, root, leaf, *served]))
    sent = [] if trusted is leaf else draw(st.permutations(served))
    return Chain(leaf, sent, [trusted], draw(st.sampled_from(_HOSTS)))


@given(_chains())
@settings(max_examples=200, deadline=None)
def test_no_chain_is_taken_that_openssl_refuses(chain: Chain) -> None:
    """Stricter we may be, as certificate_differences.py tells, but never laxer."""
    served = [chain.leaf.der, *(each.der for each in chain.served)]
    result = verify_certificate(served, chain.host, datetime.now(timezone.utc), roots_of(*chain.trusted))
    with TemporaryDirectory() as directory:
        complaint = openssl_complaint(*chain, Path(directory))
    assert result.net_error != OK or complaint == ""
