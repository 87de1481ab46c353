"""RequestQueue: the order of requests, whatever becomes of the script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_FAILED, ERR_IO_PENDING
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.proxy.pac_file import PacFileData
from netstack_sync.proxy.pac_resolver import PacResolveJob, PacResolver
from netstack_sync.proxy.request_queue import RequestQueue
from netstack_sync.proxy.resolution_request import ProxyResolutionRequest
from tests.support.pac import TEXT, PacWorld

WAITING = NetLogEventType.PROXY_RESOLUTION_SERVICE_WAITING_FOR_INIT_PAC


class Queueing:
    """A queue with requests by name, and the ResolutionOwner of these: whoever starts has to wait."""

    init_load_state = LoadState.IDLE

    def __init__(self, world: PacWorld) -> None:
        self.world = world
        self.queue = RequestQueue()
        self._resolver = PacResolver(PacFileData(TEXT, "", is_trusted=True), world.services)
        self._requests: dict[str, ProxyResolutionRequest] = {}

    def request(self, name: str) -> ProxyResolutionRequest:
        """The one of that name."""
        if name not in self._requests:
            net_log = NetLogWithSource.make(self.world.net_log, NetLogSourceType.URL_REQUEST)
            self._requests[name] = ProxyResolutionRequest(self, Url.parse(f"http://{name}.test/"), net_log)
        return self._requests[name]

    def start_request(self, request: ProxyResolutionRequest) -> int:
        """See ResolutionOwner."""
        self.queue.add_waiting(request)
        return ERR_IO_PENDING

    def leave(self, request: ProxyResolutionRequest) -> None:
        """See ResolutionOwner."""
        self.queue.leave(request)

    def conclude(self, request: ProxyResolutionRequest, job: PacResolveJob, result: int) -> int:
        """See ResolutionOwner; no script answers here."""
        raise AssertionError(request)

    def ask(self, name: str) -> None:
        """It asks the script."""
        self.queue.add_asking(self.request(name))
        assert self.request(name).ask(self._resolver) == ERR_IO_PENDING

    def take_all(self) -> list[str]:
        """The names of those who wait, in their order."""
        taken = []
        while self.queue.has_waiting:
            taken.append(self.queue.take_next().url.host[:1])
        return taken

    def waits(self, phase: NetLogEventPhase) -> int:
        """How many have begun to wait, or ended that."""
        return len(self.world.net_log.params_of(WAITING, phase))


@pytest.fixture
def queueing(world: PacWorld) -> Queueing:
    return Queueing(world)


def test_first_come_first_served(queueing: Queueing) -> None:
    """Who leaves is passed over, once and for all."""
    queue = queueing.queue
    assert queue.is_empty and not queue.has_waiting
    for name in "abc":
        queue.add_waiting(queueing.request(name))
    assert queue.has_waiting and not queue.is_empty
    queue.leave(queueing.request("b"))
    queue.leave(queueing.request("b"))
    queueing.request("b").end_wait()
    assert queueing.take_all() == ["a", "c"] and queue.is_empty
    assert queueing.waits(NetLogEventPhase.BEGIN) == queueing.waits(NetLogEventPhase.END) == 3


def test_who_asks_waits_again(queueing: Queueing) -> None:
    """Before the others; their questions are dropped."""
    queue = queueing.queue
    for name in "abc":
        queueing.ask(name)
    assert not queue.has_waiting and not queue.is_empty
    queue.add_waiting(queueing.request("d"))
    queueing.request("b").suspend()
    queue.leave(queueing.request("b"))
    queue.suspend()
    assert [run.is_cancelled for run in queueing.world.engine.runs] == [True] * 3
    assert queueing.take_all() == ["a", "c", "d"] and queue.is_empty
    assert queueing.request("a").load_state is LoadState.IDLE


def test_the_end(queueing: Queueing, capsys: pytest.CaptureFixture[str]) -> None:
    """All are told, in their order, also when one of them has a bug or cancels another."""
    told: list[tuple[str, int]] = []

    def start(name: str, deed: Callable[[], object]) -> None:
        def on_done(result: int) -> None:
            told.append((queueing.request(name).error_detail, result))
            deed()

        assert queueing.request(name).start(on_done) == ERR_IO_PENDING

    def raise_bug() -> None:
        raise RuntimeError("a bug")

    start("a", raise_bug)
    start("b", lambda: queueing.request("c").cancel())
    start("c", raise_bug)
    start("d", lambda: None)
    queueing.queue.fail_waiting(ERR_FAILED, "the end")
    assert told == [("the end", ERR_FAILED)] * 3 and queueing.queue.is_empty
    assert capsys.readouterr().err.count("RuntimeError: a bug") == 1
