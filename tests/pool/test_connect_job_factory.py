"""DefaultConnectJobFactory: the group says which job."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.ssl_connect_job import SslConnectJob
from netstack_sync.pool.transport_connect_job import TransportConnectJob
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import TlsPeer
from tests.support.connect_jobs import job_rig


def test_plain_groups_get_a_transport_job_and_secure_ones_an_ssl_job() -> None:
    """Row 98: host, port, partition, privacy mode, priority and TLS terms are the group's."""
    config = TlsConfig(TrustConfig(verify=False))
    with job_rig() as rig:
        rig.resolver.outcome = rig.sockets.transport_result = rig.sockets.secure_result = OK
        factory = DefaultConnectJobFactory(rig.services)
        plain = factory.create_job(GroupId(SchemeHostPort("http", "a.test", 81), None), RequestPriority.LOW, rig)
        group_id = GroupId(SchemeHostPort("https", "b.test", 444), config, "site", privacy_mode=True)
        secure = factory.create_job(group_id, RequestPriority.IDLE, rig)
        assert isinstance(plain, TransportConnectJob) and isinstance(secure, SslConnectJob)
        assert plain.connect() == OK and secure.connect() == OK
        asked = [(request.host, request.port, request.priority) for request in rig.resolver.requests]
        assert asked == [("a.test", 81, RequestPriority.LOW), ("b.test", 444, RequestPriority.IDLE)]
        assert [request.parameters.partition for request in rig.resolver.requests] == [None, "site"]
        assert rig.sockets.secures[0].config is config
        assert rig.sockets.secures[0].peer == TlsPeer("b.test", 444, "site", privacy_mode=True)
