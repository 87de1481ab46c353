"""Connections through proxies, with the test as the proxy."""

from __future__ import annotations

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from tests.support.connect_jobs import JobRig
from tests.support.pool import FakeSocket

TARGET_TLS = TlsConfig(TrustConfig(), ClientCertificate("user.pem"))
PROXY_TLS = TlsConfig(TrustConfig(), alpn=("http/1.1",), resumes=False)

CONNECT = b"CONNECT a.test:443 HTTP/1.1\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def hop(scheme: str, name: str = "p", identity: AuthIdentity | None = None) -> ProxyHop:
    """The proxy scheme://<name>.test:3128."""
    server = ProxyServer(ProxyScheme(scheme), f"{name}.test", 3128)
    return ProxyHop(server, identity, PROXY_TLS if scheme == "https" else None)


def group(url_scheme: str, *hops: ProxyHop, host: str = "a.test", partition: str | None = None) -> GroupId:
    """Connections to a.test through the hops."""
    is_secure = url_scheme == "https"
    origin = SchemeHostPort(url_scheme, host, 443 if is_secure else 80)
    route = ProxyRoute(hops) if hops else None
    return GroupId(origin, TARGET_TLS if is_secure else None, partition, proxy=route)


def start(rig: JobRig, group_id: GroupId) -> ConnectJob:
    """A job that is under way; names are resolved at once."""
    rig.resolver.outcome = OK
    job = DefaultConnectJobFactory(rig.services).create_job(group_id, RequestPriority.LOW, rig)
    assert job.connect() == ERR_IO_PENDING
    return job


def reach_proxy(rig: JobRig, number: int = 0) -> FakeSocket:
    """TCP to the proxy is up; gives its side of the connection."""
    transport = rig.sockets.transports[number]
    transport.decide(OK)
    return transport


def told(socket: FakeSocket) -> bytes:
    """What was sent since the last time."""
    sent = bytes(socket.sent)
    socket.sent.clear()
    return sent
