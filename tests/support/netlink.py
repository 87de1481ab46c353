"""rtnetlink messages as the kernel writes them, and a kernel that says what a test lets it say."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from netstack_sync.network import netlink_linux

DONE, ERROR = 3, 2
NEWLINK, DELLINK, NEWADDR, DELADDR, DELROUTE = 16, 17, 20, 21, 25
GETLINK, GETADDR = 18, 22
UP, LOOPBACK, POINT_TO_POINT, RUNNING, LOWER_UP = 0x1, 0x8, 0x10, 0x40, 0x10000
ONLINE = UP | RUNNING | LOWER_UP
INTERRUPTED = 0x10
PERMANENT, TENTATIVE, DEPRECATED, TEMPORARY = 0x80, 0x40, 0x20, 0x01
ETHER, NO_ARP = 1, 0xFFFE
_IFA_ADDRESS, _IFA_LOCAL, _IFA_CACHEINFO = 1, 2, 6
_IFLA_IFNAME, _IFLA_WIRELESS, _IFLA_LINKINFO = 3, 11, 18


def message(kind: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """One message with its header, padded."""
    data = struct.pack("=IHHII", 16 + len(payload), kind, flags, 0, 0) + payload
    return data + bytes(-len(data) % 4)


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute with its header, padded."""
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data + bytes(-len(data) % 4)


def address_message(
    kind: int,
    interface: int,
    address: str = "",
    local: str = "",
    *,
    flags: int = 0,
    prefix_length: int = 24,
    preferred_s: int | None = None,
    family: int | None = None,
    dump_flags: int = 0,
) -> bytes:
    """RTM_NEWADDR or RTM_DELADDR with IFA_ADDRESS, IFA_LOCAL and the lifetime as far as they are given."""
    packed = {_IFA_ADDRESS: _packed(address), _IFA_LOCAL: _packed(local)}
    if family is None:
        family = socket.AF_INET6 if ":" in address + local else socket.AF_INET
    payload = struct.pack("=BBBBI", family, prefix_length, flags, 0, interface)
    if preferred_s is not None:
        payload += attribute(_IFA_CACHEINFO, struct.pack("=4I", preferred_s, 3600, 0, 0))
    payload += b"".join([attribute(kind, value) for kind, value in packed.items() if value])
    return message(kind, payload, dump_flags)


def link_message(
    kind: int,
    interface: int,
    name: str,
    flags: int = ONLINE,
    *,
    hardware_type: int = ETHER,
    family: int = 0,
    is_virtual: bool = False,
    is_wireless_event: bool = False,
) -> bytes:
    """RTM_NEWLINK or RTM_DELLINK."""
    payload = struct.pack("=BxHiII", family, hardware_type, interface, flags, 0)
    payload += attribute(_IFLA_IFNAME, name.encode() + b"\0")
    if is_virtual:
        payload += attribute(_IFLA_LINKINFO | 0x8000, attribute(1, b"veth\0"))
    if is_wireless_event:
        payload += attribute(_IFLA_WIRELESS, b"\0" * 8)
    return message(kind, payload)


def done(flags: int = 0, result: int = 0) -> bytes:
    """The end of a dump."""
    return message(DONE, struct.pack("=i", result), flags)


class FakeNetlinkSocket(socket.socket):
    """The watcher's end; each datagram is preceded by its sender's port, or stands for an error."""

    def __init__(self, kernel: FakeKernel, descriptor: int) -> None:
        super().__init__(fileno=descriptor)
        self._kernel = kernel

    def recvfrom(self, size: int, flags: int = 0) -> tuple[bytes, tuple[int, int]]:
        """As of a netlink socket."""
        data = self.recv(size + 4)
        port = int.from_bytes(data[:4], "big")
        if port == FakeKernel.LOST:
            raise OSError(errno.ENOBUFS, "No buffer space available")
        return data[4:], (port, 0)

    def sendto(self, data: bytes, address: tuple[int, int]) -> int:  # type: ignore[override]
        """Keeps the request."""
        assert address == (0, 0)
        if self._kernel.refuses_requests:
            raise PermissionError(errno.EACCES, "Permission denied")
        self._kernel.requests.append(struct.unpack_from("=H", data, 4)[0])
        return len(data)


class FakeKernel:
    """Says nothing by itself. `requests` are the types of those that came."""

    LOST = 0xFFFFFFFF

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.opened = 0
        self.is_forbidden = False
        self.refuses_requests = False
        self._end: socket.socket | None = None

    def open_socket(self) -> socket.socket:
        """Takes the place of the watcher's way to open one."""
        if self.is_forbidden:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        self.close()
        self._end, near = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        near.setblocking(False)
        self.opened += 1
        return FakeNetlinkSocket(self, near.detach())

    def say(self, *messages: bytes, port: int = 0) -> None:
        """Sends one datagram."""
        assert self._end is not None
        self._end.send(port.to_bytes(4, "big") + b"".join(messages))

    def lose_messages(self) -> None:
        """Lets the next read fail with ENOBUFS."""
        self.say(port=self.LOST)

    def close(self) -> None:
        """Closes the kernel's end."""
        if self._end is not None:
            self._end.close()


@contextmanager
def fake_kernel() -> Iterator[FakeKernel]:
    """Watchers talk to it inside the with-block."""
    kernel = FakeKernel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(netlink_linux, "_open_socket", kernel.open_socket)
        try:
            yield kernel
        finally:
            kernel.close()


def _packed(address: str) -> bytes:
    if not address:
        return b""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
