"""TlsHandshake: from a connected transport to a connection that is agreed on and whose server is known."""

from __future__ import annotations

import ssl
from dataclasses import replace

from netstack_sync.base.cert_status import CertStatus, map_net_error_to_cert_status
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_ALPN_NEGOTIATION_FAILED,
    ERR_IO_PENDING,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult, SSLInfo
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cert.verifier import CertVerifyRequest, VerifyParams
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.params import certificate_params
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.sockets.tls_bio import TlsBio
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_context import ContextRequest
from netstack_sync.sockets.tls_peer import TlsPeer
from netstack_sync.sockets.tls_services import TlsServices
from netstack_sync.sockets.tls_session_cache import TlsSession
from netstack_sync.workers.worker_job import WorkerJob

_NO_TRUST = TrustConfig(verify=False)
# A server's flights have some 5 KiB, and a turn of the loop is to be short also when they have more.
_RAW_READ_BYTES = 16 * 1024
_READS_PER_TURN = 4
_MAX_RECEIVED_BYTES = 256 * 1024  # OpenSSL takes 100 KiB of certificates


class TlsHandshake(StepMachine):
    """Steps: context, then rounds of shaking, sending and feeding, and the verdict. Network thread only.

    The verdict comes after the handshake, as in Chromium. With a client certificate it comes before the flight
    that carries the certificate leaves, so that nobody who is not verified learns who the user is. With the
    user's own SSLContext OpenSSL gives it inside the handshake. A handshake that goes on from a session has the
    chain of back then judged anew.
    """

    __slots__ = (
        "_config",
        "_context_request",
        "_is_complete",
        "_is_counted",
        "_is_judged",
        "_job",
        "_offered",
        "_peer",
        "_reads_left",
        "_received_bytes",
        "_services",
        "_transport",
        "_verdict",
        "_verify_request",
        "bio",
        "context",
        "error_detail",
        "net_log",
        "ssl_info",
    )

    def __init__(self, transport: StreamSocket, peer: TlsPeer, config: TlsConfig, services: TlsServices) -> None:
        super().__init__()
        self._transport = transport
        self._peer = peer
        self._config = config
        self._services = services
        self._context_request: ContextRequest | None = None
        self._offered: TlsSession | None = None
        self._job: WorkerJob[int] | None = None
        self._verify_request: CertVerifyRequest | None = None
        self._verdict: CertVerifyResult | None = None
        self._is_counted = False
        self._reads_left = _READS_PER_TURN
        self._received_bytes = 0
        self._is_complete = False  # nothing is left to be sent or heard but the last flight
        self._is_judged = False
        self.bio: TlsBio | None = None
        """The connection; the owner's once run() has answered OK."""
        self.context: ssl.SSLContext | None = None
        """What it was made with."""
        self.ssl_info: SSLInfo | None = None
        """What was found out, also when the verdict was bad."""
        self.error_detail = ""
        """What went wrong, in words."""
        self.net_log = transport.net_log

    def run(self, on_done: Completion) -> int:
        """OK when the connection may be used, an error, or ERR_IO_PENDING and one later callback."""
        trust = self._config.trust
        self.net_log.begin(NetLogEventType.SSL_CONNECT, lambda _: {"host": self._peer.host, "verify": trust.verify})
        return self._begin(self._get_context, on_done)

    def cancel(self) -> None:
        """The callback never comes; idempotent. The transport is the owner's."""
        if self.is_pending:
            self.net_log.end_with_net_error(NetLogEventType.SSL_CONNECT, ERR_ABORTED)
        self._stop()
        for child in (self._context_request, self._job, self._verify_request):
            if child is not None:
                child.cancel()
        self._context_request = self._job = self._verify_request = None
        self._end_count()

    def _get_context(self, _: int) -> int:
        self._context_request = ContextRequest()
        self._step = self._wrap
        return self._services.contexts.get(self._config, self._context_request, self._on_io_complete)

    def _wrap(self, result: int) -> int:
        request, self._context_request = self._context_request, None
        assert request is not None
        context = self.context = request.context
        if context is None:
            return self._fail(result, request.detail)
        if self._config.resumes and self._config.context is None:  # the user's own may change its terms unseen
            self._offered = self._services.sessions.take((self._peer, self._config), context)
        session = self._offered.session if self._offered is not None else None
        has_certificate = self._config.client_certificate is not None or self._config.context is not None
        self.bio = TlsBio(self._transport, context, self._peer.host, session, has_certificate)
        self._services.load.begin()
        self._is_counted = True
        self._step = self._shake
        return OK

    @property
    def has_offered_session(self) -> bool:
        """True when the server was asked to go on from an earlier connection."""
        return self._offered is not None

    def _shake(self, _: int) -> int:
        bio, config = self.bio, self._config
        assert bio is not None
        self._step = self._shaken
        # The user's SSLContext may have callbacks of the user's, or read files; a signature with the user's key takes
        # long. The heavy crypto begins when the server has said something.
        is_answered = self._received_bytes > 0
        must_leave = config.context is not None or (config.client_certificate is not None and is_answered)
        is_better_off = is_answered and self._services.load.is_high
        if not must_leave and not is_better_off:
            return bio.shake()
        bio.is_lent = True
        self._job = self._services.workers.post_job(bio.shake, self._on_job_done)
        return ERR_IO_PENDING

    def _on_job_done(self, reply: int | BaseException) -> None:
        self._job = None
        self._on_io_complete(reply if isinstance(reply, int) else ERR_UNEXPECTED)

    def _shaken(self, result: int) -> int:
        bio = self.bio
        assert bio is not None
        bio.is_lent = False
        judges_first = not self._is_judged and self._may_show_a_certificate
        if result < 0:
            if not judges_first:
                bio.flush()  # the peer is told with an alert
            self._note_failed_proof(result)
            return self._fail(result, bio.detail)
        self._is_complete = result == OK
        # The server's certificate is there, and in what is to be sent now may be the user's.
        bio.is_held = judges_first and (self._is_complete or bool(bio.peer_chain()))
        self._step = self._judge if bio.is_held else self._send_flight
        return OK

    @property
    def _may_show_a_certificate(self) -> bool:
        """True when a flight may have the user's, and somebody but OpenSSL has a say in whether it leaves."""
        if self._config.client_certificate is not None:
            return True
        return self._config.context is not None and self._services.has_pins(self._peer.host)

    def _note_failed_proof(self, result: int) -> None:
        """OpenSSL's own verdict on a chain, in the user's SSLContext, for those who want to see the chain."""
        bio = self.bio
        assert bio is not None
        chain = bio.peer_chain() if bio.has_refused_certificate else ()
        if chain:
            verdict = CertVerifyResult(result, map_net_error_to_cert_status(result), chain, False, (bio.detail,))
            self.ssl_info = bio.ssl_info(self._peer.host, chain).with_verdict(verdict)

    def _send_flight(self, _: int) -> int:
        assert self.bio is not None
        flushed = self.bio.flush()
        if flushed not in (OK, ERR_IO_PENDING):
            return self._fail(flushed)
        if not self._is_complete:
            self._step = self._feed
        elif not self._is_judged:
            self._step = self._judge
        else:
            return self._finish()
        return OK

    def _feed(self, _: int) -> int:
        assert self.bio is not None
        self._reads_left -= 1  # a peer that never stops talking must not keep the loop
        fed = self.bio.fill(_RAW_READ_BYTES) if self._reads_left >= 0 else ERR_IO_PENDING
        if fed == ERR_IO_PENDING:
            self._step = self._feed
            self._transport.notify_readable(self._on_readable)
            return ERR_IO_PENDING
        if fed < 0:
            return self._fail(fed)
        self._received_bytes += fed
        if self._received_bytes > _MAX_RECEIVED_BYTES:
            return self._fail(ERR_SSL_PROTOCOL_ERROR, "the server says more than a handshake has")
        self._step = self._shake  # the end of the stream, too, is OpenSSL's to judge
        return OK

    def _on_readable(self) -> None:
        self._reads_left = _READS_PER_TURN
        self._on_io_complete(OK)

    def _judge(self, _: int) -> int:
        bio, config, host = self.bio, self._config, self._peer.host
        assert bio is not None
        chain = bio.peer_chain()
        # A key that the user's context shares with the server looks like a session to OpenSSL, but is none of ours.
        resumed = self._offered if self._is_complete and bio.ssl_object.session_reused else None
        if resumed is not None:
            chain = resumed.peer_chain
        self.ssl_info = replace(bio.ssl_info(host, chain), is_resumed=resumed is not None)
        self.net_log.event(NetLogEventType.SSL_CERTIFICATES_RECEIVED, lambda _: certificate_params(chain))
        trust = config.trust
        if config.context is not None:
            chain, trust = self._own_verdict(bio, chain), _NO_TRUST
        elif not trust.verify:
            chain = chain[:1]  # what the handshake has proved is whose key it is, and nothing of the others
        self._step = self._judged
        if not trust.verify and not self._services.has_pins(host):
            return OK
        self._verify_request = self._services.verifier.create_request(VerifyParams(chain, host, trust), self.net_log)
        return self._verify_request.start(self._on_io_complete)

    def _own_verdict(self, bio: TlsBio, chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Notes that OpenSSL was content, if the user's SSLContext asked it; gives what is proved of the chain."""
        context = self._config.context
        assert context is not None
        if context.verify_mode != ssl.CERT_REQUIRED:
            return chain[:1]
        verified = bio.verified_chain() or chain
        self._verdict = CertVerifyResult(OK, CertStatus(0), verified, is_issued_by_known_root=False)
        return verified

    def _judged(self, result: int) -> int:
        request, self._verify_request = self._verify_request, None
        info = self.ssl_info
        assert info is not None
        asked = request.result if request is not None else None
        vouches = self._config.trust.verify and self._config.context is None  # else it knew only about pins
        if asked is not None and (vouches or result != OK):
            self._verdict = asked
        if self._verdict is not None:
            self.ssl_info = info.with_verdict(self._verdict)
        if result != OK:
            return self._fail(result, asked.detail if asked is not None else "")
        self._is_judged = True
        assert self.bio is not None
        self.bio.is_held = False
        self._step = self._send_flight
        return OK

    def _finish(self) -> int:
        bio, info = self.bio, self.ssl_info
        assert bio is not None and info is not None
        if not info.version:  # judged before the handshake was complete
            agreed = bio.ssl_info(self._peer.host, info.peer_chain)
            info = self.ssl_info = replace(info, version=agreed.version, cipher=agreed.cipher, alpn=agreed.alpn)
        if info.alpn not in ("", *self._config.alpn):  # only a context of the user's offers more
            words = f"the server chose {info.alpn!r}; leave it out of the SSLContext's set_alpn_protocols()"
            return self._fail(ERR_ALPN_NEGOTIATION_FAILED, words)
        self._end_count()
        if self._offered is not None:
            self._services.sessions.note_offered((self._peer, self._config), info.is_resumed)
        self.net_log.end(NetLogEventType.SSL_CONNECT, lambda _: info.to_params())
        return OK

    def _fail(self, result: int, detail: str = "") -> int:
        self._end_count()
        if self._offered is not None:
            self._services.sessions.forget((self._peer, self._config))
        self.error_detail = detail
        self.net_log.event(NetLogEventType.SSL_HANDSHAKE_ERROR, lambda _: {"net_error": result, "detail": detail})
        self.net_log.end_with_net_error(NetLogEventType.SSL_CONNECT, result)
        return result

    def _end_count(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self._services.load.end()
