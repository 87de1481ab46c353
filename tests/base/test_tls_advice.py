"""One line that helps, for each way in which a certificate or a handshake is usually wrong."""

from __future__ import annotations

import ssl

import pytest

from netstack_sync.base import net_errors as e
from netstack_sync.base.tls_advice import certificate_advice, tls_advice
from netstack_sync.base.x509 import CertificateFacts, chain_facts
from tests.workers.certificate_factory import DAY, NOW, Issued, make_authority

_ROOT = make_authority("root")
_MIDDLE = make_authority("middle", _ROOT, number=2)
_LEAF = Issued.make("a.test", issuer=_MIDDLE, san=("a.test",))


def facts(*chain: Issued) -> tuple[CertificateFacts, ...]:
    """What is read of a chain."""
    return chain_facts(tuple(issued.der for issued in chain))


def test_an_unknown_authority_is_named() -> None:
    """The topmost that the server sent, in whatever order; with the root there is nothing that it kept back."""
    for chain in (facts(_LEAF, _MIDDLE, _ROOT), facts(_LEAF, _ROOT, _MIDDLE)):
        advice = certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, "a.test", chain)
        assert (
            advice == "If you trust CN=root, pass its certificate: extra_ca='ca.pem', or verify='ca.pem' for it alone."
        )


@pytest.mark.parametrize("chain, missing", [((_LEAF,), "CN=middle"), ((_LEAF, _MIDDLE), "CN=root")])
def test_a_missing_issuer_is_named(chain: tuple[Issued, ...], missing: str) -> None:
    """The most common mistake of servers is to keep an intermediate certificate back."""
    advice = certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, "a.test", facts(*chain))
    assert advice.startswith(f"If you trust {missing}, pass its certificate: ") and "keeps back" in advice


def test_issuers_in_a_circle_are_followed_once() -> None:
    """A server may send what it likes."""
    one, two = (make_authority(name, number=number) for name, number in (("one", 1), ("two", 2)))
    circle = facts(Issued.make("one", issuer=two), make_authority("two", one), make_authority("one", two))
    assert "If you trust CN=" in certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, "a.test", circle)


def test_a_self_signed_certificate_is_passed_itself() -> None:
    """There is no authority to trust."""
    advice = certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, "a.test", facts(Issued.make("a.test")))
    assert advice == "If you trust this server, pass its certificate itself: verify='server.pem'."


def test_the_names_of_the_certificate_are_shown() -> None:
    """The caller may have meant one of them; of hundreds only the first."""
    advice = certificate_advice(e.ERR_CERT_COMMON_NAME_INVALID, "b.test", facts(_LEAF))
    assert advice == (
        "Ask for one of its names, a.test; or the server needs a certificate that has b.test among its subjectAltName."
    )
    many = Issued.make("a.test", san=[f"{number}.test" for number in range(9)])
    advice = certificate_advice(e.ERR_CERT_COMMON_NAME_INVALID, "b.test", facts(many))
    assert "0.test, 1.test, 2.test, 3.test, 4.test and 4 more; " in advice and "5.test" not in advice


def test_a_certificate_without_names_needs_some() -> None:
    """Old ones have only a common name, which nobody looks at any more."""
    advice = certificate_advice(e.ERR_CERT_COMMON_NAME_INVALID, "b.test", facts(Issued.make("b.test", san=())))
    assert advice.startswith("The server needs a certificate that has b.test ") and "common name" in advice


def test_since_when_a_certificate_has_expired() -> None:
    """The first one that did, be it an authority's."""
    old_leaf = Issued.make("a.test", issuer=_ROOT, not_before=NOW - 3 * DAY, not_after=NOW - DAY)
    advice = certificate_advice(e.ERR_CERT_DATE_INVALID, "a.test", facts(old_leaf, _ROOT))
    assert advice == f"The certificate expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC: its owner has to renew it."
    old_root = make_authority("old root", not_before=NOW - 9 * DAY, not_after=NOW - 2 * DAY)
    advice = certificate_advice(e.ERR_CERT_DATE_INVALID, "a.test", facts(_LEAF, old_root))
    assert advice.startswith(f"CN=old root expired on {NOW - 2 * DAY:%Y-%m-%d %H:%M} UTC: ")


