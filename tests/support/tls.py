"""TLS without sockets: client sockets of ours over transports in memory, and servers made of SSLObjects."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import trustme

from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.sockets.tls_client import TlsClientSocket
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.sockets.tls_context import TlsContexts
from netstack_sync.sockets.tls_peer import TlsPeer
from netstack_sync.sockets.tls_services import HandshakeLoad, TlsServices
from netstack_sync.sockets.tls_session_cache import TlsSessionCache
from tests.cert.scripted_verifier import ScriptedVerifier
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network
from tests.support.pool import FakeSocket
from tests.support.workers import ScriptedWorkers

HOST = "a.test"
PEER = TlsPeer(HOST, 443)
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@cache
def authority() -> trustme.CA:
    """The CA of servers and clients."""
    return trustme.CA()


@cache
def other_authority() -> trustme.CA:
    """A CA that nobody is told to trust."""
    return trustme.CA()


def trust(*, verify: bool = True) -> TrustConfig:
    """Who trusts authority()."""
    return TrustConfig(verify=verify, ca_data=authority().cert_pem.bytes().decode("ascii"))


def own_context() -> ssl.SSLContext:
    """An SSLContext as a user makes it, which trusts authority()."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


@cache
def _server_certificate(is_trusted: bool) -> trustme.LeafCert:
    issuer = (authority() if is_trusted else other_authority()).create_child_ca()
    return issuer.issue_cert(HOST, "127.0.0.1")


def server_chain(*, is_trusted: bool = True) -> tuple[bytes, ...]:
    """What such a server shows, DER: its leaf and an intermediate."""
    return tuple(certificate_der(pem) for pem in _server_certificate(is_trusted).cert_chain_pems)


def certificate_der(pem: trustme.Blob | Path) -> bytes:
    """DER of the one certificate in it."""
    data = pem.bytes() if isinstance(pem, trustme.Blob) else pem.read_bytes()
    return ssl.PEM_cert_to_DER_cert(data.decode("ascii"))


def server_context(
    *,
    alpn: Sequence[str] = (),
    is_trusted: bool = True,
    wants_certificate: bool = False,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    has_tickets: bool = True,
) -> ssl.SSLContext:
    """The context of a server for HOST and 127.0.0.1 that speaks one version only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _server_certificate(is_trusted).configure_cert(context)
    context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if not has_tickets:
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        authority().configure_trust(context)
    return context


def write_client_certificate(folder: Path, *, is_trusted: bool = True) -> ClientCertificate:
    """A certificate and its key in two files."""
    certificate = (authority() if is_trusted else other_authority()).issue_cert("me@a.test")
    cert_file, key_file = folder / "me.pem", folder / "me.key"
    cert_file.write_bytes(certificate.cert_chain_pems[0].bytes())
    key_file.write_bytes(certificate.private_key_pem.bytes())
    return ClientCertificate(str(cert_file), str(key_file))


class TlsServer:
    """The other side: sans I/O, it takes ciphertext and gives ciphertext."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.ssl = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.is_shaken = False
        self.received = bytearray()
        """Plaintext; must stay empty until the client has its verdict."""
        self.error: ssl.SSLError | None = None

    def receive(self, ciphertext: bytes) -> bytes:
        """Takes what the client sent and answers what is to be sent."""
        if ciphertext:
            self._incoming.write(ciphertext)
        try:
            if not self.is_shaken:
                self.ssl.do_handshake()
                self.is_shaken = True
            while data := self.ssl.read(65536):
                self.received += data
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        except ssl.SSLError as error:
            self.error = error
        return self._outgoing.read()

    def send(self, data: bytes) -> bytes:
        """The ciphertext of data."""
        self.ssl.write(data)
        return self._outgoing.read()

    def say_goodbye(self) -> bytes:
        """The ciphertext of close_notify."""
        try:
            self.ssl.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()


