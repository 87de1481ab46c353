"""The verdicts on x509-limbo, compared with OpenSSL's and with what the suite expects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.workers.certificate_limbo import Judged, LimboCase, find_suite, has_openssl, judge_all, load_suite, score

# Certificates of the suite are odd on purpose, and some private keys of ours are short.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

_ONE_WAY = "OpenSSL takes the first way to a root and stays on it; ours has tried another, by all rules"
_LAST_SECOND = "notAfter belongs to the validity (RFC 5280 §4.1.2.5); OpenSSL leaves its second out"

# Refused by OpenSSL, and yet good: no other case may be.
LENIENT = {
    "rfc5280::nc::nc-forbids-alternate-chain-ica": _ONE_WAY,
    "rfc5280::nc::nc-forbids-same-chain-ica": _ONE_WAY,
    "rfc5280::validity::notafter-exact": _LAST_SECOND,
    "rfc5280::validity::notafter-fractional": _LAST_SECOND,
}

_AS_OPENSSL = "the key is for certificates only, so OpenSSL does not take it for a server either"

# Good, and yet refused: no other case may be.
REFUSED = {
    "pathlen::self-issued-certs-pathlen": "the engine counts certificates that an authority issued to itself",
    "rfc5280::nc::permitted-dn-match": "the engine cannot check constraints on directory names, and so refuses them",
    "pathlen::validation-ignores-pathlen-in-leaf": _AS_OPENSSL,
    "rfc5280::ca-as-leaf": _AS_OPENSSL,
}


@pytest.fixture(scope="module")
def cases() -> Sequence[LimboCase]:
    """The suite."""
    suite = find_suite()
    if suite is None:
        pytest.skip("x509-limbo is not here: set NETSTACK_X509_LIMBO to the path of its limbo.json")
    if not has_openssl():
        pytest.skip("there is no command line of OpenSSL to compare with")
    return load_suite(suite)


@pytest.fixture(scope="module")
def judged(cases: Sequence[LimboCase], tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    """Both verdicts on every case, found at once: the processes are what takes time."""
    return judge_all(cases, tmp_path_factory.mktemp("limbo"))


def test_no_chain_is_taken_that_openssl_refuses(judged: Sequence[Judged]) -> None:
    """But for those that the suite says are good, each with a reason."""
    taken = [each for each in judged if each.openssl_complaint and not each.complaint]
    unexplained = [str(each) for each in taken if each.case.name not in LENIENT or not each.case.is_good]
    assert not unexplained


def test_good_chains_are_taken(judged: Sequence[Judged]) -> None:
    """But for those that the engine cannot prove, each with a reason."""
    unexplained = [
        str(each) for each in judged if each.case.is_good and each.complaint and each.case.name not in REFUSED
    ]
    assert not unexplained


def test_bad_chains_are_refused_at_least_as_often_as_by_openssl(
    judged: Sequence[Judged], cases: Sequence[LimboCase], record_property: Callable[[str, object], None]
) -> None:
    """What both take breaks rules for public authorities, which neither is to enforce on private ones."""
    text = score(judged, cases)
    record_property("x509-limbo", text)
    print(text)
    ours = {each.case.name for each in judged if not each.case.is_good and not each.complaint}
    theirs = {each.case.name for each in judged if not each.case.is_good and not each.openssl_complaint}
    assert ours <= theirs, text


def test_cases_that_do_not_apply_say_why(cases: Sequence[LimboCase], judged: Sequence[Judged]) -> None:
    """They are about clients' certificates and limits that users set; every other case was judged."""
    left_out = [case for case in cases if case.inapplicable]
    assert len(left_out) + len(judged) == len(cases)
    assert {case.inapplicable.partition(",")[0] for case in left_out} == {
        "it is about a client's certificate",
        "it is about a limit on the length of chains that users set; there is none to set here",
    }
