"""A proxy of every kind in one port, which remembers every byte that it and the servers behind it were sent.

It speaks HTTP (forwarding and CONNECT), SOCKS4, 4a and 5, told apart by their first byte, and with TLS in front of all
of them. Written on blocking sockets from the RFCs, independently of the package. Names that end in ".test" are this
machine.
"""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import struct
import tempfile
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.certificates import process_authority
from netstack_sync.testing.server_request import ReceivedRequest, RequestHead, RequestParser

_LIMIT_S = 20.0  # only a hang gets here
_PIECE_BYTES = 64 * 1024
_HOP_BY_HOP = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length")

Gatekeeper = Callable[[ReceivedRequest], Answer]
"""A handler of an origin server; what it answers with 200 goes through, its 401 becomes a 407."""


@dataclass
class RecordedConnection:
    """What came over one connection to the proxy, and what went on from there."""

    number: int
    scheme: str = ""
    """ "http", "socks4", "socks4a" or "socks5"."""
    received: bytearray = field(default_factory=bytearray)
    """Every byte of the client's, those for the server in the tunnel included; without TLS to the proxy."""
    handshake: bytearray = field(default_factory=bytearray)
    """Of them, those that were for the proxy itself."""
    passed_on: bytearray = field(default_factory=bytearray)
    """Every byte that a server was sent."""
    destinations: list[tuple[str, int]] = field(default_factory=list)
    """Whom the client named."""
    requests: list[ReceivedRequest] = field(default_factory=list)
    """Of an HTTP client, those to the proxy."""
    login: tuple[str, str] | None = None
    """What a SOCKS client said of itself."""


class BasicGate:
    """A Gatekeeper who wants one user and password."""

    def __init__(self, user: str, password: str, realm: str = "proxy", body: bytes = b"") -> None:
        self._expected = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        self._answer = Answer(401, {"WWW-Authenticate": f'Basic realm="{realm}"'}, body)

    def __call__(self, request: ReceivedRequest) -> Answer:
        return Answer() if request.headers.get("authorization") == self._expected else self._answer


class RecordingProxy:
    """One port of this machine; made by recording_proxy()."""

    def __init__(self, listener: socket.socket, context: ssl.SSLContext | None) -> None:
        self.port: int = listener.getsockname()[1]
        self.connections: list[RecordedConnection] = []
        self.gate: Gatekeeper | None = None
        """Who is asked about each request of an HTTP client."""
        self.login: tuple[str, str] | None = None
        """What a SOCKS client has to say; None: nobody is asked."""
        self.refusal: bytes | None = None
        """Said instead of everything else, to a SOCKS client behind its login; then the connection is closed.
        Where nothing is said it is reset.
        """
        self.errors: list[BaseException] = []
        self._listener = listener
        self._context = context
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def url(self, scheme: str = "http", login: str = "") -> str:
        """The proxy's URL; `login` is "user:password"."""
        return f"{scheme}://{login + '@' if login else ''}127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """Those to the proxy itself, over all connections."""
        return [request for connection in self.connections for request in connection.requests]

    @property
    def destinations(self) -> list[tuple[str, int]]:
        """Whom clients named, over all connections."""
        return [each for connection in self.connections for each in connection.destinations]

    @property
    def received(self) -> bytes:
        """Every byte of every client."""
        return b"".join([bytes(connection.received) for connection in self.connections])

    @property
    def passed_on(self) -> bytes:
        """Every byte that servers were sent."""
        return b"".join([bytes(connection.passed_on) for connection in self.connections])

    def serve(self) -> None:
        """Until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                record = RecordedConnection(len(self.connections) + 1)
                self.connections.append(record)
                thread = threading.Thread(target=self._run, args=(client, record), name="recording-proxy")
                self._threads.append(thread)
                self._sockets.append(client)
                thread.start()

    def close(self) -> None:
        """Cuts every connection, and waits for its thread."""
        for client in self._sockets:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_LIMIT_S)

    def _run(self, client: socket.socket, record: RecordedConnection) -> None:
        try:
            with client:
                client.settimeout(_LIMIT_S)
                _send_at_once(client)
                if self._context is None:
                    _Conversation(self, client, record).run()
                    return
                with self._context.wrap_socket(client, server_side=True) as secure:
                    self._sockets.append(secure)
                    _Conversation(self, secure, record).run()
        except OSError:
            pass  # the client has gone, or does not like the certificate
        except BaseException as error:
            self.errors.append(error)


