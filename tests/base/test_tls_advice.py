"""One line that helps, for each way in which a certificate or a handshake is usually wrong."""

from __future__ import annotations

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509

from netstack_sync.base import net_errors as e
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.tls_advice import certificate_advice, tls_advice
from netstack_sync.base.tls_wording import PYTHON, TlsTerms
from netstack_sync.testing.server_tls import TlsRecipe
from tests.workers.certificate_factory import DAY, NOW, Issued, make_authority

_ROOT = make_authority("root")
_MIDDLE = make_authority("middle", _ROOT, number=2)
_LEAF = Issued.make("a.test", issuer=_MIDDLE, san=("a.test",))


_OWN = TlsTerms(has_own_context=True)


def info(*chain: Issued, host: str = "a.test", pinned_by: str = "") -> SSLInfo:
    """What is known of a server that sent a chain."""
    return SSLInfo("", "", "", tuple(issued.der for issued in chain), host, pinned_by=pinned_by)


def test_an_unknown_authority_is_named() -> None:
    """The topmost that the server sent, in whatever order; with the root there is nothing that it kept back."""
    for chain in (info(_LEAF, _MIDDLE, _ROOT), info(_LEAF, _ROOT, _MIDDLE)):
        advice = certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, chain)
        assert (
            advice == "If you trust CN=root, pass its certificate: extra_ca='ca.pem', or verify='ca.pem' for it alone."
        )


@pytest.mark.parametrize("chain, missing", [((_LEAF,), "CN=middle"), ((_LEAF, _MIDDLE), "CN=root")])
def test_a_missing_issuer_is_named(chain: tuple[Issued, ...], missing: str) -> None:
    """The most common mistake of servers is to keep an intermediate certificate back."""
    advice = certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, info(*chain))
    assert advice.startswith(f"If you trust {missing}, pass its certificate: ") and "keeps back" in advice


def test_issuers_in_a_circle_are_followed_once() -> None:
    """A server may send what it likes."""
    one, two = (make_authority(name, number=number) for name, number in (("one", 1), ("two", 2)))
    circle = info(Issued.make("one", issuer=two), make_authority("two", one), make_authority("one", two))
    assert "If you trust CN=" in certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, circle)


def test_a_self_signed_certificate_is_passed_itself() -> None:
    """There is no authority to trust."""
    advice = certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, info(Issued.make("a.test")))
    assert advice == "If you trust this server, pass its certificate itself: verify='server.pem'."


def test_the_names_of_the_certificate_are_shown() -> None:
    """The caller may have meant one of them; of hundreds only the first."""
    advice = certificate_advice(e.ERR_CERT_COMMON_NAME_INVALID, info(_LEAF, host="b.test"))
    assert advice == (
        "Ask for one of its names, a.test; or the server needs a certificate that has b.test among its subjectAltName."
    )
    many = Issued.make("a.test", san=[f"{number}.test" for number in range(9)])
    advice = certificate_advice(e.ERR_CERT_COMMON_NAME_INVALID, info(many, host="b.test"))
    assert "0.test, 1.test, 2.test, 3.test, 4.test and 4 more; " in advice and "5.test" not in advice


def test_a_certificate_without_names_needs_some() -> None:
    """Old ones have only a common name, which nobody looks at any more."""
    advice = certificate_advice(e.ERR_CERT_COMMON_NAME_INVALID, info(Issued.make("b.test", san=()), host="b.test"))
    assert advice.startswith("The server needs a certificate that has b.test ") and "common name" in advice


def expired(name: str, days: int, issuer: Issued | None = None) -> Issued:
    """An authority, or with an issuer of that name a leaf, whose time was over so many days ago."""
    begin, end = NOW - 9 * DAY, NOW - days * DAY
    if issuer is None:
        return make_authority(name, not_before=begin, not_after=end)
    return Issued.make(name, issuer=issuer, not_before=begin, not_after=end)


def date_advice(*chain: Issued) -> str:
    """About dates."""
    return certificate_advice(e.ERR_CERT_DATE_INVALID, info(*chain))


def test_since_when_a_certificate_has_expired() -> None:
    """The server's own, or an authority's on the way up."""
    advice = date_advice(expired("a.test", 1, _ROOT), _ROOT)
    assert advice == f"The certificate expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC: its owner has to renew it."
    old = expired("old", 2)
    advice = date_advice(Issued.make("a.test", issuer=old), old)
    assert advice.startswith(f"CN=old expired on {NOW - 2 * DAY:%Y-%m-%d %H:%M} UTC: ")


