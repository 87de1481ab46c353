"""The log: entries, observers, capture modes, threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import (
    NetLog,
    NetLogCaptureMode,
    NetLogEntry,
    NetLogSource,
    entry_to_value,
)

DEFAULT = NetLogCaptureMode.DEFAULT
INCLUDE_SENSITIVE = NetLogCaptureMode.INCLUDE_SENSITIVE
EVERYTHING = NetLogCaptureMode.EVERYTHING
BEGIN, END, NONE = NetLogEventPhase.BEGIN, NetLogEventPhase.END, NetLogEventPhase.NONE
CANCELLED = NetLogEventType.CANCELLED


class Recorder:
    """Observes into a list."""

    def __init__(self) -> None:
        self.entries: list[NetLogEntry] = []

    def on_add_entry(self, entry: NetLogEntry) -> None:
        self.entries.append(entry)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=5.0)


@pytest.fixture
def net_log(clock: ManualClock) -> NetLog:
    return NetLog(clock)


@pytest.fixture
def recorder(net_log: NetLog) -> Recorder:
    recorder = Recorder()
    net_log.add_observer(recorder, DEFAULT)
    return recorder


@pytest.fixture
def source(net_log: NetLog) -> NetLogSource:
    return net_log.next_source(NetLogSourceType.SOCKET)


def test_a_global_entry_has_a_source_of_its_own(net_log: NetLog, recorder: Recorder) -> None:
    """Row 20: source type NONE and a fresh id each time."""
    net_log.add_global_entry(CANCELLED)
    net_log.add_global_entry(NetLogEventType.FAILED, lambda _mode: {"a": 1})
    first, second = recorder.entries
    assert (first.type, first.phase, first.params) == (CANCELLED, NONE, {})
    assert (second.type, second.params) == (NetLogEventType.FAILED, {"a": 1})
    assert first.source.type == second.source.type == NetLogSourceType.NONE
    assert 0 < first.source.id < second.source.id


def test_an_entry_keeps_source_type_phase_and_time(net_log: NetLog, clock: ManualClock, recorder: Recorder) -> None:
    """Row 21: and the time is that of the event, not that of its source."""
    source = net_log.next_source(NetLogSourceType.SOCKET)
    clock.advance(2.0)
    net_log.add_entry(CANCELLED, source, BEGIN)
    clock.advance(1.0)
    net_log.add_entry(CANCELLED, source, END, lambda _mode: {"net_error": -3})
    assert recorder.entries == [
        NetLogEntry(CANCELLED, source, BEGIN, 7.0, {}),
        NetLogEntry(CANCELLED, source, END, 8.0, {"net_error": -3}),
    ]
    assert source.start_time == 5.0


def test_source_ids_start_at_one(net_log: NetLog) -> None:
    """And every source has its own."""
    sources = [net_log.next_source(NetLogSourceType.SOCKET) for _ in range(3)]
    assert [source.id for source in sources] == [1, 2, 3]


def test_params_are_built_once_per_mode_in_use(net_log: NetLog, source: NetLogSource) -> None:
    """Row 22: and each observer sees those of its own mode."""
    built: list[NetLogCaptureMode] = []

    def params(mode: NetLogCaptureMode) -> dict[str, object]:
        built.append(mode)
        return {"mode": int(mode)}

    recorders = [Recorder() for _ in range(4)]
    for recorder, mode in zip(recorders, (DEFAULT, EVERYTHING, EVERYTHING, DEFAULT), strict=True):
        net_log.add_observer(recorder, mode)
    assert net_log.capture_modes == {DEFAULT, EVERYTHING}
    net_log.add_entry(CANCELLED, source, NONE, params)
    assert sorted(built) == [DEFAULT, EVERYTHING]
    assert [recorder.entries[0].params["mode"] for recorder in recorders] == [0, 2, 2, 0]


def test_nothing_is_built_while_nobody_observes(net_log: NetLog, source: NetLogSource) -> None:
    """Row 22: no params, no global source, no time taken."""

    def params(mode: NetLogCaptureMode) -> dict[str, object]:
        raise AssertionError(f"built for {mode}")

    net_log.add_entry(CANCELLED, source, NONE, params)
    net_log.add_global_entry(CANCELLED, params)
    assert net_log.next_source(NetLogSourceType.NONE).id == source.id + 1


def test_capturing_follows_the_observers(net_log: NetLog) -> None:
    """Row 23: the flag and the modes, with one observer and with two."""
    first, second = Recorder(), Recorder()
    assert (net_log.is_capturing, net_log.capture_modes) == (False, frozenset())
    net_log.add_observer(first, INCLUDE_SENSITIVE)
    assert (net_log.is_capturing, net_log.capture_modes) == (True, frozenset({INCLUDE_SENSITIVE}))
    net_log.add_observer(second, DEFAULT)
    net_log.add_global_entry(CANCELLED)
    net_log.remove_observer(first)
    assert (net_log.is_capturing, net_log.capture_modes) == (True, frozenset({DEFAULT}))
    net_log.add_global_entry(CANCELLED)
    net_log.remove_observer(second)
    assert (net_log.is_capturing, net_log.capture_modes) == (False, frozenset())
    net_log.add_global_entry(CANCELLED)
    assert (len(first.entries), len(second.entries)) == (1, 2)


def test_an_observer_observes_once(net_log: NetLog, recorder: Recorder) -> None:
    """Row 23: adding it twice, or removing a stranger, is a mistake of the caller."""
    with pytest.raises(AssertionError, match="observes already"):
        net_log.add_observer(recorder, EVERYTHING)
    with pytest.raises(AssertionError, match="does not observe"):
        net_log.remove_observer(Recorder())
    net_log.remove_observer(recorder)
    net_log.add_observer(recorder, EVERYTHING)
    assert net_log.capture_modes == {EVERYTHING}


def test_an_observer_that_came_too_late_for_an_entry_does_not_get_it(
    net_log: NetLog, recorder: Recorder, source: NetLogSource
) -> None:
    """Its mode was not in use when the params were built."""
    late = Recorder()

    def params(_mode: NetLogCaptureMode) -> dict[str, object]:
        net_log.add_observer(late, EVERYTHING)
        return {}

    net_log.add_entry(CANCELLED, source, NONE, params)
    assert (len(recorder.entries), len(late.entries)) == (1, 0)


def in_threads(count: int, work: Callable[[], None]) -> None:
    """Run `work` in many threads, which start it together."""
    barrier = threading.Barrier(count)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            barrier.wait(10)
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert failures == []


def test_many_threads_may_log(net_log: NetLog, recorder: Recorder) -> None:
    """Row 24: every entry arrives, and no id is given twice."""

    def log() -> None:
        for _ in range(200):
            net_log.add_global_entry(CANCELLED)

    in_threads(8, log)
    assert len(recorder.entries) == 1600
    assert len({entry.source.id for entry in recorder.entries}) == 1600


def test_many_threads_may_come_and_go(net_log: NetLog) -> None:
    """Row 24: an observer misses nothing of its own time, and gets nothing after its removal."""

    def observe() -> None:
        for mode in (DEFAULT, EVERYTHING) * 20:
            recorder = Recorder()
            net_log.add_observer(recorder, mode)
            mine = net_log.next_source(NetLogSourceType.SOCKET)
            net_log.add_entry(CANCELLED, mine, NONE)
            net_log.remove_observer(recorder)
            received = len(recorder.entries)
            assert [entry.source for entry in recorder.entries].count(mine) == 1
            net_log.add_entry(CANCELLED, mine, NONE)
            assert len(recorder.entries) == received

    in_threads(8, observe)
    assert not net_log.is_capturing


def test_an_observer_that_raises_is_removed(
    net_log: NetLog, source: NetLogSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Logging never breaks a request, and the other observers go on."""

    class Broken(Recorder):
        def on_add_entry(self, entry: NetLogEntry) -> None:
            raise RuntimeError("disk full")

    recorder = Recorder()
    net_log.add_observer(Broken(), EVERYTHING)
    net_log.add_observer(recorder, DEFAULT)
    with caplog.at_level(logging.ERROR, "netstack_sync.log.net_log"):
        net_log.add_entry(CANCELLED, source, NONE)
        net_log.add_entry(CANCELLED, source, NONE)
    assert len(recorder.entries) == 2
    assert net_log.capture_modes == {DEFAULT}
    assert len(caplog.records) == 1
    assert "disk full" in caplog.text


