"""`netstack net-watcher`: prints each change of this machine's network as it comes, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from netstack_sync.base.clock import SystemWallClock, WallClock
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.network.change_notifier import NetworkChangeNotifier
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

# A signal that comes just before a wait does not end it, and on Windows none does.
_LOOK_UP_S: Final = 0.5

_DESCRIPTION: Final = """\
Print the type of the network this machine is on, then each change with its time, until Ctrl-C: addresses, the type,
the DNS configuration, and that a change of network has settled (NONE first, then the new type)."""


def add_net_watcher_parser(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command; gives its parser."""
    parser = commands.add_parser(
        "net-watcher",
        help="show how this machine's network changes",
        description=_DESCRIPTION,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--ignore-netlink-interfaces",
        metavar="NAMES",
        type=_names,
        default=frozenset(),
        help="interfaces that do not count, separated by commas (Linux)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(silent=False, show_error=True)
    return parser


def run(options: argparse.Namespace) -> int:
    """Runs the command, which only an exception ends: KeyboardInterrupt, or BrokenPipeError of stdout."""
    thread = NetworkThread()
    thread.start()
    try:
        notifier = NetworkChangeNotifier(thread, WorkerPool(thread.task_runner, 1), options.ignore_netlink_interfaces)
        watcher = NetWatcher(notifier, SystemWallClock(), options.json)
        call_on_network_thread(thread, watcher.start)
        try:
            _print_lines(watcher.lines)
        finally:
            call_on_network_thread(thread, watcher.stop)
    finally:
        thread.stop()


def _print_lines(lines: SimpleQueue[str]) -> NoReturn:
    while True:
        try:
            line = lines.get(timeout=_LOOK_UP_S)
        except Empty:
            continue
        print(line, flush=True)


class NetWatcher:
    """Puts what it is told into `lines`, for another thread to print; network thread."""

    def __init__(self, notifier: NetworkChangeNotifier, clock: WallClock, as_json: bool) -> None:
        self._notifier = notifier
        self._clock = clock
        self._format = _json_line if as_json else _text_line
        self.lines: SimpleQueue[str] = SimpleQueue()

    def start(self) -> None:
        """Begins to watch."""
        self._notifier.add_observer(self)
        self._notifier.start(self._on_ready)

    def stop(self) -> None:
        """Ends it."""
        self._notifier.stop()

    def on_ip_address_changed(self) -> None:
        """See NetworkChangeObserver."""
        self._put("OnIPAddressChanged")

    def on_connection_type_changed(self, kind: ConnectionType) -> None:
        """See NetworkChangeObserver."""
        self._put("OnConnectionTypeChanged", kind)

    def on_dns_changed(self) -> None:
        """See NetworkChangeObserver."""
        self._put("OnDNSChanged")

    def on_network_changed(self, kind: ConnectionType) -> None:
        """See NetworkChangeObserver."""
        self._put("OnNetworkChanged", kind)

    def _on_ready(self) -> None:
        self._put("InitialConnectionType", self._notifier.connection_type)

    def _put(self, event: str, kind: ConnectionType | None = None) -> None:
        when = datetime.fromtimestamp(self._clock.now()).astimezone().isoformat(timespec="milliseconds")
        self.lines.put(self._format(when, event, kind))


def _text_line(when: str, event: str, kind: ConnectionType | None) -> str:
    return f"{when} {event}({'' if kind is None else kind.name})"


def _json_line(when: str, event: str, kind: ConnectionType | None) -> str:
    line = {"time": when, "event": event}
    if kind is not None:
        line["connection_type"] = kind.name
    return json.dumps(line)


def _names(text: str) -> frozenset[str]:
    return frozenset([name.strip() for name in text.split(",") if name.strip()])
