"""TlsBio: moves ciphertext between an SSLObject and the transport below it.

One path for TCP, TLS inside TLS and tests without sockets. With raw reads of 64 KiB and more it costs less than
SSLSocket, which reads one record of 16 KiB per call.
"""

from __future__ import annotations

import ssl
import sys
from typing import Any

from netstack_sync.base.error_map import map_ssl_error, map_verify_code
from netstack_sync.base.net_errors import (
    ERR_BAD_SSL_CLIENT_AUTH_CERT,
    ERR_CONNECTION_CLOSED,
    ERR_IO_PENDING,
    ERR_SSL_CLIENT_AUTH_CERT_NEEDED,
    ERR_SSL_PROTOCOL_ERROR,
    OK,
)
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.loop.completion import Task
from netstack_sync.sockets.stream_socket import StreamSocket

_RAW_READ_BYTES = 256 * 1024  # what one system call may bring; smaller reads cost 10 to 15 per cent more

# The stream has ended within the handshake; which of the two is raised depends on the patch level of Python.
_ENDS = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_FULL_RECORD_BYTES = 16 * 1024
WANTS_READ = 1  # a step of the handshake needs more of the peer's bytes


class TlsBio:
    """An SSLObject with its two memory BIOs. Network thread, except while a worker runs the handshake."""

    __slots__ = (
        "_has_certificate",
        "_incoming",
        "_on_writable",
        "_outgoing",
        "_read_error",
        "_transport",
        "_unsent",
        "detail",
        "has_refused_certificate",
        "is_lent",
        "ssl_object",
        "write_error",
    )

    def __init__(
        self,
        transport: StreamSocket,
        context: ssl.SSLContext,
        server_hostname: str,
        session: ssl.SSLSession | None = None,
        has_certificate: bool = False,
    ) -> None:
        """`session` is offered to the server; `has_certificate` tells if we may have one to show. ValueError for a
        name that cannot be sent, ssl.SSLError for a context that is none for clients.
        """
        self._transport = transport
        self._has_certificate = has_certificate
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._unsent = b""
        self._read_error = OK
        self._on_writable: Task | None = None
        self.is_lent = False
        """True while a worker runs the handshake: the memory BIOs are its own then."""
        self.write_error = OK
        """Why the transport takes no more."""
        self.detail = ""
        """OpenSSL's words about a handshake that failed."""
        self.has_refused_certificate = False
        """True when OpenSSL itself found the server's certificate bad."""
        self.ssl_object = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname, session=session
        )

    def shake(self) -> int:
        """Advances the handshake: OK when done, WANTS_READ, or an error with `detail`. Any one thread."""
        try:
            self.ssl_object.do_handshake()
        except ssl.SSLWantReadError:
            return WANTS_READ
        except ssl.SSLCertVerificationError as error:
            self.detail = error.verify_message
            self.has_refused_certificate = True
            return map_verify_code(error.verify_code)
        except _ENDS:
            return ERR_CONNECTION_CLOSED
        except ssl.SSLError as error:
            self.detail = (error.reason or str(error)).replace("_", " ").lower()
            return self._map(error.reason)
        except (OSError, ValueError) as error:
            self.detail = str(error)
            return ERR_SSL_PROTOCOL_ERROR
        return OK

    def _map(self, reason: str | None) -> int:
        """The net error; what a server says that misses our certificate depends on the version."""
        net_error = map_ssl_error(reason)
        if reason == "SSLV3_ALERT_HANDSHAKE_FAILURE" and self.peer_chain():
            # Version and cipher are agreed on when the server shows its certificate; what is left is ours.
            net_error = ERR_BAD_SSL_CLIENT_AUTH_CERT
        if net_error == ERR_BAD_SSL_CLIENT_AUTH_CERT and not self._has_certificate:
            return ERR_SSL_CLIENT_AUTH_CERT_NEEDED
        return net_error

    def read(self, max_bytes: int) -> bytes | int:
        """Decrypts what is here: bytes, b"" at the end of the stream, ERR_IO_PENDING, or an error.

        The end is close_notify; a connection that ends without it gives ERR_CONNECTION_CLOSED, since nobody knows
        what was cut off.

        OpenSSL gives one record of 16 KiB at a time. A full one is followed by others, most likely, and whoever
        waits for a large body is better served with all of them at once.
        """
        if self._read_error != OK:
            return self._read_error
        piece = self._read_record(max_bytes)
        if isinstance(piece, int) or len(piece) < _FULL_RECORD_BYTES:
            return piece
        pieces, size = [piece], len(piece)
        while size < max_bytes:
            piece = self._read_record(max_bytes - size)
            if isinstance(piece, int) or not piece:
                break  # the end or the error is found again by the next read
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)

    def _read_record(self, max_bytes: int) -> bytes | int:
        try:
            return self.ssl_object.read(max_bytes)
        except ssl.SSLWantReadError:
            return ERR_IO_PENDING
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLEOFError:
            self._read_error = ERR_CONNECTION_CLOSED  # without a goodbye: anybody can have cut the connection
            return self._read_error
        except ssl.SSLError as error:
            self._read_error = self._map(error.reason)
            return self._read_error

    def fill(self) -> int:
        """Feeds what the transport has: bytes fed, 0 for its end, ERR_IO_PENDING, or an error."""
        data = self._transport.read(_RAW_READ_BYTES)
        if not isinstance(data, bytes):
            return data
        if not data:
            self._incoming.write_eof()
            return 0
        self._incoming.write(data)
        return len(data)

    def flush(self) -> int:
        """Sends what OpenSSL wants to send: OK when all is gone, ERR_IO_PENDING, or an error, then for ever.

        What the transport does not take now is sent as soon as it does.
        """
        while self.write_error == OK:
            if not self._unsent:
                if not self._outgoing.pending:
                    return OK
                self._unsent = self._outgoing.read()
            sent = self._transport.write(self._unsent)
            if sent == ERR_IO_PENDING:
                self._transport.notify_writable(self._on_transport_writable)
                return ERR_IO_PENDING
            if sent < 0:
                self.write_error = sent
            else:
                self._unsent = self._unsent[sent:]
        return self.write_error

    def notify_writable(self, task: Task) -> None:
        """Runs `task` once when nothing is left to be sent and the transport takes more."""
        self._on_writable = task
        self._transport.notify_writable(self._on_transport_writable)

    def cancel_notify(self) -> None:
        """The task does not run; what is left goes on being sent."""
        self._on_writable = None
        if self.has_unsent and self.write_error == OK:
            self._transport.notify_writable(self._on_transport_writable)

    @property
    def has_unsent(self) -> bool:
        """True while ciphertext waits for the transport."""
        return bool(self._unsent) or bool(self._outgoing.pending)

    @property
    def has_unread(self) -> bool:
        """True when bytes are here that no poll will report, because the transport has given them already."""
        return bool(self._incoming.pending) or bool(self.ssl_object.pending())

    def ssl_info(self, host: str, chain: tuple[bytes, ...]) -> SSLInfo:
        """What the handshake agreed on so far, without a verdict."""
        ssl_object = self.ssl_object
        cipher = ssl_object.cipher()
        return SSLInfo(
            version=ssl_object.version() or "",
            cipher=cipher[0] if cipher else "",
            alpn=ssl_object.selected_alpn_protocol() or "",
            peer_chain=chain,
            host=host,
        )

    def peer_chain(self) -> tuple[bytes, ...]:
        """The certificates the peer has sent, DER, leaf first; empty before, and when a session was resumed."""
        if sys.version_info >= (3, 13):
            return tuple(self.ssl_object.get_unverified_chain())
        # The object inside has it since 3.10, with certificates that know the encoding DER as 2.
        inner: Any = vars(self.ssl_object)["_sslobj"]
        return tuple(certificate.public_bytes(2) for certificate in inner.get_unverified_chain() or ())

    def verified_chain(self) -> tuple[bytes, ...]:
        """From the leaf to the root, as OpenSSL found it; means something with CERT_REQUIRED only."""
        if sys.version_info >= (3, 13):
            return tuple(self.ssl_object.get_verified_chain())
        inner: Any = vars(self.ssl_object)["_sslobj"]
        return tuple(certificate.public_bytes(2) for certificate in inner.get_verified_chain() or ())

    def _on_transport_writable(self) -> None:
        if self.is_lent or self.flush() == ERR_IO_PENDING:
            return  # whoever has it flushes when it comes back
        task, self._on_writable = self._on_writable, None
        if task is not None:
            task()
