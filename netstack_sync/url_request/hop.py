"""Hop: one hop of a request, and what a job that is no HttpJob may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from netstack_sync.dns.host_resolver import HostResolver
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.url_request.proxy_services import ProxyServices
from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from netstack_sync.http.transaction_observer import TransactionObserver


class JobServices(NamedTuple):
    """Of one context."""

    thread: NetworkThread
    host_resolver: HostResolver
    disk_workers: WorkerPool
    """For files of the user's."""
    job_workers: WorkerPool
    """For code of the user's, and for whatever else may hang."""
    proxies: ProxyServices | None = None
    """Who knows the way out; None where everything goes directly."""


class NoObserver:
    """A TransactionObserver for jobs that nobody watches."""

    def on_connected(self) -> None:
        """Nothing."""

    def on_reconnect(self) -> None:
        """Nothing."""

    def on_request_sent(self) -> None:
        """Nothing."""


NO_OBSERVER: Final = NoObserver()


class Hop(NamedTuple):
    """Lives as long as its job."""

    info: HttpRequestInfo
    net_log: NetLogWithSource
    observer: TransactionObserver
    """Whom the job tells that it has got through to whoever answers."""
    services: JobServices
