"""FtpSource: a file or a listing of an FTP server as an answer, through the standard library's ftplib (RFC 959).

Always passive, and never to another address than that of the control connection, whatever the server says: a server
must not be able to send us elsewhere (the PASV address attack, CVE-2020-8284 and CVE-2021-4189).
"""

from __future__ import annotations

import ftplib
import socket
import threading
from typing import Any, Final

from netstack_sync.base.error_map import map_connect_error
from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_ACCESS_DENIED,
    ERR_ADDRESS_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_TIMED_OUT,
    ERR_FILE_NOT_FOUND,
    ERR_FTP_BAD_COMMAND_SEQUENCE,
    ERR_FTP_COMMAND_NOT_SUPPORTED,
    ERR_FTP_FAILED,
    ERR_FTP_FILE_BUSY,
    ERR_FTP_SERVICE_UNAVAILABLE,
    ERR_FTP_SYNTAX_ERROR,
    ERR_FTP_TRANSFER_ABORTED,
    ERR_UNSAFE_PORT,
)
from netstack_sync.workers.answer_source import SourceAnswer, SourceError
from netstack_sync.workers.media_type import media_type_of

_READ_BYTES: Final = 64 * 1024
_QUIET_S: Final = 60.0  # so long a worker waits for a server that is silent, when nobody waits for the worker
_MAX_REPLY_BYTES: Final = 256 * 1024  # of everything that the server says to commands; ftplib has no limit
_FIRST_USER_PORT: Final = 1024  # no server opens data connections below; other services are there

# After Chromium's net/ftp/ftp_network_transaction.cc.
_BY_REPLY: Final = {
    "421": ERR_FTP_SERVICE_UNAVAILABLE,
    "425": ERR_FTP_TRANSFER_ABORTED,
    "426": ERR_FTP_TRANSFER_ABORTED,
    "450": ERR_FTP_FILE_BUSY,
    "451": ERR_FTP_TRANSFER_ABORTED,
    "500": ERR_FTP_SYNTAX_ERROR,
    "501": ERR_FTP_SYNTAX_ERROR,
    "502": ERR_FTP_COMMAND_NOT_SUPPORTED,
    "503": ERR_FTP_BAD_COMMAND_SEQUENCE,
    "504": ERR_FTP_COMMAND_NOT_SUPPORTED,
    "530": ERR_ACCESS_DENIED,
    "550": ERR_FILE_NOT_FOUND,
}


