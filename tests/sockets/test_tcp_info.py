"""The round trip time that the kernel tells."""

from __future__ import annotations

import socket
import struct
import sys

import pytest

from netstack_sync.sockets.tcp_info import rtt_of_tcp_info, transport_rtt_s


def _info(rtt_us: int, length: int = 104) -> bytes:
    """What the kernel answers: eight bytes, then numbers, of which the 16th is the round trip time."""
    numbers = [7] * 24
    numbers[15] = rtt_us
    return (bytes(8) + struct.pack("@24I", *numbers))[:length]


@pytest.mark.parametrize("length", [72, 76, 104])
def test_the_round_trip_time_is_found(length: int) -> None:
    """Later kernels know more, earlier ones less; what is needed is in all of them."""
    assert rtt_of_tcp_info(_info(12_345, length)) == 0.012345


@pytest.mark.parametrize("info", [b"", _info(12_345, 71), _info(0), _info(1)])
def test_no_sample_is_no_time(info: bytes) -> None:
    """Short answers, and the values that mean that nothing was measured yet."""
    assert rtt_of_tcp_info(info) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the structure is Linux's")
def test_a_connection_has_a_round_trip_time() -> None:
    """Over loopback a very short one, far below a minute in any case; the kernel measures it while connecting."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        rtt_s = transport_rtt_s(client)
    assert rtt_s is not None and 0 < rtt_s < 60


def test_a_socket_that_is_no_tcp_connection_has_none() -> None:
    """Closed, or of another kind."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        assert transport_rtt_s(udp) is None
    assert transport_rtt_s(udp) is None


def test_other_systems_have_other_structures() -> None:
    """Nothing is asked there."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert transport_rtt_s(client, has_structure=False) is None
