"""TlsClientSocket: TLS over any StreamSocket, closed to the user until the certificate's verdict."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from netstack_sync.base.error_map import map_ssl_error
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_SSL_HANDSHAKE_NOT_COMPLETED, ERR_SSL_PROTOCOL_ERROR, OK
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.sockets.tls_bio import RAW_READ_BYTES, TlsBio
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_handshake import TlsHandshake
from netstack_sync.sockets.tls_peer import TlsPeer
from netstack_sync.sockets.tls_services import TlsServices

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo

_MAX_WRITE_BYTES = 64 * 1024  # plaintext that is encrypted ahead of what the transport takes
_MAX_FILLS = 4  # per read
# Records without user data, such as tickets and key updates, are short and few. OpenSSL takes up to 700 microseconds
# for a KiB of them, and answers some, so a peer that sends nothing else must not get the loop's time.
_MAX_FRUITLESS_BYTES = 128 * 1024  # since the last user data; a record of which a part is here is 16 KiB


class TlsClientSocket:
    """A StreamSocket that owns the transport below it, and its handshake. Network thread only.

    There is nothing to read from or write to before the verdict on the server's certificate: both answer
    ERR_SSL_HANDSHAKE_NOT_COMPLETED, so not one byte of a request can leave early.
    """

    __slots__ = (
        "_bio",
        "_fruitless_bytes",
        "_handshake",
        "_on_connected",
        "_on_readable",
        "_peeked",
        "_services",
        "_session_key",
        "_transport",
        "abort",
        "net_log",
        "transport_rtt_s",
        "was_ever_used",
    )

    def __init__(self, transport: StreamSocket, peer: TlsPeer, config: TlsConfig, services: TlsServices) -> None:
        self._transport = transport
        self._services = services
        self._handshake = TlsHandshake(transport, peer, config, services)
        # A session is not there before the server has said something (TLS 1.3), and then is kept once.
        self._session_key = (peer, config) if config.resumes and config.context is None else None
        self._bio: TlsBio | None = None
        self._on_connected: Completion | None = None
        self._on_readable: Task | None = None  # waits in the loop's queue, because its bytes are here already
        self._peeked = b""  # what is_connected_and_idle() had to decrypt to find out
        self._fruitless_bytes = 0  # came since the last bytes of the user
        self.was_ever_used = False  # until bytes of the user go through; the handshake does not count
        self.net_log = transport.net_log
        self.abort = transport.abort
        self.transport_rtt_s = transport.transport_rtt_s

    def connect(self, on_done: Completion) -> int:
        """Shakes hands over the connected transport and asks for the verdict; see StreamSocket.connect."""
        if self._bio is not None:
            return OK
        result = self._handshake.run(self._on_handshake_complete)
        if result == ERR_IO_PENDING:
            self._on_connected = on_done
        elif result == OK:
            self._bio = self._handshake.bio
        return result

    def disconnect(self) -> None:
        """Closes the transport without a goodbye, as browsers do; see StreamSocket.disconnect."""
        self._handshake.cancel()
        self._on_connected = self._on_readable = None
        self._bio = None
        self._transport.disconnect()

    def read(self, max_bytes: int) -> bytes | int:
        """See StreamSocket.read. A connection that ends without close_notify gives ERR_CONNECTION_CLOSED."""
        bio = self._bio
        if bio is None:
            return ERR_SSL_HANDSHAKE_NOT_COMPLETED
        if self._peeked:
            peeked, self._peeked = self._peeked, b""
            return peeked
        for _ in range(_MAX_FILLS):
            data = bio.read(max_bytes)
            if data != ERR_IO_PENDING:
                self._fruitless_bytes = 0
                self.was_ever_used = True
                if self._session_key is not None and isinstance(data, bytes):
                    self._keep_session(bio)
                return data
            is_attack = self._fruitless_bytes > _MAX_FRUITLESS_BYTES
            fed = ERR_SSL_PROTOCOL_ERROR if is_attack else bio.fill(max(max_bytes, RAW_READ_BYTES))
            if fed < 0:
                break
            self._fruitless_bytes += fed
        bio.flush()  # an answer to a key update may be waiting
        return min(fed, ERR_IO_PENDING)

    def write(self, data: bytes | memoryview) -> int:
        """See StreamSocket.write; takes at most 64 KiB, and nothing while ciphertext waits below."""
        bio = self._bio
        if bio is None:
            return ERR_SSL_HANDSHAKE_NOT_COMPLETED
        if bio.has_unsent or bio.write_error != OK:
            result = bio.flush()
            if result != OK:
                return result
        try:
            taken = bio.ssl_object.write(data[:_MAX_WRITE_BYTES])
        except ssl.SSLWantReadError:
            return ERR_SSL_PROTOCOL_ERROR  # only renegotiation asks for this, and it is off
        except ssl.SSLError as error:
            return map_ssl_error(error.reason)
        self.was_ever_used = True
        bio.flush()
        return taken

    def notify_readable(self, task: Task) -> None:
        """See StreamSocket.notify_readable."""
        if self._peeked or (self._bio is not None and self._bio.has_unread):
            self._on_readable = task
            self._services.post_task(self._on_readable_posted)
        else:
            self._transport.notify_readable(task)

    def notify_writable(self, task: Task) -> None:
        """See StreamSocket.notify_writable."""
        if self._bio is not None:
            self._bio.notify_writable(task)

    def cancel_notify(self) -> None:
        """See StreamSocket.cancel_notify; ciphertext goes on being sent."""
        self._on_readable = None
        self._transport.cancel_notify()
        if self._bio is not None:
            self._bio.cancel_notify()

    def is_connected(self) -> bool:
        """See StreamSocket.is_connected."""
        return self._bio is not None and self._transport.is_connected()

    def is_connected_and_idle(self) -> bool:
        """See StreamSocket.is_connected_and_idle; records without user data, such as tickets, do not count."""
        if self._bio is None or self._peeked:
            return False
        if self._has_nothing_to_read(self._bio):
            return True
        was_ever_used = self.was_ever_used
        data = self.read(1)
        if isinstance(data, bytes):
            self._peeked, self.was_ever_used = data, was_ever_used
        return data == ERR_IO_PENDING and self._has_nothing_to_read(self._bio)

    def _has_nothing_to_read(self, bio: TlsBio) -> bool:
        return self._transport.is_connected_and_idle() and not bio.has_unread

    @property
    def remote_address(self) -> IPEndPoint | None:
        """See StreamSocket.remote_address."""
        return self._transport.remote_address

    @property
    def local_address(self) -> IPEndPoint | None:
        """See StreamSocket.local_address."""
        return self._transport.local_address

    @property
    def ssl_info(self) -> SSLInfo | None:
        """See StreamSocket.ssl_info; there even when the verdict was bad."""
        return self._handshake.ssl_info

    @property
    def error_detail(self) -> str:
        """What went wrong, in words, when connect() failed."""
        return self._handshake.error_detail

    @property
    def has_offered_session(self) -> bool:
        """True when the server was asked to go on from an earlier connection."""
        return self._handshake.has_offered_session

    def _on_handshake_complete(self, result: int) -> None:
        if result == OK:
            self._bio = self._handshake.bio
        on_connected, self._on_connected = self._on_connected, None
        assert on_connected is not None, "a socket that was disconnected has cancelled its handshake"
        on_connected(result)

    def _keep_session(self, bio: TlsBio) -> None:
        key, self._session_key = self._session_key, None
        sessions, info, context = self._services.sessions, self._handshake.ssl_info, self._handshake.context
        assert key is not None and info is not None and context is not None
        if not sessions.wants(key, info.version):
            return
        session = bio.ssl_object.session
        if session is not None and (session.has_ticket or info.version != "TLSv1.3"):
            sessions.store(key, session, context, info.peer_chain, info.version)

    def _on_readable_posted(self) -> None:
        task, self._on_readable = self._on_readable, None
        if task is not None:
            task()

    def __repr__(self) -> str:
        state = "connected" if self._bio is not None else repr(self._handshake)
        return f"<TlsClientSocket {state}>"
