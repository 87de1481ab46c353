"""FamilyMemory: which address family to try first, after what earlier connections showed.

Where IPv6 leads nowhere, every connection to a host with both families would wait for the fallback delay. RFC 8305
§4 lets a client put the family first that has worked; two questions are kept apart here:

- Is this host's family bad? One connection that the other family won is enough: the host begins with the winner's.
- Is the family bad for everybody, as with a dead IPv6 uplink? One host with a broken AAAA record must not say so.
  When a family has kept several hosts waiting and connected to none in between, hosts that are not known
  begin with the other one.

Both are forgotten after ten minutes, so that a family that works again is found, and when the network changes.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from typing import NamedTuple, TypeVar

from netstack_sync.base.clock import TickClock

_MAX_HOSTS = 256
_KEPT_S = 600.0  # RFC 6555 §4.2 suggests about ten minutes
_SLOW_HOSTS = 3  # as many different hosts make it the uplink's fault

_Value = TypeVar("_Value")


class _Winner(NamedTuple):
    family: int
    until: float


class FamilyMemory:
    """One for a network; network thread only."""

    __slots__ = ("_clock", "_hosts", "_slow_family", "_slow_until")

    def __init__(self, clock: TickClock) -> None:
        self._clock = clock
        self._hosts: OrderedDict[str, _Winner] = OrderedDict()
        """The family to begin with; least recently used first."""
        self._slow_family: int = socket.AF_UNSPEC
        """The family that lost its latest races by being slow."""
        self._slow_until: OrderedDict[str, float] = OrderedDict()
        """The latest of those hosts, and when that is too long ago."""

    def first_family(self, host: str, listed: int) -> int:
        """The family to begin with, where the resolver lists one of family `listed` first."""
        now = self._clock.now()
        known = self._hosts.get(host)
        if known is not None and now < known.until:
            self._hosts.move_to_end(host)
            return known.family
        if listed == self._slow_family and self._slow_hosts(now) >= _SLOW_HOSTS:
            return socket.AF_INET if listed == socket.AF_INET6 else socket.AF_INET6
        return listed

    def note_connected(self, host: str, first: int, winner: int, was_slow: bool) -> None:
        """A connection was made by `winner` after `first` was begun with.

        `was_slow` when `first` left the fallback delay pass. A family that answers with an error does not: that is
        the host's fault, and costs little.
        """
        if winner == self._slow_family:
            self._slow_until.clear()
        if winner != first:
            until = self._clock.now() + _KEPT_S
            _keep(self._hosts, host, _Winner(winner, until), _MAX_HOSTS)
            if was_slow:
                self._slow_family = first  # the other one has just connected, so nothing is held against it
                _keep(self._slow_until, host, until, _SLOW_HOSTS)
        elif host in self._hosts and self._hosts[host].family != winner:
            del self._hosts[host]  # a connection made at the same time, or one after the ten minutes

    def forget(self) -> None:
        """The network is another one now."""
        self._hosts.clear()
        self._slow_until.clear()

    def _slow_hosts(self, now: float) -> int:
        return sum(now < until for until in self._slow_until.values())


def _keep(entries: OrderedDict[str, _Value], host: str, value: _Value, limit: int) -> None:
    """As the latest entry; the oldest goes when there are too many."""
    entries[host] = value
    entries.move_to_end(host)
    if len(entries) > limit:
        entries.popitem(last=False)
