"""Challenges out of the headers that servers send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.auth.challenge import MAX_LENGTH, AuthChallenge, _parse_value, parse_challenges, parse_parameters


@pytest.mark.parametrize(
    "value, expected",
    [
        ("", []),
        ("Basic", [AuthChallenge("basic", {})]),
        ('Basic realm="a, b"', [AuthChallenge("basic", {"realm": "a, b"})]),
        ("BASIC Realm = plain ", [AuthChallenge("basic", {"realm": "plain"})]),
        (r'Basic realm="say \"hi\" \\"', [AuthChallenge("basic", {"realm": r'say "hi" \ '.rstrip()})]),
        ('Basic realm="open', [AuthChallenge("basic", {"realm": "open"})]),
        ("Basic realm=", [AuthChallenge("basic", {}, "realm=")]),
        ("Basic a=1, a=2", [AuthChallenge("basic", {"a": "1"})]),
        ("Negotiate", [AuthChallenge("negotiate", {})]),
        ("Negotiate oYG2MIGz==", [AuthChallenge("negotiate", {}, "oYG2MIGz==")]),
        ("NTLM TlRMTVNT+/a", [AuthChallenge("ntlm", {}, "TlRMTVNT+/a")]),
        ("New type, Basic ,, , realm=x", [AuthChallenge("new", {}, "type"), AuthChallenge("basic", {"realm": "x"})]),
        ("a=1, Basic", [AuthChallenge("basic", {})]),
        ('"?", Basic', [AuthChallenge("basic", {})]),
        (
            'Digest realm="r", qop="auth, auth-int",nonce="n==", Basic realm="r"',
            [
                AuthChallenge("digest", {"realm": "r", "qop": "auth, auth-int", "nonce": "n=="}),
                AuthChallenge("basic", {"realm": "r"}),
            ],
        ),
    ],
)
def test_one_field(value: str, expected: list[AuthChallenge]) -> None:
    """RFC 9110 §11.6.1: the comma separates challenges as well as parameters."""
    assert parse_challenges([value]) == expected


def test_several_fields_keep_their_order() -> None:
    """A parameter belongs to a challenge of its own field."""
    challenges = parse_challenges(['Negotiate, Basic realm="a"', "stray=1, Digest", ""])
    assert [challenge.scheme for challenge in challenges] == ["negotiate", "basic", "digest"]
    assert [challenge.realm for challenge in challenges] == ["", "a", ""]


def test_parameters_without_a_scheme() -> None:
    """As in Authentication-Info; what is none is left out."""
    assert parse_parameters('nextnonce="a,b", qop=auth, what') == {"nextnonce": "a,b", "qop": "auth"}


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_nothing_raises(value: str) -> None:
    """A server may say anything."""
    for challenge in parse_challenges([value]):
        assert challenge.scheme and challenge.scheme == challenge.scheme.lower()


def test_twice_the_length_takes_twice_the_time_at_most() -> None:
    """Rule R23: hopeless values end soon, however long; the test's limit would show it."""
    for unit in ('a="', "a =", "\\", '"', "a,", "a ", "=", "a=\t"):
        _parse_value(unit * (200_000 // len(unit)))
    _parse_value("Basic a=" + " " * 200_000 + 'x"y"')


def test_no_more_is_read_than_a_server_may_need() -> None:
    """Rule R13: a header block full of challenges would hold the network thread up."""
    long = "Basic realm=" + "x" * (MAX_LENGTH - 12)
    assert [challenge.scheme for challenge in parse_challenges([long])] == ["basic"]
    assert parse_challenges([long + "x", "Digest"]) == []
    assert [challenge.scheme for challenge in parse_challenges(["Digest", long, "NTLM"])] == ["digest"]
    assert parse_parameters("a=" + "x" * (MAX_LENGTH - 2)) and not parse_parameters("a=" + "x" * (MAX_LENGTH - 1))
