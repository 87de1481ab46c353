"""ProxyIdentities: as whom each proxy is spoken to."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_PROXY_AUTH_REQUESTED
from netstack_sync.base.proxy_chain import ProxyServer
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

_MAX_DETAIL: Final = 500  # characters; an exception may quote anything
_MAX_ANSWERS: Final = 256

AskForIdentity: TypeAlias = Callable[[str], "AuthIdentity | None"]
"""Gets the URL of a proxy; a function of the user's, and on a worker for that reason."""


@dataclass(frozen=True, slots=True)
class ProxyLogins:
    """What the user said about it; of the three at most one. A value."""

    everywhere: AuthIdentity | None = None
    by_proxy: Mapping[ProxyServer, AuthIdentity] = field(default_factory=dict)
    ask: AskForIdentity | None = None
