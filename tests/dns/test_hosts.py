"""The hosts file: what its lines mean, and when it is read."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.dns.hosts import DEFAULT_PATH, HostsFile, parse_hosts
from tests.support.loops import LoopDriver, driven_loop
from tests.support.workers import ScriptedWorkers

V4, V6 = socket.AF_INET, socket.AF_INET6


def parsed(text: str) -> dict[tuple[str, int], str]:
    """With addresses as text."""
    return {key: endpoint.address for key, endpoint in parse_hosts(text).items()}


def test_names_follow_an_address() -> None:
    """Any blanks between them, comments anywhere, all kinds of line ends."""
    text = "192.0.2.1\ta  b.test # a comment\r\n#192.0.2.9 c\n\n  2001:DB8:0::1 a#c\n192.0.2.1 d"
    assert parsed(text) == {
        ("a", V4): "192.0.2.1",
        ("b.test", V4): "192.0.2.1",
        ("a", V6): "2001:db8::1",
        ("d", V4): "192.0.2.1",
    }


def test_the_first_line_counts() -> None:
    """For each name and family, whatever the spelling."""
    assert parsed("192.0.2.1 a.test\n192.0.2.2 A.Test. b\n2001:db8::1 a.test\n2001:db8::2 a.test") == {
        ("a.test", V4): "192.0.2.1",
        ("b", V4): "192.0.2.2",
        ("a.test", V6): "2001:db8::1",
    }


@pytest.mark.parametrize(
    "line",
    [
        "192.0.2.1",
        "a b",
        "192.0.2 a",
        "192.0.2.256 a",
        "fe80::1%lo0 a",
        "# 192.0.2.1 a",
        "192.0.2.1#a",
        "192.0.2.1 a..b",
        "192.0.2.1 a/b *.test \ufffd a,b",
        "192.0.2.1 10.0.0.1 127.1 [::1]",
        "192.0.2.1 " + "a" * 5000,
        "192.0.2.1 a" + " " * 5000,
        "# seen\x0c192.0.2.1 a",
        "# seen\u2028192.0.2.1 a\x85192.0.2.1 b",
        "192.0.2.1\u00a0a",
        "\x0b192.0.2.1 a",
        "# seen\r192.0.2.1 a",
    ],
)
def test_a_bad_line_is_skipped(line: str) -> None:
    """And those around it count."""
    assert parsed(f"192.0.2.8 before\n{line}\n192.0.2.9 after") == {
        ("before", V4): "192.0.2.8",
        ("after", V4): "192.0.2.9",
    }


def test_international_names_are_found_as_requests_have_them() -> None:
    """Row 135: canonical, as everywhere."""
    assert parsed("192.0.2.1 bücher.test") == {("xn--bcher-kva.test", V4): "192.0.2.1"}


def test_localhost_is_not_what_the_file_says() -> None:
    """Row 134 (LocalhostLookupWithHosts): nor are the names below it; those that only look so are."""
    text = "192.0.2.1 localhost LOCALHOST. a.localhost localhost6 notlocalhost"
    assert parsed(text) == {("localhost6", V4): "192.0.2.1", ("notlocalhost", V4): "192.0.2.1"}


@given(st.text(alphabet="0127.:abx# \t\r\n%*[]", max_size=200))
def test_any_text_is_parsed(text: str) -> None:
    """It never raises, and what it gives are names of one address each."""
    for (name, family), endpoint in parse_hosts(text).items():
        assert name == name.lower() and endpoint.family == family and endpoint.port == 0


class Reading:
    """A HostsFile whose file is `text`."""

    def __init__(self, driver: LoopDriver) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.loop.task_runner)
        self.text = "192.0.2.1 a.test"
        self.paths: list[str] = []
        self.file = HostsFile(self.workers, "/the/path", self._read)

    def _read(self, path: str) -> str:
        self.paths.append(path)
        return self.text

    def finish(self) -> None:
        """The worker does what there is."""
        while self.workers.jobs:
            self.workers.run_next()
        self.driver.run_until_idle()

    def addresses(self, name: str, family: int = socket.AF_UNSPEC) -> list[str] | None:
        """What lookup() says."""
        found = self.file.lookup(name, family)
        return None if found is None else [endpoint.address for endpoint in found]


@pytest.fixture
def reading() -> Iterator[Reading]:
    with driven_loop() as driver:
        yield Reading(driver)


def test_it_is_read_on_a_worker(reading: Reading) -> None:
    """Row 135 (ServeFromHosts): nothing is known before."""
    reading.file.start()
    assert not reading.paths and not reading.file.is_loaded and reading.addresses("a.test") is None
    reading.finish()
    assert reading.paths == ["/the/path"] and reading.file.is_loaded
    assert reading.file.lookup("a.test") == (IPEndPoint("192.0.2.1", 0, V4),)


def test_an_answer_has_the_family_that_is_wanted(reading: Reading) -> None:
    """Row 135 (ServeFromHosts): both if it does not matter, IPv6 first; a missing one is asked for elsewhere."""
    reading.text = "192.0.2.1 both v4\n2001:db8::1 both"
    reading.file.start()
    reading.finish()
    assert reading.addresses("both") == ["2001:db8::1", "192.0.2.1"]
    assert reading.addresses("both", V4) == ["192.0.2.1"] and reading.addresses("both", V6) == ["2001:db8::1"]
    assert reading.addresses("v4") == ["192.0.2.1"] and reading.addresses("v4", V6) is None
    assert reading.addresses("none") is None


def test_it_is_read_again_when_dns_changed(reading: Reading) -> None:
    """Row 141: until the new text is there the old one counts, and of two readings the last."""
    reading.file.start()
    reading.finish()
    reading.text = "192.0.2.2 b.test"
    reading.file.on_dns_changed()
    reading.file.on_dns_changed()
    assert reading.addresses("a.test") == ["192.0.2.1"]
    reading.finish()
    assert reading.addresses("a.test") is None and reading.addresses("b.test") == ["192.0.2.2"]
    assert len(reading.paths) == 2


def test_who_must_know_may_wait(reading: Reading) -> None:
    """Each is told once, unless it stopped waiting, which one that is told may do for another."""
    told: list[str] = []

    def first() -> None:
        told.append("first")
        reading.file.stop_waiting(second)

    def second() -> None:
        told.append("second")

    def third() -> None:
        told.append("third")

    reading.file.start()
    assert [reading.file.wait(task) for task in (first, second, third)] == [ERR_IO_PENDING] * 3
    reading.file.stop_waiting(third)
    reading.file.stop_waiting(third)
    reading.finish()
    assert told == ["first"]
    assert reading.file.wait(first) == OK
    reading.file.on_dns_changed()
    assert reading.file.wait(first) == OK
    reading.finish()
    assert told == ["first"]


def test_a_waiter_that_raises_harms_no_other(reading: Reading, capsys: pytest.CaptureFixture[str]) -> None:
    """Its bug is shown; the others are told."""
    told: list[int] = []

    def broken() -> None:
        raise RuntimeError("a bug")

    reading.file.start()
    for task in (broken, lambda: told.append(1), broken, lambda: told.append(2)):
        reading.file.wait(task)
    reading.finish()
    assert told == [1, 2] and capsys.readouterr().err.count("RuntimeError: a bug") == 2


def test_a_reading_that_fails_changes_nothing(reading: Reading) -> None:
    """No thread, no memory: what was known stays, and nobody waits for ever."""
    told: list[int] = []
    reading.file.start()
    assert reading.file.wait(lambda: told.append(1)) == ERR_IO_PENDING
    reading.workers.jobs.popleft().fail(RuntimeError("can't start new thread"))
    reading.finish()
    assert told == [1] and reading.file.is_loaded and reading.addresses("a.test") is None
    reading.file.on_dns_changed()
    reading.finish()
    reading.file.on_dns_changed()
    reading.workers.jobs.popleft().fail(MemoryError())
    reading.finish()
    assert reading.addresses("a.test") == ["192.0.2.1"]


def test_shut_down_is_silent(reading: Reading) -> None:
    """Also when nothing is under way."""
    told: list[int] = []
    reading.file.start()
    reading.file.wait(lambda: told.append(1))
    reading.file.shut_down()
    reading.file.shut_down()
    reading.finish()
    assert not told and not reading.paths and not reading.file.is_loaded


def test_the_machines_own_file(reading: Reading, tmp_path: Path) -> None:
    """By default the system's; a real one is read from the disk."""
    (tmp_path / "hosts").write_text("192.0.2.7 real.test\n")
    assert Path(DEFAULT_PATH).is_absolute()
    reading.file = HostsFile(reading.workers, str(tmp_path / "hosts"))
    reading.file.start()
    reading.finish()
    assert reading.addresses("real.test") == ["192.0.2.7"]