def test_the_servers_own_certificate_goes_first() -> None:
    """However long ago another one has expired: it is what the server's owner can see to."""
    old = expired("old", 8)
    assert date_advice(expired("a.test", 1, old), old).startswith("The certificate expired on ")
    early = Issued.make("a.test", issuer=old, not_before=NOW + DAY, not_after=NOW + 2 * DAY)
    assert date_advice(early, old).startswith("The certificate is valid only from ")


def test_a_certificate_beside_the_way_is_not_to_blame() -> None:
    """Servers send what nobody needs, and the old one of two namesakes."""
    stranger = expired("stranger", 8)
    old = expired("a.test", 1, _MIDDLE)
    assert date_advice(old, stranger, _MIDDLE).startswith("The certificate expired on ")
    elsewhere = "Its owner has to renew it, unless this machine's clock is wrong."
    assert date_advice(_LEAF, stranger, _MIDDLE) == elsewhere
    namesake = expired("middle", 3)
    for chain in ((_LEAF, namesake, _MIDDLE), (_LEAF, _MIDDLE, namesake)):
        assert date_advice(*chain) == elsewhere
    assert date_advice(_LEAF, namesake).startswith("CN=middle expired on ")


def test_an_authority_without_a_name_is_shown_by_its_number() -> None:
    """There is nothing else to call it by."""
    nameless = expired("", 1)
    leaf = Issued.make("a.test", issuer=nameless)
    assert date_advice(leaf, nameless).startswith(f"{nameless.certificate.serial_number:x} expired on ")


def test_a_certificate_of_the_future_casts_doubt_on_the_clock() -> None:
    """Machines without a battery wake up in 1970."""
    early = make_authority("early", not_before=NOW + DAY, not_after=NOW + 2 * DAY)
    advice = date_advice(Issued.make("a.test", issuer=early), early)
    assert advice == f"CN=early is valid only from {NOW + DAY:%Y-%m-%d %H:%M} UTC on: is this machine's clock right?"


@pytest.mark.parametrize("chain", [(), (_LEAF,)])
def test_dates_that_are_elsewhere_are_not_guessed(chain: tuple[Issued, ...]) -> None:
    """What expired may be a root of this machine's, or is not known at all."""
    assert date_advice(*chain) == "Its owner has to renew it, unless this machine's clock is wrong."


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
    advice = certificate_advice(net_error, info(_LEAF, _MIDDLE, host="b.test"))
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
    assert words in certificate_advice(net_error, None)
    assert words in certificate_advice(net_error, info(host=""))


def test_nothing_is_said_where_nothing_helps() -> None:
    """Rather than a sentence without sense."""
    assert certificate_advice(e.ERR_CERT_VALIDITY_TOO_LONG, info(_LEAF)) == ""
    assert tls_advice(e.ERR_SSL_BAD_RECORD_MAC_ALERT, "") == ""
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


@pytest.mark.parametrize(
    "terms, detail, advice",
    [
        (
            TlsTerms(min_version=ssl.TLSVersion.TLSv1_3),
            "tlsv1 alert protocol version",
            "That is a limit of your own: min_version='1.3' of your TlsSettings leaves out what this server speaks.",
        ),
        (
            TlsTerms(max_version=ssl.TLSVersion.TLSv1_2),
            "unsupported protocol",
            "That is a limit of your own: max_version='1.2' of your TlsSettings leaves out what this server speaks.",
        ),
        (
            TlsTerms(max_version=ssl.TLSVersion.TLSv1_2, ciphers="AES"),
            "sslv3 alert handshake failure",
            "That may be a limit of your own: max_version='1.2' of your TlsSettings or ciphers= of your TlsSettings "
            "leaves out what this server speaks.",
        ),
        (TlsTerms(ciphers="AES"), "tlsv1 alert protocol version", PYTHON.offer_more),
        (TlsTerms(max_version=ssl.TLSVersion.TLSv1_3), "tlsv1 alert protocol version", PYTHON.offer_more),
        (TlsTerms(), "sslv3 alert handshake failure", PYTHON.offer_more),
    ],
)
def test_a_limit_of_the_callers_own_is_named(terms: TlsTerms, detail: str, advice: str) -> None:
    """Nobody should look for the mistake in the server; the default limits are not the caller's."""
    assert tls_advice(e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH, detail, terms) == advice


