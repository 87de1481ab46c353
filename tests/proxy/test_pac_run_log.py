"""PacRunLog: threads, alerts and errors of the runs that count."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.proxy.pac_run_log import PacRunLog
from netstack_sync.workers.pac_values import PacError, PacOutcome
from tests.support.net_logs import RecordingNetLog

Entries = list[tuple[str, str, dict[str, object]]]


class World:
    """The log of one job."""

    def __init__(self) -> None:
        self.recorded = RecordingNetLog()
        self.log = PacRunLog(NetLogWithSource.make(self.recorded, NetLogSourceType.URL_REQUEST))

    @property
    def entries(self) -> Entries:
        """All of them."""
        return [(entry.type.name, entry.phase.name, dict(entry.params)) for entry in self.recorded.entries]


@pytest.fixture
def world() -> World:
    return World()


SUBMITTED = NetLogEventType.SUBMITTED_TO_RESOLVER_THREAD.name
WAITING = NetLogEventType.WAITING_FOR_PROXY_RESOLVER_THREAD.name


def test_a_run_that_did_not_wait(world: World) -> None:
    """Its thread is known once it is over; each run has one of its own, and a process has no number."""
    world.log.note_outcome(PacOutcome(needs="a.test", thread_number=0))
    world.log.note_outcome(PacOutcome(result="DIRECT"))
    assert world.entries == [(SUBMITTED, "NONE", {"thread_number": 0}), (SUBMITTED, "NONE", {})]


def test_a_run_that_waited(world: World) -> None:
    """Its thread is known once there is one; the run after it did not wait."""
    world.log.begin_wait()
    world.log.end_wait(3)
    world.log.note_outcome(PacOutcome(needs="a.test", thread_number=3))
    world.log.note_outcome(PacOutcome(result="DIRECT", thread_number=1))
    assert world.entries == [
        (WAITING, "BEGIN", {}),
        (WAITING, "END", {}),
        (SUBMITTED, "NONE", {"thread_number": 3}),
        (SUBMITTED, "NONE", {"thread_number": 1}),
    ]


def test_a_run_that_waited_in_vain(world: World) -> None:
    """The wait ends with the outcome, or with the job; once."""
    world.log.begin_wait()
    world.log.note_outcome(PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, "no engine")))
    world.log.begin_wait()
    world.log.close()
    world.log.close()
    assert [phase for name, phase, _ in world.entries if name == WAITING] == ["BEGIN", "END", "BEGIN", "END"]


def test_what_a_script_says(world: World) -> None:
    """Alerts in their order, then the error with its line; what is not ASCII is escaped."""
    world.log.note_outcome(
        PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, "é", 7, 1), alerts=("one", "zwölf"), thread_number=0)
    )
    world.log.note_outcome(PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, "no engine"), thread_number=0))
    said = [(name, params) for name, _, params in world.entries if name != SUBMITTED]
    assert said == [
        ("PAC_JAVASCRIPT_ALERT", {"message": "one"}),
        ("PAC_JAVASCRIPT_ALERT", {"message": "%ESCAPED:\u200b zw%C3%B6lf"}),
        ("PAC_JAVASCRIPT_ERROR", {"line_number": 7, "message": "%ESCAPED:\u200b %C3%A9"}),
        ("PAC_JAVASCRIPT_ERROR", {"message": "no engine"}),
    ]


class Unread(tuple[str, ...]):
    """Alerts that must not be looked at."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("read for nobody")


def test_nobody_listens() -> None:
    """Nothing is made for nobody."""
    log = PacRunLog(NetLogWithSource.make(NetLog(ManualClock()), NetLogSourceType.URL_REQUEST))
    log.begin_wait()
    log.end_wait(0)
    log.note_outcome(PacOutcome(result="DIRECT", alerts=Unread(("one",))))
    log.close()
