"""What connect jobs are made from, scripted: a resolver, sockets, and a delegate that remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.log.net_log import NetLog, NetLogSource
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory
from netstack_sync.pool.family_memory import FamilyMemory
from netstack_sync.pool.transport_connect_job import ConnectServices
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import TlsPeer
from netstack_sync.workers.worker_job import WorkerJob
from tests.support.connect_health import RecordingHealth
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network
from tests.support.pool import FakeSocket
from tests.support.resolver import ScriptedResolver
from tests.support.workers import ScriptedWorkers


class FakeSecureSocket(FakeSocket):
    """A SecureSocket in memory."""

    def __init__(self, net_log: NetLog, transport: StreamSocket, peer: TlsPeer, config: TlsConfig) -> None:
        super().__init__(net_log, is_open=False)
        self.transport = transport
        self.peer = peer
        self.config = config
        self.error_detail = "words of the handshake"
        self.has_offered_session = False

    def disconnect(self) -> None:
        """Closes the transport as well."""
        super().disconnect()
        self.transport.disconnect()


class ScriptedSocketFactory:
    """See ClientSocketFactory; the sockets answer connect() as told."""

    def __init__(self, net_log: NetLog) -> None:
        self._net_log = net_log
        self.transport_result = ERR_IO_PENDING
        self.secure_result = ERR_IO_PENDING
        self.transports: list[FakeSocket] = []
        self.secures: list[FakeSecureSocket] = []
        self.addresses: list[AddressList] = []
        self.ssl_info: SSLInfo | None = None
        """What secure sockets find out."""
        self.tls_workers: ScriptedWorkers | None = None
        """Who reads what they need; None when that is done."""

    def create_transport_socket(self, addresses: AddressList, net_log: NetLog, source: NetLogSource) -> FakeSocket:
        """See ClientSocketFactory."""
        self.addresses.append(addresses)
        socket = FakeSocket(self._net_log, is_open=False)
        socket.addresses = addresses
        socket.connect_result = self.transport_result
        self.transports.append(socket)
        return socket

    @property
    def secure_sockets(self) -> ScriptedSocketFactory:
        """See ClientSocketFactory."""
        return self

    def load(self, on_loaded: Callable[[BaseException | None], None]) -> WorkerJob[None] | None:
        """See SecureSocketSource."""
        return None if self.tls_workers is None else self.tls_workers.post_job(lambda: None, on_loaded)

    def create_socket(self, transport: StreamSocket, peer: TlsPeer, config: TlsConfig) -> FakeSecureSocket:
        """See SecureSocketSource."""
        assert transport.is_connected(), "TLS over a transport that is not connected"
        socket = FakeSecureSocket(self._net_log, transport, peer, config)
        socket.connect_result, socket.ssl_info = self.secure_result, self.ssl_info
        self.secures.append(socket)
        return socket


class JobRig:
    """The services, and a delegate of jobs."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.resolver = ScriptedResolver()
        self.sockets = ScriptedSocketFactory(self.net_log)
        self.health = RecordingHealth()
        self.families = FamilyMemory(driver.clock)
        self.services = ConnectServices(
            driver.thread,
            self.resolver,
            self.sockets,
            self.net_log,
            self.families,
            self.health,
            HttpAuthCache(),
            None,
            "agent/1.0",
        )
        self.create_job = DefaultConnectJobFactory(self.services).create
        """See CreateConnectJob."""
        self.completed: list[tuple[ConnectJob, int]] = []

    def on_connect_job_complete(self, job: ConnectJob, result: int) -> None:
        """See ConnectJobDelegate."""
        self.completed.append((job, result))

    @property
    def results(self) -> list[int]:
        """What the delegate was told."""
        return [result for _, result in self.completed]


@contextmanager
def job_rig() -> Iterator[JobRig]:
    """A rig; at its end every span of the log has ended and no timer runs."""
    with driven_network() as driver:
        rig = JobRig(driver)
        yield rig
        assert not len(driver.thread.timers)
        rig.net_log.assert_spans_are_closed()
