"""What advice about TLS is put together from: how the reader names things, and what was set for the connection."""

from __future__ import annotations

import ssl
from typing import Final, NamedTuple


class TlsTerms(NamedTuple):
    """What the caller's own settings allowed a handshake to be."""

    has_own_context: bool = False
    """An SSLContext of the caller's decided, and nothing of what follows."""
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    ciphers: str | None = None


class Wording(NamedTuple):
    """How one kind of reader does what advice is about; parts of sentences, some empty where nothing can be done."""

    trust_authority: str
    trust_server: str
    trust_unknown: str
    pin: str
    """Where a pin goes; {entry} is whose, in quotation marks."""
    pin_unknown: str
    """The same when that is not known."""
    leave_to_openssl: str
    """A whole sentence, as what follows."""
    check_revocation: str
    show_certificate: str
    show_another_certificate: str
    offer_more: str
    min_limit: str
    """The setting by its name; {version} is "1.3"."""
    max_limit: str
    ciphers_limit: str


PYTHON: Final = Wording(
    trust_authority="pass its certificate: extra_ca='ca.pem', or verify='ca.pem' for it alone",
    trust_server="pass its certificate itself: verify='server.pem'",
    trust_unknown="pass the certificate of that as extra_ca= or verify=",
    pin="pins={{{entry}: ...}}",
    pin_unknown="pins=",
    leave_to_openssl="Where OpenSSL is less strict, verify=ssl.create_default_context() leaves it to that.",
    check_revocation=(
        "Check that the lists in crls= are current, or that the OCSP server answers; ocsp='soft' does not insist."
    ),
    show_certificate="Pass cert=('certificate.pem', 'key.pem').",
    show_another_certificate="Pass cert= with a valid certificate of an authority that the server trusts.",
    offer_more=(
        "If the server speaks old versions or ciphers only: tls=TlsSettings(...) sets what is offered, "
        "and verify=SSLContext everything."
    ),
    min_limit="min_version={version!r} of your TlsSettings",
    max_limit="max_version={version!r} of your TlsSettings",
    ciphers_limit="ciphers= of your TlsSettings",
)

OWN_CONTEXT: Final = PYTHON._replace(
    trust_authority="load its certificate into your SSLContext: context.load_verify_locations('ca.pem')",
    trust_server="load its certificate itself into your SSLContext: context.load_verify_locations('server.pem')",
    trust_unknown="load the certificate of that into your SSLContext",
    leave_to_openssl="Your SSLContext decides: see its verify_flags.",
    check_revocation=(
        "Your SSLContext asks for revocation lists: load current ones, "
        "or take VERIFY_CRL_CHECK_... out of its verify_flags."
    ),
    show_certificate="Load one into your SSLContext: context.load_cert_chain('certificate.pem', 'key.pem').",
    show_another_certificate=(
        "Load a valid certificate of an authority that the server trusts into your SSLContext: load_cert_chain()."
    ),
    offer_more=(
        "What is offered is in your SSLContext: see its minimum_version, maximum_version, options and set_ciphers()."
    ),
)
