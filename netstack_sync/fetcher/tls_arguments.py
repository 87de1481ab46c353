"""What the values of `verify`, `cert`, `extra_ca` and `tls` mean."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.fetcher.tls_settings import TlsSettings
from netstack_sync.fetcher.trust_variables import trust_from_environment, trust_in
from netstack_sync.sockets.client_certificate import holds_pkcs12
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.workers.file_io import is_pipe
from netstack_sync.workers.pem_blocks import is_pem_text

VerifyArgument: TypeAlias = "bool | str | bytes | os.PathLike[str] | ssl.SSLContext"
CertArgument: TypeAlias = "str | os.PathLike[str] | tuple[str | bytes | os.PathLike[str] | None, ...] | None"
ExtraCaArgument: TypeAlias = "str | bytes | os.PathLike[str] | Iterable[str | bytes | os.PathLike[str]] | None"

_VERIFY_FORMS: Final = "verify: must be True, False, a path, PEM text, bytes or an ssl.SSLContext"
_EXTRA_CA_FORMS: Final = "extra_ca: must be a path, PEM text, bytes, or a list of these"
_CERT_FORMS: Final = (
    "cert: must be a path, or a tuple (certificate, key) or (certificate, key, password); "
    "for PKCS#12 (path, password) or (path, None, password)"
)
_CERT_IS_PEM: Final = "cert: takes paths; this is PEM text: write it to a file"


class Verification(NamedTuple):
    """What `verify` means."""

    trust: TrustConfig
    context: ssl.SSLContext | None = None
    """The caller's own, which then decides alone."""
    source: str = "verify"
    """Who named the authorities: the argument, or variables of the environment."""


def verification_from(verify: object, environment: Mapping[str, str]) -> Verification:
    """False, authorities, the caller's context, or True: environment, else the system. Whether they are any good
    check_trust() tells. Raises ValueError.
    """
    if isinstance(verify, ssl.SSLContext):
        if verify.protocol == ssl.PROTOCOL_TLS_SERVER:
            raise ValueError("verify: this SSLContext is for servers; make one with ssl.PROTOCOL_TLS_CLIENT")
        return Verification(TrustConfig(), verify)
    if verify is False:
        return Verification(TrustConfig(verify=False))
    if verify is True:
        trust, source = trust_from_environment(environment)
        return Verification(trust, source=source or "verify")
    if isinstance(verify, bytes) or (isinstance(verify, str) and is_pem_text(verify)):
        return Verification(TrustConfig(ca_data=verify))
    if not isinstance(verify, (str, os.PathLike)):
        raise ValueError(f"{_VERIFY_FORMS}, not {type(verify).__name__}")
    return Verification(trust_in(os.fsdecode(verify)))


def extra_ca_from(value: object) -> tuple[str | bytes, ...]:
    """Paths as strings, data as bytes; whether they are any good check_trust() tells. Raises ValueError."""
    if value is None:
        return ()
    values = [value] if isinstance(value, (str, bytes, os.PathLike)) else value
    if not isinstance(values, Iterable):
        raise ValueError(f"{_EXTRA_CA_FORMS}, not {type(value).__name__}")
    return tuple(_one_extra_ca(one) for one in values)


def client_certificate_from(cert: object) -> ClientCertificate | None:
    """One file, (certificate, key[, password]), or a pair of PKCS#12 and password. Raises ValueError.

    A pair whose second half is no file that exists, and whose first is PKCS#12, is the latter. Whether they are any
    good check_client_certificate() tells. No text shows what may be a key or a password.
    """
    if cert is None:
        return None
    parts: tuple[Any, ...] = cert if isinstance(cert, tuple) else (cert,)
    if any(map(is_pem_text, parts)):
        raise ValueError(_CERT_IS_PEM)
    if not 1 <= len(parts) <= 3 or not isinstance(parts[0], (str, os.PathLike)):
        raise ValueError(_CERT_FORMS)
    file, (key, password) = os.fsdecode(parts[0]), (*parts[1:], None, None)[:2]
    _refuse_pipe(file)
    if len(parts) == 2 and isinstance(key, (str, bytes)) and not os.path.exists(key) and holds_pkcs12(file):
        key, password = None, key
    if not isinstance(key, (str, os.PathLike, type(None))) or not isinstance(password, (str, bytes, type(None))):
        raise ValueError(_CERT_FORMS)
    if key is not None and os.path.exists(file):
        if not os.path.exists(key):
            lost = f"the value after {file!r}, which is to name the file of its key, names none that exists"
            raise ValueError(f"cert: {lost}; check the path; for a password pass (path, None, password)")
        _refuse_pipe(os.fsdecode(key))
    _check_password(password)
    return ClientCertificate(file, None if key is None else os.fsdecode(key), password)


def make_tls_config(
    trust: TrustConfig,
    certificate: ClientCertificate | None,
    context: ssl.SSLContext | None,
    extra_ca: tuple[str | bytes, ...],
    settings: TlsSettings,
    keylog_file: str | None,
) -> TlsConfig:
    """The configuration; raises ValueError for a context together with what it would not get."""
    if context is not None:
        _refuse_beside_context(certificate, extra_ca, settings)
        return TlsConfig(trust, context=context, resumes=settings.session_resumption)
    if trust.verify:
        trust = trust._replace(extra_ca=extra_ca, crls=settings.crl_paths(), ocsp=settings.ocsp_mode())
    lowest, highest = settings.versions()
    return TlsConfig(
        trust,
        certificate,
        min_version=lowest,
        max_version=highest,
        ciphers=settings.ciphers,
        keylog_file=keylog_file,
        resumes=settings.session_resumption,
    )


def _refuse_beside_context(
    certificate: ClientCertificate | None, extra_ca: tuple[str | bytes, ...], settings: TlsSettings
) -> None:
    if certificate is not None:
        raise ValueError("cert: load it into the SSLContext that is passed as `verify`")
    if extra_ca:
        raise ValueError("extra_ca: load them into the SSLContext that is passed as `verify`")
    if settings != TlsSettings(session_resumption=settings.session_resumption):
        raise ValueError(
            "tls: an SSLContext that is passed as `verify` is used as it is; set versions, ciphers and lists there"
        )


def _refuse_pipe(path: str) -> None:
    """It is read more than once."""
    if is_pipe(path):
        raise ValueError(f"cert: {path!r} is a pipe or a device; copy what it gives to a file")


def _check_password(password: str | bytes | None) -> None:
    try:
        if isinstance(password, str):
            password.encode()
    except UnicodeEncodeError:  # would show it
        raise ValueError("cert: the password cannot be encoded in UTF-8; pass it as bytes") from None


def _one_extra_ca(value: object) -> str | bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and is_pem_text(value):
        return value.encode("utf-8", "replace")
    if not isinstance(value, (str, os.PathLike)):
        raise ValueError(f"{_EXTRA_CA_FORMS}, not one of {type(value).__name__}")
    return os.fsdecode(value)
