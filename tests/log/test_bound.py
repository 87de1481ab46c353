"""The log bound to one source."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_ABORTED, OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog, NetLogCaptureMode, NetLogEntry

SOCKET_POOL = NetLogEventType.SOCKET_POOL


class Recorder:
    """Observes into a list."""

    def __init__(self) -> None:
        self.entries: list[NetLogEntry] = []

    def on_add_entry(self, entry: NetLogEntry) -> None:
        self.entries.append(entry)


@pytest.fixture
def bound() -> NetLogWithSource:
    return NetLogWithSource.make(NetLog(ManualClock(start=7.0)), NetLogSourceType.URL_REQUEST)


def log_everything(bound: NetLogWithSource) -> None:
    """Call each method that emits."""
    bound.begin(SOCKET_POOL)
    bound.begin(SOCKET_POOL, lambda _mode: {"a": 1})
    bound.event(NetLogEventType.CANCELLED)
    bound.event(NetLogEventType.CANCELLED, lambda _mode: {"b": 2})
    bound.end(SOCKET_POOL)
    bound.end(SOCKET_POOL, lambda _mode: {"c": 3})
    bound.end_with_net_error(SOCKET_POOL, OK)
    bound.end_with_net_error(SOCKET_POOL, 17)
    bound.end_with_net_error(SOCKET_POOL, ERR_ABORTED)


def test_every_method_emits_for_the_bound_source(bound: NetLogWithSource) -> None:
    """Row 21: with its phase; a success ends without parameters, also when it is a count."""
    recorder = Recorder()
    bound.net_log.add_observer(recorder, NetLogCaptureMode.DEFAULT)
    assert bound.is_capturing
    log_everything(bound)
    assert {entry.source for entry in recorder.entries} == {bound.source}
    assert [(entry.type.name, entry.phase.name, entry.params) for entry in recorder.entries] == [
        ("SOCKET_POOL", "BEGIN", {}),
        ("SOCKET_POOL", "BEGIN", {"a": 1}),
        ("CANCELLED", "NONE", {}),
        ("CANCELLED", "NONE", {"b": 2}),
        ("SOCKET_POOL", "END", {}),
        ("SOCKET_POOL", "END", {"c": 3}),
        ("SOCKET_POOL", "END", {}),
        ("SOCKET_POOL", "END", {}),
        ("SOCKET_POOL", "END", {"net_error": ERR_ABORTED}),
    ]


def test_nothing_reaches_the_log_while_nobody_observes(
    bound: NetLogWithSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each method returns after one look at the flag."""

    def refuse(*_args: object) -> None:
        raise AssertionError("reached the log")

    monkeypatch.setattr(NetLog, "add_entry", refuse)
    assert not bound.is_capturing
    log_everything(bound)


def test_a_bound_log_has_a_source_of_its_own(bound: NetLogWithSource) -> None:
    """It is the source itself, with the time at which it began."""
    assert repr(bound) == "<NetLogWithSource 1 URL_REQUEST>"
    other = NetLogWithSource.make(bound.net_log, NetLogSourceType.SOCKET)
    assert (other.source.id, other.source.type) == (2, NetLogSourceType.SOCKET)
    assert other.source is other and other.start_time == 7.0
