"""Many threads on few sockets: first come, first served, and what is urgent before what is not.

Nothing here looks at a clock: a wait is counted in the requests that were served meanwhile.
"""

from __future__ import annotations

import threading

import netstack_sync
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.log.net_log import NetLogCaptureMode, NetLogEntry
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.waiting import wait_until

_THREADS = 64
_SOCKETS = 6
_REQUESTS = 2560


class Turns:
    """Watches who waits and who is served, in the network thread's own order."""

    def __init__(self) -> None:
        self._waiting: dict[int, None] = {}
        self._begun: dict[int, int] = {}
        self.ended = 0
        self.longest_queue = 0
        self.out_of_turn = 0
        """How often a socket went to a request while one that came earlier still waited."""
        self.longest_wait = 0
        """The most requests that ended between the begin and the end of one."""

    def on_add_entry(self, entry: NetLogEntry) -> None:
        """See NetLogObserver."""
        is_begin, source = entry.phase == NetLogEventPhase.BEGIN, entry.source.id
        if entry.type == NetLogEventType.SOCKET_POOL:
            self._on_pool(is_begin, source)
        elif entry.type == NetLogEventType.REQUEST_ALIVE:
            self._on_request(is_begin, source)

    def _on_pool(self, is_begin: bool, source: int) -> None:
        if is_begin:
            self._waiting[source] = None
            self.longest_queue = max(self.longest_queue, len(self._waiting))
        else:
            self.out_of_turn += next(iter(self._waiting)) != source
            del self._waiting[source]

    def _on_request(self, is_begin: bool, source: int) -> None:
        if is_begin:
            self._begun[source] = self.ended
        else:
            self.ended += 1
            self.longest_wait = max(self.longest_wait, self.ended - self._begun.pop(source))


def test_sockets_are_given_in_turn(server: EmbeddedServer) -> None:
    """64 threads share 6 sockets: nobody is passed over in the queue, and the longest wait is a turn of all threads."""
    turns = Turns()
    with netstack_sync.Session(limits=netstack_sync.Limits(per_host=_SOCKETS)) as session:
        session.context.net_log.add_observer(turns, NetLogCaptureMode.DEFAULT)
        _fetch_from_many_threads(session, server.url("/hello"))
        assert session.stats().sockets_opened <= _SOCKETS
        session.context.net_log.remove_observer(turns)
    assert turns.ended == _REQUESTS
    assert turns.longest_queue > _SOCKETS, "the threads were never in each other's way"
    assert turns.out_of_turn == 0
    # Those before it, one of each thread, and those that were faster on the other sockets.
    assert turns.longest_wait <= 2 * _THREADS


def test_urgent_requests_overtake(server: EmbeddedServer) -> None:
    """Requests that wait are sent by priority, and in the order in which they came where that is the same."""
    names = ["lowest", "low", "highest", "medium", "high"] * 4  # "high" is another word for the highest
    with netstack_sync.Session(limits=netstack_sync.Limits(per_host=1)) as session:
        with session.stream("GET", server.url("/bytes/10000000")):
            futures = [
                session.submit("GET", server.url(f"/status/200?{number}"), priority=name)
                for number, name in enumerate(names)
            ]
            wait_until(lambda: session.stats().requests_waiting == len(names), "all wait for the one socket")
        assert all(future.result(timeout=20).ok for future in futures)
    level = netstack_sync.RequestPriority.from_value
    expected = sorted(range(len(names)), key=lambda number: (-level(names[number]), number))
    sent = [int(request.target.partition("?")[2]) for request in server.requests[1:]]
    assert sent == expected


def test_urgent_requests_overtake_those_to_other_hosts(server: EmbeddedServer) -> None:
    """Hosts that only the limit of all sockets holds up are served by the priority of their first requests."""
    names = ["lowest", "highest", "low", "medium"]
    limits = netstack_sync.Limits(per_host=1, total=1)
    with netstack_sync.Session(limits=limits) as session:
        with session.stream("GET", server.url("/bytes/10000000")):
            futures = [
                session.submit("GET", server.url(f"/status/200?{name}", host=f"{name}.localhost"), priority=name)
                for name in names
            ]
            wait_until(lambda: session.stats().requests_waiting == len(names), "all wait for the one socket")
        assert all(future.result(timeout=20).ok for future in futures)
    sent = [request.target.partition("?")[2] for request in server.requests[1:]]
    assert sent == ["highest", "medium", "low", "lowest"]


def _fetch_from_many_threads(session: netstack_sync.Session, url: str) -> None:
    """Each thread sends its next request as soon as it has the last answer."""
    start = threading.Barrier(_THREADS)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            start.wait()
            for _ in range(_REQUESTS // _THREADS):
                assert session.get(url).content == b"hello\n"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, name=f"client-{number}") for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
