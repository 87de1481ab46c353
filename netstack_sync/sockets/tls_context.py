"""TLS configurations and the SSLContexts made from them.

A context is built once per configuration and never changed after its first use: OpenSSL does not protect it
against threads. Building may read files, so it happens on a worker. So does the look at the files' stamps, once for
every connection with a client certificate: one that was replaced under the same name is read again. Connections
that stand keep the old one.
"""

from __future__ import annotations

import errno
import os
import ssl
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from netstack_sync.base.error_map import map_system_error
from netstack_sync.base.net_errors import (
    ERR_INVALID_ARGUMENT,
    ERR_IO_PENDING,
    ERR_NO_SSL_VERSIONS_ENABLED,
    ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.fan_out import tell_in_turns
from netstack_sync.sockets.client_certificate import client_certificate_stamps, load_client_certificate
from netstack_sync.sockets.tls_config import TlsConfig, TlsConfigError
from netstack_sync.workers.pem_blocks import is_pem_text, quoted
from netstack_sync.workers.stamped_cache import Stamps
from netstack_sync.workers.worker_pool import WorkerPool

_MAX_CONTEXTS: Final = 64
_DO_NOT_HANG: Final = getattr(os, "O_NONBLOCK", 0)  # in a pipe that nobody reads


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

    stamps: Stamps
    context: ssl.SSLContext


class TlsContexts:
    """Contexts by configuration, the oldest dropped when there are too many; network thread only."""

    __slots__ = ("_build", "_contexts", "_generation", "_waiting", "_workers")

    def __init__(self, workers: WorkerPool, build: Callable[[TlsConfig], ssl.SSLContext] | None = None) -> None:
        self._workers = workers
        self._build = build if build is not None else build_context
        self._contexts: dict[TlsConfig, _Built] = {}
        self._waiting: dict[tuple[int, TlsConfig], list[ContextRequest]] = {}
        self._generation = 0
        """What was begun under an older generation is not kept, and nobody joins it any more."""

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
        build, generation = self._build, self._generation
        waiting = self._waiting.setdefault((generation, config), [])
        waiting.append(request)
        if len(waiting) == 1:
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
            result = reply.net_error if isinstance(reply, TlsConfigError) else ERR_UNEXPECTED
            detail = str(reply) or repr(reply)
        else:
            context = reply.context
            if generation == self._generation:
                self._keep(config, reply)
        waiting = deque(self._waiting.pop((generation, config)))

        def tell_next() -> bool:
            if waiting:
                request = waiting.popleft()
                request.context, request.detail = context, detail
                on_done, request.on_done = request.on_done, None
                if on_done is not None:
                    on_done(result)
            return bool(waiting)

        tell_in_turns(tell_next, self._workers.task_runner.post_task)

    def _keep(self, config: TlsConfig, built: _Built) -> None:
        self._contexts.pop(config, None)
        if len(self._contexts) >= _MAX_CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        self._contexts[config] = built


def _up_to_date(config: TlsConfig, known: _Built | None, build: Callable[[TlsConfig], ssl.SSLContext]) -> _Built:
    """The known one while its files are as they were, else a new one; worker thread."""
    stamps = _stamps(config)
    return known if known is not None and known.stamps == stamps else _Built(stamps, build(config))


def _stamps(config: TlsConfig) -> Stamps:
    certificate = config.client_certificate
    return () if certificate is None else client_certificate_stamps(certificate)


def build_context(config: TlsConfig) -> ssl.SSLContext:
    """Makes the context of a configuration; worker thread; raises TlsConfigError with the words for the user.

    The context accepts any chain: the CertVerifier judges it, and before that the socket lets out neither a byte of
    a request nor our certificate (chromium/net/socket/ssl_client_socket_impl.cc).
    """
    "a".encode("idna")  # the first use loads what the network thread shall find loaded when it names a server
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # A connection that is cut off must not look as if it had come to its end. OpenSSL and Python leave this off by
    # themselves; who patches them may not.
    ignores_eof = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    context.options = (context.options | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION) & ~ignores_eof
    set_versions_and_ciphers(context, config)
    context.set_alpn_protocols(list(config.alpn))
    if config.client_certificate is not None:
        load_client_certificate(context, config.client_certificate)
    if config.keylog_file is not None:
        touch_keylog_file(config.keylog_file)
        context.keylog_filename = config.keylog_file
    return context


def set_versions_and_ciphers(context: ssl.SSLContext, config: TlsConfig) -> None:
    """What a connection may use; raises TlsConfigError for what this OpenSSL does not have."""
    latest = ssl.TLSVersion.MAXIMUM_SUPPORTED
    try:
        context.minimum_version = config.min_version
        if config.max_version is not latest:  # else that of the system's openssl.cnf counts
            context.maximum_version = config.max_version
    except ValueError as error:
        detail = f"this Python's {ssl.OPENSSL_VERSION} does not have the versions that are asked for: {error}"
        raise TlsConfigError(ERR_NO_SSL_VERSIONS_ENABLED, detail) from error
    if context.maximum_version is not latest and context.minimum_version > context.maximum_version:
        detail = "OpenSSL's configuration on this system (openssl.cnf) forbids the versions that are asked for"
        raise TlsConfigError(ERR_NO_SSL_VERSIONS_ENABLED, detail)
    if config.ciphers is not None:
        _set_ciphers(context, config.ciphers)
    else:
        _leave_out_dhe(context)


def _leave_out_dhe(context: ssl.SSLContext) -> None:
    """As browsers do: a server may choose a group with which one handshake takes a second and a half."""
    old_ones = [cipher for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
    others = [cipher["name"] for cipher in old_ones if cipher["kea"] != "kx-dhe"]
    if others:
        context.set_ciphers(":".join(others))


def _set_ciphers(context: ssl.SSLContext, ciphers: str) -> None:
    try:
        context.set_ciphers(ciphers)
    except (ssl.SSLError, ValueError) as error:
        hint = "those of TLS 1.3, whose names begin with TLS_, cannot be chosen"
        detail = f"OpenSSL knows no cipher of {quoted(ciphers)}; see `openssl ciphers -v`; {hint}"
        raise TlsConfigError(ERR_SSL_VERSION_OR_CIPHER_MISMATCH, detail) from error


def touch_keylog_file(path: str) -> None:
    """Makes sure that it can be appended to; one that is new is readable by its owner only. Raises TlsConfigError."""
    what = f"cannot write TLS secrets to {quoted(path)}"
    if is_pem_text(path):  # which may be short enough for the name of a file
        raise TlsConfigError(ERR_INVALID_ARGUMENT, f"{what}: it takes a path")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _DO_NOT_HANG, 0o600))
    except OSError as error:
        number, folder = error.errno or errno.EIO, os.path.dirname(path)
        reason = f"there is no folder {quoted(folder)}" if number == errno.ENOENT else error.strerror or str(error)
        raise TlsConfigError(map_system_error(number), f"{what}: {reason}") from None
    except ValueError as error:  # a NUL in it
        raise TlsConfigError(ERR_INVALID_ARGUMENT, f"{what}: {error}") from None
