"""The file with the HSTS hosts: Chromium's transport_security_persister_unittest.cc, and what goes wrong with files."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import netstack_sync.http.hsts_persister as module
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.hsts_persister import (
    FLUSH_LIMIT_S,
    LOAD_LIMIT_S,
    WRITE_PERIOD_S,
    KnownHostsFile,
    TransportSecurityPersister,
    check_known_hosts_file,
)
from netstack_sync.http.hsts_store import MAX_ENTRIES, TransportSecurityState, host_keys
from netstack_sync.wire.hsts import MAX_AGE_S, HstsEntry, format_known_hosts, parse_known_hosts
from tests.support.network import NetworkDriver, driven_network
from tests.support.workers import ScriptedWorkers

NOW = 1_700_000_000.0
CLEAN = SSLInfo("TLSv1.3", "x", "", (b"leaf",), verified_chain=(b"leaf",))
A, B, C = [host_keys(f"{name}.test")[0] for name in "abc"]


class Process:
    """One process with a store and its persister, not started."""

    def __init__(self, driver: NetworkDriver, path: Path, clock: ManualWallClock) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.state = TransportSecurityState(clock)
        self.persister = TransportSecurityPersister(self.state, str(path), self.workers, driver.thread.timers, clock)
        self.ended: list[str] = []

    def started(self) -> Process:
        """With what is in the file."""
        self.persister.start()
        self.work()
        assert self.state.loaded.is_open
        return self

    def work(self) -> None:
        """Does what workers have to do now."""
        self.driver.run_until_idle()
        while self.workers.jobs:
            self.workers.run_next()
            self.driver.run_until_idle()

    def hears(self, host: str, value: str = "max-age=1000") -> None:
        self.state.on_header(host, value, CLEAN)

    def shut_down(self) -> int:
        return self.persister.shut_down(lambda: self.ended.append("ended"))


class Rig:
    """A file and the processes that share it."""

    def __init__(self, driver: NetworkDriver, path: Path) -> None:
        self.driver = driver
        self.path = path
        self.clock = ManualWallClock(NOW)

    def process(self) -> Process:
        return Process(self.driver, self.path, self.clock)

    def stored(self) -> dict[bytes, HstsEntry]:
        return parse_known_hosts(self.path.read_bytes())

    def store(self, entries: dict[bytes, HstsEntry]) -> None:
        self.path.write_bytes(format_known_hosts(entries))

    def advance(self, delta_s: float) -> None:
        self.clock.advance(delta_s)
        self.driver.advance(delta_s)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with driven_network() as driver:
        yield Rig(driver, tmp_path / "hsts")


@pytest.fixture
def process(rig: Rig) -> Process:
    """One that is loaded."""
    return rig.process().started()


def until(
    delta_s: float, *, observed: float = NOW, include_subdomains: bool = False, forces_https: bool = True
) -> HstsEntry:
    return HstsEntry(observed, NOW + delta_s, include_subdomains, forces_https)


# --- reading


def test_what_was_kept_is_there_again(rig: Rig) -> None:
    """Across processes, with what was said of subdomains."""
    first = rig.process().started()
    first.hears("a.test", "max-age=1000; includeSubDomains")
    first.work()
    second = rig.process().started()
    assert second.state.should_upgrade("x.a.test")
    assert second.state.entries() == {A: until(1000, include_subdomains=True)}


def test_requests_wait_for_it(rig: Rig) -> None:
    """Until it is read nobody knows whether http may be spoken."""
    rig.store({A: until(9)})
    process, seen = rig.process(), list[bool]()
    assert process.state.loaded.wait(lambda: seen.append(process.state.should_upgrade("a.test"))) == ERR_IO_PENDING
    process.persister.start()
    rig.driver.run_until_idle()
    assert not seen and not process.state.loaded.is_open
    process.work()
    assert seen == [True] and process.state.loaded.wait(lambda: None) == OK
    rig.advance(LOAD_LIMIT_S)
    assert not process.workers.jobs


def test_a_disk_that_hangs(rig: Rig) -> None:
    """Requests go on after a while; what comes late counts for those that follow, and changes are written then."""
    rig.store({A: until(1000)})
    process = rig.process()
    process.persister.start()
    rig.advance(LOAD_LIMIT_S - 0.1)
    assert not process.state.loaded.is_open
    rig.advance(0.1)
    assert process.state.loaded.is_open and not process.state.should_upgrade("a.test")
    process.hears("b.test")
    rig.advance(WRITE_PERIOD_S)
    assert len(process.workers.jobs) == 1, "nothing is written before the file is read"
    process.work()
    assert process.state.should_upgrade("a.test") and rig.stored().keys() == {A, B}


def test_what_was_said_meanwhile_is_newer(rig: Rig) -> None:
    """Than what the file has."""
    rig.store({A: until(9, observed=NOW - 1), B: until(9)})
    process = rig.process()
    process.hears("a.test", "max-age=77")
    process.started()
    assert process.state.entries() == {A: until(77), B: until(9)}


def test_no_thread_to_read_it(rig: Rig) -> None:
    """Is as if there were no file."""
    process = rig.process()
    process.persister.start()
    process.workers.jobs.popleft().fail(RuntimeError("can't start new thread"))
    rig.driver.run_until_idle()
    assert process.state.loaded.is_open


def test_moments_of_a_clock_that_was_wrong(rig: Rig) -> None:
    """A future observation would win over all that follow, and an end after more than a year nobody can have said."""
    rig.store({A: HstsEntry(NOW + 1e9, NOW + 2e9, False), B: HstsEntry(NOW - 5, NOW + 5, True)})
    entries = rig.process().started().state.entries()
    assert entries == {A: until(MAX_AGE_S), B: HstsEntry(NOW - 5, NOW + 5, True)}


FOREIGN = [b"{}", b"not ours", b"\xff" * 99, b'{"version": 1, "sts": []}', b"-----BEGIN PRIVATE KEY-----\n"]
DAMAGED = b'{"version": 2, "sts": [{"ho'


@pytest.mark.parametrize("content", FOREIGN)
def test_a_file_that_is_none_of_ours(rig: Rig, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    """It is left alone, also when there is something to write; one warning for each, and the session goes on."""
    rig.path.write_bytes(content)
    with pytest.raises(ValueError, match="it is no list of HSTS hosts"):
        check_known_hosts_file(str(rig.path))
    process = rig.process().started()
    process.hears("a.test")
    process.work()
    assert rig.path.read_bytes() == content and [path.name for path in rig.path.parent.iterdir()] == ["hsts"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert all(str(rig.path) in text and "left alone" in text for text in caplog.messages)


def test_a_file_that_is_damaged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A copy is kept, with a warning; what comes is written over it."""
    rig.path.write_bytes(DAMAGED)
    check_known_hosts_file(str(rig.path))
    process = rig.process().started()
    copy = Path(f"{rig.path}.bad")
    assert copy.read_bytes() == DAMAGED and stat.S_IMODE(copy.stat().st_mode) == 0o600
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and str(rig.path) in record.message and str(copy) in record.message
    process.hears("a.test")
    process.work()
    assert rig.stored().keys() == {A} and copy.read_bytes() == DAMAGED
    assert len(list(rig.path.parent.iterdir())) == 2


