"""TlsBio: moves ciphertext between an SSLObject and the transport below it.

One path for TCP, TLS inside TLS and tests without sockets. With raw reads of 64 KiB and more it costs less than
SSLSocket, which reads one record of 16 KiB per call.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable
from functools import partial
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

RAW_READ_BYTES = 64 * 1024  # what one system call may bring, unless somebody asks for more
_MAX_ANSWERS_BYTES = 64 * 1024  # to what the peer asks, such as key updates; who does not take them asks too much

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
        "_wrap",
        "detail",
        "has_refused_certificate",
        "is_held",
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
        """`session` is offered to the server; `has_certificate` tells if we may have one to show."""
        self._transport = transport
        self._has_certificate = has_certificate
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._unsent = b""
        self._read_error = OK
        self._on_writable: Task | None = None
        self.is_lent = False
        """True while a worker runs the handshake: the memory BIOs are its own then."""
        self.is_held = False
        """True while what OpenSSL wants to send is not to leave, since it may show who the user is."""
        self.write_error = OK
        """Why the transport takes no more."""
        self.detail = ""
        """OpenSSL's words about a handshake that failed."""
        self.has_refused_certificate = False
        """True when OpenSSL itself found the server's certificate bad."""
        self._wrap: Callable[[], ssl.SSLObject] | None = partial(
            context.wrap_bio, self._incoming, self._outgoing, server_hostname=server_hostname, session=session
        )
        self.ssl_object: ssl.SSLObject
        """There since the first shake()."""

    def shake(self) -> int:
        """Advances the handshake: OK when done, WANTS_READ, or an error with `detail`. Any one thread."""
        try:
            if self._wrap is not None:
                self.ssl_object, self._wrap = self._wrap(), None
            self.ssl_object.do_handshake()
        except ssl.SSLWantReadError:
            return WANTS_READ
        except ssl.SSLCertVerificationError as error:
            return self._refused(error)
        except _ENDS:
            return ERR_CONNECTION_CLOSED
        except ssl.SSLError as error:
            reason = _reason(error)
            self.detail = reason.replace("_", " ").lower() if reason else _without_place(str(error))
            return self._map(reason)
        except (OSError, ValueError) as error:
            self.detail = str(error) if self._wrap is None else f"the host cannot be named to a TLS server: {error}"
            return ERR_SSL_PROTOCOL_ERROR
        return OK

    def _refused(self, error: ssl.SSLCertVerificationError) -> int:
        self.has_refused_certificate = True
        # A context that judges after OpenSSL's handshake, as truststore's do, leaves our last flight behind, and in
        # it the user's certificate. OpenSSL leaves an alert, which the server may have.
        self.is_held = _reason(error) is None
        self.detail = getattr(error, "verify_message", "") or " ".join(map(str, error.args))
        return map_verify_code(getattr(error, "verify_code", 0))

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
            self._read_error = self._map(_reason(error))
            return self._read_error

    def fill(self, max_bytes: int = RAW_READ_BYTES) -> int:
        """Feeds what the transport has: bytes fed, 0 for its end, ERR_IO_PENDING, or an error."""
        if self._outgoing.pending > _MAX_ANSWERS_BYTES:
            return ERR_SSL_PROTOCOL_ERROR
        data = self._transport.read(max_bytes)
        if not isinstance(data, bytes):
            return data
        if not data:
            self._incoming.write_eof()
            return 0
        self._incoming.write(data)
        return len(data)

    def flush(self) -> int:
        """Sends what OpenSSL wants to send: OK when all is gone that may, ERR_IO_PENDING, or an error, then for ever.

        What the transport does not take now is sent as soon as it does.
        """
        while self.write_error == OK:
            if not self._unsent:
                if self.is_held or not self._outgoing.pending:
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


def _reason(error: ssl.SSLError) -> str | None:
    """OpenSSL's; an error that was raised by a class in Python has no such attribute."""
    reason: str | None = getattr(error, "reason", None)
    return reason


def _without_place(text: str) -> str:
    """An error without a reason is told as "[SSL] ASN1 lib (_ssl.c:1006)"."""
    return text.removeprefix("[SSL] ").partition(" (_ssl.c:")[0]
