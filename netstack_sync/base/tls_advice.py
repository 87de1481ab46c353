"""What the reader of a TLS error can do about it: one line, where there is something to say.

Here are no verdicts: the number says what is wrong, the certificates only lend names and dates.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Final, NamedTuple

from netstack_sync.base import net_errors as e
from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.shown_text import shown
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.tls_wording import OWN_CONTEXT, PYTHON, TlsTerms, Wording
from netstack_sync.base.x509 import CertificateFacts, chain_facts

_MAX_NAMES_SHOWN: Final = 5  # some certificates have hundreds

# OpenSSL's words when the first bytes are no TLS record; which of them depends on the bytes and on its version.
_NOT_TLS: Final = ("wrong version number", "http request", "packet length too long", "record layer failure")
# ... when the two sides have no version in common, whoever says so ...
_is_about_versions: Final = re.compile(r"protocol version|unsupported protocol|(wrong|unsupported) ssl version").search
# ... and when what was sent as a certificate is none.
_is_about_certificate: Final = re.compile(
    r"asn1|wrong tag|header too long|cert length mismatch|unable to find public key|bad ecc cert"
).search

_UNREADABLE: Final = (
    "What the server sent as its certificate cannot be read: it is none, or is damaged; its owner has to put it right."
)
_NO_INFO: Final = SSLInfo("", "", "", ())


class _Case(NamedTuple):
    info: SSLInfo
    chain: tuple[CertificateFacts, ...]  # as the server sent it; empty when it is not known
    wording: Wording


def certificate_advice(
    net_error: int, info: SSLInfo | None, terms: TlsTerms | None = None, wording: Wording | None = None
) -> str:
    """What to do about a certificate that was refused with `net_error`; empty for what nobody can help. Without
    `wording` for who writes Python.
    """
    info = info if info is not None else _NO_INFO
    if net_error == e.ERR_SSL_SERVER_CERT_BAD_FORMAT or (info.peer_chain and info.leaf is None):
        return _UNREADABLE
    about = _CERTIFICATE_ADVICE.get(net_error)
    if about is None:
        return ""
    return about(_Case(info, chain_facts(info.peer_chain), _wording(terms, wording)))


def tls_advice(net_error: int, detail: str, terms: TlsTerms | None = None, wording: Wording | None = None) -> str:
    """What to do about a handshake that failed for another reason; `detail` is in OpenSSL's words."""
    about = _TLS_ADVICE.get(net_error)
    return about(detail.lower(), terms or TlsTerms(), _wording(terms, wording)) if about is not None else ""


def _wording(terms: TlsTerms | None, wording: Wording | None) -> Wording:
    return OWN_CONTEXT if terms is not None and terms.has_own_context else wording or PYTHON


def _about_authority(case: _Case) -> str:
    if not case.chain:
        return f"If you trust its authority, {case.wording.trust_unknown}."
    if case.chain[0].is_self_signed:
        return f"If you trust this server, {case.wording.trust_server}."
    top = _path(case.chain)[-1]
    authority = top.subject if top.is_self_signed else top.issuer
    advice = f"If you trust {shown(authority)}, {case.wording.trust_authority}."
    if top.is_self_signed:
        return advice
    return f"{advice} If it is a public authority, the server keeps back a certificate that it should send."


def _path(chain: Sequence[CertificateFacts]) -> list[CertificateFacts]:
    """From the leaf to where the issuers lead among what the server sent, going by names."""
    path, others = [chain[0]], list(chain[1:])
    while not path[-1].is_self_signed:
        issuers = [facts for facts in others if facts.subject == path[-1].issuer]
        if not issuers:
            break
        # A verifier tries all ways: one of two namesakes does no harm as long as the other is good.
        path.append(min(issuers, key=lambda facts: bool(_date_fault(facts))))
        others.remove(path[-1])
    return path


def _about_name(case: _Case) -> str:
    wanted = f"a certificate that has {case.info.host or 'the host'} among its subjectAltName"
    names = case.chain[0].subject_alternative_names if case.chain else ()
    if not names:
        return f"The server needs {wanted}; the common name does not count."
    more = f" and {len(names) - _MAX_NAMES_SHOWN} more" if len(names) > _MAX_NAMES_SHOWN else ""
    some = ", ".join([shown(name) for name in names[:_MAX_NAMES_SHOWN]])
    return f"Ask for one of its names, {some}{more}; or the server needs {wanted}."


