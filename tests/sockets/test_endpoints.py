"""The addresses of a socket."""

from __future__ import annotations

import socket
from contextlib import closing

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.sockets.endpoints import is_own_peer, local_endpoint
from tests.support.peers import endpoint_of, listener


def test_ours() -> None:
    """Of a connection, of none, and of one that is gone."""
    with listener() as server, closing(socket.create_connection(server.getsockname())) as client:
        assert local_endpoint(client) == IPEndPoint("127.0.0.1", client.getsockname()[1], socket.AF_INET)
        assert not is_own_peer(client, endpoint_of(server))
    assert local_endpoint(None) is None
    assert local_endpoint(client) is None


def test_a_socket_that_is_connected_to_itself() -> None:
    """§16 row 16: a simultaneous open with nobody else; of a closed socket nobody knows."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.connect(sock.getsockname())
        remote = endpoint_of(sock)
        assert is_own_peer(sock, remote)
    assert not is_own_peer(sock, remote)
