"""DefaultConnectJobFactory: the group says which job, and its route through what."""

from __future__ import annotations

from itertools import product

import pytest

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.net_errors import OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory, params_for
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.http_proxy_connect_job import HttpProxyConnectJob
from netstack_sync.pool.params import ConnectParams, HttpProxyParams, SocksParams, SslParams, TransportParams
from netstack_sync.pool.socks_connect_job import SocksConnectJob
from netstack_sync.pool.ssl_connect_job import SslConnectJob
from netstack_sync.pool.transport_connect_job import TransportConnectJob
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import TlsPeer
from tests.support.connect_jobs import job_rig
from tests.support.proxy_jobs import PROXY_TLS, TARGET_TLS, group, hop

SCHEMES = ("http", "https", "socks4", "socks4a", "socks5")


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


@pytest.mark.parametrize(
    "group_id, kind",
    [
        (group("http", hop("http")), HttpProxyConnectJob),
        (group("http", hop("https")), HttpProxyConnectJob),
        (group("http", hop("socks5")), SocksConnectJob),
        (group("https", hop("http")), SslConnectJob),
        (group("https", hop("socks4")), SslConnectJob),
    ],
)
def test_the_outermost_job_is_that_of_the_last_layer(group_id: GroupId, kind: type[ConnectJob]) -> None:
    """Row 178: for a plain server the proxy's, for a secure one TLS."""
    with job_rig() as rig:
        job = DefaultConnectJobFactory(rig.services).create_job(group_id, RequestPriority.LOW, rig)
        assert type(job) is kind
        job.cancel()


def layers(params: ConnectParams) -> list[ConnectParams]:
    """From the first connection to the last layer."""
    return [params] if isinstance(params, TransportParams) else [*layers(params.below), params]


def test_tls_is_decided_by_who_is_spoken_to_alone() -> None:
    """R18 (CVE-2026-6253): TLS to the server if and only if its URL says so, with its own terms, and to a proxy if and
    only if its scheme says so, with the proxy's.
    """
    for url_scheme, scheme in product(("http", "https"), SCHEMES):
        found = [layer for layer in layers(params_for(group(url_scheme, hop(scheme)))) if isinstance(layer, SslParams)]
        expected = [("p.test", PROXY_TLS)] * (scheme == "https") + [("a.test", TARGET_TLS)] * (url_scheme == "https")
        assert [(layer.peer.host, layer.config) for layer in found] == expected, (url_scheme, scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_http_to_a_proxy_that_understands_it_is_forwarded(scheme: str) -> None:
    """Row 178: GroupIdForHTTPProxyConnections; everything else is a tunnel to the server itself."""
    plain, secure = (layers(params_for(group(url_scheme, hop(scheme)))) for url_scheme in ("http", "https"))
    last, tunnel = plain[-1], secure[-2]
    assert isinstance(last, (HttpProxyParams, SocksParams)) and isinstance(tunnel, (HttpProxyParams, SocksParams))
    is_http = scheme in ("http", "https")
    assert isinstance(last, HttpProxyParams) == isinstance(tunnel, HttpProxyParams) == is_http
    assert last.destination == (None if is_http else HostPortPair("a.test", 80))
    assert tunnel.destination == HostPortPair("a.test", 443)


@pytest.mark.parametrize("first, second", list(product(SCHEMES, SCHEMES)))
def test_the_first_of_two_proxies_connects_to_the_second(first: str, second: str) -> None:
    """Always by a tunnel, also where the second is sent the requests themselves; only the first is looked up."""
    hops = (hop(first, "p"), hop(second, "q"))
    found = layers(params_for(group("http", *hops, partition="site")))
    assert found[0] == TransportParams("p.test", 3128, "site")
    proxied = [layer for layer in found if isinstance(layer, (HttpProxyParams, SocksParams))]
    to_server = None if second in ("http", "https") else HostPortPair("a.test", 80)
    assert [layer.destination for layer in proxied] == [HostPortPair("q.test", 3128), to_server]
    assert tuple([layer.hop for layer in proxied]) == hops
    secured = [layer.peer.host for layer in found if isinstance(layer, SslParams)]
    assert secured == ["p.test"] * (first == "https") + ["q.test"] * (second == "https")


def test_a_session_of_one_way_is_not_offered_on_another() -> None:
    """Row 242: who goes through a proxy, or to one as somebody else, is not told to be who was there before."""
    me, you = password_identity("me", "p"), password_identity("you", "p")
    ways = [
        group("https"),
        group("https", hop("https")),
        group("https", hop("https", "q")),
        group("https", hop("https", "p", me)),
        group("https", hop("https", "p", you)),
        group("https", hop("https"), hop("https", "q")),
    ]
    found = [[layer.peer for layer in layers(params_for(way)) if isinstance(layer, SslParams)] for way in ways]
    to_server = [peers[-1] for peers in found]
    assert [peer.host for peer in to_server] == ["a.test"] * len(ways) and len(set(to_server)) == len(ways)
    assert len({peer for peers in found for peer in peers if peer.host == "p.test"}) == 3
    assert found[-1][0] == found[1][0], "that of the first proxy is the same whatever it is asked for"


def test_a_proxy_in_tls_needs_to_know_how() -> None:
    """Nothing is guessed."""
    server = hop("https")
    with pytest.raises(AssertionError):
        params_for(group("http", server._replace(tls=None)))
