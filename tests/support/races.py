"""A race of HappyEyeballs whose lanes the test decides."""

from __future__ import annotations

import socket

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.pool.happy_eyeballs import HappyEyeballs
from netstack_sync.sockets.connection_attempt import ConnectionAttempt
from tests.support.connect_health import RecordingHealth
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver
from tests.support.pool import FakeSocket

V6 = tuple(IPEndPoint(f"2001:db8::{number}", 80, socket.AF_INET6) for number in range(1, 5))
V4 = tuple(IPEndPoint(f"192.0.2.{number}", 80, socket.AF_INET) for number in range(1, 5))
PAIR = (V6[0], V4[0])
FALLBACK = NetLogEventType.TRANSPORT_CONNECT_JOB_IPV6_FALLBACK


class Lane(FakeSocket):
    """A transport that the test leads from one of its addresses to the next."""

    def fail_one(self, result: int) -> None:
        """The address under way fails; the lane goes on with its next one."""
        self.connection_attempts.append(ConnectionAttempt(self.addresses[len(self.connection_attempts)], result))

    @property
    def remote_address(self) -> IPEndPoint | None:
        """The address under way."""
        return self.addresses[len(self.connection_attempts)]

    @property
    def is_over(self) -> bool:
        """Nothing is open, nobody is called back."""
        return bool(self.times_closed) and not self.is_open and self.on_connect is None

    def _note_attempts(self, result: int) -> None:
        left = self.addresses[len(self.connection_attempts) :]
        tried = left[:1] if result == OK else left
        self.connection_attempts += [ConnectionAttempt(endpoint, result) for endpoint in tried]


class Race:
    """A race whose lanes the test decides; `outcomes` has what families answer at once."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.health = RecordingHealth()
        self.outcomes: dict[int, int] = {}
        self.lanes: list[Lane] = []
        self.done = RecordedCompletion()
        source = NetLogWithSource.make(self.net_log, NetLogSourceType.TRANSPORT_CONNECT_JOB)
        self.eyeballs = HappyEyeballs(driver.thread.timers, self._create_socket, self.health, source)

    def start(self, addresses: AddressList = PAIR, first_family: int = socket.AF_INET6) -> int:
        """Begins."""
        return self.eyeballs.start(addresses, first_family, self.done)

    def begin_all(self, count: int) -> None:
        """Nobody answers until so many lanes have started."""
        while len(self.lanes) < count:
            assert self.has_timer
            self.driver.advance(0.3)

    @property
    def begun(self) -> list[AddressList]:
        """The addresses of each lane that has started."""
        return [lane.addresses for lane in self.lanes]

    @property
    def running(self) -> list[Lane]:
        """The lanes under way."""
        return [lane for lane in self.lanes if lane.on_connect is not None]

    @property
    def fallbacks(self) -> list[dict[str, object]]:
        """What the log says of slow families."""
        return self.net_log.params_of(FALLBACK, NetLogEventPhase.NONE)

    @property
    def has_timer(self) -> bool:
        """True while the race may have to start another lane."""
        return len(self.driver.thread.timers) > 0

    def _create_socket(self, addresses: AddressList) -> Lane:
        lane = Lane(self.net_log, is_open=False)
        lane.addresses = addresses
        lane.connect_result = self.outcomes.get(addresses[0].family, ERR_IO_PENDING)
        self.lanes.append(lane)
        return lane