class _Conversation:
    """One connection, on its own thread."""

    def __init__(self, proxy: RecordingProxy, client: socket.socket, record: RecordedConnection) -> None:
        self._proxy = proxy
        self._client = client
        self._record = record
        self._parser = RequestParser()

    def run(self) -> None:
        """Until one side is through."""
        first = self._client.recv(1)
        self._note(first)
        if first == b"\4":
            self._speak_socks4()
        elif first == b"\5":
            self._speak_socks5()
        elif first:
            self._record.scheme = "http"
            self._parser.feed(first)
            self._speak_http()

    # --- HTTP

    def _speak_http(self) -> None:
        ordinal = 0
        while True:
            head = self._next_head()
            if head is None:
                return
            ordinal += 1
            body = self._body_of(head)
            number = self._record.number
            request = ReceivedRequest(head.method, head.target, head.headers, body, number, ordinal, head.keep_alive)
            self._record.requests.append(request)
            if self._proxy.refusal is not None:
                self._say_refusal(self._proxy.refusal)
                return
            verdict = self._verdict(request)
            if verdict.status != 200:
                self._refuse(request, verdict)
                if dict(verdict.headers).get("Connection") == "close":
                    return
            elif head.method == "CONNECT":
                host, _, port = head.target.rpartition(":")
                self._tunnel(host.strip("[]"), int(port), b"HTTP/1.1 200 Connection established\r\n\r\n")
                return
            else:
                self._forward(request)

    def _next_head(self) -> RequestHead | None:
        while (head := self._parser.take_head()) is None:
            piece = self._client.recv(_PIECE_BYTES)
            if not piece:
                return None
            self._note(piece)
            self._parser.feed(piece)
        return head

    def _body_of(self, head: RequestHead) -> bytes:
        if head.expects_continue:
            self._client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while (body := self._parser.take_body()) is None:
            piece = self._client.recv(_PIECE_BYTES)
            if not piece:
                raise ConnectionResetError("the body ended early")
            self._note(piece)
            self._parser.feed(piece)
        return body

    def _verdict(self, request: ReceivedRequest) -> Answer:
        """What the gatekeeper says, who believes that he stands before an origin server: of the URL he sees the path,
        which is what Chromium and curl hash for Digest.
        """
        if self._proxy.gate is None:
            return Answer()
        fields = [(name, value) for name, value in request.headers.items() if name.lower() != "authorization"]
        fields = [(_renamed(name, "proxy-authorization", "authorization"), value) for name, value in fields]
        block = "".join([f"{name}: {value}\r\n" for name, value in fields])
        target = request.target if request.method == "CONNECT" else _origin_form(request.target)
        headers = ResponseHeaders(block.encode("latin-1"))
        return self._proxy.gate(request._replace(headers=headers, target=target))

    def _refuse(self, request: ReceivedRequest, verdict: Answer) -> None:
        fields = dict(verdict.headers) if not isinstance(verdict.headers, dict) else verdict.headers
        renamed = {_renamed(name, "www-authenticate", "Proxy-Authenticate"): value for name, value in fields.items()}
        lines = "".join([f"{name}: {value}\r\n" for name, value in renamed.items()])
        status = "407 Proxy Authentication Required" if verdict.status == 401 else f"{verdict.status} Refused"
        body = b"" if request.method == "HEAD" else verdict.body
        head = f"HTTP/1.1 {status}\r\n{lines}Content-Length: {len(verdict.body)}\r\n\r\n"
        self._client.sendall(head.encode("latin-1") + body)

    def _forward(self, request: ReceivedRequest) -> None:
        """As a proxy should: in origin-form, without what was meant for it (RFC 9110 §7.6.1)."""
        parts = urlsplit(request.target)
        port = parts.port or 80
        assert parts.scheme == "http" and parts.hostname is not None, request.target
        self._record.destinations.append((parts.hostname, port))
        lines = [f"{request.method} {_origin_form(request.target)} HTTP/1.1", "Connection: close"]
        lines += [
            f"{name}: {value}"
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP and not name.lower().startswith("proxy-")
        ]
        if request.body:
            lines.append(f"Content-Length: {len(request.body)}")
        try:
            server = _connected(parts.hostname, port)
        except OSError:
            self._client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with server:
            data = "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body
            self._record.passed_on += data
            server.sendall(data)
            self._client.sendall(_relayed_answer(server, request.method))

    # --- SOCKS

    def _speak_socks4(self) -> None:
        """SOCKS 4 and 4a (openssh.com/txt/socks4.protocol)."""
        record = self._record
        _, port, address = struct.unpack("!BH4s", self._exactly(7))
        user = self._until_null()
        if address[:3] == b"\0\0\0" and address[3]:
            record.scheme, host = "socks4a", self._until_null()
        else:
            record.scheme, host = "socks4", socket.inet_ntoa(address)
        if user:
            record.login = (user, "")
        self._tunnel(host, port, b"\0\x5a" + bytes(6), b"\0\x5b" + bytes(6))

    def _speak_socks5(self) -> None:
        """RFC 1928, with RFC 1929 where somebody has to say who he is."""
        record, login = self._record, self._proxy.login
        record.scheme = "socks5"
        methods = self._exactly(self._exactly(1)[0])
        wanted = 2 if login is not None else 0
        if wanted not in methods:
            self._client.sendall(b"\5\xff")
            return
        self._client.sendall(bytes((5, wanted)))
        if login is not None:
            self._exactly(1)
            user, password = (self._exactly(self._exactly(1)[0]).decode() for _ in range(2))
            record.login = (user, password)
            self._client.sendall(b"\1\0" if record.login == login else b"\1\1")
            if record.login != login:
                return
        _, _, _, kind = self._exactly(4)
        if kind == 3:
            host = self._exactly(self._exactly(1)[0]).decode("ascii")
        else:
            host = socket.inet_ntop(*((socket.AF_INET, self._exactly(4)) if kind == 1 else self._six()))
        (port,) = struct.unpack("!H", self._exactly(2))
        rest = b"\0\1" + bytes(6)
        self._tunnel(host, port, b"\5\0" + rest, b"\5\5" + rest)

    def _six(self) -> tuple[socket.AddressFamily, bytes]:
        return socket.AF_INET6, self._exactly(16)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._client.recv(size - len(data))
            if not piece:
                raise ConnectionResetError("the client has gone")
            data += piece
        self._note(data)
        return data

    def _until_null(self) -> str:
        text = b""
        while (byte := self._exactly(1)) != b"\0":
            text += byte
        return text.decode("ascii")

    # --- both

    def _note(self, data: bytes) -> None:
        self._record.received += data
        self._record.handshake += data

    def _tunnel(self, host: str, port: int, accepted: bytes, refused: bytes | None = None) -> None:
        """Connects, says so, and passes on what comes."""
        if self._proxy.refusal is not None:
            self._say_refusal(self._proxy.refusal)
            return
        self._record.destinations.append((host, port))
        try:
            server = _connected(host, port)
        except OSError:
            self._client.sendall(refused or b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nevil")
            return
        with server:
            self._client.sendall(accepted)
            self._relay(server)

    def _say_refusal(self, refusal: bytes) -> None:
        if refusal:
            self._client.sendall(refusal)
        else:
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _relay(self, server: socket.socket) -> None:
        client, record = self._client, self._record
        while True:
            ready = [client] if _has_read_ahead(client) else select.select([client, server], [], [], _LIMIT_S)[0]
            for source in ready:
                piece = source.recv(_PIECE_BYTES)
                if not piece:
                    return
                if source is client:
                    record.received += piece
                    record.passed_on += piece
                (client if source is server else server).sendall(piece)


@contextmanager
def recording_proxy(
    *, tls: bool = False, login: tuple[str, str] | None = None, bound: socket.socket | None = None
) -> Iterator[RecordingProxy]:
    """Runs until the end of the block. With `tls` it is spoken to in TLS, with a certificate for "127.0.0.1" and
    "localhost" of the process's throw-away authority; with a `login` it wants that, by Basic from HTTP clients.
    A socket that is `bound` already, and has refused connections so far, listens from now on.
    """
    context = _tls_context() if tls else None
    with bound or socket.create_server(("127.0.0.1", 0)) as listener:
        listener.listen(100)
        proxy = RecordingProxy(listener, context)
        proxy.login = login
        proxy.gate = BasicGate(*login) if login is not None else None
        thread = threading.Thread(target=proxy.serve, name="recording-proxy-listener")
        thread.start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # else accept() goes on
            thread.join(_LIMIT_S)
            proxy.close()
    assert not proxy.errors, proxy.errors


def _tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        context.load_cert_chain(*process_authority().issue(["127.0.0.1", "localhost"]).write(folder))
    return context


def _connected(host: str, port: int) -> socket.socket:
    is_here = host == "localhost" or host.endswith(".test")
    server = socket.create_connection(("127.0.0.1" if is_here else host, port), _LIMIT_S)
    _send_at_once(server)
    return server


def _send_at_once(connected: socket.socket) -> None:
    """Else the second of two small pieces waits for the acknowledgement of the first, which takes its 40 ms."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _has_read_ahead(client: socket.socket) -> bool:
    return isinstance(client, ssl.SSLSocket) and client.pending() > 0


def _relayed_answer(server: socket.socket, method: str) -> bytes:
    """The whole answer, with a length; the connection to the client stays."""
    answer = http.client.HTTPResponse(server, method=method)
    answer.begin()
    body = answer.read()
    fields = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
    length = answer.getheader("content-length", "0") if method == "HEAD" else str(len(body))
    if answer.status not in (204, 304):
        fields.append(("Content-Length", length))
    answer.close()
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *[f"{name}: {value}" for name, value in fields], "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _origin_form(target: str) -> str:
    parts = urlsplit(target)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _renamed(name: str, old: str, new: str) -> str:
    return new if name.lower() == old else name
