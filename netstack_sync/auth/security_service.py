"""SecurityService: what the tokens of NTLM and Negotiate are made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from netstack_sync.workers.security_context import OpenSecurityContext


class SecurityService(NamedTuple):
    """What makes tokens, and the threads that it blocks."""

    workers: WorkerPool
    open_context: OpenSecurityContext
