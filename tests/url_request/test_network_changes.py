"""What each service of a context does when the machine's network changes: names, health, speed, connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_INTERNET_DISCONNECTED,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.proxy_chain import ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.dns.doh import DohResolver
from netstack_sync.dns.doh_providers import templates_from
from netstack_sync.dns.doh_task import DohTaskServices
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS
from netstack_sync.dns.hosts import HostsFile
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.http.exchange_meter import ExchangeMeter
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.network import dns_config_watcher
from netstack_sync.network.change_notifier import NetworkChangeNotifier
from netstack_sync.pool.endpoint_health import EndpointHealth
from netstack_sync.pool.family_memory import FamilyMemory
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.health_probe import ProbeServices
from netstack_sync.pool.health_settings import EndpointHealthSettings
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_manager import ClientSocketPoolManager
from netstack_sync.proxy.config import ProxyConfig, ProxyRules
from netstack_sync.url_request.network_changes import ChangingServices, DohServices, NetworkChanges
from netstack_sync.url_request.throttler import URLRequestThrottler
from netstack_sync.workers.dns_config import ConfigFile
from netstack_sync.workers.resolve_host import ResolvedHost
from tests.support.connect_jobs import ScriptedSocketFactory
from tests.support.doh import ScriptedTransport
from tests.support.loops import RecordedCompletion
from tests.support.netlink import DELADDR, NEWADDR, NEWLINK, UP, FakeKernel, address_message, done, fake_kernel
from tests.support.netlink import link_message as link
from tests.support.proxies import ProxyRig
from tests.support.resolving import FOUND, NOT_FOUND, endpoint
from tests.support.scripted_socket import ScriptedSocket
from tests.support.scripted_stack import NEVER, ScriptedStack

ETH = 2
CABLE_OUT, CABLE_IN = link(NEWLINK, ETH, "eth0", UP), link(NEWLINK, ETH, "eth0")
HOME = "10.0.0.1"
CHANGES = (
    NetLogEventType.NETWORK_IP_ADDRESSES_CHANGED,
    NetLogEventType.NETWORK_CONNECTIVITY_CHANGED,
    NetLogEventType.NETWORK_CHANGED,
    NetLogEventType.DNS_CONFIG_CHANGED,
)
SERVER = IPEndPoint("192.0.2.1", 80, socket.AF_INET)
PROXIES = ProxyConfig(
    rules=ProxyRules(single=tuple([ProxyChain((ProxyServer(ProxyScheme.HTTP, "p.test", port),)) for port in (1, 2)]))
)


class Machine:
    """The services of a context on a machine whose kernel, workers and files the test plays."""

    def __init__(
        self, stack: ScriptedStack, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch, has_doh: bool
    ) -> None:
        self.stack = stack
        self.kernel = kernel
        self.answer = FOUND
        self.name_servers = b"old"
        self.hosts_text = "192.0.2.8 pinned.test"
        monkeypatch.setattr(dns_config_watcher, "read_dns_config", lambda _known: (ConfigFile(self.name_servers),))
        self.transport = ScriptedTransport()
        timers = stack.thread.timers
        self.resolver = ResolverManager(
            stack.workers, HostCache(stack.clock), timers, stack.net_log, resolve=lambda *_: self._resolve()
        )
        self.families = FamilyMemory(stack.clock)
        sockets = ScriptedSocketFactory(stack.net_log)
        self.health = EndpointHealth(EndpointHealthSettings(), ProbeServices(timers, sockets, stack.net_log))
        self.doh = self._make_doh() if has_doh else None
        self.throttler = URLRequestThrottler(stack.clock, lambda: 0.0) if not has_doh else None
        self.proxies = ProxyRig(stack.thread, stack.net_log, PROXIES, system=PROXIES) if not has_doh else None
        self.pac_session = self._make_session() if not has_doh else None
        services = ChangingServices(
            self.resolver,
            self.families,
            self.health,
            stack.quality,
            stack.session,
            self.doh,
            throttler=self.throttler,
            proxies=self.proxies.services if self.proxies is not None else None,
            pac_session=self.pac_session,
        )
        self.changes = NetworkChanges(NetworkChangeNotifier(stack.thread, stack.workers), services, stack.net_log)

    def start(self, *at_start: bytes) -> None:
        """Begins; the kernel answers both questions with these messages."""
        self.changes.start()
        self.kernel_says(*at_start, done())
        self.kernel_says(done())
        self.stack.run_workers()

    def kernel_says(self, *messages: bytes) -> None:
        """One datagram, and what follows from it at once."""
        self.kernel.say(*messages)
        self.stack.run()

    def take_address_away(self) -> None:
        """What everybody is told of: the machine has another address instead of the one it had."""
        self.kernel_says(address_message(DELADDR, ETH, HOME), address_message(NEWADDR, ETH, "10.7.0.1"))

    def change_name_servers(self) -> None:
        """The files are looked at every fifteen seconds."""
        for content in (b"old", b"new"):
            self.name_servers = content
            self.stack.advance(15.0)
            self.stack.run_workers()

    def look_up(self, host: str = "a.test") -> int:
        """The result of a lookup; ERR_IO_PENDING while the system has not answered."""
        on_done = RecordedCompletion()
        request = self.resolver.create_request(host, 80, DEFAULT_PARAMETERS, self.stack.log())
        result = request.start(on_done)
        if result == ERR_IO_PENDING:
            self.stack.run_workers()
            result = on_done.result
        return result

    def knows(self, host: str = "a.test") -> bool:
        """Whether a name needs no lookup."""
        request = self.resolver.create_request(host, 80, DEFAULT_PARAMETERS, self.stack.log())
        is_known = request.start(lambda _: None) == OK
        request.cancel()
        self.stack.run_workers()
        return is_known

    def connect(self, connection: ScriptedSocket, local_ip: str) -> ClientSocketHandle:
        """A claim to the next connection, which begins at this address of ours."""
        connection.local_ip = local_ip
        return self.stack.handle(connection)

    def wait_for_connection(self) -> tuple[ClientSocketHandle, RecordedCompletion]:
        """A claim to a connection that does not come."""
        on_done = RecordedCompletion()
        group_id = GroupId(Url.parse("http://b.test/").origin, None)
        handle = ClientSocketHandle(self.stack.pool, group_id, RequestPriority.MEDIUM, self.stack.log())
        self.stack.failed_connection(NEVER)
        assert handle.init(on_done) == ERR_IO_PENDING
        self.stack.run()
        return handle, on_done

    @property
    def connection_type(self) -> str:
        """What the estimator was told."""
        return self.stack.quality.quality().connection_type

    def _resolve(self) -> ResolvedHost:
        return self.answer

    def _make_doh(self) -> DohServices:
        stack = self.stack
        hosts = HostsFile(stack.workers, read=lambda _: self.hosts_text)
        services = DohTaskServices(stack.thread, hosts, lambda found: found)
        servers = templates_from("https://dns.test/{?dns}")
        resolver = DohResolver(SecureDnsMode.AUTOMATIC, servers, self.transport, stack.workers, services)
        return DohServices(resolver, hosts, self._make_session())

    def _make_session(self) -> HttpNetworkSession:
        stack = self.stack
        pool = ClientSocketPoolManager(stack.thread, stack, PoolLimits())
        return HttpNetworkSession(stack.thread, pool, ExchangeMeter(stack.quality, None), stack.net_log)


def machine_on(stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch, has_doh: bool) -> Iterator[Machine]:
    """A machine whose services have ended in the end."""
    with fake_kernel() as kernel:
        machine = Machine(stack, kernel, monkeypatch, has_doh)
        yield machine
        machine.changes.shut_down()
        machine.changes.shut_down()
        machine.resolver.shut_down()
        stack.session.shut_down(ERR_CONTEXT_SHUT_DOWN)
        assert not len(stack.thread.sockets) and not len(stack.thread.timers)


@pytest.fixture
def machine(stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Asks the system for names."""
    yield from machine_on(stack, monkeypatch, has_doh=False)


