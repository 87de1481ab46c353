"""DNS over HTTPS without a network: messages from text, and a transport whose servers say what the test says."""

from __future__ import annotations

import socket
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.message
import dns.rdatatype

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_IO_PENDING, OK
from netstack_sync.base.url import Url
from netstack_sync.dns.doh_server import DohFailure, DohReply, DohServer
from netstack_sync.dns.doh_template import DohTemplate
from netstack_sync.loop.completion import Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.wire.dns_message import load_dnspython
from tests.support.network import NetworkDriver, driven_network
from tests.support.workers import ScriptedWorkers

load_dnspython()

SOA = "test. 900 IN SOA ns.test. mail.test. 1 7200 3600 86400 300"


def dns_message(
    question: str, *answer: str, rcode: str = "NOERROR", authority: tuple[str, ...] = (), flags: str = "QR RD RA"
) -> bytes:
    """A message in wire format; `question` is "a.test A", a record "a.test. 300 IN A 192.0.2.1"."""
    name, rdtype = question.split()
    lines = [
        "id 0",
        "opcode QUERY",
        f"rcode {rcode}",
        f"flags {flags}",
        ";QUESTION",
        f"{name.rstrip('.')}. IN {rdtype}",
    ]
    lines += [";ANSWER", *answer, ";AUTHORITY", *authority, ";ADDITIONAL"]
    return dns.message.from_text("\n".join(lines)).to_wire(want_shuffle=False)


class SentQuestion:
    """One request of the transport; see Cancelable."""

    def __init__(
        self, url: Url, method: str, body: bytes | None, on_done: Callable[[DohReply | DohFailure], None]
    ) -> None:
        self.url = url
        self.method = method
        self._on_done = on_done
        self.is_pending = True
        self.is_cancelled = False
        encoded = (url.query or "").removeprefix("dns=")
        self.query = body if body is not None else urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        asked = dns.message.from_wire(self.query).question[0]
        self.name = asked.name.to_text().rstrip(".")
        self.rdtype = dns.rdatatype.to_text(asked.rdtype)

    def cancel(self) -> None:
        """See Cancelable."""
        self.is_cancelled = self.is_cancelled or self.is_pending
        self.is_pending = False

    def reply(self, *answer: str, rcode: str = "NOERROR", authority: tuple[str, ...] = (), age_s: float = 0.0) -> None:
        """The server answers."""
        message = dns_message(f"{self.name}. {self.rdtype}", *answer, rcode=rcode, authority=authority)
        self.send(DohReply(message, age_s))

    def fail(self, net_error: int = ERR_CONNECTION_REFUSED, detail: str = "scripted") -> None:
        """The server cannot be reached."""
        self.send(DohFailure(net_error, detail))

    def send(self, result: DohReply | DohFailure) -> None:
        """Whatever the transport says."""
        assert self.is_pending, "nobody waits"
        self.is_pending = False
        self._on_done(result)

    def __repr__(self) -> str:
        return f"<{self.url.host} {self.name} {self.rdtype}>"


class ScriptedTransport:
    """See DohTransport; the test answers for the servers."""

    def __init__(self) -> None:
        self.questions: list[SentQuestion] = []

    def start(
        self, url: Url, method: str, body: bytes | None, on_done: Callable[[DohReply | DohFailure], None]
    ) -> SentQuestion:
        """See DohTransport."""
        question = SentQuestion(url, method, body, on_done)
        self.questions.append(question)
        return question

    @property
    def pending(self) -> list[SentQuestion]:
        """Questions that wait, in the order of asking."""
        return [question for question in self.questions if question.is_pending]

    def only(self, rdtype: str, host: str = "") -> SentQuestion:
        """The one question that waits for this type, at this server."""
        found = [q for q in self.pending if q.rdtype == rdtype and q.url.host.startswith(host)]
        assert len(found) == 1, self.pending
        return found[0]


class ScriptedHosts:
    """See Hosts; loaded unless the test says otherwise."""

    def __init__(self) -> None:
        self.known: dict[str, AddressList] = {}
        self.is_loaded = True
        self.waiting: list[Task] = []

    def lookup(self, name: str, family: int) -> AddressList | None:
        """See Hosts."""
        found = self.known.get(name, ())
        return tuple(e for e in found if family in (socket.AF_UNSPEC, e.family)) or None

    def wait(self, on_loaded: Task) -> int:
        """See Hosts."""
        if self.is_loaded:
            return OK
        self.waiting.append(on_loaded)
        return ERR_IO_PENDING

    def stop_waiting(self, on_loaded: Task) -> None:
        """See Hosts."""
        if on_loaded in self.waiting:
            self.waiting.remove(on_loaded)

    def load(self) -> None:
        """The file has been read."""
        self.is_loaded = True
        waiting, self.waiting = self.waiting, []
        for task in waiting:
            task()


class DohDriver:
    """The loop, the workers and the transport of DNS over HTTPS."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.thread: NetworkThread = driver.thread
        self.timers = driver.thread.timers
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.transport = ScriptedTransport()
        self.hosts = ScriptedHosts()
        self.sorted: list[AddressList] = []

    def server(self, name: str = "one", on_change: Callable[[DohServer], None] = lambda _: None) -> DohServer:
        """A server at https://NAME.test/."""
        template = DohTemplate.from_text(f"https://{name}.test/{{?dns}}")
        return DohServer(template, self.transport, self.workers, self.timers, on_change)

    def sort(self, addresses: AddressList) -> AddressList:
        """Turns the order around, so that a test can see it."""
        self.sorted.append(addresses)
        return addresses[::-1]

    def settle(self) -> None:
        """Runs the loop and the workers until neither has anything to do."""
        self.driver.run_until_idle()
        while self.workers.jobs:
            self.workers.run_next()
            self.driver.run_until_idle()

    def advance(self, delta_s: float) -> None:
        """Lets time pass."""
        self.driver.advance(delta_s)
        self.settle()


@contextmanager
def driven_doh() -> Iterator[DohDriver]:
    """A driver that must have no timer armed at the end."""
    with driven_network() as driver:
        doh = DohDriver(driver)
        yield doh
        doh.settle()
        assert len(doh.timers) == 0, "timers left armed"


def endpoint(address: str) -> IPEndPoint:
    """An address with port 0."""
    return IPEndPoint(address, 0, socket.AF_INET6 if ":" in address else socket.AF_INET)
