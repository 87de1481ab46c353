"""Digest answers: the vectors of the RFCs, and what the header says besides."""

from __future__ import annotations

import hashlib

import pytest

from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.digest import DigestHandler, make_cnonce
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import AuthIdentity
from tests.support.digest_server import fields_of

LIFE = ("Mufasa", "Circle of Life")
RFC_7616 = (
    'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC_2617 = 'realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'


def get(uri: str = "/dir/index.html", body: bytes | None = b"", method: str = "GET") -> AuthRequest:
    return AuthRequest(method, uri, lambda: body)


def maybe_handler(parameters: str, user: tuple[str, str] = LIFE, cnonce: str = CNONCE) -> DigestHandler | None:
    [challenge] = parse_challenges(["Digest " + parameters])
    return DigestHandler.from_challenge(challenge, AuthIdentity(*user, ("digest",)), lambda: cnonce)


def handler(parameters: str, user: tuple[str, str] = LIFE, cnonce: str = CNONCE) -> DigestHandler:
    found = maybe_handler(parameters, user, cnonce)
    assert found is not None and found.scheme == "digest"
    return found


@pytest.mark.parametrize(
    "algorithm, response",
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_example(algorithm: str, response: str) -> None:
    """RFC 7616 §3.9.1, to the letter but for the order of the fields."""
    value = handler(f"{RFC_7616}, algorithm={algorithm}").authorization(get())
    assert fields_of(value) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": CNONCE,
        "qop": "auth",
        "response": response,
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }
    assert ", qop=auth, nc=00000001, " in value, "without quotes (§3.4)"


@pytest.mark.skipif("sha512_256" not in hashlib.algorithms_available, reason="OpenSSL was built without it")
def test_rfc_7616_example_with_a_hashed_name() -> None:
    """RFC 7616 §3.9.2 with the hashes of its erratum 4897, which uses SHA-512/256 and not half of SHA-512."""
    digest = handler(
        'realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK"'
        ', opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true',
        ("J\xe4s\xf8n Doe", "Secret, or not?"),
        "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    )
    fields = fields_of(digest.authorization(get("/doe.json")))
    assert fields["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert fields["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert fields["userhash"] == "true"


def test_older_examples() -> None:
    """RFC 2617 §3.5, and RFC 2069 §2.4 with its erratum 749: no qop, so no count either."""
    digest = handler(RFC_2617 + ', qop="auth,auth-int"', ("Mufasa", "Circle Of Life"), "0a4f113b")
    fields = fields_of(digest.authorization(get()))
    assert fields["response"] == "6629fae49393a05397450978507c4ef1" and "algorithm" not in fields
    fields = fields_of(handler(RFC_2617, ("Mufasa", "CircleOfLife")).authorization(get()))
    assert fields["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert not fields.keys() & {"nc", "cnonce", "qop", "opaque"}


@pytest.mark.parametrize(
    "parameters",
    [
        'nonce="n"',
        'realm="r"',
        'realm="r", nonce=""',
        'realm="r", nonce="n", algorithm=SHA-3',
        'realm="r", nonce="n", algorithm=-sess',
        'realm="r", nonce="n", algorithm=""',
    ],
)
def test_what_cannot_be_understood_is_not_answered(parameters: str) -> None:
    """Row 168: a challenge that makes no sense leaves the others to choose from."""
    assert maybe_handler(parameters) is None


def test_the_use_of_a_nonce_is_counted() -> None:
    """In hexadecimal, from one for each nonce; the server may give the next one in advance (§3.5)."""
    digest = handler(RFC_7616)
    counts = [fields_of(digest.authorization(get()))["nc"] for _ in range(11)]
    assert counts[0] == "00000001" and counts[10] == "0000000b"
    digest.on_authentication_info('rspauth="x"')
    assert fields_of(digest.authorization(get()))["nc"] == "0000000c"
    digest.on_authentication_info('nextnonce="new"')
    fields = fields_of(digest.authorization(get()))
    assert (fields["nonce"], fields["nc"]) == ("new", "00000001")


def test_quality_of_protection() -> None:
    """auth where the server takes it; auth-int for a body that is known; nothing else is possible."""
    assert handler(RFC_7616).can_answer(get(body=None))
    signs = handler('realm="r", nonce="n", qop=auth-int')
    assert signs.can_answer(get(body=b"x")) and not signs.can_answer(get(body=None))
    one, two = (fields_of(signs.authorization(get(body=body)))["response"] for body in (b"1", b"2"))
    assert one != two
    assert not handler('realm="r", nonce="n", qop=auth-conf').can_answer(get())


def test_sess_needs_our_nonce_even_without_qop() -> None:
    """It is part of the secret."""
    fields = fields_of(handler('realm="r", nonce="n", algorithm=md5-SESS').authorization(get()))
    assert fields["cnonce"] == CNONCE and "nc" not in fields and fields["algorithm"] == "md5-SESS"


def test_quotes_are_escaped_and_hashed_without_escapes() -> None:
    """RFC 7616 §3.4.1, unq(); bytes beyond ASCII go back as they came."""
    value = handler(r'realm="a \"b\" é", nonce="n\\"', ('q"\\', "p")).authorization(get('/"'))
    assert r'username="q\"\\", realm="a \"b\" é", nonce="n\\", uri="/\""' in value
    a1 = hashlib.md5(b'q"\\:a "b" \xe9:p').hexdigest()
    a2 = hashlib.md5(b'GET:/"').hexdigest()
    assert hashlib.md5(f"{a1}:n\\:{a2}".encode()).hexdigest() in value


def test_names_beyond_ascii() -> None:
    """RFC 7616 §3.4: username* where a quoted string cannot hold the name."""
    value = handler('realm="r", nonce="n"', ("J\xe4s\xf8n Doe", "p")).authorization(get())
    assert "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, " in value and "username=" not in value
    assert "username*=UTF-8''a%0D%0Ab," in handler('realm="r", nonce="n"', ("a\r\nb", "p")).authorization(get())


def test_our_nonces_differ() -> None:
    """They are random."""
    assert len({make_cnonce() for _ in range(100)}) == 100


@pytest.mark.parametrize("name", ["realm", "nonce", "opaque"])
def test_what_is_repeated_with_every_request_is_short(name: str) -> None:
    """Rule R13: a server cannot make us remember, and send, whatever it likes."""
    fields = {"realm": "r", "nonce": "n", "opaque": "o"}
    text = ", ".join(f'{key}="{value}"' for key, value in {**fields, name: "x" * 4094}.items())
    assert maybe_handler(text) is not None
    assert maybe_handler(text.replace("x", "xx")) is None
    known = handler('realm="r", nonce="n"')
    known.on_authentication_info(f'nextnonce="{"x" * 4097}"')
    assert fields_of(known.authorization(get()))["nonce"] == "n"