@pytest.fixture
def doh_machine(stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Asks a DNS over HTTPS server for names while it answers."""
    yield from machine_on(stack, monkeypatch, has_doh=True)


@pytest.fixture
def online(machine: Machine) -> Machine:
    """On a cable, with one address."""
    machine.start(CABLE_IN, address_message(NEWADDR, ETH, HOME))
    return machine


# --- the start


def test_the_type_at_the_start_is_told(machine: Machine) -> None:
    """The estimator assumes what a network of this kind is like; connections that are there already stay."""
    connection = machine.stack.connection()
    machine.stack.handle(connection).reset()
    assert machine.connection_type == "unknown"
    machine.start(CABLE_IN, address_message(NEWADDR, ETH, HOME))
    assert machine.connection_type == "ethernet" and connection.is_open


def test_a_machine_may_be_offline_from_the_start(machine: Machine) -> None:
    """Then a name that is not found is no fault of the name."""
    machine.answer = NOT_FOUND
    machine.start(CABLE_OUT)
    assert machine.connection_type == "none" and machine.look_up() == ERR_INTERNET_DISCONNECTED


# --- other addresses


def test_what_was_learned_of_the_old_network_is_forgotten(online: Machine) -> None:
    """Row 121, FlushCacheOnIPAddressChange, and row 230, ClearOnNetworkChange: names, dead endpoints, which family
    works, and URLs that failed.
    """
    assert online.throttler is not None
    online.throttler.entry_for(Url.parse("http://a.test/"))
    assert online.look_up() == OK and online.knows()
    online.families.note_connected("a.test", socket.AF_INET6, socket.AF_INET, was_slow=True)
    for _ in range(3):
        online.health.note_connect(SERVER, ERR_TIMED_OUT)
    assert online.families.first_family("a.test", socket.AF_INET6) == socket.AF_INET
    assert online.health.usable((SERVER,)) == ()
    online.take_address_away()
    assert not online.knows() and len(online.throttler) == 0
    assert online.families.first_family("a.test", socket.AF_INET6) == socket.AF_INET6
    assert online.health.usable((SERVER,)) == (SERVER,)


def test_lookups_under_way_fail(online: Machine) -> None:
    """Row 122, AbortOnIPAddressChanged."""
    on_done = RecordedCompletion()
    request = online.resolver.create_request("a.test", 80, DEFAULT_PARAMETERS, online.stack.log())
    assert request.start(on_done) == ERR_IO_PENDING
    online.take_address_away()
    assert on_done.result == ERR_NETWORK_CHANGED
    online.stack.run_workers()


def test_connections_of_the_old_network_serve_no_further_request(online: Machine) -> None:
    """Idle ones are closed, those in use when they come back; who waits for one is told to ask again."""
    idle, kept = online.stack.connection(), online.stack.connection()
    handles = [online.connect(connection, "10.9.9.9") for connection in (idle, kept)]
    handles[0].reset()
    waiting, on_done = online.wait_for_connection()
    online.take_address_away()
    assert not idle.is_open and kept.is_open and kept.is_connected()
    assert on_done.result == ERR_NETWORK_CHANGED
    waiting.reset()
    handles[1].reset()
    assert not kept.is_open


def test_connections_from_an_address_that_is_gone_are_broken(online: Machine) -> None:
    """Nothing would come over them any more, and nobody would say so; others go on."""
    lost, kept = online.stack.connection(), online.stack.connection()
    handles = [online.connect(lost, HOME), online.connect(kept, "10.9.9.9")]
    results: list[bytes | int] = []
    for connection in (lost, kept):
        assert connection.read(10) == ERR_IO_PENDING
    lost.notify_readable(lambda: results.append(lost.read(10)))
    kept.notify_readable(lambda: results.append(kept.read(10)))
    online.take_address_away()
    assert results == [ERR_NETWORK_CHANGED] and kept.is_connected()
    for handle in handles:
        handle.reset()


def test_a_new_address_breaks_nothing_in_use(online: Machine) -> None:
    """The old one is still there."""
    connection = online.stack.connection()
    handle = online.connect(connection, HOME)
    online.kernel_says(address_message(NEWADDR, ETH, "10.0.0.2"))
    assert connection.is_connected()
    handle.reset()
    assert not connection.is_open


# --- another type


def test_the_cable_is_pulled_out_and_put_in(online: Machine) -> None:
    """Offline while it is out: failures mean it, and nothing is known of the speed; then all begins anew."""
    online.answer = NOT_FOUND
    online.stack.quality.note_http_rtt(0.5, online.stack.clock.now())
    online.kernel_says(CABLE_OUT)
    quality = online.stack.quality.quality()
    assert (quality.effective_type, quality.connection_type, quality.http_rtt) == ("offline", "none", None)
    assert online.look_up() == ERR_INTERNET_DISCONNECTED
    online.kernel_says(CABLE_IN)
    assert online.connection_type == "ethernet" and online.stack.quality.quality().http_rtt_samples == 0
    assert online.look_up() == NOT_FOUND.net_error


def test_the_end_of_a_change_says_nothing_new(online: Machine) -> None:
    """Everybody has been told when it began: a connection made since then stays."""
    online.take_address_away()
    connection = online.stack.connection()
    handle = online.connect(connection, "10.7.0.1")
    online.stack.advance(10.0)
    online.stack.run_workers()
    handle.reset()
    assert connection.is_open


# --- other name servers


def test_other_name_servers_may_have_other_answers(online: Machine) -> None:
    """Row 141, FlushCacheOnDnsConfigChange; connections stay."""
    connection = online.stack.connection()
    handle = online.connect(connection, HOME)
    assert online.look_up() == OK
    online.change_name_servers()
    assert not online.knows()
    handle.reset()
    assert connection.is_open


# --- DNS over HTTPS


def test_doh_begins_with_the_rest(doh_machine: Machine) -> None:
    """The hosts file is read and the server is probed, not before."""
    doh = doh_machine.doh
    assert doh is not None and not doh.hosts.is_loaded
    assert not doh_machine.transport.questions and not doh_machine.stack.workers.jobs
    doh_machine.start(CABLE_IN, address_message(NEWADDR, ETH, HOME))
    assert doh.hosts.lookup("pinned.test") == (endpoint("192.0.2.8"),)
    assert [question.rdtype for question in doh_machine.transport.pending] == ["NS"]


def test_connections_to_doh_servers_are_of_the_old_network_too(doh_machine: Machine) -> None:
    """Lookups go to the server over a new one."""
    doh_machine.start(CABLE_IN, address_message(NEWADDR, ETH, HOME))
    doh, stack = doh_machine.doh, doh_machine.stack
    assert doh is not None
    handles = []
    for local_ip in (HOME, "10.9.9.9"):
        stack.connection().local_ip = local_ip
        group_id = GroupId(Url.parse("http://dns.test/").origin, None)
        handle = ClientSocketHandle(doh.session.pools.direct, group_id, RequestPriority.HIGHEST, stack.log())
        handle.init(lambda _: None)
        stack.run()
        handles.append(handle)
    handles[1].reset()
    doh_machine.take_address_away()
    assert not stack.sockets[0].is_connected() and not stack.sockets[1].is_open
    handles[0].reset()


@pytest.mark.parametrize("change", ["addresses", "name servers"])
def test_servers_have_to_prove_themselves_again(doh_machine: Machine, change: str) -> None:
    """Row 139: another network may keep them away, and other name servers may belong to others."""
    doh_machine.start(CABLE_IN, address_message(NEWADDR, ETH, HOME))
    doh_machine.transport.only("NS").reply(". 300 IN NS a.root-servers.net.")
    doh_machine.stack.run_workers()
    doh = doh_machine.doh
    assert doh is not None and doh.resolver.is_available and not doh_machine.transport.pending
    if change == "addresses":
        doh_machine.take_address_away()
    else:
        doh_machine.change_name_servers()
    assert not doh.resolver.is_available
    doh_machine.transport.only("NS").reply(". 300 IN NS a.root-servers.net.")
    doh_machine.stack.run_workers()
    assert doh.resolver.is_available


def test_the_hosts_file_is_read_again(doh_machine: Machine) -> None:
    """It belongs to the system's DNS configuration."""
    doh_machine.start(CABLE_IN, address_message(NEWADDR, ETH, HOME))
    doh_machine.hosts_text = "192.0.2.9 pinned.test"
    doh_machine.change_name_servers()
    doh = doh_machine.doh
    assert doh is not None and doh.hosts.lookup("pinned.test") == (endpoint("192.0.2.9"),)


def test_sessions_are_known(machine: Machine, stack: ScriptedStack) -> None:
    """Those with connections of their own."""
    assert machine.changes.sessions == (stack.session, machine.pac_session)


def test_doh_has_a_session_of_its_own(doh_machine: Machine, stack: ScriptedStack) -> None:
    """Beside that of the requests."""
    assert doh_machine.doh is not None
    assert doh_machine.changes.sessions == (stack.session, doh_machine.doh.session)


def test_doh_ends_with_the_rest(doh_machine: Machine) -> None:
    """No probe goes on, and nobody reads the file any more."""
    doh_machine.changes.start()
    (probe,) = doh_machine.transport.pending
    doh_machine.changes.shut_down()
    doh_machine.stack.run_workers()
    assert probe.is_cancelled and doh_machine.doh is not None and not doh_machine.doh.hosts.is_loaded


# --- the log


def test_the_log_shows_the_changes(online: Machine) -> None:
    """Each has an id of its own; what the network is at the start is told as well."""
    online.take_address_away()
    online.stack.advance(10.0)
    online.stack.run_workers()
    online.change_name_servers()
    if online.stack.is_async:
        shown = [
            (entry.type.name, dict(entry.params).get("new_connection_type"))
            for entry in online.stack.recorded.entries
            if entry.type in CHANGES
        ]
        assert shown == [
            ("NETWORK_CONNECTIVITY_CHANGED", "ETHERNET"),
            ("NETWORK_IP_ADDRESSES_CHANGED", None),
            ("NETWORK_CHANGED", "NONE"),
            ("NETWORK_CHANGED", "ETHERNET"),
            ("DNS_CONFIG_CHANGED", None),
        ]


# --- the end


def test_nobody_is_told_after_the_end(online: Machine) -> None:
    """The kernel is not listened to, and a dead endpoint is not tried any more."""
    for _ in range(3):
        online.health.note_connect(SERVER, ERR_TIMED_OUT)
    assert online.look_up() == OK
    online.changes.shut_down()
    assert online.health.usable((SERVER,)) == (SERVER,)
    online.stack.advance(30.0)
    assert online.connection_type == "ethernet" and online.knows()


def test_proxies_of_another_network(online: Machine) -> None:
    """None of them is bad any more; and what fetches their scripts has connections that end too."""
    stack, rig = online.stack, online.proxies
    assert rig is not None and online.pac_session in online.changes.sessions
    service = rig.services.service_for(None)
    assert service is not None
    request = service.create_request(Url.parse("http://a.test/"), stack.log())
    assert request.start(lambda _: None) == OK and request.info is not None
    assert request.info.fallback(ERR_TIMED_OUT, stack.clock.now())
    service.report_success(request.info)
    online.change_name_servers()
    assert list(rig.services.bad_proxies()) == ["http://p.test:1"]
    online.take_address_away()
    assert not rig.services.bad_proxies()


def test_proxies_end_with_the_rest(online: Machine) -> None:
    """Their engine too."""
    online.changes.shut_down()
    assert online.proxies is not None and online.proxies.engine.shut_downs == 1
