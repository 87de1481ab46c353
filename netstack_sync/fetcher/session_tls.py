"""SessionTls: the TLS configurations of a session and of its requests, their files checked before anything is sent."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final, TypeVar

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.tls_warnings import tls_logger, warn_user
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.fetcher.tls_arguments import (
    client_certificate_from,
    extra_ca_from,
    make_tls_config,
    verification_from,
)
from netstack_sync.fetcher.tls_settings import TlsSettings
from netstack_sync.sockets.client_certificate import check_client_certificate, client_certificate_stamps
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig, TlsConfigError
from netstack_sync.sockets.tls_context import set_versions_and_ciphers, touch_keylog_file
from netstack_sync.workers.check_trust import check_trust
from netstack_sync.workers.stamped_cache import Stamps, stamp

T = TypeVar("T")

_MAX_CHECKED: Final = 16  # of what requests bring themselves, again and again
_MAX_HOSTS: Final = 100  # named in the log; a crawler must not fill memory and log with them

_INSECURE: Final = (
    "verify=False accepts any certificate: whoever is on the way can read and change what is sent and received; "
    'to trust an authority of your own pass its certificate: verify="ca.pem", or Session(extra_ca="ca.pem")'
)


class SessionTls:
    """Any thread. Raises ValueError naming the argument or variable that is wrong, before anything is sent.

    Files are looked at again when they have changed, so that a request with a `verify` or `cert` of its own costs
    as little as any other. Those that variables name are looked at by the first request that needs them: one with a
    `verify` of its own shall not suffer from what it overrides.
    """

    __slots__ = (
        "_certificates",
        "_environment",
        "_extra_ca",
        "_hosts",
        "_keylog_file",
        "_settings",
        "_trusts",
        "_untried",
        "is_settled",
        "tls",
    )

    def __init__(
        self, verify: object, cert: object, extra_ca: object, settings: TlsSettings, environment: Mapping[str, str]
    ) -> None:
        self._environment = environment
        self._settings = settings
        self._extra_ca = extra_ca_from(extra_ca)
        self._trusts: dict[TrustConfig, Stamps] = {}
        self._certificates: dict[ClientCertificate, Stamps] = {}
        self._hosts: dict[str, object] = {}
        self._untried = ""
        """The variables that name whom the session trusts, until a request needs them."""
        self._keylog_file = _keylog_file_from(environment)
        self.tls = self._make(verify, client_certificate_from(cert), is_needed=False)
        """That of requests which say nothing about it."""
        self.is_settled = self.tls.trust.verify and not self._untried
        """True when nothing is left to be looked at or told of a request that says nothing about TLS."""
        _check_versions_and_ciphers(self.tls)

    def for_request(self, options: Mapping[str, object], url: Url) -> TlsConfig:
        """The session's, with the `verify` and `cert` of the request over it."""
        tls = self.tls
        if "verify" in options or "cert" in options:
            tls = self._with(options)
        elif self.is_settled or not url.is_secure:  # fast path
            return tls
        if self._untried and "verify" not in options and url.scheme == "https":
            self._check_trust(self.tls.trust, self._untried)
            self._untried = ""
            self.is_settled = self.tls.trust.verify
        if not tls.trust.verify:
            self._log_unverified(url)
        return tls

    def _with(self, options: Mapping[str, object]) -> TlsConfig:
        certificate = client_certificate_from(options["cert"]) if "cert" in options else self.tls.client_certificate
        if "verify" in options:
            return self._make(options["verify"], certificate, is_needed=True)
        tls = self._config(self.tls.trust, certificate, self.tls.context)
        self._check_certificate(certificate)
        return tls

    def _make(self, verify: object, certificate: ClientCertificate | None, is_needed: bool) -> TlsConfig:
        trust, context, source = verification_from(verify, self._environment)
        if context is not None:
            "a".encode("idna")  # loads what the network thread shall find loaded; for our own contexts a worker does
        tls = self._config(trust, certificate, context)
        if is_needed or source == "verify":
            self._check_trust(tls.trust, source)
        else:
            self._untried = source
            self._check_trust(tls.trust._replace(ca_file=None, ca_path=None), source)
        self._check_certificate(certificate)
        if not trust.verify:
            warn_user(_INSECURE)
        return tls

    def _config(
        self, trust: TrustConfig, certificate: ClientCertificate | None, context: ssl.SSLContext | None
    ) -> TlsConfig:
        return make_tls_config(trust, certificate, context, self._extra_ca, self._settings, self._keylog_file)

    def _check_trust(self, trust: TrustConfig, source: str) -> None:
        paths = (trust.ca_file, trust.ca_path, *trust.extra_ca, *trust.crls)
        stamps = tuple(stamp(path) for path in paths if isinstance(path, str))
        if self._trusts.get(trust) != stamps:
            check_trust(trust, source)
            self._trusts = _with_room(self._trusts)
            self._trusts[trust] = stamps

    def _check_certificate(self, certificate: ClientCertificate | None) -> None:
        if certificate is None:
            return
        stamps = client_certificate_stamps(certificate)
        if self._certificates.get(certificate) != stamps:
            check_client_certificate(certificate, SystemWallClock())
            self._certificates = _with_room(self._certificates)
            self._certificates[certificate] = stamps

    def _log_unverified(self, url: Url) -> None:
        """Names a host that is about to be believed without proof, once."""
        if url.scheme != "https" or len(self._hosts) >= _MAX_HOSTS:
            return
        token = object()
        if self._hosts.setdefault(url.host, token) is token:  # no other thread was first
            tls_logger.warning("the certificate of %s is not checked: verify=False", url.host)


def _with_room(checked: dict[T, Stamps]) -> dict[T, Stamps]:
    return checked if len(checked) < _MAX_CHECKED else {}


def _check_versions_and_ciphers(tls: TlsConfig) -> None:
    try:
        set_versions_and_ciphers(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), tls)
    except TlsConfigError as error:
        raise ValueError(f"tls: {error}") from None


def _keylog_file_from(environment: Mapping[str, str]) -> str | None:
    """The file of SSLKEYLOGFILE, which can be written to from here on; the process is told once."""
    path = environment.get("SSLKEYLOGFILE")
    if not path:
        return None
    try:
        touch_keylog_file(path)
    except TlsConfigError as error:
        raise ValueError(f"SSLKEYLOGFILE: {error}; correct it, unset it, or pass Session(trust_env=False)") from None
    if _key_log_notice.is_due():
        message = f"SSLKEYLOGFILE: the secrets of TLS connections are written to {path!r}: whoever has it can read them"
        tls_logger.warning(message)
        warn_user(message)
    return path


class Once:
    """Something that a process is told once."""

    __slots__ = ("_is_told",)

    def __init__(self) -> None:
        self._is_told = False

    def is_due(self) -> bool:
        """True the first time."""
        was_told, self._is_told = self._is_told, True
        return not was_told


_key_log_notice: Final = Once()
