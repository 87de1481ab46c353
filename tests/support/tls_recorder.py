"""A TLS server on real sockets, a thread for each connection, that writes down everything it is sent."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.raw_server import OK_ANSWER
from tests.support.tls import TlsServer

_LIMIT_S = 20.0  # only a hang gets here


class TlsRecorder:
    """What clients have sent; read it when they are gone, or after wait_for_silence()."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self._context = context
        self._lock = threading.Lock()
        self.port = port
        self.threads: list[threading.Thread] = []
        self.ciphertexts: list[bytes] = []
        """Of each connection, as it came over the wire."""
        self.plaintexts: list[bytes] = []
        """Of each connection; whatever of it is not empty was meant for us to read."""
        self.certificates: list[bytes] = []
        """Those that clients have shown, DER."""
        self.handshakes = 0
        """How many were completed."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://127.0.0.1:{self.port}/"

    def wait_for_silence(self) -> None:
        """Waits until every connection has been closed by its client."""
        for thread in self.threads:
            thread.join(_LIMIT_S)
            assert not thread.is_alive(), "the client keeps its connection"

    def serve(self, connection: socket.socket) -> None:
        """Speaks with one client until it leaves; its thread."""
        server, ciphertext = TlsServer(self._context), b""
        answered = 0
        connection.settimeout(_LIMIT_S)
        try:
            with connection:
                while data := connection.recv(65536):
                    ciphertext += data
                    connection.sendall(server.receive(data))
                    if server.received.count(b"\r\n\r\n") > answered:
                        answered += 1
                        connection.sendall(server.send(OK_ANSWER))
        except OSError:
            pass  # the client was faster
        self._note(server, ciphertext)

    def _note(self, server: TlsServer, ciphertext: bytes) -> None:
        certificate = server.ssl.getpeercert(binary_form=True) if server.is_shaken else None
        with self._lock:
            self.ciphertexts.append(ciphertext)
            self.plaintexts.append(bytes(server.received))
            self.handshakes += server.is_shaken
            if certificate:
                self.certificates.append(certificate)


@contextmanager
def tls_recorder(context: ssl.SSLContext) -> Iterator[TlsRecorder]:
    """Listens on 127.0.0.1; clients must have closed their connections at the end."""

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # closed
            thread = threading.Thread(target=recorder.serve, args=(connection,), name="tls-recorder")
            recorder.threads.append(thread)
            thread.start()

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        recorder = TlsRecorder(context, listener.getsockname()[1])
        acceptor = threading.Thread(target=accept, name="tls-recorder-acceptor")
        acceptor.start()
        try:
            yield recorder
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() does not
            acceptor.join(_LIMIT_S)
            recorder.wait_for_silence()