def _about_dates(case: _Case) -> str:
    """About the first that is at fault on the way up: whoever renews the server's own looks at the others then."""
    path = _path(case.chain) if case.chain else []
    for facts in path:
        fault = _date_fault(facts)
        if fault:
            who = "The certificate" if facts is path[0] else shown(facts.subject or facts.serial_number)
            return f"{who} {fault}"
    return "Its owner has to renew it, unless this machine's clock is wrong."


def _date_fault(facts: CertificateFacts) -> str:
    now = datetime.fromtimestamp(SystemWallClock().now(), timezone.utc)
    if facts.not_after < now:
        return f"expired on {facts.not_after:%Y-%m-%d %H:%M} UTC: its owner has to renew it."
    if facts.not_before > now:
        return f"is valid only from {facts.not_before:%Y-%m-%d %H:%M} UTC on: is this machine's clock right?"
    return ""


def _about_pins(case: _Case) -> str:
    entry = case.info.pinned_by or case.info.host
    place = case.wording.pin.format(entry=repr(entry)) if entry else case.wording.pin_unknown
    inherited = f", whose pins count for {case.info.host} too" if entry != case.info.host else ""
    remedy = f"put one of the new ones into {place}{inherited}"
    return f"If its keys have changed on purpose, {remedy}; else somebody is in between."


def _about_name_constraint(case: _Case) -> str:
    issuer = shown(case.chain[0].issuer) if case.chain else "its issuer"
    return f"What {issuer} may issue is limited: {case.info.host or 'the server'} needs a certificate from elsewhere."


_CERTIFICATE_ADVICE: Final[dict[int, Callable[[_Case], str]]] = {
    e.ERR_CERT_AUTHORITY_INVALID: _about_authority,
    e.ERR_CERT_COMMON_NAME_INVALID: _about_name,
    e.ERR_CERT_DATE_INVALID: _about_dates,
    e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN: _about_pins,
    e.ERR_CERT_NAME_CONSTRAINT_VIOLATION: _about_name_constraint,
    e.ERR_CERT_INVALID: lambda case: case.wording.leave_to_openssl,
    e.ERR_CERT_REVOKED: lambda _: "Its authority has taken it back: do not trust this server until it has another.",
    e.ERR_CERT_UNABLE_TO_CHECK_REVOCATION: lambda case: case.wording.check_revocation,
    e.ERR_CERT_WEAK_KEY: lambda _: "The server needs a certificate with a key of at least RSA 2048 or EC P-256.",
    e.ERR_CERT_WEAK_SIGNATURE_ALGORITHM: lambda _: (
        "The server needs certificates that are signed with SHA-256 or better."
    ),
}


def _about_protocol(detail: str, _: TlsTerms, __: Wording) -> str:
    if any(words in detail for words in _NOT_TLS):
        return "What answered does not speak TLS: is it the right port, or meant to be http:// ?"
    return _UNREADABLE if _is_about_certificate(detail) else ""


def _about_offer(detail: str, terms: TlsTerms, wording: Wording) -> str:
    is_about_versions = bool(_is_about_versions(detail))
    limits = [] if terms.has_own_context else _version_limits(terms, wording)
    if terms.ciphers is not None and not is_about_versions and not terms.has_own_context:
        limits.append(wording.ciphers_limit)
    if not limits:
        return wording.offer_more
    verb = "is" if is_about_versions else "may be"
    return f"That {verb} a limit of your own: {' or '.join(limits)} leaves out what this server speaks."


def _version_limits(terms: TlsTerms, wording: Wording) -> list[str]:
    limits = []
    if terms.min_version > ssl.TLSVersion.TLSv1_2:
        limits.append(wording.min_limit.format(version=_version(terms.min_version)))
    if terms.max_version == ssl.TLSVersion.TLSv1_2:  # TLS 1.3 is the newest, so no limit
        limits.append(wording.max_limit.format(version=_version(terms.max_version)))
    return limits


def _version(version: ssl.TLSVersion) -> str:
    return version.name.removeprefix("TLSv").replace("_", ".")


_TLS_ADVICE: Final[dict[int, Callable[[str, TlsTerms, Wording], str]]] = {
    e.ERR_SSL_PROTOCOL_ERROR: _about_protocol,
    e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH: _about_offer,
    e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED: lambda _, __, wording: wording.show_certificate,
    e.ERR_BAD_SSL_CLIENT_AUTH_CERT: lambda _, __, wording: wording.show_another_certificate,
}
