"""The tokens of NTLM and Negotiate, made by pyspnego; may ask a KDC or read files, so it is not for the network thread.

pyspnego speaks NTLM itself. For Kerberos it needs the library gssapi, or Windows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from netstack_sync.base.net_errors import (
    ERR_INVALID_AUTH_CREDENTIALS,
    ERR_MISCONFIGURED_AUTH_ENVIRONMENT,
    ERR_MISSING_AUTH_CREDENTIALS,
    ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS,
)
from netstack_sync.workers.load_certificate import load_certificate

if TYPE_CHECKING:
    from spnego.channel_bindings import GssChannelBindings

_MISSING: Final = "NTLM and Negotiate need pyspnego; pip install 'netstack-sync[auth]'"
_BINDING_TYPE: Final = b"tls-server-end-point:"  # RFC 5929 §4
_BROKEN_HASHES: Final = frozenset({"md5", "sha1"})  # RFC 5929 §4.1: SHA-256 stands in for them

_ERRORS: Final = {
    "NoCredentialError": ERR_MISSING_AUTH_CREDENTIALS,
    "CredentialsExpiredError": ERR_MISSING_AUTH_CREDENTIALS,
    "InvalidCredentialError": ERR_INVALID_AUTH_CREDENTIALS,
    "BadNameError": ERR_MISCONFIGURED_AUTH_ENVIRONMENT,
    "BadMechanismError": ERR_MISCONFIGURED_AUTH_ENVIRONMENT,
    "OperationNotAvailableError": ERR_MISCONFIGURED_AUTH_ENVIRONMENT,
    "FeatureMissingError": ERR_MISCONFIGURED_AUTH_ENVIRONMENT,
}
"""By the name of pyspnego's exception. All others come from a token that makes no sense, and from bugs."""


class SecurityParams(NamedTuple):
    """Who logs in where."""

    protocol: str
    """"ntlm" or "negotiate"."""
    username: str
    """With its domain; empty for whoever runs the program."""
    password: str
    host: str
    """The service is HTTP at this host."""
    delegates: bool
    certificate: bytes | None
    """The server's, DER; None without TLS. What is signed with it counts on this connection only (RFC 5929)."""


class SecurityError(Exception):
    """No token: why, as a net error and in words without secrets."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(detail)
        self.net_error = net_error
        self.detail = detail


class SecurityContext(Protocol):
    """One login; steps on worker threads, never two at once."""

    def step(self, token: bytes | None) -> bytes:
        """The next token for the server, in answer to its own (None at first); raises SecurityError."""


OpenSecurityContext = Callable[[SecurityParams], SecurityContext]
"""Begins a login; on a worker. Raises SecurityError."""


def require_pyspnego() -> None:
    """Raises ImportError that says what to install; does not import it, which takes long."""
    if not has_pyspnego():
        raise ImportError(f"auth: {_MISSING}")


def has_pyspnego() -> bool:
    """True when it is installed."""
    return find_spec("spnego") is not None


def open_security_context(params: SecurityParams) -> SecurityContext:
    """See OpenSecurityContext."""
    return _SpnegoContext(params)


class _SpnegoContext:
    """See SecurityContext."""

    __slots__ = ("_context", "_is_current_user")

    def __init__(self, params: SecurityParams) -> None:
        self._is_current_user = not params.username
        try:
            import spnego

            flags = spnego.ContextReq.default
            self._context = spnego.client(
                params.username or None,
                params.password or None,
                hostname=params.host,
                service="HTTP",
                channel_bindings=_bindings(params.certificate) if params.certificate is not None else None,
                context_req=flags | spnego.ContextReq.delegate if params.delegates else flags,
                protocol=params.protocol,
            )
        except Exception as error:
            raise self._failure(error) from error

    def step(self, token: bytes | None) -> bytes:
        """See SecurityContext."""
        try:
            answer = self._context.step(token)
        except Exception as error:
            raise self._failure(error) from error
        if not answer:
            raise SecurityError(ERR_INVALID_AUTH_CREDENTIALS, "the server refuses a login that is complete")
        return answer

    def _failure(self, error: Exception) -> SecurityError:
        names = [kind.__name__ for kind in type(error).__mro__]
        known = [_ERRORS[name] for name in names if name in _ERRORS]
        net_error = known[0] if known else ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS
        if isinstance(error, ImportError):
            detail = _MISSING if error.name == "spnego" else str(error)
            return SecurityError(ERR_MISCONFIGURED_AUTH_ENVIRONMENT, detail)
        if self._is_current_user and net_error == ERR_MISCONFIGURED_AUTH_ENVIRONMENT:
            hint = "no login without user and password is possible here: is there a Kerberos ticket, and gssapi?"
            return SecurityError(ERR_MISSING_AUTH_CREDENTIALS, f"{hint} ({error})")
        return SecurityError(net_error, str(error))


def _bindings(certificate: bytes) -> GssChannelBindings | None:
    """What ties the login to the TLS connection, so that nobody in between can pass it on (RFC 5929 §4)."""
    from spnego.channel_bindings import GssChannelBindings

    try:
        algorithm = load_certificate(certificate).signature_hash_algorithm
    except ValueError:
        return None
    name = "sha256" if algorithm is None or algorithm.name in _BROKEN_HASHES else algorithm.name
    return GssChannelBindings(application_data=_BINDING_TYPE + hashlib.new(name, certificate).digest())