def test_older_copies_stay(rig: Rig) -> None:
    """Each damage has a name of its own, and the same one has one; at some time nothing more is kept or written."""
    Path(f"{rig.path}.bad1").mkdir()
    for number in (0, 2, 3, 4, 5, 6, 7, 8):
        for _ in range(2):
            rig.path.write_bytes(DAMAGED + b"x" * number)
            KnownHostsFile(str(rig.path)).store({A: until(9)}, NOW)
        assert Path(f"{rig.path}.bad{number or ''}").read_bytes() == DAMAGED + b"x" * number
    rig.path.write_bytes(DAMAGED + b"y" * 8)
    with pytest.raises(OSError, match=r"copies are kept in .*bad"):
        KnownHostsFile(str(rig.path)).store({A: until(9)}, NOW)
    assert rig.path.read_bytes() == DAMAGED + b"y" * 8


def test_two_that_see_the_damage(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one has written since the other read it is not lost."""
    one, two = KnownHostsFile(str(rig.path)), KnownHostsFile(str(rig.path))
    rig.path.write_bytes(DAMAGED)

    def parse_slowly(data: bytes) -> dict[bytes, HstsEntry]:
        monkeypatch.undo()
        one.store({A: until(9)}, NOW)
        return parse_known_hosts(data)

    monkeypatch.setattr(module, "parse_known_hosts", parse_slowly)
    assert two.load(NOW) == {}
    assert rig.stored().keys() == {A} and Path(f"{rig.path}.bad").read_bytes() == DAMAGED
    two.store({B: until(9)}, NOW)
    assert rig.stored().keys() == {A, B}


def test_a_file_that_was_spoilt_meanwhile(rig: Rig, process: Process) -> None:
    """The same when it is about to be written."""
    rig.path.write_bytes(DAMAGED)
    process.hears("a.test")
    process.work()
    assert Path(f"{rig.path}.bad").read_bytes() == DAMAGED and rig.stored().keys() == {A}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_pipes_are_never_opened(rig: Rig) -> None:
    """Nobody may be there to write."""
    os.mkfifo(rig.path)
    for path in (str(rig.path), os.devnull):
        with pytest.raises(OSError, match="is a pipe or a device"):
            check_known_hosts_file(path)
        with pytest.raises(OSError, match="is a pipe or a device"):
            KnownHostsFile(path).store({A: until(9)}, NOW)
        assert KnownHostsFile(path).load(NOW) == {}


def test_a_file_to_check(rig: Rig) -> None:
    """None, a good one, and one that cannot be read."""
    check_known_hosts_file(str(rig.path))
    rig.store({A: until(9)})
    check_known_hosts_file(str(rig.path))
    with pytest.raises(OSError):
        check_known_hosts_file(str(rig.path.parent))


def test_no_more_is_loaded_than_a_store_keeps(rig: Rig) -> None:
    """The network thread gets those that hold longest; sorting them is the worker's."""
    rig.store({number.to_bytes(32, "big"): until(number + 1) for number in range(MAX_ENTRIES + 5)})
    entries = KnownHostsFile(str(rig.path)).load(NOW)
    assert len(entries) == MAX_ENTRIES and min(entries) == (5).to_bytes(32, "big")


def test_a_file_that_cannot_be_read(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A warning, and it is left alone."""
    rig.path.mkdir()
    process = rig.process().started()
    assert "cannot read" in caplog.text and process.state.entries() == {} and rig.path.is_dir()


def test_a_file_that_is_too_large(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """It is not ours, and not read into memory."""
    with rig.path.open("wb") as file:
        file.truncate((1 << 24) + 1)
    assert rig.process().started().state.entries() == {}
    assert "too large" in caplog.text


# --- writing


def test_nothing_is_written_for_nothing(rig: Rig, process: Process) -> None:
    """No file without a host."""
    rig.advance(WRITE_PERIOD_S)
    process.work()
    assert not rig.path.exists() and process.shut_down() == OK


def test_the_first_change_is_kept_at_once(rig: Rig, process: Process) -> None:
    """And those that follow together, ten seconds later."""
    process.hears("a.test")
    process.work()
    assert rig.stored() == {A: until(1000)}
    process.hears("b.test")
    process.hears("c.test")
    rig.advance(WRITE_PERIOD_S - 0.1)
    assert not process.workers.jobs
    rig.advance(0.1)
    assert len(process.workers.jobs) == 1
    process.work()
    assert rig.stored().keys() == {A, B, C}
    rig.advance(WRITE_PERIOD_S)
    assert not process.workers.jobs, "it is as it was"
    process.hears("a.test", "max-age=0")
    assert len(process.workers.jobs) == 1, "the last write is long ago"
    process.work()
    assert rig.stored()[A].forces_https is False


def test_changes_during_a_slow_write(rig: Rig, process: Process) -> None:
    """They wait for its end: two at once would overtake each other."""
    process.hears("a.test")
    process.hears("b.test")
    rig.advance(WRITE_PERIOD_S)
    assert len(process.workers.jobs) == 1
    process.workers.run_next()
    rig.driver.run_until_idle()
    assert rig.stored().keys() == {A} and len(process.workers.jobs) == 1
    process.work()
    assert rig.stored().keys() == {A, B}


def test_what_has_ended_is_dropped(rig: Rig, process: Process) -> None:
    """From the file too, and with it what was taken back."""
    rig.store({C: until(5, forces_https=False)})
    process.hears("a.test", "max-age=5")
    process.work()
    assert rig.stored().keys() == {A, C}
    rig.advance(WRITE_PERIOD_S)
    process.hears("b.test")
    process.work()
    assert rig.stored().keys() == {B}


def test_a_file_has_an_end(rig: Rig, process: Process) -> None:
    """Whatever others have written."""
    rig.store({number.to_bytes(32, "big"): until(number + 1) for number in range(MAX_ENTRIES)})
    process.hears("a.test", "max-age=9999999")
    process.work()
    assert len(rig.stored()) == MAX_ENTRIES and A in rig.stored() and bytes(32) not in rig.stored()


def failing_fsync(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Until it is called the disk is full."""
    real = os.fsync

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    return lambda: monkeypatch.setattr(os, "fsync", real)


def test_a_full_disk(
    rig: Rig, process: Process, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning, and another attempt every ten seconds; nothing is forgotten."""
    recover = failing_fsync(monkeypatch)
    process.hears("a.test")
    for _ in range(3):
        process.work()
        rig.advance(WRITE_PERIOD_S)
    assert caplog.text.count("cannot write") == 1 and process.state.should_upgrade("a.test")
    recover()
    process.work()
    assert rig.stored().keys() == {A}
    rig.advance(WRITE_PERIOD_S)
    assert not process.workers.jobs
    failing_fsync(monkeypatch)
    process.hears("b.test")
    process.work()
    assert caplog.text.count("cannot write") == 2, "it is news again"


def test_a_write_that_fails_leaves_what_was_there(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of others, when the file cannot even be read."""
    rig.store({A: until(9)})
    failing_fsync(monkeypatch)
    with pytest.raises(OSError):
        KnownHostsFile(str(rig.path)).store({B: until(9)}, NOW)
    assert rig.stored().keys() == {A}
    rig.path.unlink()
    rig.path.mkdir()
    with pytest.raises(OSError):
        KnownHostsFile(str(rig.path)).store({B: until(9)}, NOW)


# --- several processes


def test_two_processes_learn_from_each_other(rig: Rig) -> None:
    """Nobody's hosts are lost, and who writes hears what the others wrote."""
    one, two = rig.process().started(), rig.process().started()
    one.hears("a.test")
    one.work()
    two.hears("b.test")
    two.work()
    assert rig.stored().keys() == {A, B}
    assert two.state.should_upgrade("a.test") and not one.state.should_upgrade("b.test")


def test_what_was_taken_back_stays_so(rig: Rig) -> None:
    """Although another process still believes it; who hears of it again wins."""
    one = rig.process().started()
    one.hears("a.test")
    one.work()
    two = rig.process().started()
    rig.advance(WRITE_PERIOD_S)
    two.hears("a.test", "max-age=0")
    two.work()
    one.hears("b.test")
    one.work()
    assert not one.state.should_upgrade("a.test") and not rig.process().started().state.should_upgrade("a.test")
    rig.advance(WRITE_PERIOD_S)
    one.hears("a.test")
    one.work()
    assert rig.process().started().state.should_upgrade("a.test")


# --- the end


def test_the_end_writes_what_is_left(rig: Rig, process: Process) -> None:
    """Without waiting for the ten seconds; whoever waits is told once, when it is on disk."""
    process.hears("a.test")
    process.work()
    process.hears("b.test")
    assert process.shut_down() == ERR_IO_PENDING == process.shut_down()
    assert process.ended == [] and rig.stored().keys() == {A}
    process.work()
    assert process.ended == ["ended"] * 2 and rig.stored().keys() == {A, B}
    assert process.shut_down() == OK
    process.hears("c.test")
    rig.advance(WRITE_PERIOD_S)
    assert not process.workers.jobs and len(rig.driver.thread.timers) == 0


def test_the_end_waits_for_a_write_that_is_under_way(rig: Rig, process: Process) -> None:
    """And writes once more what came meanwhile."""
    process.hears("a.test")
    process.hears("b.test")
    assert process.shut_down() == ERR_IO_PENDING
    process.workers.run_next()
    rig.driver.run_until_idle()
    assert process.ended == [] and rig.stored().keys() == {A}
    process.work()
    assert process.ended == ["ended"] and rig.stored().keys() == {A, B}


def test_the_end_on_a_full_disk(rig: Rig, process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one attempt."""
    failing_fsync(monkeypatch)
    process.hears("a.test")
    assert process.shut_down() == ERR_IO_PENDING
    process.work()
    assert process.ended == ["ended"] and len(rig.driver.thread.timers) == 0


def test_the_end_on_a_disk_that_hangs(rig: Rig, process: Process) -> None:
    """It is waited for only so long."""
    process.hears("a.test")
    assert process.shut_down() == ERR_IO_PENDING
    rig.advance(FLUSH_LIMIT_S)
    assert process.ended == ["ended"] and process.shut_down() == OK
    process.work()
    assert process.ended == ["ended"] and len(rig.driver.thread.timers) == 0


def test_the_end_while_it_is_read(rig: Rig) -> None:
    """Nobody waits any more; what a server said meanwhile is written."""
    process, woken = rig.process(), list[str]()
    process.state.loaded.wait(lambda: woken.append("woken"))
    process.persister.start()
    process.hears("a.test")
    assert process.shut_down() == ERR_IO_PENDING and woken == ["woken"]
    process.work()
    assert process.ended == ["ended"] and rig.stored().keys() == {A}


@pytest.mark.parametrize("is_started", [False, True])
def test_the_end_before_anything_happened(rig: Rig, is_started: bool) -> None:
    """There is nothing to wait for."""
    process = rig.process()
    if is_started:
        process.persister.start()
    assert process.shut_down() == OK and process.state.loaded.is_open
    process.work()
    assert process.ended == [] and len(rig.driver.thread.timers) == 0


def test_nobody_is_told_twice(rig: Rig, process: Process) -> None:
    """One that asks again from inside the call is answered at once."""
    results: list[int] = []
    process.hears("a.test")

    def ask_again() -> None:
        results.append(process.shut_down())

    process.persister.shut_down(ask_again)
    process.work()
    assert results == [OK] and process.ended == []
