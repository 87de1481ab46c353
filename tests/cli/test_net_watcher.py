"""`netstack net-watcher`: what it prints of what it is told."""

from __future__ import annotations

import argparse
import builtins
import json
import re
from collections.abc import Iterator

import pytest

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.cli import net_watcher
from netstack_sync.cli.net_watcher import NetWatcher, add_net_watcher_parser, run
from netstack_sync.network.change_notifier import NetworkChangeNotifier
from tests.support.netlink import NEWADDR, NEWLINK, FakeKernel, address_message, done, fake_kernel, link_message
from tests.support.network import NetworkDriver, driven_network
from tests.support.workers import ScriptedWorkers


def _parse(*arguments: str) -> argparse.Namespace:
    return add_net_watcher_parser(argparse.ArgumentParser().add_subparsers()).parse_args(arguments)


@pytest.fixture
def kernel() -> Iterator[FakeKernel]:
    with fake_kernel() as kernel:
        yield kernel


@pytest.fixture
def driver() -> Iterator[NetworkDriver]:
    with driven_network() as driver:
        yield driver


@pytest.mark.parametrize(
    "arguments, names",
    [((), set()), (("--ignore-netlink-interfaces=a, b,,c",), {"a", "b", "c"})],
)
def test_ignored_interfaces(arguments: tuple[str, ...], names: set[str]) -> None:
    """Separated by commas."""
    assert _parse(*arguments).ignore_netlink_interfaces == names


@pytest.mark.parametrize("as_json", [False, True])
def test_lines(kernel: FakeKernel, driver: NetworkDriver, as_json: bool) -> None:
    """The state at the start, then each signal, with its time."""
    notifier = NetworkChangeNotifier(driver.thread, ScriptedWorkers(driver.thread.task_runner))
    watcher = NetWatcher(notifier, ManualWallClock(1_700_000_000.25), as_json)
    watcher.start()
    assert watcher.lines.empty()
    kernel.say(link_message(NEWLINK, 2, "eth0"), done())
    driver.run_until_idle()
    kernel.say(done())
    driver.run_until_idle()
    kernel.say(address_message(NEWADDR, 2, "10.0.0.1"))
    driver.run_until_idle()
    driver.advance(2.0)
    watcher.on_dns_changed()
    watcher.stop()
    lines = [watcher.lines.get_nowait() for _ in range(watcher.lines.qsize())]
    events: list[tuple[str, str | None]] = [
        ("InitialConnectionType", "NONE"),
        ("OnIPAddressChanged", None),
        ("OnConnectionTypeChanged", "ETHERNET"),
        ("OnNetworkChanged", "ETHERNET"),
        ("OnDNSChanged", None),
    ]
    time = r"2023-11-1\dT\d\d:\d\d:20\.250[+-]\d\d:\d\d"
    if as_json:
        found = [json.loads(line) for line in lines]
        assert [(line["event"], line.get("connection_type")) for line in found] == events
        assert all(re.fullmatch(time, line["time"]) for line in found)
    else:
        shown = [f"{event}({kind or ''})" for event, kind in events]
        assert [line.partition(" ")[2] for line in lines] == shown
        assert all(re.fullmatch(time, line.partition(" ")[0]) for line in lines)


def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread ends and its socket is closed; main() makes an exit status of the exception."""
    printed = []

    def interrupted_print(line: str, flush: bool) -> None:
        printed.append(line)
        assert flush  # whoever reads a pipe wants to know it now
        raise KeyboardInterrupt

    monkeypatch.setattr(builtins, "print", interrupted_print)
    monkeypatch.setattr(net_watcher, "_LOOK_UP_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        run(_parse())
    assert len(printed) == 1 and re.search(r" InitialConnectionType\([A-Z]+\)$", printed[0])
