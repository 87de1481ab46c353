"""The case table: chains good and bad, and the verdict each must get."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_NAME_CONSTRAINT_VIOLATION,
    OK,
)
from tests.workers.certificate_chains import (
    HOST,
    Chain,
    below,
    both_expired_and_constrained,
    cross_signed,
    dated,
    deep,
    expired_middle,
    leaf_with,
    middle_with,
    named,
    old_root,
    pinned_leaf,
    self_signed,
    two_roots_of_one_name,
)
from tests.workers.certificate_factory import DAY, HOUR, NOW, Issued, make_authority
from tests.workers.certificate_rules import RULES

ROWS: list[tuple[str, int, Callable[[], Chain]]] = [
    # Ways to a root.
    ("issued by the root", OK, lambda: below(make_authority())),
    ("over an intermediate", OK, lambda: below(make_authority(), middle_with())),
    (
        "the root is sent too",
        OK,
        lambda: below(make_authority(), middle_with(), served=[middle_with(), make_authority()]),
    ),
    ("sent in the wrong order", OK, lambda: deep(4)._replace(served=list(reversed(deep(4).served)))),
    ("twelve intermediates", OK, lambda: deep(12)),
    (
        "an intermediate is missing",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: below(make_authority(), middle_with(), served=[]),
    ),
    ("only an intermediate is trusted", OK, lambda: below(middle_with())),
    (
        "an unknown root",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: below(make_authority())._replace(trusted=[make_authority("x")]),
    ),
    (
        "another root of the same name",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: below(make_authority())._replace(trusted=[make_authority(number=7)]),
    ),
    ("two roots of the same name", OK, two_roots_of_one_name),
    (
        "self-signed, not trusted",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: self_signed()._replace(trusted=[make_authority()]),
    ),
    ("self-signed with CA:FALSE, trusted", OK, lambda: self_signed(is_authority=False)),
    ("self-signed with CA:TRUE, trusted", OK, lambda: self_signed(is_authority=True)),
    ("self-signed without basicConstraints, trusted", OK, lambda: self_signed(is_authority=None)),
    ("an issued leaf that is trusted itself", OK, pinned_leaf),
    (
        "an authority as leaf",
        OK,
        lambda: below(make_authority(), leaf=Issued.make(issuer=make_authority(), is_authority=True)),
    ),
    ("cross-signed, the old root is trusted", OK, lambda: cross_signed(trusts_old=True)),
    ("cross-signed, the new root is trusted", OK, lambda: cross_signed(trusts_new=True)),
    ("cross-signed, both are trusted", OK, lambda: cross_signed(trusts_old=True, trusts_new=True)),
    (
        "cross-signed, neither is trusted",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: cross_signed()._replace(trusted=[make_authority()]),
    ),
    (
        "cross-signed, the old root has expired",
        OK,
        lambda: cross_signed(trusts_old=True, trusts_new=True, old=old_root()),
    ),
    (
        "cross-signed, only the expired root is trusted",
        ERR_CERT_DATE_INVALID,
        lambda: cross_signed(trusts_old=True, old=old_root()),
    ),
    (
        "cross-signed, the cross-certificate has expired",
        OK,
        lambda: cross_signed(trusts_old=True, trusts_new=True, cross_end=NOW - HOUR),
    ),
    # Hosts; the finer points are in test_certificate_host.py.
    ("wrong host", ERR_CERT_COMMON_NAME_INVALID, lambda: named(HOST, "other.test")),
    ("common name only", ERR_CERT_COMMON_NAME_INVALID, lambda: leaf_with(san=())),
    ("wildcard", OK, lambda: named("*.example.test", "a.example.test")),
    (
        "wildcard, two labels",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("*.example.test", "a.b.example.test"),
    ),
    ("wildcard, no label", ERR_CERT_COMMON_NAME_INVALID, lambda: named("*.example.test", HOST)),
    (
        "wildcard within a label",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("f*.example.test", "foo.example.test"),
    ),
    ("wildcard below a top level", ERR_CERT_COMMON_NAME_INVALID, lambda: named("*.test", HOST)),
    (
        "wildcard for an underscore",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("*.example.test", "a_b.example.test"),
    ),
    (
        "wildcard above an underscore",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("*.a_b.example.test", "x.a_b.example.test"),
    ),
    ("wildcard above a hyphen", ERR_CERT_COMMON_NAME_INVALID, lambda: named("*.a-.test", "x.a-.test")),
    ("wildcard and IDNA", OK, lambda: named("*.example.test", "xn--bcher-kva.example.test")),
    (
        "wildcard in IDNA",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("xn--*.example.test", "xn--bcher-kva.example.test"),
    ),
    ("underscore", OK, lambda: named("a_b.example.test", "a_b.example.test")),
    ("IDNA, ASCII", OK, lambda: named("xn--bcher-kva.example.test", "xn--bcher-kva.example.test")),
    ("IDNA, Unicode", OK, lambda: named("xn--bcher-kva.example.test", "bücher.example.test")),
    ("upper case in the certificate", OK, lambda: named("EXAMPLE.Test", HOST)),
    ("trailing dot in the certificate", ERR_CERT_COMMON_NAME_INVALID, lambda: named("example.test.", HOST)),
    (
        "leading dot in the certificate",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named(".example.test", "a.example.test"),
    ),
    ("IPv4", OK, lambda: named("IP:127.0.0.1", "127.0.0.1")),
    ("another IPv4", ERR_CERT_COMMON_NAME_INVALID, lambda: named("IP:127.0.0.1", "127.0.0.2")),
    ("IPv4 as a name", ERR_CERT_COMMON_NAME_INVALID, lambda: named("127.0.0.1", "127.0.0.1")),
    ("IPv6", OK, lambda: named("IP:::1", "::1")),
    ("IPv6 written out", OK, lambda: named("IP:::1", "0:0:0:0:0:0:0:1")),
    ("IPv4 mapped to IPv6", ERR_CERT_COMMON_NAME_INVALID, lambda: named("IP:127.0.0.1", "::ffff:127.0.0.1")),
    # Dates.
    ("expired", ERR_CERT_DATE_INVALID, lambda: dated(NOW - 9 * DAY, NOW - HOUR)),
    ("not valid yet", ERR_CERT_DATE_INVALID, lambda: dated(NOW + HOUR, NOW + DAY)),
    ("valid for ten years", OK, lambda: dated(NOW - DAY, NOW + 3650 * DAY)),
    (
        "expired and for another host",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: dated(NOW - 9 * DAY, NOW - HOUR, "b.test"),
    ),
    ("expired root", ERR_CERT_DATE_INVALID, lambda: below(old_root())),
    (
        "expired intermediate",
        ERR_CERT_DATE_INVALID,
        lambda: below(make_authority(), expired_middle()),
    ),
    ("expired and not allowed", ERR_CERT_NAME_CONSTRAINT_VIOLATION, both_expired_and_constrained),
    *RULES,
]