def test_who_brings_a_context_is_told_about_that() -> None:
    """No other argument has a say beside it."""
    own = TlsTerms(True, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2, "AES")
    texts = [
        tls_advice(number, "protocol version", own)
        for number in (
            e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
            e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED,
            e.ERR_BAD_SSL_CLIENT_AUTH_CERT,
        )
    ]
    for number, chain in (
        (e.ERR_CERT_AUTHORITY_INVALID, info(_LEAF)),
        (e.ERR_CERT_AUTHORITY_INVALID, info(Issued.make("a.test"))),
        (e.ERR_CERT_AUTHORITY_INVALID, info()),
        (e.ERR_CERT_UNABLE_TO_CHECK_REVOCATION, info(_LEAF)),
        (e.ERR_CERT_INVALID, info(_LEAF)),
    ):
        texts.append(certificate_advice(number, chain, own))
    for text in texts:
        assert "our SSLContext" in text and text.endswith(".")
        assert not any(word in text for word in ("extra_ca", "verify=", "cert=", "TlsSettings", "crls="))


def test_pins_are_the_sessions_also_beside_a_context() -> None:
    """They are compared whoever judges the chain."""
    advice = certificate_advice(e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN, info(_LEAF, pinned_by="a.test"), _OWN)
    assert "into pins={'a.test': ...}; else" in advice


def test_pins_of_a_domain_above_are_named() -> None:
    """There is no entry of the host's own where a new key could be put."""
    violated = info(_LEAF, host="www.a.test", pinned_by="a.test")
    advice = certificate_advice(e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN, violated)
    assert "into pins={'a.test': ...}, whose pins count for www.a.test too; else" in advice


@pytest.mark.parametrize(
    "net_error, chain",
    [
        (e.ERR_SSL_SERVER_CERT_BAD_FORMAT, (b"junk",)),
        (e.ERR_SSL_SERVER_CERT_BAD_FORMAT, ()),
        (e.ERR_CERT_INVALID, (b"junk",)),
        (e.ERR_CERT_AUTHORITY_INVALID, (b"junk", _MIDDLE.der)),
    ],
)
def test_a_certificate_that_cannot_be_read_is_called_that(net_error: int, chain: tuple[bytes, ...]) -> None:
    """An authority that came with it is not taken for the server's own."""
    advice = certificate_advice(net_error, SSLInfo("", "", "", chain, "a.test"))
    assert advice.startswith("What the server sent as its certificate cannot be read: ")


def test_openssl_cannot_read_it_either() -> None:
    """In its words, which come before any verdict of ours."""
    advice = tls_advice(e.ERR_SSL_PROTOCOL_ERROR, unreadable_certificate_words())
    assert advice.startswith("What the server sent as its certificate cannot be read: ")


def unreadable_certificate_words() -> str:
    """What OpenSSL says to a certificate of zeros, which TLS 1.2 still sends in the clear."""
    with TemporaryDirectory() as folder:
        server_context = TlsRecipe(max_version=ssl.TLSVersion.TLSv1_2).context(Path(folder))
    bios = [ssl.MemoryBIO() for _ in range(4)]
    client = ssl.create_default_context().wrap_bio(bios[0], bios[1], server_hostname="localhost")
    server = server_context.wrap_bio(bios[2], bios[3], server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    bios[2].write(bios[1].read())
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    flight = bios[3].read()
    begin = flight.index(b"\x30\x82")  # of the certificate: a SEQUENCE with a length of two bytes
    size = 4 + int.from_bytes(flight[begin + 2 : begin + 4], "big")
    bios[0].write(flight[:begin] + bytes(size) + flight[begin + size :])
    with pytest.raises(ssl.SSLError) as caught:
        client.do_handshake()
    return (caught.value.reason or str(caught.value)).replace("_", " ").lower()


def test_names_of_strangers_are_escaped() -> None:
    """Wherever a name of a certificate's is part of the advice."""
    evil = make_authority("root\x1b[2J")
    leaf = Issued.make("a\r\nb", issuer=evil, san=())
    old = expired("old\u202e", 1)
    name = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x05\x82\x03a\x1bb")
    named = Issued.make("a.test", san=(), extensions=((name, False),))
    for advice in (
        certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, info(leaf)),
        certificate_advice(e.ERR_CERT_AUTHORITY_INVALID, info(leaf, evil)),
        certificate_advice(e.ERR_CERT_NAME_CONSTRAINT_VIOLATION, info(leaf)),
        certificate_advice(e.ERR_CERT_COMMON_NAME_INVALID, info(named, host="b.test")),
        date_advice(Issued.make("a.test", issuer=old), old),
    ):
        assert advice.isprintable() and "\\" in advice
