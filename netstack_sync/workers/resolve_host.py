"""resolve_host(): a name to its addresses with getaddrinfo; may block for as long as the system likes."""

from __future__ import annotations

import socket
from itertools import islice
from typing import Final, NamedTuple

from netstack_sync.base.error_map import map_resolve_error, map_system_error
from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED, OK

MAX_ADDRESSES: Final = 256
"""Of an answer: nobody tries more, and thousands cost the network thread milliseconds for every connect."""

# Documentation addresses (RFC 5737, RFC 3849): who has a way to anywhere has one to them.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


class ResolvedHost(NamedTuple):
    """What the system answered: a net error, the addresses (port 0), its own error number and words."""

    net_error: int
    addresses: AddressList
    os_error: int
    detail: str = ""


def resolve_host(host: str, family: int = socket.AF_UNSPEC) -> ResolvedHost:
    """Asks the system's resolver, in the order it sorts (RFC 6724); never raises.

    AI_ADDRCONFIG as in Chromium (host_resolver_system_task.cc): no questions for a family this machine lacks. That
    flag does not count loopback, so it hides names of the hosts file that lead there; then the system is asked
    without it.
    """
    answer = _ask(host, family, socket.AI_ADDRCONFIG)
    if answer.net_error == OK:
        is_curtailed = _is_loopback_of_one_family(answer.addresses)
    else:
        is_curtailed = _has_only_loopback()
    return _ask(host, family, 0) if is_curtailed else answer


def _ask(host: str, family: int, flags: int) -> ResolvedHost:
    try:
        found = socket.getaddrinfo(host, 0, family, socket.SOCK_STREAM, socket.IPPROTO_TCP, flags)
    except socket.gaierror as error:
        return _failed(map_resolve_error(error.errno or -1), error)
    except OSError as error:
        net_error = map_system_error(error.errno or -1)
        return _failed(net_error if net_error < ERR_IO_PENDING else ERR_NAME_NOT_RESOLVED, error)  # EAGAIN is final
    except UnicodeError as error:  # a label that the idna codec refuses
        return ResolvedHost(ERR_NAME_NOT_RESOLVED, (), 0, str(error))
    endpoints = dict.fromkeys(IPEndPoint.from_sockaddr(entry[0], entry[4]) for entry in found)
    addresses = tuple(islice(endpoints, MAX_ADDRESSES))
    return ResolvedHost(OK if addresses else ERR_NAME_NOT_RESOLVED, addresses, 0)


def _failed(net_error: int, error: OSError) -> ResolvedHost:
    return ResolvedHost(net_error, (), error.errno or 0, f"getaddrinfo: {error.strerror or error}")


def _is_loopback_of_one_family(addresses: AddressList) -> bool:
    return len({endpoint.family for endpoint in addresses}) == 1 and all(e.is_loopback for e in addresses)


def _has_only_loopback() -> bool:
    """Whether no family has a way out of this machine; connecting a UDP socket sends nothing."""
    return not any(_has_route(family, address) for family, address in _ELSEWHERE)


def _has_route(family: int, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 53))
    except OSError:
        return False
    return True
