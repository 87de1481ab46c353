"""What the kernel knows of a TCP connection: its round trip time."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Final

# struct tcp_info (linux/tcp.h) only ever grows at its end: eight bytes of flags, then 32-bit numbers in the
# machine's order; the 16th of them is tcpi_rtt, in microseconds. Other systems have other structures.
_HAS_STRUCTURE: Final = sys.platform.startswith("linux")
_TCP_INFO: Final = 11  # socket.TCP_INFO, which other systems lack
_RTT: Final = struct.Struct("@I")
_RTT_OFFSET: Final = 8 + 15 * 4
_LENGTH: Final = _RTT_OFFSET + _RTT.size
_NO_SAMPLE_US: Final = 1  # what some kernels say before they have measured


def transport_rtt_s(sock: socket.socket, has_structure: bool = _HAS_STRUCTURE) -> float | None:
    """The smoothed round trip time in seconds; None where it is not known. One system call."""
    if not has_structure:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _LENGTH)
    except OSError:
        return None
    return rtt_of_tcp_info(info)


def rtt_of_tcp_info(info: bytes) -> float | None:
    """The round trip time in the answer of TCP_INFO, in seconds; None if it is short or has no sample."""
    if len(info) < _LENGTH:
        return None
    (rtt_us,) = _RTT.unpack_from(info, _RTT_OFFSET)
    return rtt_us / 1e6 if rtt_us > _NO_SAMPLE_US else None
