"""ConnectJobFactory: the right job for a group."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool.connect_job import ConnectJob, ConnectJobDelegate
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.params import TransportParams
from netstack_sync.pool.ssl_connect_job import SslConnectJob
from netstack_sync.pool.transport_connect_job import ConnectServices, TransportConnectJob


class ConnectJobFactory(Protocol):
    """Makes unstarted jobs; the seam between the pool's rules and the network."""

    def create_job(self, group_id: GroupId, priority: RequestPriority, delegate: ConnectJobDelegate) -> ConnectJob:
        """A job that ends with a socket of the group."""


class DefaultConnectJobFactory:
    """Direct connections, with TLS where the group says so. Network thread only."""

    __slots__ = ("_services",)

    def __init__(self, services: ConnectServices) -> None:
        self._services = services

    def create_job(self, group_id: GroupId, priority: RequestPriority, delegate: ConnectJobDelegate) -> ConnectJob:
        """See ConnectJobFactory."""
        params = TransportParams(group_id.origin.host, group_id.origin.port, group_id.partition, group_id.privacy_mode)
        if group_id.tls is None:
            return TransportConnectJob(self._services, params, priority, delegate)
        return SslConnectJob(self._services, params, group_id.tls, priority, delegate)
