"""HappyEyeballs: connects to the addresses of a name, one a little after the other; the first connection wins.

RFC 8305 §5, where Chromium (net/socket/transport_connect_job.cc) has a race of two families that try their addresses
one after the other, so that one server of many that does not answer costs the system's time-out. Here every address
of the first few is a lane of its own. The next lane starts when one has failed, or when all are slow. From then on
each goes on by itself, so that a lane that fails does not end the race.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_INVALID,
    ERR_ADDRESS_UNREACHABLE,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_INTERNET_DISCONNECTED,
    ERR_IO_PENDING,
    ERR_NETWORK_IO_SUSPENDED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.timers import Alarm, TimerQueue
from netstack_sync.sockets.stream_socket import TransportSocket

if TYPE_CHECKING:
    from netstack_sync.pool.connect_health import ConnectHealth

# Chromium's kIPv6FallbackTime. Not 250 ms as in RFC 8305 §5: that is when the pool starts its backup job, and the two
# would always come together.
FALLBACK_DELAY_S: Final = 0.3

# A race has as many descriptors open at most, however many addresses a name has: a few names with a thousand each
# must not use up those of the process. Four are two of each family, so that one dead server of each is passed by.
_MAX_LANES: Final = 4

# This machine has no way to the address. A machine without IPv6 says so of every IPv6 address; the user wants to know
# what the others met.
_NO_WAY: Final = (ERR_ADDRESS_UNREACHABLE, ERR_ADDRESS_INVALID, ERR_INTERNET_DISCONNECTED)


class HappyEyeballs:
    """One race. Network thread only; its owner takes `socket` when it is over, all others are closed by then."""

    __slots__ = (
        "_begun_families",
        "_create_socket",
        "_error",
        "_health",
        "_net_log",
        "_on_done",
        "_running",
        "_timer",
        "_waiting",
        "socket",
        "was_slow",
        "winner_family",
    )

    def __init__(
        self,
        timers: TimerQueue,
        create_socket: Callable[[AddressList], TransportSocket],
        health: ConnectHealth,
        net_log: NetLogWithSource,
    ) -> None:
        self._create_socket = create_socket
        self._health = health
        self._net_log = net_log
        self._on_done: Completion | None = None
        self._error = OK
        """Of the lanes that have failed."""
        self._timer = Alarm(timers)
        """Runs while lanes wait."""
        self._waiting: list[AddressList] = []
        """Lanes that have not started."""
        self._running: list[TransportSocket] = []
        """Those that have, until they are decided."""
        self._begun_families: set[int] = set()
        self.socket: TransportSocket | None = None
        """The winner's."""
        self.winner_family = 0
        self.was_slow = False
        """True when the second family was begun with because the first had not answered in time."""

    def start(self, addresses: AddressList, first_family: int, on_done: Completion) -> int:
        """OK, the error of the lane that failed last (an earlier one if that tells more), or ERR_IO_PENDING and one
        later callback.

        `addresses` are of one family or two, all different and not empty; the families take turns, beginning with
        `first_family` if it has any. Each family keeps its order.
        """
        self._waiting = _lanes(addresses, first_family)
        result = self._start_next()
        if result == ERR_IO_PENDING:
            self._on_done = on_done
        return result

    def cancel(self) -> None:
        """Closes what is under way; the callback never comes; idempotent."""
        self._on_done = None
        self._stop()

    def time_out(self) -> None:
        """cancel(), where the attempts under way count as timed out: nobody would wait longer for them."""
        under_way = [socket.remote_address for socket in self._running]
        self.cancel()
        for endpoint in under_way:
            assert endpoint is not None  # a socket that connects knows where to
            self._health.note_connect(endpoint, ERR_TIMED_OUT)

    def _start_next(self) -> int:
        addresses = self._waiting.pop(0)
        self._begun_families.add(addresses[0].family)
        socket = self._create_socket(addresses)
        self._running.append(socket)
        result = socket.connect(lambda result: self._maybe_finish(self._decided(socket, result)))
        if result != ERR_IO_PENDING:
            return self._decided(socket, result)  # may come back here, as often as there are lanes
        if self._waiting:
            self._timer.start(FALLBACK_DELAY_S, self._on_slow)
        return ERR_IO_PENDING

    def _on_slow(self) -> None:
        """Nobody has answered in time; those that are under way go on beside the next lane."""
        addresses = self._waiting[0]
        if addresses[0].family not in self._begun_families:
            self.was_slow = True
            if self._net_log.is_capturing:
                self._net_log.event(
                    NetLogEventType.TRANSPORT_CONNECT_JOB_IPV6_FALLBACK,
                    lambda _: {"address_list": [str(endpoint) for endpoint in addresses]},
                )
        self._maybe_finish(self._start_next())

    def _maybe_finish(self, result: int) -> None:
        if result != ERR_IO_PENDING:
            on_done, self._on_done = self._on_done, None
            assert on_done is not None
            on_done(result)

    def _decided(self, socket: TransportSocket, result: int) -> int:
        """One lane is through; answers what that means for the race."""
        self._leave(socket)
        if result == OK:
            self.socket = socket
            self.winner_family = socket.connection_attempts[-1].endpoint.family
            self._stop()
            return OK
        socket.disconnect()
        if result == ERR_NETWORK_IO_SUSPENDED:
            self._stop()  # the machine goes to sleep: no address is better than another
            return result
        if result == ERR_INSUFFICIENT_RESOURCES:
            self._waiting.clear()  # no descriptor for this lane means none for the next
        if result not in _NO_WAY or self._error == OK or self._error in _NO_WAY:
            self._error = result
        self._timer.stop()
        if self._waiting:
            return self._start_next()
        return ERR_IO_PENDING if self._running else self._error

    def _stop(self) -> None:
        self._timer.stop()
        while self._running:
            socket = self._running[0]
            self._leave(socket)
            socket.disconnect()

    def _leave(self, socket: TransportSocket) -> None:
        """Reports the lane's attempts; one that is still under way has no result and is not among them."""
        self._running.remove(socket)
        for attempt in socket.connection_attempts:
            self._health.note_connect(attempt.endpoint, attempt.result)


def _lanes(addresses: AddressList, first_family: int) -> list[AddressList]:
    """The families take turns (RFC 8305 §4). A lane is one address; what is left is the last one's, one by one."""
    first = [endpoint for endpoint in addresses if endpoint.family == first_family]
    second = [endpoint for endpoint in addresses if endpoint.family != first_family]
    turns = [endpoint for pair in zip_longest(first, second) for endpoint in pair if endpoint is not None]
    lanes: list[AddressList] = [(endpoint,) for endpoint in turns[: _MAX_LANES - 1]]
    rest = tuple(turns[_MAX_LANES - 1 :])
    return [*lanes, rest] if rest else lanes
