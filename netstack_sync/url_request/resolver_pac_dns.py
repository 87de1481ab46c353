"""ResolverPacDns: the names that a script asks for, resolved as those of connections are."""

from __future__ import annotations

import socket

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url_host import canonical_host
from netstack_sync.dns.host_resolver import HostResolver, ResolveParameters, ResolveRequest
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion

# Somebody's request waits for the script.
_BOTH = ResolveParameters(priority=RequestPriority.HIGHEST)
_IPV4 = ResolveParameters(priority=RequestPriority.HIGHEST, family=socket.AF_INET)


class ResolverPacDns:
    """See PacDns. The user's rules for names hold here too."""

    __slots__ = ("_resolver",)

    def __init__(self, resolver: HostResolver) -> None:
        self._resolver = resolver

    def create_lookup(self, host: str, is_ipv4_only: bool, net_log: NetLogWithSource) -> _Lookup:
        """See PacDns."""
        name = _name_of(host)
        if name is None:
            return _Lookup(None, f"{host!r} is no name of a host")
        return _Lookup(self._resolver.create_request(name, 0, _IPV4 if is_ipv4_only else _BOTH, net_log))


class _Lookup:
    """See PacLookup."""

    __slots__ = ("_on_done", "_request", "addresses", "error_detail")

    def __init__(self, request: ResolveRequest | None, error_detail: str = "") -> None:
        self._request = request
        self._on_done: Completion | None = None
        self.addresses: tuple[str, ...] = ()
        self.error_detail = error_detail

    def start(self, on_done: Completion) -> int:
        """See PacLookup."""
        if self._request is None:
            return ERR_NAME_NOT_RESOLVED
        self._on_done = on_done
        return self._heed(self._request.start(self._on_resolved))

    def cancel(self) -> None:
        """See PacLookup."""
        self._on_done = None
        if self._request is not None:
            self._request.cancel()

    def _on_resolved(self, result: int) -> None:
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "a lookup that was cancelled calls nobody"
        on_done(self._heed(result))

    def _heed(self, result: int) -> int:
        assert self._request is not None
        if result == OK:
            # Each address once: they are for a script, which knows nothing of ports and interfaces.
            self.addresses = tuple(dict.fromkeys([endpoint.address for endpoint in self._request.addresses]))
        self.error_detail = self._request.error_detail
        return result


def _name_of(host: str) -> str | None:
    literal = parse_ip_literal(host)
    if literal is not None:
        return literal
    try:
        return canonical_host(host)
    except ValueError:
        return None
