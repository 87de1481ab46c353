"""resolve_host(): a name to its addresses with getaddrinfo; may block for as long as the system likes."""

from __future__ import annotations

import socket
from typing import NamedTuple

from netstack_sync.base.error_map import map_resolve_error, map_system_error
from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_ICANN_NAME_COLLISION, ERR_NAME_NOT_RESOLVED, OK

_ICANN_COLLISION_ADDRESS = "127.0.53.53"  # what a name gets whose private use collides with a new TLD


class ResolvedHost(NamedTuple):
    """What the system answered: a net error, the addresses (port 0), and its own error number for the log."""

    net_error: int
    addresses: AddressList
    os_error: int


def resolve_host(host: str, family: int = socket.AF_UNSPEC) -> ResolvedHost:
    """Asks the system's resolver, in the order it sorts (RFC 6724); never raises.

    AI_ADDRCONFIG as in Chromium (host_resolver_system_task.cc): no questions for a family this machine lacks.
    """
    try:
        found = socket.getaddrinfo(host, 0, family, socket.SOCK_STREAM, socket.IPPROTO_TCP, socket.AI_ADDRCONFIG)
    except socket.gaierror as error:
        return ResolvedHost(map_resolve_error(error.errno or -1), (), error.errno or 0)
    except OSError as error:
        return ResolvedHost(map_system_error(error.errno or -1), (), error.errno or 0)
    except UnicodeError:
        return ResolvedHost(ERR_NAME_NOT_RESOLVED, (), 0)  # a label that the idna codec refuses
    addresses = tuple(dict.fromkeys(IPEndPoint.from_sockaddr(entry[0], entry[4]) for entry in found))
    if any(endpoint.address == _ICANN_COLLISION_ADDRESS for endpoint in addresses):
        return ResolvedHost(ERR_ICANN_NAME_COLLISION, (), 0)
    return ResolvedHost(OK if addresses else ERR_NAME_NOT_RESOLVED, addresses, 0)
