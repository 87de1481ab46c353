"""TunRelay: the wire between two network namespaces, which loses and delays what a test says."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.pump import READ, FdWatchController
from tests.support.requirements import unavailable

_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_MAX_PACKET = 65536
_SYN, _ACK = 0x02, 0x10


class Packet(NamedTuple):
    """One IP packet, as a rule sees it. Ports and flags are 0 where it is not TCP."""

    is_from_client: bool
    family: int
    source: str
    destination: str
    source_port: int
    destination_port: int
    tcp_flags: int

    @property
    def is_connect(self) -> bool:
        """The SYN of a client, the first one or a repetition."""
        return self.is_from_client and self.tcp_flags & (_SYN | _ACK) == _SYN


Rule = Callable[[Packet], bool]
"""True loses the packet. Called on the relay's thread."""


def nothing(_: Packet) -> bool:
    """Loses nothing."""
    return False


def ipv6(packet: Packet) -> bool:
    """Loses one family: a black hole."""
    return packet.family == socket.AF_INET6


def first_connect() -> Rule:
    """Loses the first SYN; its repetition gets through."""
    lost: list[Packet] = []

    def rule(packet: Packet) -> bool:
        if lost or not packet.is_connect:
            return False
        lost.append(packet)
        return True

    return rule


def open_tun(name: str) -> int:
    """The descriptor of a new TUN device in this thread's namespace; the device goes when it is closed."""
    try:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        unavailable(f"there are no TUN devices: {error}")
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN_NO_PI))
    return descriptor


class _End:
    """One side of the wire."""

    def __init__(self, descriptor: int, on_packet: Callable[[bytes], None]) -> None:
        self.descriptor = descriptor
        self.watch = FdWatchController()
        self._on_packet = on_packet

    def on_fd_readable(self, fd: int) -> None:
        """Pump: the side has sent something."""
        while True:
            try:
                data = os.read(fd, _MAX_PACKET)
            except BlockingIOError:
                return
            self._on_packet(data)

    def on_fd_writable(self, fd: int) -> None:
        """Pump: not watched."""

    def take(self, data: bytes) -> None:
        """The side receives a packet; a wire that was taken away carries none."""
        if self.watch.is_watching:
            os.write(self.descriptor, data)


class TunRelay:
    """Runs on `thread`; the test may read `connects` and set the rule and the delay at any moment.

    Owns the descriptors of both devices.
    """

    def __init__(self, thread: NetworkThread, client: int, server: int) -> None:
        self.loses: Rule = nothing
        self.delay_s = 0.0
        """One way."""
        self.connects: list[Packet] = []
        """Every SYN of the client, in their order, also of those that were lost."""
        self._thread = thread
        self._client = _End(client, lambda data: self._pass_on(data, True))
        self._server = _End(server, lambda data: self._pass_on(data, False))

    def start(self) -> None:
        """Carries packets from now on; thread's."""
        for end in (self._client, self._server):
            self._thread.pump.watch_file_descriptor(end.descriptor, True, READ, end.watch, end)

    def close(self) -> None:
        """Takes the devices away; thread's."""
        for end in (self._client, self._server):
            end.watch.stop_watching()
            os.close(end.descriptor)

    @property
    def sockets_opened(self) -> int:
        """How many sockets have tried to connect."""
        return len({(packet.source, packet.source_port) for packet in self.connects})

    def _pass_on(self, data: bytes, is_from_client: bool) -> None:
        packet = _parse(data, is_from_client)
        if packet.is_connect:
            self.connects.append(packet)
        if self.loses(packet):
            return
        receiver = self._server if is_from_client else self._client
        if self.delay_s:
            self._thread.timers.call_later(self.delay_s, lambda: receiver.take(data))
        else:
            receiver.take(data)


def _parse(data: bytes, is_from_client: bool) -> Packet:
    if data[0] >> 4 == 4:
        family, protocol, start = socket.AF_INET, data[9], (data[0] & 15) * 4
        source, destination = data[12:16], data[16:20]
    else:
        family, protocol, start = socket.AF_INET6, data[6], 40
        source, destination = data[8:24], data[24:40]
    ports, flags = (0, 0), 0
    if protocol == socket.IPPROTO_TCP:
        ports, flags = struct.unpack_from("!HH", data, start), data[start + 13]
    from_address, to_address = socket.inet_ntop(family, source), socket.inet_ntop(family, destination)
    return Packet(is_from_client, family, from_address, to_address, *ports, flags)
