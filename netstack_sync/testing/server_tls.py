"""The server's side of TLS: how it is set up, and a ServerStream over another one."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_SSL_PROTOCOL_ERROR, OK
from netstack_sync.loop.completion import Task
from netstack_sync.testing.certificates import Identity, process_authority, self_signed
from netstack_sync.testing.script import Script
from netstack_sync.testing.server_stream import ServerStream

_RAW_READ_BYTES = 256 * 1024
_MAX_WRITE_BYTES = 64 * 1024  # plaintext that is encrypted ahead of what the transport takes


@dataclass(frozen=True, slots=True)
class TlsRecipe:
    """What the server shows in the handshake, and the faults it may have there."""

    leaf: Literal["good", "expired", "wrong_host", "self_signed"] = "good"
    names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    client_ca: bytes | None = None
    """PEM: a client must show a certificate of this authority."""
    alpn: tuple[str, ...] = ("http/1.1",)
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    tickets: int = 2
    """How many sessions a connection of TLS 1.3 is given to go on from."""
    handshake: Script = ()
    """Played in place of the handshake once the client's first bytes are there: `(STALL,)`, `(RESET,)`, ..."""

    def identity(self) -> Identity:
        """Makes the server's certificate."""
        if self.leaf == "self_signed":
            return self_signed(self.names)
        names = ("wrong.host.test",) if self.leaf == "wrong_host" else self.names
        return process_authority().issue(names, is_expired=self.leaf == "expired")

    def context(self, folder: Path) -> ssl.SSLContext:
        """Makes the server's context; its files go into `folder`, since OpenSSL reads keys from there only."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.identity().write(folder, "leaf"))
        context.set_alpn_protocols(list(self.alpn))
        context.minimum_version, context.maximum_version = self.min_version, self.max_version
        context.num_tickets = self.tickets
        if self.client_ca is not None:
            context.load_verify_locations(cadata=self.client_ca.decode())
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class TlsStream:
    """A ServerStream that owns the one below it; the handshake is part of the first reads. Network thread only."""

    __slots__ = (
        "_error",
        "_incoming",
        "_is_shaken",
        "_on_writable",
        "_outgoing",
        "_ssl",
        "_transport",
        "_unsent",
    )

    def __init__(self, transport: ServerStream, context: ssl.SSLContext) -> None:
        self._transport = transport
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._is_shaken = False
        self._unsent = b""
        self._error = OK
        self._on_writable: Task | None = None

    def read(self, max_bytes: int) -> bytes | int:
        """See ServerStream.read.

        When TLS fails the alert is sent, and what the client still sends is thrown away until it closes: closing
        first would send RST, which takes the alert with it.
        """
        while True:
            try:
                if not self._is_shaken:
                    self._ssl.do_handshake()
                    self._is_shaken = True
                data = self._ssl.read(max_bytes)
            except ssl.SSLWantReadError:
                self._flush()
            except ssl.SSLError:
                self._flush()
                self._transport.end(has_goodbye=False)
                return self._drain()
            else:
                self._flush()
                return data
            raw = self._transport.read(_RAW_READ_BYTES)
            if not isinstance(raw, bytes) or not raw:
                return raw
            self._incoming.write(raw)

    def write(self, data: bytes | memoryview) -> int:
        """See ServerStream.write."""
        if self._flush() != OK:
            return self._error if self._error != OK else ERR_IO_PENDING
        try:
            taken = self._ssl.write(data[:_MAX_WRITE_BYTES])
        except ssl.SSLError:
            return ERR_SSL_PROTOCOL_ERROR
        self._flush()
        return taken

    def notify_readable(self, task: Task) -> None:
        """See ServerStream.notify_readable."""
        self._transport.notify_readable(task)

    def notify_writable(self, task: Task) -> None:
        """See ServerStream.notify_writable."""
        self._on_writable = task
        self._transport.notify_writable(self._on_transport_writable)

    @property
    def has_unread(self) -> bool:
        """See ServerStream.has_unread."""
        return bool(self._incoming.pending) or bool(self._ssl.pending())

    @property
    def has_unsent(self) -> bool:
        """See ServerStream.has_unsent."""
        return bool(self._unsent) or bool(self._outgoing.pending)

    def end(self, has_goodbye: bool) -> None:
        """See ServerStream.end."""
        if has_goodbye:
            try:
                self._ssl.unwrap()
            except ssl.SSLError:
                pass  # the client's own close_notify is not there yet, and nobody waits for it
            self._flush()
        self._transport.end(has_goodbye)

    def reset(self) -> None:
        """See ServerStream.reset."""
        self._transport.reset()

    def close(self) -> None:
        """See ServerStream.close."""
        self._on_writable = None
        self._transport.close()

    def _drain(self) -> bytes | int:
        while True:
            raw = self._transport.read(_RAW_READ_BYTES)
            if not isinstance(raw, bytes) or not raw:
                return raw

    def _flush(self) -> int:
        """OK when all is gone, ERR_IO_PENDING when the rest follows by itself, or the error that ended it."""
        while self._error == OK and self.has_unsent:
            self._unsent = self._unsent or self._outgoing.read()
            sent = self._transport.write(self._unsent)
            if sent == ERR_IO_PENDING:
                self._transport.notify_writable(self._on_transport_writable)
                return ERR_IO_PENDING
            if sent < 0:
                self._give_up(sent)
            else:
                self._unsent = self._unsent[sent:]
        return self._error

    def _give_up(self, error: int) -> None:
        self._error = error
        self._unsent = b""
        self._outgoing.read()

    def _on_transport_writable(self) -> None:
        if self._flush() == ERR_IO_PENDING:
            return
        task, self._on_writable = self._on_writable, None
        if task is not None:
            task()
