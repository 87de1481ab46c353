"""TlsClientSocket: TLS over any StreamSocket, closed to the user until the certificate's verdict."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import NamedTuple

from netstack_sync.base.error_map import map_ssl_error
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_ALPN_NEGOTIATION_FAILED,
    ERR_IO_PENDING,
    ERR_SSL_HANDSHAKE_NOT_COMPLETED,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.cert.verifier import CertVerifier, CertVerifyRequest, VerifyParams
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.sockets.tls_bio import TlsBio
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_context import ContextRequest, TlsContexts
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

_MAX_WRITE_BYTES = 64 * 1024  # plaintext that is encrypted ahead of what the transport takes
_MAX_FILLS = 16  # per read: a peer that floods us with records without user data must not hold the loop


class TlsServices(NamedTuple):
    """What every TLS socket of a context shares."""

    contexts: TlsContexts
    verifier: CertVerifier
    workers: WorkerPool
    post_task: Callable[[Task], bool]


class TlsClientSocket(StepMachine):
    """A StreamSocket that owns the transport below it. Network thread only.

    Steps: context, handshake, verdict. read() and write() answer ERR_SSL_HANDSHAKE_NOT_COMPLETED before the
    verdict, so not one byte of a request can leave early. With the user's own SSLContext or a client certificate
    OpenSSL gives the verdict inside the handshake, which then runs on a worker.
    """

    __slots__ = (
        "_bio",
        "_config",
        "_context_request",
        "_handshake_job",
        "_host",
        "_is_flooded",
        "_is_verified",
        "_on_readable",
        "_peeked",
        "_services",
        "_ssl_info",
        "_transport",
        "_verify_request",
        "abort",
        "error_detail",
        "net_log",
        "transport_rtt_s",
        "was_ever_used",
    )

    def __init__(self, transport: StreamSocket, host: str, config: TlsConfig, services: TlsServices) -> None:
        super().__init__()
        self._transport = transport
        self._host = host
        self._config = config
        self._services = services
        self._bio: TlsBio | None = None
        self._context_request: ContextRequest | None = None
        self._handshake_job: WorkerJob[int] | None = None
        self._verify_request: CertVerifyRequest | None = None
        self._is_verified = False
        self._ssl_info: SSLInfo | None = None
        self._on_readable: Task | None = None  # waits in the loop's queue, because its bytes are here already
        self._peeked = b""  # what is_connected_and_idle() had to decrypt to find out
        self._is_flooded = False  # the last read() stopped before the transport had no more
        self.was_ever_used = False  # until bytes of the user go through; the handshake does not count
        self.error_detail = ""  # what went wrong, in words, when connect() failed
        self.net_log = transport.net_log
        self.abort = transport.abort
        self.transport_rtt_s = transport.transport_rtt_s

    def connect(self, on_done: Completion) -> int:
        """Shakes hands over the connected transport and asks for the verdict; see StreamSocket.connect."""
        if self._is_verified:
            return OK
        self.net_log.begin(NetLogEventType.SSL_CONNECT)
        return self._begin(self._get_context, on_done)

    def disconnect(self) -> None:
        """Closes the transport without a goodbye, as browsers do; see StreamSocket.disconnect."""
        if self.is_pending:
            self.net_log.end_with_net_error(NetLogEventType.SSL_CONNECT, ERR_ABORTED)
        self._stop()
        self._on_readable = None
        for child in (self._context_request, self._handshake_job, self._verify_request):
            if child is not None:
                child.cancel()
        self._context_request = self._handshake_job = self._verify_request = None
        self._is_verified = False
        self._transport.disconnect()

    def read(self, max_bytes: int) -> bytes | int:
        """See StreamSocket.read. A connection closed without close_notify reads as its end, as in Chromium."""
        bio = self._bio
        if bio is None or not self._is_verified:
            return ERR_SSL_HANDSHAKE_NOT_COMPLETED
        if self._peeked:
            peeked, self._peeked = self._peeked, b""
            return peeked
        fed, self._is_flooded = 0, False
        for _ in range(_MAX_FILLS):
            data = bio.read(max_bytes)
            if data != ERR_IO_PENDING:
                self.was_ever_used = True
                return data
            fed = bio.fill()
            if fed < 0:
                break
        bio.flush()  # an answer to a key update may be waiting
        self._is_flooded = fed >= 0
        return min(fed, ERR_IO_PENDING)

    def write(self, data: bytes | memoryview) -> int:
        """See StreamSocket.write; takes at most 64 KiB, and nothing while ciphertext waits below."""
        bio = self._bio
        if bio is None or not self._is_verified:
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
        if self._peeked or self._is_flooded or (self._bio is not None and self._bio.has_unread):
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
        return self._is_verified and self._transport.is_connected()

    def is_connected_and_idle(self) -> bool:
        """See StreamSocket.is_connected_and_idle; records without user data, such as tickets, do not count."""
        if not self._is_verified or self._bio is None or self._peeked:
            return False
        if self._transport.is_connected_and_idle() and not self._bio.has_unread:
            return True
        was_ever_used = self.was_ever_used
        data = self.read(1)
        if isinstance(data, bytes):
            self._peeked, self.was_ever_used = data, was_ever_used
        return data == ERR_IO_PENDING and not self._is_flooded

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
        return self._ssl_info

    def _get_context(self, _: int) -> int:
        self._context_request = ContextRequest()
        self._step = self._wrap
        return self._services.contexts.get(self._config, self._context_request, self._on_io_complete)

    def _wrap(self, result: int) -> int:
        request, self._context_request = self._context_request, None
        assert request is not None
        if request.context is None:
            return self._fail(result, request.detail)
        try:
            self._bio = TlsBio(self._transport, request.context, self._host)
        except (ValueError, ssl.SSLError) as error:  # a name that cannot be sent as SNI; a context for servers
            return self._fail(ERR_SSL_PROTOCOL_ERROR, str(error))
        self._step = self._handshake
        return OK

    def _handshake(self, _: int) -> int:
        assert self._bio is not None
        self._step = self._handshake_advanced
        if not self._config.verifies_in_handshake:
            return self._bio.shake()
        self._bio.is_lent = True
        self._handshake_job = self._services.workers.post_job(self._bio.shake, self._on_shaken)
        return ERR_IO_PENDING

    def _on_shaken(self, reply: int | BaseException) -> None:
        self._handshake_job = None
        self._on_io_complete(reply if isinstance(reply, int) else ERR_UNEXPECTED)

    def _handshake_advanced(self, result: int) -> int:
        assert self._bio is not None
        self._bio.is_lent = False
        flushed = self._bio.flush()  # also when it failed: the peer is told with an alert
        if result < 0:
            return self._fail(result, self._bio.detail)
        if flushed not in (OK, ERR_IO_PENDING):
            return self._fail(flushed)
        self._step = self._verify if result == OK else self._feed
        return OK

    def _feed(self, _: int) -> int:
        assert self._bio is not None
        fed = self._bio.fill()
        if fed == ERR_IO_PENDING:
            self._step = self._feed
            self._transport.notify_readable(self._on_feedable)
            return ERR_IO_PENDING
        if fed < 0:
            return self._fail(fed)
        self._step = self._handshake  # the end of the stream, too, is OpenSSL's to judge
        return OK

    def _on_feedable(self) -> None:
        self._on_io_complete(OK)

    def _verify(self, _: int) -> int:
        assert self._bio is not None
        self._ssl_info = self._bio.ssl_info()
        if (alpn := self._ssl_info.alpn) not in ("", *self._config.alpn):  # only a context of the user's offers more
            words = f"the server chose {alpn!r}; leave it out of the SSLContext's set_alpn_protocols()"
            return self._fail(ERR_ALPN_NEGOTIATION_FAILED, words)
        if self._config.verifies_in_handshake or not self._config.trust.verify:
            return self._succeed()
        params = VerifyParams(self._ssl_info.peer_chain, self._host, self._config.trust)
        self._verify_request = self._services.verifier.create_request(params, self.net_log)
        self._step = self._verified
        return self._verify_request.start(self._on_io_complete)

    def _verified(self, result: int) -> int:
        request, self._verify_request = self._verify_request, None
        assert request is not None and self._ssl_info is not None
        verdict = request.result
        if verdict is not None:
            self._ssl_info = self._ssl_info.with_verdict(verdict)
        if result != OK:
            return self._fail(result, verdict.detail if verdict is not None else "")
        return self._succeed()

    def _succeed(self) -> int:
        self._is_verified = True
        info = self._ssl_info
        assert info is not None
        self.net_log.end(NetLogEventType.SSL_CONNECT, lambda _: info.to_params())
        return OK

    def _fail(self, result: int, detail: str = "") -> int:
        self.error_detail = detail
        self.net_log.event(NetLogEventType.SSL_HANDSHAKE_ERROR, lambda _: {"net_error": result, "detail": detail})
        self.net_log.end_with_net_error(NetLogEventType.SSL_CONNECT, result)
        return result

    def _on_readable_posted(self) -> None:
        task, self._on_readable = self._on_readable, None
        if task is not None:
            task()