class FtpSource:
    """See AnswerSource. A path that ends with a slash, or is empty, is that of a folder, which is listed."""

    __slots__ = (
        "_addresses",
        "_data",
        "_ftp",
        "_is_aborted",
        "_lock",
        "_password",
        "_path",
        "_sockets",
        "_unread",
        "_user",
    )

    is_remote = True
    has_effects = False

    def __init__(self, addresses: AddressList, path: str, user: str, password: str) -> None:
        """`path` begins where the server puts who logs in, and nothing has a control character in it."""
        self._addresses = addresses
        self._path = path
        self._user = user
        self._password = password
        self._lock = threading.Lock()  # between who opens sockets and who ends them; held for a few instructions
        self._is_aborted = False
        self._sockets: list[socket.socket] = []
        self._ftp: Any = None
        self._data: socket.socket | None = None
        self._unread: int | None = None

    def open(self) -> SourceAnswer:
        """See AnswerSource."""
        try:
            return self._open()
        except (ftplib.Error, EOFError, ValueError) as error:
            raise _failure(error) from error

    def read_piece(self) -> bytes:
        """See AnswerSource. At the end the server has to say that it was one."""
        data = self._data
        if data is None:
            return b""
        piece = data.recv(_READ_BYTES)
        if self._unread is not None:
            piece = piece[: self._unread]  # of a file that grows only what was announced
            self._unread -= len(piece)
        if not piece:
            self._end_transfer(data)
        return piece

    def abort(self, is_busy: bool) -> None:
        """See AnswerSource. Who waits for a socket is woken."""
        with self._lock:
            self._is_aborted = True
            for sock in self._sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # not connected, or not any more
        if not is_busy:
            self.close()

    def close(self) -> None:
        """See AnswerSource."""
        self._data = None
        if self._ftp is not None:
            self._ftp.close()
            self._ftp = None
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for sock in sockets:
            sock.close()

    # --- the conversation

    def _open(self) -> SourceAnswer:
        ftp, endpoint = self._log_in()
        is_folder = self._path.endswith("/") or not self._path
        if is_folder:
            folder = self._path.rstrip("/") or self._path[:1]
            if folder:
                ftp.cwd(folder)
            command, media_type = "LIST", "text/plain"
        else:
            ftp.voidcmd("TYPE I")
            self._unread = _size_of(ftp, self._path)
            command, media_type = f"RETR {self._path}", media_type_of(self._path)
        port = int(ftp.makepasv()[1])
        if not _FIRST_USER_PORT <= port <= 65535:
            raise SourceError(ERR_UNSAFE_PORT, f"the FTP server offers port {port} for the data")
        self._data = self._connect(endpoint._replace(port=port))
        _begin_transfer(ftp, command)
        return SourceAnswer(200, "OK", (("Content-Type", media_type),), self._unread)

    def _log_in(self) -> tuple[Any, IPEndPoint]:
        sock, endpoint = self._connect_to_any()
        self._ftp = ftp = ftplib.FTP()
        # What FTP.connect() does, over a socket that abort() knows and to an address that our resolver found.
        control: Any = ftp
        control.sock, control.af, control.timeout = sock, sock.family, _QUIET_S
        control.file = _BoundedLines(sock.makefile("r", encoding="utf-8", errors="replace"))
        control.welcome = control.getresp()
        control.login(self._user, self._password)
        return control, endpoint

    def _connect_to_any(self) -> tuple[socket.socket, IPEndPoint]:
        failure = SourceError(ERR_ADDRESS_INVALID, "the host has no address")
        for endpoint in self._addresses:
            try:
                return self._connect(endpoint), endpoint
            except SourceError as error:
                failure = error
                if error.net_error == ERR_ABORTED:
                    break
        raise failure

    def _connect(self, endpoint: IPEndPoint) -> socket.socket:
        sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
        with self._lock:
            self._sockets.append(sock)
            if self._is_aborted:
                raise SourceError(ERR_ABORTED, "")
        sock.settimeout(_QUIET_S)
        try:
            sock.connect(endpoint.sockaddr)
        except TimeoutError:
            raise SourceError(ERR_CONNECTION_TIMED_OUT, f"no connection to {endpoint}") from None
        except OSError as error:
            net_error = ERR_ABORTED if self._is_aborted else map_connect_error(error.errno or 0)
            raise SourceError(net_error, f"no connection to {endpoint}") from error
        return sock

    def _end_transfer(self, data: socket.socket) -> None:
        self._data = None
        data.close()
        try:
            self._ftp.voidresp()
        except (ftplib.Error, EOFError, ValueError) as error:
            raise _failure(error) from error


class _BoundedLines:
    """The server's replies, of which there is an end."""

    __slots__ = ("_file", "_unread")

    def __init__(self, file: Any) -> None:
        self._file = file
        self._unread = _MAX_REPLY_BYTES

    def readline(self, limit: int) -> str:
        """The next line, as far as the limit; "" at the end."""
        line: str = self._file.readline(limit)
        self._unread -= len(line)
        if self._unread < 0:
            raise SourceError(ERR_FTP_FAILED, f"the replies of the server exceed {_MAX_REPLY_BYTES} characters")
        return line

    def close(self) -> None:
        """Of the file; the socket is somebody else's."""
        self._file.close()


def _begin_transfer(ftp: Any, command: str) -> None:
    reply = ftp.sendcmd(command)
    if reply[:1] == "2":
        reply = ftp.getresp()  # some servers answer twice; see ftplib.FTP.ntransfercmd
    if reply[:1] != "1":
        raise ftplib.error_reply(reply)


def _size_of(ftp: Any, path: str) -> int | None:
    """None of a server that does not tell (SIZE is RFC 3659)."""
    try:
        size = ftp.size(path)
    except (ftplib.error_perm, ValueError):
        return None
    return size if isinstance(size, int) and size >= 0 else None


def _failure(error: Exception) -> SourceError:
    if isinstance(error, EOFError):
        return SourceError(ERR_CONNECTION_CLOSED, "the FTP server closed the connection")
    reply = str(error)
    return SourceError(_BY_REPLY.get(reply[:3], ERR_FTP_FAILED), f"the FTP server says: {reply}")
