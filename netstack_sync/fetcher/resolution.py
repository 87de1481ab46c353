"""Resolution: what a name resolved to, and the blocking question for it."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.exceptions import NetError
from netstack_sync.base.host_port import MAX_PORT
from netstack_sync.base.ip_endpoint import IPEndPoint, parse_ip_literal
from netstack_sync.base.net_errors import (
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.url_host import canonical_host
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS, ResolveParameters, ResolveRequest
from netstack_sync.fetcher.blocking_operation import BlockingOperation
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.url_request.context import URLRequestContext


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer of the resolver, as fetches get it."""

    host: str
    """The name in its canonical spelling."""
    addresses: tuple[str, ...]
    """Best first; a link-local one with its interface: fe80::1%2."""
    source: str
    """Who answered: "literal", "localhost", "cache", "system", "DNS over HTTPS" or "resolver hook"."""
    ttl: float | None
    """Seconds for which the answer may be kept, where that is known."""
    elapsed: float
    """Seconds from the question to the answer."""
    is_stale: bool
    """True for a kept answer whose time was up, or from before a change of the network."""


def resolve_on_network_thread(
    context: URLRequestContext,
    host: str,
    port: int = 0,
    parameters: ResolveParameters = DEFAULT_PARAMETERS,
    timeout_s: float | None = None,
) -> Resolution:
    """Resolves `host`, a name or a literal, as a fetch would; any thread but the network's.

    Raises ValueError and TypeError for bad arguments, NameNotResolved, DeadlineExceeded after `timeout_s` seconds,
    ContextShutDown, and NetError for what is seldom met. Ctrl-C ends the lookup and is raised again.
    """
    host = _checked_host(host)
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= MAX_PORT:
        raise ValueError(f"port: must be a whole number from 0 to {MAX_PORT}, not {port!r}")
    if context.thread.is_current:
        raise RuntimeError("a lookup on the network thread would wait for itself; ask context.host_resolver there")
    return _Lookup(context, host, port, parameters, Timeout(total=timeout_s).total).run()


def family_from_value(value: int) -> int:
    """What `family` means: 0 for both, 4 or 6, or a constant of the socket module; raises ValueError."""
    families = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
    families |= {socket.AF_INET: socket.AF_INET, socket.AF_INET6: socket.AF_INET6}
    if isinstance(value, bool) or not isinstance(value, int) or value not in families:
        raise ValueError(f"family: must be 4, 6, or 0 for both, not {value!r}")
    return families[value]


def _checked_host(host: str) -> str:
    if not isinstance(host, str):
        raise TypeError(f"host: must be a string, not {type(host).__name__}")
    literal = parse_ip_literal(host)
    if literal is not None:
        return literal
    try:
        return canonical_host(host)
    except ValueError as error:
        hint = "; pass the host alone, not a URL" if "/" in host else ""
        raise ValueError(f"host: a URL of {host!r} {error}{hint}") from None


class _Lookup(BlockingOperation):
    """One question of one thread."""

    __slots__ = ("_elapsed_s", "_host", "_parameters", "_port", "_request")

    def __init__(
        self,
        context: URLRequestContext,
        host: str,
        port: int,
        parameters: ResolveParameters,
        timeout_s: float | None,
    ) -> None:
        super().__init__(context, timeout_s)
        self._host = host
        self._port = port
        self._parameters = parameters
        self._elapsed_s = 0.0
        self._request: ResolveRequest | None = None

    def run(self) -> Resolution:
        """Starts and waits."""
        net_error, request = self._run(), self._request
        if net_error != OK or request is None:
            raise self._failure(request)
        return Resolution(
            self._host,
            tuple(map(_address_text, request.addresses)),
            request.source.value if request.source is not None else "",
            request.ttl_s,
            self._elapsed_s,
            request.staleness is not None and request.staleness.is_stale,
        )

    def _failure(self, request: ResolveRequest | None) -> NetError:
        if self._net_error == ERR_TIMED_OUT:
            detail = f"{self._host}: no answer within {self._timeout_s} s"
            return exception_for(ERR_TIMED_OUT, detail=detail, timed_out="total")
        detail = request.error_detail if request is not None else ""
        return exception_for(self._net_error, detail=f"{self._host}: {detail}" if detail else self._host)

    def _begin(self) -> int:
        context = self._context
        net_log = NetLogWithSource.make(context.net_log, NetLogSourceType.NONE)
        request = context.host_resolver.create_request(self._host, self._port, self._parameters, net_log)
        self._request = request
        return request.start(self._on_done)

    def _end(self) -> None:
        self._elapsed_s = self._context.thread.clock.now() - self._started_at
        if self._request is not None:
            self._request.cancel()


def _address_text(endpoint: IPEndPoint) -> str:
    return f"{endpoint.address}%{endpoint.scope_id}" if endpoint.scope_id else endpoint.address
