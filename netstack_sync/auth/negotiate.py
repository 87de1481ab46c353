"""NTLM and Negotiate (RFC 4559): a handshake over several rounds that logs a connection in, not a request."""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import partial
from typing import TYPE_CHECKING, Final

from netstack_sync.auth.identity import NTLM, AuthIdentity
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS, OK
from netstack_sync.loop.completion import Completion
from netstack_sync.workers.security_context import OpenSecurityContext, SecurityContext, SecurityError, SecurityParams
from netstack_sync.workers.worker_job import WorkerJob

if TYPE_CHECKING:
    from netstack_sync.auth.handler import AuthRequest

MAX_TOKENS: Final = 8
"""Of one handshake; NTLM takes two, Kerberos one or two."""

_NAMES: Final = {NTLM: "NTLM"}  # as its servers spell it; Negotiate is spelled like a name


class ConnectionHandler:
    """See AuthHandler. generate_token() before authorization(); then receive() what the server says to it.

    Network thread only; for one connection, and so for one exchange: never in the cache. Only one step runs at a
    time, and none after cancel(), but for one that nobody waits for any more.
    """

    __slots__ = (
        "_context",
        "_host",
        "_identity",
        "_job",
        "_on_done",
        "_security",
        "_server_token",
        "_token",
        "_tokens",
        "error_detail",
        "scheme",
        "was_sent",
    )

    realm = ""

    def __init__(self, scheme: str, identity: AuthIdentity, host: str, security: SecurityService) -> None:
        self.scheme = scheme
        self._identity = identity
        self._host = identity.service_host or host
        self._security = security
        self._context: SecurityContext | None = None
        self._server_token: bytes | None = None
        self._token = b""
        self._tokens = 0
        self._job: WorkerJob[tuple[SecurityContext, bytes]] | None = None
        self._on_done: Completion | None = None
        self.was_sent = False
        """True once a server has seen a token: what follows makes sense on the same connection only."""
        self.error_detail = ""
        """Why there is no token."""

    def generate_token(self, certificate: bytes | None, on_done: Completion) -> int:
        """ERR_IO_PENDING, and one later callback with OK or why there is no token.

        `certificate` is the server's, as in SecurityParams.
        """
        context = self._context
        work = (
            partial(_open, self._security.open_context, self._params(certificate))
            if context is None
            else partial(_step, context, self._server_token)
        )
        self._on_done = on_done
        self._job = self._security.workers.post_job(work, self._on_step)
        return ERR_IO_PENDING

    def can_answer(self, request: AuthRequest) -> bool:
        """Always."""
        return True

    def authorization(self, request: AuthRequest) -> str:
        """See AuthHandler."""
        self.was_sent = True
        return f"{_NAMES.get(self.scheme, 'Negotiate')} {b64encode(self._token).decode('ascii')}"

    def receive(self, token68: str) -> bool:
        """Takes what the server says to the last token; False when it says no, or says too much."""
        try:
            self._server_token = b64decode(token68, validate=True)
        except ValueError:
            return False
        return self._server_token != b"" and self._tokens < MAX_TOKENS

    def on_authentication_info(self, value: str) -> None:
        """Says nothing about connections."""

    @property
    def has_proved_password(self) -> bool:
        """True once what was sent depends on the password; the first token only opens the conversation.

        That of Kerberos does not, but there it was not the server who judged the password.
        """
        return self.was_sent and self._tokens > 1

    def cancel(self) -> None:
        """Ends in any state; no callback comes; idempotent."""
        self._on_done = None
        if self._job is not None:
            self._job.cancel()

    def _params(self, certificate: bytes | None) -> SecurityParams:
        identity = self._identity
        user = f"{identity.domain}\\{identity.username}" if identity.domain else identity.username
        return SecurityParams(self.scheme, user, identity.password, self._host, identity.delegates, certificate)

    def _on_step(self, reply: tuple[SecurityContext, bytes] | BaseException) -> None:
        self._job = None
        result = OK
        if isinstance(reply, BaseException):
            self.error_detail = str(reply)
            result = reply.net_error if isinstance(reply, SecurityError) else ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS
        else:
            self._context, self._token = reply
            self._tokens += 1
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "a handler that was cancelled has no job"
        on_done(result)


def _open(open_context: OpenSecurityContext, params: SecurityParams) -> tuple[SecurityContext, bytes]:
    """On a worker."""
    return _step(open_context(params), None)


def _step(context: SecurityContext, token: bytes | None) -> tuple[SecurityContext, bytes]:
    """On a worker."""
    return context, context.step(token)