class TlsWorld:
    """What connections share: loop, log, workers, verifier, contexts, sessions and load."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.verifier = ScriptedVerifier()
        self.contexts = TlsContexts(self.workers)
        self.sessions = TlsSessionCache(driver.clock, reading_leaks=False)
        self.load = HandshakeLoad()
        self.pinned_hosts: set[str] = set()
        self.services = TlsServices(
            self.contexts,
            self.verifier,
            self.workers,
            driver.thread.task_runner.post_task,
            self.sessions,
            self.load,
            self.pinned_hosts.__contains__,
        )
        self.rigs: list[TlsRig] = []

    def rig(
        self, config: TlsConfig | None = None, server: ssl.SSLContext | None = None, peer: TlsPeer = PEER
    ) -> TlsRig:
        """A connection that has not begun yet."""
        rig = TlsRig(self, config or TlsConfig(trust()), server or server_context(), peer)
        self.rigs.append(rig)
        return rig

    def close(self) -> None:
        """Ends every connection; nothing may be left of them."""
        for rig in self.rigs:
            rig.socket.disconnect()
        for rig in self.rigs:
            rig.settle()
            assert not rig.transport.is_open
        assert repr(self.load) == "<HandshakeLoad 0>"
        self.net_log.assert_spans_are_closed()


class TlsRig:
    """One client socket, its transport and its server, in a world that it may share with others."""

    def __init__(self, world: TlsWorld, config: TlsConfig, server: ssl.SSLContext, peer: TlsPeer) -> None:
        self.world = world
        self.driver = world.driver
        self.net_log = world.net_log
        self.workers = world.workers
        self.verifier = world.verifier
        self.services = world.services
        self.transport = FakeSocket(self.net_log)
        self.transport.post_task = world.driver.thread.task_runner.post_task
        self.server = TlsServer(server)
        self.socket = TlsClientSocket(self.transport, peer, config, self.services)
        self.done = RecordedCompletion()
        self.all_sent = b""
        """Every byte that has left, as far as it was taken."""

    def connect(self) -> int:
        """Starts; answers what is known once everything but the verifier has done its part."""
        result = self.socket.connect(self.done)
        self.settle()
        return self.done.result if result == ERR_IO_PENDING else result

    def settle(self) -> None:
        """Lets workers and server do what they can until nothing moves."""
        while self.step():
            pass

    def settle_workers(self) -> None:
        """Lets workers do what they can; the servers are silent."""
        while self.workers.jobs:
            self.workers.run_next()
            self.driver.run_until_idle()

    def step(self) -> bool:
        """One round; False when nothing moved."""
        if self.workers.jobs:
            self.workers.run_next()
            self.driver.run_until_idle()
            return True
        return self.serve()

    def serve(self) -> bool:
        """The server reads and answers; False when there is nothing to do."""
        ciphertext = self.take_ciphertext()
        answer = self.server.receive(ciphertext)
        if answer and self.transport.is_open:
            self.transport.peer_sends(answer)
        self.driver.run_until_idle()
        return bool(ciphertext or answer)

    def take_ciphertext(self) -> bytes:
        """What the client has sent since the last time."""
        ciphertext = bytes(self.transport.sent)
        self.transport.sent.clear()
        self.all_sent += ciphertext
        return ciphertext

    def server_sends(self, data: bytes) -> None:
        """Plaintext on its way to the client."""
        self.transport.peer_sends(self.server.send(data))
        self.driver.run_until_idle()

    def until(self, state: str) -> None:
        """Steps until the repr names this state of the handshake as the next."""
        for _ in range(20):
            if repr(self.socket) == f"<TlsClientSocket <TlsHandshake {state}>>":
                return
            assert self.step(), f"never gets to {state}: {self.socket!r}"
        raise AssertionError(f"never gets to {state}: {self.socket!r}")


@contextmanager
def tls_world() -> Iterator[TlsWorld]:
    """A world in which every span of the log ends, and every handshake is counted out, at the end."""
    with driven_network() as driver:
        world = TlsWorld(driver)
        yield world
        world.close()


@contextmanager
def tls_rig(
    config: TlsConfig | None = None, server: ssl.SSLContext | None = None, host: str = HOST
) -> Iterator[TlsRig]:
    """A rig that is not connected yet, alone in its world."""
    with tls_world() as world:
        yield world.rig(config, server, TlsPeer(host, 443))
