"""LateSessionTls: the TLS of a session whose user says nothing about it, as nearly everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from netstack_sync.fetcher.trust_variables import trust_from_environment
from netstack_sync.sockets.tls_config import TlsConfig

if TYPE_CHECKING:
    from netstack_sync.base.url import Url
    from netstack_sync.fetcher.session_tls import SessionTls


class LateSessionTls:
    """See SessionTls, which it makes, and whose rooms it has read: at once if an argument says something about TLS,
    or SSLKEYLOGFILE; else with the first request that does, or that needs whom a variable says to trust. Any thread.
    """

    __slots__ = ("_environment", "_made", "is_settled", "tls")

    def __init__(
        self, verify: object, cert: object, extra_ca: object, settings: object, environment: Mapping[str, str]
    ) -> None:
        self._environment = environment
        self._made: SessionTls | None = None
        is_said = verify is not True or any([value is not None for value in (cert, extra_ca, settings)])
        if is_said or environment.get("SSLKEYLOGFILE"):
            self._made = _make(verify, cert, extra_ca, settings, environment)
            self.tls, self.is_settled = self._made.tls, self._made.is_settled
        else:
            trust, source = trust_from_environment(environment)
            self.tls = TlsConfig(trust)
            """See SessionTls."""
            self.is_settled = not source
            """See SessionTls."""

    def for_request(self, options: Mapping[str, object], url: Url) -> TlsConfig:
        """See SessionTls."""
        made = self._made
        if made is None:
            if "verify" not in options and "cert" not in options and (self.is_settled or not url.is_secure):
                return self.tls  # fast path
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
