"""HttpAuthCache: who was let in where, so that the next request asks nobody first.

Only credentials that come with a request are ever sent with it: they are part of the key. What is remembered is
how they were wanted: scheme, realm, nonce, and the paths (net/http/http_auth_cache.cc, which remembers the
credentials themselves, because a browser has nobody else to ask).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING, TypeVar

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.origin import SchemeHostPort

if TYPE_CHECKING:
    from netstack_sync.auth.handler import AuthHandler

_MAX_PLACES = 256  # origins, with each of their users counted
_MAX_REALMS = 20
_MAX_PATHS = 10

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_Place = tuple[SchemeHostPort, AuthIdentity]
_Protection = tuple[str, str]
"""Scheme and realm."""


class _Entry:
    """The handler of one realm, and below which directories it was asked for; newest last."""

    __slots__ = ("handler", "paths")

    def __init__(self, handler: AuthHandler) -> None:
        self.handler = handler
        self.paths: OrderedDict[str, None] = OrderedDict()

    def enclosing(self, path: str) -> int:
        """The length of the longest directory that the path is in; 0 if it is in none."""
        return max((len(prefix) for prefix in self.paths if path.startswith(prefix)), default=0)

    def add_path(self, path: str) -> None:
        """Remembers the directory, unless it lies in one that is known; drops those that lie in it."""
        directory = path[: path.rfind("/") + 1]
        if self.enclosing(directory):
            return
        for inner in [prefix for prefix in self.paths if prefix.startswith(directory)]:
            del self.paths[inner]
        _put(self.paths, directory, None, _MAX_PATHS)


class HttpAuthCache:
    """Network thread only; owned by the HttpNetworkSession. What was not used for longest goes first."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: OrderedDict[_Place, OrderedDict[_Protection, _Entry]] = OrderedDict()

    def lookup_by_path(self, origin: SchemeHostPort, identity: AuthIdentity, path: str) -> AuthHandler | None:
        """Whoever answered in the nearest directory above `path` (RFC 7617 §2.2)."""
        entries = self._places.get((origin, identity))
        if entries is None:
            return None
        self._places.move_to_end((origin, identity))
        best = max(entries.values(), key=lambda entry: entry.enclosing(path))
        return best.handler if best.enclosing(path) else None

    def add(self, origin: SchemeHostPort, identity: AuthIdentity, path: str, handler: AuthHandler) -> None:
        """These credentials were taken; replaces the realm's older handler and keeps its paths."""
        place = (origin, identity)
        entries = self._places.get(place)
        if entries is None:
            entries = OrderedDict()
        _put(self._places, place, entries, _MAX_PLACES)
        protection = (handler.scheme, handler.realm)
        entry = entries.get(protection)
        if entry is None:
            entry = _Entry(handler)
        _put(entries, protection, entry, _MAX_REALMS)
        entry.handler = handler
        entry.add_path(path)

    def remove(self, origin: SchemeHostPort, identity: AuthIdentity, handler: AuthHandler) -> None:
        """These credentials were refused; nothing happens if another handler has taken this one's place."""
        place = (origin, identity)
        entries = self._places.get(place, OrderedDict())
        protection = (handler.scheme, handler.realm)
        entry = entries.get(protection)
        if entry is None or entry.handler is not handler:
            return
        del entries[protection]
        if not entries:
            del self._places[place]


def _put(kept: OrderedDict[K, V], key: K, value: V, limit: int) -> None:
    """Makes it the newest and lets the oldest go."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > limit:
        kept.popitem(last=False)