def test_an_event_from_within_an_observer_does_not_hang(net_log: NetLog, source: NetLogSource) -> None:
    """The garbage collector may run there and close a socket, which logs."""

    class Collecting(Recorder):
        def on_add_entry(self, entry: NetLogEntry) -> None:
            super().on_add_entry(entry)
            if entry.type != NetLogEventType.SOCKET_CLOSED:
                net_log.add_entry(NetLogEventType.SOCKET_CLOSED, source, NONE)

    observer = Collecting()
    net_log.add_observer(observer, DEFAULT)
    net_log.add_entry(CANCELLED, source, NONE)
    assert [entry.type for entry in observer.entries] == [CANCELLED, NetLogEventType.SOCKET_CLOSED]


def test_a_forked_child_starts_without_observers_and_with_a_free_lock(net_log: NetLog, recorder: Recorder) -> None:
    """A thread of the parent may have held the lock; it does not exist in the child."""
    parent_lock = net_log._lock
    with parent_lock:
        net_log.forget_observers_after_fork()
        assert not net_log.is_capturing
        in_threads(1, lambda: net_log.add_observer(recorder, DEFAULT))
    assert net_log.is_capturing


def test_the_value_of_an_entry_is_what_chromium_writes(net_log: NetLog, clock: ManualClock, recorder: Recorder) -> None:
    """Times are strings of milliseconds; the start time is that of the source."""
    source = net_log.next_source(NetLogSourceType.SOCKET)
    clock.advance(1.0016)
    net_log.add_entry(NetLogEventType.TCP_CONNECT, source, END, lambda _mode: {"net_error": -102})
    assert entry_to_value(recorder.entries[0]) == {
        "time": "6002",
        "type": 40,
        "phase": 2,
        "source": {"id": 1, "type": 7, "start_time": "5000"},
        "params": {"net_error": -102},
    }


def test_the_value_of_an_entry_without_params_has_no_such_key(net_log: NetLog, recorder: Recorder) -> None:
    """Row 25: neither for no params nor for empty ones."""
    net_log.add_global_entry(CANCELLED)
    net_log.add_global_entry(CANCELLED, lambda _mode: {})
    for entry in recorder.entries:
        assert entry_to_value(entry).keys() == {"time", "type", "phase", "source"}


def test_reprs_show_source_type_and_phase(source: NetLogSource) -> None:
    """In one line."""
    assert repr(source) == "<NetLogSource 1 SOCKET>"
    assert repr(NetLogEntry(CANCELLED, source, NONE, 0.0, {})) == "<NetLogEntry 1 CANCELLED {}>"
    assert repr(NetLogEntry(CANCELLED, source, END, 0.0, {"a": 1})) == "<NetLogEntry 1 CANCELLED END {'a': 1}>"
