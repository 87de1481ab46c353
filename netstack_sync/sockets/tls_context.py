"""TLS configurations and the SSLContexts made from them.

A context is built once per configuration and never changed after its first use: OpenSSL does not protect it
against threads. Building may read files and parse a hundred certificates, so it happens on a worker. So does the
look at the files' stamps, once for every connection with a client certificate: one that was replaced under the
same name is read again. Connections that stand keep the old one.
"""

from __future__ import annotations

import errno
import os
import ssl
import traceback
from collections.abc import Callable
from typing import Final, NamedTuple

from netstack_sync.base.error_map import map_system_error
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_IO_PENDING,
    ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.loop.completion import Completion
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.workers.worker_pool import WorkerPool

_MAX_CONTEXTS: Final = 64  # one with the system's roots takes some hundred kilobytes

_FileStamp = tuple[int, int, int]


class ContextRequest:
    """A wait for a context; `context` or `detail` tells the outcome."""

    __slots__ = ("context", "detail", "on_done")

    def __init__(self) -> None:
        self.on_done: Completion | None = None
        self.context: ssl.SSLContext | None = None
        self.detail = ""

    def cancel(self) -> None:
        """The callback never comes."""
        self.on_done = None


class _Built(NamedTuple):
    """A context, and the stamps of the files it was made from as they were before."""

    stamps: tuple[_FileStamp | None, ...]
    context: ssl.SSLContext


class TlsContexts:
    """Contexts by configuration, the oldest dropped when there are too many; network thread only."""

    __slots__ = ("_build", "_contexts", "_generation", "_waiting", "_workers")

    def __init__(self, workers: WorkerPool, build: Callable[[TlsConfig], ssl.SSLContext] | None = None) -> None:
        self._workers = workers
        self._build = build if build is not None else build_context
        self._contexts: dict[TlsConfig, _Built] = {}
        self._waiting: dict[TlsConfig, list[ContextRequest]] = {}
        self._generation = 0
        """What was begun under an older generation is not kept."""

    def get(self, config: TlsConfig, request: ContextRequest, on_done: Completion) -> int:
        """Fills `request.context`: OK at once for the user's own and for known ones without files, else
        ERR_IO_PENDING.
        """
        known = self._contexts.get(config)
        if config.context is not None:
            request.context = config.context
            return OK
        if known is not None and config.client_certificate is None:
            request.context = known.context
            return OK
        request.on_done = on_done
        waiting = self._waiting.setdefault(config, [])
        waiting.append(request)
        if len(waiting) == 1:
            build, generation = self._build, self._generation
            self._workers.post_job(
                lambda: _up_to_date(config, known, build), lambda reply: self._on_built(config, generation, reply)
            )
        return ERR_IO_PENDING

    def clear(self) -> None:
        """Builds every context anew from now on; who waits already gets what is being built."""
        self._generation += 1
        self._contexts.clear()

    def _on_built(self, config: TlsConfig, generation: int, reply: _Built | BaseException) -> None:
        context, result, detail = None, OK, ""
        if isinstance(reply, BaseException):
            result = reply.net_error if isinstance(reply, _UnusableError) else ERR_UNEXPECTED
            detail = str(reply) or repr(reply)
        else:
            context = reply.context
            if generation == self._generation:
                self._keep(config, reply)
        for request in self._waiting.pop(config):
            request.context, request.detail = context, detail
            on_done, request.on_done = request.on_done, None
            if on_done is not None:
                _report(on_done, result)

    def _keep(self, config: TlsConfig, built: _Built) -> None:
        self._contexts.pop(config, None)
        if len(self._contexts) >= _MAX_CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        self._contexts[config] = built


class _UnusableError(Exception):
    """A file or value of the user's that no context can be made with."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(detail)
        self.net_error = net_error


def _report(on_done: Completion, result: int) -> None:
    """A waiter that raises has a bug, which is printed; nobody else is to suffer from it."""
    try:
        on_done(result)
    except Exception:
        traceback.print_exc()


def _up_to_date(config: TlsConfig, known: _Built | None, build: Callable[[TlsConfig], ssl.SSLContext]) -> _Built:
    """The known one while its files are as they were, else a new one; worker thread."""
    stamps = _stamps(config)
    return known if known is not None and known.stamps == stamps else _Built(stamps, build(config))


def _stamps(config: TlsConfig) -> tuple[_FileStamp | None, ...]:
    """Changes when a file that the context is made from is replaced or written."""
    certificate, trust = config.client_certificate, config.trust
    if certificate is None:
        return ()
    paths = (certificate.cert_file, certificate.key_file, trust.ca_file, trust.ca_path)
    return tuple(_stamp(path) for path in paths if path is not None)


def _stamp(path: str) -> _FileStamp | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None  # building tells why
    return status.st_mtime_ns, status.st_size, status.st_ino


def build_context(config: TlsConfig) -> ssl.SSLContext:
    """Makes the context of a configuration; worker thread; raises an error with the words for the user.

    Without a client certificate the context accepts any chain: the CertVerifier judges it after the handshake,
    and the socket lets no byte of a request through before (chromium/net/socket/ssl_client_socket_impl.cc).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(config.alpn))
    if config.client_certificate is not None:
        _load_client_certificate(context, config.client_certificate)
        if config.trust.verify:
            _load_trust(context, config.trust)
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    files = repr(certificate.cert_file)
    if certificate.key_file is not None:
        files += f" with the key {certificate.key_file!r}"
    try:
        # An empty password, never None: OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate.cert_file, certificate.key_file, password=certificate.password or "")
    except (OSError, ValueError) as error:
        hint = "; it must be PEM, and the key must be the certificate's own, with the right password"
        raise _unusable(error, f"the client certificate {files}", ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT, hint) from error


def _load_trust(context: ssl.SSLContext, trust: TrustConfig) -> None:
    try:
        if trust.ca_file is None and trust.ca_path is None and trust.ca_data is None:
            context.load_default_certs()
            if not context.cert_store_stats()["x509_ca"]:
                import certifi

                context.load_verify_locations(certifi.where())
        else:
            context.load_verify_locations(trust.ca_file, trust.ca_path, trust.ca_data)
    except (OSError, ValueError) as error:
        raise _unusable(error, "the certificate authorities of `verify`", ERR_CERT_AUTHORITY_INVALID, "") from error
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN if hasattr(ssl, "VERIFY_X509_PARTIAL_CHAIN") else 0
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True


def _unusable(error: OSError | ValueError, what: str, bad_content: int, hint: str) -> _UnusableError:
    """Tells a file that cannot be read from one with bad content."""
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        detail = f"cannot read {what}: {error.strerror or error}; check the path and its permissions"
        return _UnusableError(map_system_error(error.errno or errno.EIO), detail)
    return _UnusableError(bad_content, f"cannot load {what}: {error}{hint}")
