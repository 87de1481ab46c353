"""SecurityService: who makes the tokens of NTLM and Negotiate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from netstack_sync.workers.security_context import OpenSecurityContext
    from netstack_sync.workers.worker_pool import WorkerPool


class SecurityService(NamedTuple):
    """What makes tokens, and the threads that it blocks."""

    workers: WorkerPool
    open_context: OpenSecurityContext