def test_a_certificate_of_the_future_casts_doubt_on_the_clock() -> None:
    """Machines without a battery wake up in 1970."""
    early = Issued.make("a.test", issuer=_ROOT, not_before=NOW + DAY, not_after=NOW + 2 * DAY)
    advice = certificate_advice(e.ERR_CERT_DATE_INVALID, "a.test", facts(_ROOT, early))
    assert advice == f"CN=a.test is valid only from {NOW + DAY:%Y-%m-%d %H:%M} UTC on: is this machine's clock right?"


@pytest.mark.parametrize("chain", [(), (_LEAF,)])
def test_dates_that_are_elsewhere_are_not_guessed(chain: tuple[Issued, ...]) -> None:
    """What expired may be a root of this machine's, or is not known at all."""
    advice = certificate_advice(e.ERR_CERT_DATE_INVALID, "a.test", facts(*chain))
    assert advice == "Its owner has to renew it, unless this machine's clock is wrong."


@pytest.mark.parametrize(
    "net_error, words",
    [
        (e.ERR_CERT_INVALID, "verify=ssl.create_default_context()"),
        (e.ERR_CERT_REVOKED, "do not trust this server"),
        (e.ERR_CERT_UNABLE_TO_CHECK_REVOCATION, "crls="),
        (e.ERR_CERT_WEAK_KEY, "RSA 2048"),
        (e.ERR_CERT_WEAK_SIGNATURE_ALGORITHM, "SHA-256"),
        (e.ERR_CERT_NAME_CONSTRAINT_VIOLATION, "What CN=middle may issue is limited: b.test "),
        (e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN, "pins={'b.test': ...}"),
    ],
)
def test_what_else_may_be_wrong(net_error: int, words: str) -> None:
    """Each in a line that ends with a full stop, with and without the chain."""
    advice = certificate_advice(net_error, "b.test", facts(_LEAF, _MIDDLE))
    assert words in advice and advice.endswith(".") and "\n" not in advice


@pytest.mark.parametrize(
    "net_error, words",
    [
        (e.ERR_CERT_AUTHORITY_INVALID, "its authority"),
        (e.ERR_CERT_COMMON_NAME_INVALID, "that has the host among"),
        (e.ERR_CERT_NAME_CONSTRAINT_VIOLATION, "What its issuer may issue is limited: the server "),
        (e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN, "into pins=;"),
    ],
)
def test_advice_without_host_and_chain(net_error: int, words: str) -> None:
    """When only the number is known."""
    assert words in certificate_advice(net_error, "", ())


def test_nothing_is_said_where_nothing_helps() -> None:
    """Rather than a sentence without sense."""
    assert certificate_advice(e.ERR_SSL_SERVER_CERT_BAD_FORMAT, "a.test", ()) == ""
    assert tls_advice(e.ERR_SSL_PROTOCOL_ERROR, "tlsv1 alert internal error") == ""


def openssl_words(answer: bytes) -> str:
    """What OpenSSL says to the first bytes of a server, in the spelling of the stack's details."""
    incoming = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, ssl.MemoryBIO(), server_hostname="a.test")
    incoming.write(answer)
    with pytest.raises(ssl.SSLError) as caught:
        client.do_handshake()
    return str(caught.value.reason).replace("_", " ").lower()


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2p1\r\n", b"220 mail.test ESMTP\r\n", b"\0" * 9]
)
def test_a_port_without_tls_is_suspected(answer: bytes) -> None:
    """Whatever else answered: the wrong port is more likely than a broken TLS."""
    detail = f"https://a.test/: {openssl_words(answer)}"
    assert tls_advice(e.ERR_SSL_PROTOCOL_ERROR, detail).startswith("What answered does not speak TLS: ")


@pytest.mark.parametrize(
    "net_error, words",
    [
        (e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH, "TlsSettings(...)"),
        (e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED, "cert=("),
        (e.ERR_BAD_SSL_CLIENT_AUTH_CERT, "cert="),
    ],
)
def test_other_handshakes_that_fail(net_error: int, words: str) -> None:
    """The argument to pass is named."""
    assert words in tls_advice(net_error, "a.test")
