"""ProxySource: who knows which proxies there are, and as whom they are spoken to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.proxy_chain import ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.info import ProxyInfo

OnIdentity: TypeAlias = Callable[["AuthIdentity | int | None"], None]
"""Receives who answers a proxy's challenges, None for nobody, or an error."""


class ProxyResolution(Protocol):
    """The search for the proxies of one URL; owned by who asks. After cancel() no callback comes."""

    def start(self, on_done: Completion) -> int:
        """OK and `info` is there, an error, or ERR_IO_PENDING and one later callback."""

    def cancel(self) -> None:
        """Ends in any state; idempotent."""

    @property
    def info(self) -> ProxyInfo | None:
        """The answer, there after OK; the asker's from then on."""

    @property
    def load_state(self) -> LoadState:
        """What is waited for."""

    @property
    def error_detail(self) -> str:
        """What went wrong, in words; may be empty."""


class ProxyResolver(Protocol):
    """What an exchange needs of the service of its proxy settings."""

    def create_request(self, url: Url, net_log: NetLogWithSource) -> ProxyResolution:
        """An unstarted search."""

    def report_success(self, info: ProxyInfo) -> None:
        """A request was answered that way: what failed before is to be remembered."""


class ProxySource(Protocol):
    """Of a whole session; network thread only."""

    @property
    def is_direct(self) -> bool:
        """True where requests without settings of their own go directly; stays as it is."""

    def service_for(self, config: ProxyConfig | None) -> ProxyResolver | None:
        """The service of a request's own settings, or of the session's; None where these say: directly."""

    def identity_of(self, server: ProxyServer, info: ProxyInfo, on_done: OnIdentity) -> AuthIdentity | int | None:
        """What `on_done` would receive, or ERR_IO_PENDING and one later call of it unless stop_asking() comes first."""

    def stop_asking(self, on_done: OnIdentity) -> None:
        """The call never comes; idempotent."""

    def identity_error(self, server: ProxyServer) -> str:
        """Why identity_of() gave an error the last time, in words; may be empty."""

    def forget_identity(self, server: ProxyServer) -> None:
        """The proxy refused it, or wanted one where there was none: who knows is to be asked again."""
