"""TLS without sockets: a client socket of ours over a transport in memory, and a server made of an SSLObject."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import trustme

from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.sockets.tls_client import TlsClientSocket, TlsServices
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.sockets.tls_context import TlsContexts
from tests.cert.scripted_verifier import ScriptedVerifier
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network
from tests.support.pool import FakeSocket
from tests.support.workers import ScriptedWorkers

HOST = "a.test"


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


@cache
def _server_certificate(is_trusted: bool) -> trustme.LeafCert:
    return (authority() if is_trusted else other_authority()).issue_cert(HOST, "127.0.0.1")


def server_context(
    *,
    alpn: Sequence[str] = (),
    is_trusted: bool = True,
    wants_certificate: bool = False,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> ssl.SSLContext:
    """The context of a server for HOST and 127.0.0.1 that speaks one version only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _server_certificate(is_trusted).configure_cert(context)
    context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        authority().configure_trust(context)
    return context


def write_client_certificate(folder: Path) -> ClientCertificate:
    """A certificate and its key in two files."""
    certificate = authority().issue_cert("me@a.test")
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


class TlsRig:
    """One client socket, its transport, its server, its workers and its verifier."""

    def __init__(self, driver: NetworkDriver, config: TlsConfig, server: ssl.SSLContext, host: str) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.transport = FakeSocket(self.net_log)
        self.server = TlsServer(server)
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.verifier = ScriptedVerifier()
        post_task = driver.thread.task_runner.post_task
        self.contexts = TlsContexts(self.workers)
        self.services = TlsServices(self.contexts, self.verifier, self.workers, post_task)
        self.socket = TlsClientSocket(self.transport, host, config, self.services)
        self.done = RecordedCompletion()

    def connect(self) -> int:
        """Starts; answers what is known once everything but the verifier has done its part."""
        result = self.socket.connect(self.done)
        self.settle()
        return self.done.result if result == ERR_IO_PENDING else result

    def settle(self) -> None:
        """Lets workers and server do what they can until nothing moves."""
        while self.step():
            pass

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
        return ciphertext

    def server_sends(self, data: bytes) -> None:
        """Plaintext on its way to the client."""
        self.transport.peer_sends(self.server.send(data))
        self.driver.run_until_idle()

    def until(self, state: str) -> None:
        """Steps until the machine's repr names the state."""
        for _ in range(20):
            if repr(self.socket) == f"<TlsClientSocket {state}>":
                return
            assert self.step(), f"never gets to {state}: {self.socket!r}"
        raise AssertionError(f"never gets to {state}: {self.socket!r}")


@contextmanager
def tls_rig(
    config: TlsConfig | None = None, server: ssl.SSLContext | None = None, host: str = HOST
) -> Iterator[TlsRig]:
    """A rig that is not connected yet; at its end every span of the log has ended."""
    with driven_network() as driver:
        rig = TlsRig(driver, config or TlsConfig(trust()), server or server_context(), host)
        yield rig
        rig.socket.disconnect()
        rig.settle()
        assert not rig.transport.is_open
        rig.net_log.assert_spans_are_closed()
