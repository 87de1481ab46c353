"""ScriptedNetwork: a client's namespace and a server's, with the wire and the name server in the test's hands."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.fake_dns import FakeDns
from tests.support.netns import NetworkNamespace, network_namespace
from tests.support.tun_relay import TunRelay, open_tun

SERVER_IPV4, SERVER_IPV6 = "192.0.2.2", "2001:db8::2"
CLIENT_IPV4, CLIENT_IPV6 = "192.0.2.1", "2001:db8::1"
DEVICE = "wire"

NAMES: Mapping[str, list[str]] = {
    "dual.test": [SERVER_IPV4, SERVER_IPV6],
    "live.test": [SERVER_IPV4],
    "other.test": [SERVER_IPV4],
    "six.test": [SERVER_IPV6],
}


class ScriptedNetwork(NamedTuple):
    """The client's side is reached through `wrapper`, a command that runs what follows it there.

    An HTTP server listens on port 80 of each of the server's addresses.
    """

    wrapper: list[str]
    client: NetworkNamespace
    relay: TunRelay
    dns: FakeDns
    ipv4: EmbeddedServer
    ipv6: EmbeddedServer


@contextmanager
def scripted_network(folder: Path) -> Iterator[ScriptedNetwork]:
    """One that works; `folder` takes the files it needs. Needs root: the test is unavailable without."""
    with ExitStack() as stack:
        client, server = [stack.enter_context(network_namespace()) for _ in range(2)]
        thread = NetworkThread("scripted-network")
        relay = TunRelay(thread, _plug_in(client, CLIENT_IPV4, CLIENT_IPV6), _plug_in(server, SERVER_IPV4, SERVER_IPV6))
        dns = FakeDns(thread, client.run(_dns_socket), NAMES)
        for part in (relay, dns):
            thread.post(part.start)
        thread.start()
        stack.callback(_stop, thread, relay, dns)
        servers = [EmbeddedServer(host=host, port=80) for host in (SERVER_IPV4, SERVER_IPV6)]
        for http in servers:
            server.run(http.start)
            stack.callback(http.close)
        yield ScriptedNetwork(client.wrapper(folder), client, relay, dns, *servers)


def _plug_in(namespace: NetworkNamespace, ipv4: str, ipv6: str) -> int:
    descriptor = namespace.run(lambda: open_tun(DEVICE))
    namespace.ip(f"addr add {ipv4}/24 dev {DEVICE}")
    namespace.ip(f"addr add {ipv6}/64 dev {DEVICE} nodad")
    namespace.ip(f"link set {DEVICE} up")
    return descriptor


def _dns_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    return sock


def _stop(thread: NetworkThread, relay: TunRelay, dns: FakeDns) -> None:
    thread.post(relay.close)
    thread.post(dns.close)
    thread.stop()
