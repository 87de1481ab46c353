"""NetlinkWatcher: follows this machine's addresses and links over an rtnetlink socket; anybody may."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Collection
from typing import Final

from netstack_sync.loop.completion import Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.pump import READ, FdWatchController
from netstack_sync.loop.timers import OneShotTimer
from netstack_sync.network.address_tracker import AddressTracker
from netstack_sync.network.interfaces import NetworkState
from netstack_sync.network.rtnetlink import (
    ADDRESS_DUMP_REQUEST,
    GROUP_IPV4_ADDRESS,
    GROUP_IPV6_ADDRESS,
    GROUP_LINK,
    GROUP_NOTIFY,
    LINK_DUMP_REQUEST,
    DumpMessage,
    parse_messages,
)

_GROUPS: Final = GROUP_IPV4_ADDRESS | GROUP_IPV6_ADDRESS | GROUP_NOTIFY | GROUP_LINK
_KERNEL_PORT: Final = 0
# Half a millisecond of parsing. A piece of a dump is made to fit; of changes a burst fits, and is told of once.
_BYTES_PER_TURN: Final = 16_384
_SETTLE_S: Final = 1.0  # after messages were lost: so many changes are seldom over at once
_SIOCGIWNAME: Final = 0x8B01  # linux/wireless.h
_IFREQ_BYTES: Final = 32
_IFNAMSIZ: Final = 16

# From the last to the first, one at a time: the kernel refuses a second dump before the end of the first.
_DUMP_REQUESTS: Final = (LINK_DUMP_REQUEST, ADDRESS_DUMP_REQUEST)


class NetlinkWatcher:
    """Owns the socket; network thread only.

    `on_state` is told the state once it is known, and again whenever it may be another one; an equal one means that
    nothing has changed. When messages were lost (ENOBUFS) or a dump may lack entries, what is known is good for
    nothing: a second later everything is asked for anew, on a fresh socket, since the old one's queue is stale.
    `on_unavailable` is called, and the watcher has stopped, if the kernel gives no answers any more.
    """

    __slots__ = (
        "_dumps_left",
        "_has_news",
        "_ignored_names",
        "_on_state",
        "_on_unavailable",
        "_socket",
        "_thread",
        "_timer",
        "_tracker",
        "_watch",
    )

    def __init__(
        self,
        thread: NetworkThread,
        ignored_names: Collection[str],
        on_state: Callable[[NetworkState], None],
        on_unavailable: Task,
    ) -> None:
        self._thread = thread
        self._ignored_names = ignored_names
        self._on_state = on_state
        self._on_unavailable = on_unavailable
        self._socket: socket.socket | None = None
        self._watch = FdWatchController()
        self._timer = OneShotTimer(thread.timers, self._open_again)
        self._tracker = self._make_tracker()
        self._has_news = False  # the tracker knows more than was told
        self._dumps_left = 0  # nothing is told before the last one is over

    def start(self) -> bool:
        """Asks for the state; False, and nothing is open, where netlink is forbidden, as in some sandboxes."""
        try:
            self._socket = sock = _open_socket()
        except OSError:
            return False
        self._thread.sockets.add(sock)
        self._tracker = self._make_tracker()
        self._has_news = False
        self._dumps_left = len(_DUMP_REQUESTS)
        is_watched = self._thread.pump.watch_file_descriptor(sock.fileno(), True, READ, self._watch, self)
        if is_watched and self._request_dump(sock):
            return True
        self.stop()
        return False

    def stop(self) -> None:
        """Closes the socket; nobody is told anything after this. Idempotent."""
        self._timer.stop()
        self._watch.stop_watching()
        self._has_news = False
        if self._socket is not None:
            self._thread.sockets.discard(self._socket)
            self._socket.close()
            self._socket = None

    def on_fd_readable(self, fd: int) -> None:
        """Pump: the kernel has said something."""
        bytes_left = _BYTES_PER_TURN
        while bytes_left > 0 and self._socket is not None:
            try:
                datagram, (sender_port, _) = self._socket.recvfrom(_BYTES_PER_TURN)
            except BlockingIOError:
                break
            except OSError:
                self._start_over()
                return
            bytes_left -= len(datagram) + 1
            if sender_port == _KERNEL_PORT:  # else: a program that pretends
                self._handle(self._socket, datagram)
        if self._has_news and not self._dumps_left:
            self._has_news = False
            self._on_state(self._tracker.state())

    def on_fd_writable(self, fd: int) -> None:
        """See FdWatcher; not watched for."""

    def _handle(self, sock: socket.socket, datagram: bytes) -> None:
        for message in parse_messages(datagram):
            if not isinstance(message, DumpMessage):
                self._has_news |= self._tracker.handle(message)
            elif self._dumps_left:
                self._on_dump(sock, message)
                if self._socket is None:
                    return

    def _on_dump(self, sock: socket.socket, message: DumpMessage) -> None:
        if message.is_interrupted:
            self._start_over()
            return
        self._dumps_left -= 1
        self._has_news = True
        if message.os_error or (self._dumps_left and not self._request_dump(sock)):
            self.stop()
            self._on_unavailable()

    def _request_dump(self, sock: socket.socket) -> bool:
        try:
            sock.sendto(_DUMP_REQUESTS[self._dumps_left - 1], (_KERNEL_PORT, 0))
        except OSError:
            return False
        return True

    def _start_over(self) -> None:
        self.stop()
        self._timer.start(_SETTLE_S)

    def _open_again(self) -> None:
        if not self.start():
            self._on_unavailable()

    def _make_tracker(self) -> AddressTracker:
        return AddressTracker(self._ignored_names, self._is_wireless)

    def _is_wireless(self, name: str) -> bool:
        """Asks the kernel, which has the answer at hand: no file is looked up. The socket may be of any family."""
        assert self._socket is not None
        request = os.fsencode(name)[: _IFNAMSIZ - 1].ljust(_IFREQ_BYTES, b"\0")
        try:
            fcntl.ioctl(self._socket.fileno(), _SIOCGIWNAME, request)
        except OSError:
            return False
        return True


def _open_socket() -> socket.socket:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    try:
        sock.setblocking(False)
        sock.bind((0, _GROUPS))  # the kernel chooses the port: another watcher, or process, may live here
    except OSError:
        sock.close()
        raise
    return sock
