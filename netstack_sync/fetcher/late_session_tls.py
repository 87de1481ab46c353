"""LateSessionTls: the TLS of a session whose user says nothing about it, as nearly everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.sockets.tls_config import TlsConfig

if TYPE_CHECKING:
    from netstack_sync.base.url import Url
    from netstack_sync.fetcher.session_tls import SessionTls

_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSLKEYLOGFILE")

_DEFAULT: Final = TlsConfig(TrustConfig())


class LateSessionTls:
    """See SessionTls, which it makes, and whose rooms it has read, at once if an argument or a variable says
    something about TLS, else with the first request that does. Any thread.
    """

    __slots__ = ("_environment", "_made", "is_settled", "tls")

    def __init__(
        self, verify: object, cert: object, extra_ca: object, settings: object, environment: Mapping[str, str]
    ) -> None:
        self._environment = environment
        self._made: SessionTls | None = None
        is_said = verify is not True or any([value is not None for value in (cert, extra_ca, settings)])
        if is_said or any([environment.get(name) for name in _VARIABLES]):
            self._made = _make(verify, cert, extra_ca, settings, environment)
        self.tls = _DEFAULT if self._made is None else self._made.tls
        """See SessionTls."""
        self.is_settled = self._made is None or self._made.is_settled
        """See SessionTls."""

    def for_request(self, options: Mapping[str, object], url: Url) -> TlsConfig:
        """See SessionTls."""
        made = self._made
        if made is None:
            if "verify" not in options and "cert" not in options:  # fast path
                return _DEFAULT
            made = self._made = _make(True, None, None, None, self._environment)
        tls = made.for_request(options, url)
        self.is_settled = made.is_settled
        return tls


def _make(
    verify: object, cert: object, extra_ca: object, settings: object, environment: Mapping[str, str]
) -> SessionTls:
    from netstack_sync.fetcher.session_tls import SessionTls  # late: see LateSessionTls
    from netstack_sync.fetcher.tls_settings import check_tls

    return SessionTls(verify, cert, extra_ca, check_tls(settings), environment)
