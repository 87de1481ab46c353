"""What the reader of a TLS error can do about it: one line, where there is something to say.

Here are no verdicts: the number says what is wrong, the certificates only lend names and dates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Final, NamedTuple

from netstack_sync.base import net_errors as e
from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.x509 import CertificateFacts

_MAX_NAMES_SHOWN: Final = 5  # some certificates have hundreds

# OpenSSL's words when the first bytes are no TLS record; which of them depends on the bytes and on its version.
_NOT_TLS: Final = ("wrong version number", "http request", "packet length too long", "record layer failure")


class _Case(NamedTuple):
    host: str  # empty when it is not known
    chain: tuple[CertificateFacts, ...]  # as the server sent it; empty when it is not known


def certificate_advice(net_error: int, host: str, chain: tuple[CertificateFacts, ...]) -> str:
    """What to do about a certificate that was refused with `net_error`; empty for what nobody can help."""
    about = _CERTIFICATE_ADVICE.get(net_error)
    return about(_Case(host, chain)) if about is not None else ""


def tls_advice(net_error: int, detail: str) -> str:
    """What to do about a handshake that failed for another reason; `detail` is in OpenSSL's words."""
    if net_error == e.ERR_SSL_PROTOCOL_ERROR and any(words in detail.lower() for words in _NOT_TLS):
        return "What answered does not speak TLS: is it the right port, or meant to be http:// ?"
    return _TLS_ADVICE.get(net_error, "")


def _about_authority(case: _Case) -> str:
    if not case.chain:
        return "If you trust its authority, pass the certificate of that as extra_ca= or verify=."
    if case.chain[0].is_self_signed:
        return "If you trust this server, pass its certificate itself: verify='server.pem'."
    top = _top_of(case.chain)
    authority = top.subject if top.is_self_signed else top.issuer
    advice = f"If you trust {authority}, pass its certificate: extra_ca='ca.pem', or verify='ca.pem' for it alone."
    if top.is_self_signed:
        return advice
    return f"{advice} If it is a public authority, the server keeps back a certificate that it should send."


def _top_of(chain: Sequence[CertificateFacts]) -> CertificateFacts:
    """Where the issuers lead to among what the server sent, going by names."""
    top = chain[0]
    by_subject = {facts.subject: facts for facts in chain[1:]}
    while not top.is_self_signed and top.issuer in by_subject:
        top = by_subject.pop(top.issuer)
    return top


def _about_name(case: _Case) -> str:
    wanted = f"a certificate that has {case.host or 'the host'} among its subjectAltName"
    names = case.chain[0].subject_alternative_names if case.chain else ()
    if not names:
        return f"The server needs {wanted}; the common name does not count."
    more = f" and {len(names) - _MAX_NAMES_SHOWN} more" if len(names) > _MAX_NAMES_SHOWN else ""
    return f"Ask for one of its names, {', '.join(names[:_MAX_NAMES_SHOWN])}{more}; or the server needs {wanted}."


def _about_dates(case: _Case) -> str:
    now = datetime.fromtimestamp(SystemWallClock().now(), timezone.utc)
    first_to_end = min(case.chain, key=lambda facts: facts.not_after, default=None)
    if first_to_end is not None and first_to_end.not_after < now:
        end = f"{first_to_end.not_after:%Y-%m-%d %H:%M} UTC"
        return f"{_name(case, first_to_end)} expired on {end}: its owner has to renew it."
    last_to_begin = max(case.chain, key=lambda facts: facts.not_before, default=None)
    if last_to_begin is not None and last_to_begin.not_before > now:
        begin = f"{last_to_begin.not_before:%Y-%m-%d %H:%M} UTC"
        return f"{_name(case, last_to_begin)} is valid only from {begin} on: is this machine's clock right?"
    return "Its owner has to renew it, unless this machine's clock is wrong."


def _name(case: _Case, facts: CertificateFacts) -> str:
    return "The certificate" if facts is case.chain[0] else facts.subject


def _about_pins(case: _Case) -> str:
    pinned = f"pins={{{case.host!r}: ...}}" if case.host else "pins="
    return f"If its keys have changed on purpose, put one of the new ones into {pinned}; else somebody is in between."


def _about_name_constraint(case: _Case) -> str:
    issuer = case.chain[0].issuer if case.chain else "its issuer"
    return f"What {issuer} may issue is limited: {case.host or 'the server'} needs a certificate from elsewhere."


_CERTIFICATE_ADVICE: Final[dict[int, Callable[[_Case], str]]] = {
    e.ERR_CERT_AUTHORITY_INVALID: _about_authority,
    e.ERR_CERT_COMMON_NAME_INVALID: _about_name,
    e.ERR_CERT_DATE_INVALID: _about_dates,
    e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN: _about_pins,
    e.ERR_CERT_NAME_CONSTRAINT_VIOLATION: _about_name_constraint,
    e.ERR_CERT_INVALID: lambda _: (
        "Where OpenSSL is less strict, verify=ssl.create_default_context() leaves it to that."
    ),
    e.ERR_CERT_REVOKED: lambda _: "Its authority has taken it back: do not trust this server until it has another.",
    e.ERR_CERT_UNABLE_TO_CHECK_REVOCATION: lambda _: (
        "Check that the lists in crls= are current, or that the OCSP server answers; ocsp='soft' does not insist."
    ),
    e.ERR_CERT_WEAK_KEY: lambda _: "The server needs a certificate with a key of at least RSA 2048 or EC P-256.",
    e.ERR_CERT_WEAK_SIGNATURE_ALGORITHM: lambda _: (
        "The server needs certificates that are signed with SHA-256 or better."
    ),
}

_TLS_ADVICE: Final = {
    e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH: (
        "If the server speaks old versions or ciphers only: tls=TlsSettings(...) sets what is offered, "
        "and verify=SSLContext everything."
    ),
    e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED: "Pass cert=('certificate.pem', 'key.pem').",
    e.ERR_BAD_SSL_CLIENT_AUTH_CERT: "Pass cert= with a valid certificate of an authority that the server trusts.",
}
