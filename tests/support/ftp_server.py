"""A small FTP server on threads, which a test lets lie, stall and break off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_LIMIT_S = 20.0  # only a hang gets here


class FtpServer:
    """Serves `files` ("a/b" to bytes) to everybody. `replies` stand in for what a command is answered usually."""

    def __init__(self, files: dict[str, bytes], host: str) -> None:
        self.files = files
        self.replies: dict[str, str] = {}
        """Verb to the line, or lines, that it gets instead of anything else; "" closes the connection."""
        self.says_size = True
        self.data_host = "10.9.8.7"
        """What PASV names; never an address of ours."""
        self.data_port: int | None = None
        """What PASV and EPSV name instead of the right one."""
        self.stalls_at = ""
        """The verb at which nothing happens any more, or "data" after the first piece."""
        self.is_stalled = threading.Event()
        self.is_left = threading.Event()
        """Set when the client has gone after that."""
        self.commands: list[str] = []
        self.users: list[tuple[str, str]] = []
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._host = host
        self._listener = self._listen()
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = [self._listener]
        self._start(self._accept)

    def close(self) -> None:
        """Ends every conversation."""
        for sock in list(self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in list(self._threads):
            thread.join(_LIMIT_S)
            assert not thread.is_alive()

    def _listen(self) -> socket.socket:
        listener = socket.socket(self._family, socket.SOCK_STREAM)
        listener.bind((self._host, 0))
        listener.listen()
        return listener

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name="ftp-server", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection = self._listener.accept()[0]
                self._sockets.append(connection)
                self._start(lambda connection=connection: self._talk(connection))  # type: ignore[misc]

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            # The second of two answers must not wait for the acknowledgement of the first, which takes its 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Conversation(self, connection).run()


class _Conversation:
    """One control connection."""

    def __init__(self, server: FtpServer, connection: socket.socket) -> None:
        self._server = server
        self._connection = connection
        self._folder = ""
        self._user = ""
        self._data: socket.socket | None = None

    def run(self) -> None:
        if not self._answer("WELCOME", "220-Hello\r\n220 there"):
            return
        with self._connection.makefile("rb") as lines:
            for line in lines:
                command = line.decode().rstrip("\r\n")
                self._server.commands.append(command)
                verb, _, argument = command.partition(" ")
                if not self._obey(verb, argument):
                    break
        if self._data is not None:
            self._data.close()

    def _obey(self, verb: str, argument: str) -> bool:
        server = self._server
        if verb in server.replies or server.stalls_at == verb:
            return self._answer(verb, "")
        path = argument if argument.startswith("/") else self._folder + argument
        if verb == "USER":
            self._user = argument
            return self._answer(verb, "331 password?")
        if verb == "PASS":
            server.users.append((self._user, argument))
            return self._answer(verb, "230 welcome")
        if verb == "CWD":
            self._folder = path.rstrip("/") + "/"
            return self._answer(verb, "250 there")
        if verb == "SIZE" and server.says_size and path in server.files:
            return self._answer(verb, f"213 {len(server.files[path])}")
        if verb in ("PASV", "EPSV"):
            return self._answer(verb, self._offer(verb))
        if verb == "TYPE":
            return self._answer(verb, "200 good")
        if verb == "LIST":
            names = sorted(name for name in server.files if name.startswith(self._folder))
            return self._send("".join(f"-rw-r--r-- {name}\r\n" for name in names).encode())
        if verb == "RETR" and path in server.files:
            return self._send(server.files[path])
        return self._answer(verb, "550 no such file" if verb in ("RETR", "SIZE") else "502 what?")

    def _offer(self, verb: str) -> str:
        self._data = self._server._listen()
        self._server._sockets.append(self._data)
        port = self._server.data_port or self._data.getsockname()[1]
        if verb == "EPSV":
            return f"229 Entering (|||{port}|)"
        return f"227 Entering ({self._server.data_host.replace('.', ',')},{port // 256},{port % 256})"

    def _send(self, content: bytes) -> bool:
        assert self._data is not None
        with self._data as listener:
            connection = listener.accept()[0]
        self._server._sockets.append(connection)
        self._answer("1xx", "150 here it comes")
        with connection:
            if self._server.stalls_at == "data":
                connection.sendall(content[:10])
                return self._stall()
            connection.sendall(content)
        return self._answer("END", "226 that was it")

    def _answer(self, verb: str, text: str) -> bool:
        if self._server.stalls_at == verb:
            return self._stall()
        text = self._server.replies.get(verb, text)
        if text:
            self._connection.sendall(text.encode() + b"\r\n")
        return bool(text)

    def _stall(self) -> bool:
        """Until the other side has gone."""
        self._server.is_stalled.set()
        with suppress(OSError):
            while self._connection.recv(100):
                pass
        self._server.is_left.set()
        return False


@contextmanager
def ftp_server(files: dict[str, bytes], host: str = "127.0.0.1") -> Iterator[FtpServer]:
    server = FtpServer(files, host)
    try:
        yield server
    finally:
        server.close()
