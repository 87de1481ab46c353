"""TransportSecurityState: which hosts are to be reached over https only (RFC 6797).

After net/http/transport_security_state.cc. Hosts are kept as SHA-256 of their name in DNS form, as in the file, so
that neither tells where its owner has been.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from netstack_sync.base.clock import WallClock
from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.url_host import is_localhost_name
from netstack_sync.loop.completion import Task
from netstack_sync.loop.gate import Gate

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.wire.hsts import HstsEntry, HstsPolicy

MAX_ENTRIES: Final = 10_000
"""A host with a certificate for all its subdomains can make up as many as it likes; people know some hundreds."""
_ENTRIES_AFTER_PRUNING: Final = MAX_ENTRIES * 9 // 10  # so that a full store is not sorted for every new host

# An entry that would hardly expire later is not renewed: most servers send the header with every answer, and each
# change is a write to the disk. So an entry may end earlier than promised, by this share of its time.
_RENEWAL_SHARE: Final = 0.001

_MAX_LABEL: Final = 63
_MAX_NAME: Final = 253
# Keys take 2.5 KB for the host with the most labels, 400 B mostly: 20 MB at the worst. Longer names are one of a kind.
_CACHED_HOSTS: Final = 8192
_MAX_CACHED_LENGTH: Final = 64


class HstsConfig(NamedTuple):
    """What a session's store is made from."""

    path: str | None = None
    """Where it is kept; None for in memory only. The folder is there and can be written to."""
    preloaded: Mapping[bytes, bool] = MappingProxyType({})
    """By the key of a host (see host_keys), whether its subdomains are included."""


class TransportSecurityState:
    """What servers said and what was known before. Network thread only.

    Keys are exact: a header changes nothing but the entry of its own host, and looking up changes nothing at all
    (rule R8). What servers said comes first, then what was preloaded; neither takes anything from the other, so that a
    preloaded host cannot be talked out of it.
    """

    __slots__ = ("_clock", "_entries", "_preloaded", "is_empty", "loaded", "on_changed")

    def __init__(self, clock: WallClock, preloaded: Mapping[bytes, bool] | None = None) -> None:
        self._clock = clock
        self._entries: dict[bytes, HstsEntry] = {}
        self._preloaded = preloaded or {}
        self.is_empty = not self._preloaded
        """True while no host is known: should_upgrade() need not be asked then."""
        self.loaded = Gate(is_open=True)
        """Closed while what is on disk is not known yet."""
        self.on_changed: Task | None = None
        """Called when a server has changed something that is worth keeping."""

    def should_upgrade(self, host: str) -> bool:
        """True when http to a canonical host is to become https (RFC 6797 §8.2).

        Its own entry counts, and that of a parent which includes its subdomains. What has expired, or was taken back,
        does not count and hides nothing: a parent's word stays.
        """
        keys, now = host_keys(host), self._clock.now()
        for key in keys:
            is_own = key is keys[0]
            entry = self._entries.get(key)
            if entry is not None and entry.forces_https and entry.expiry > now and (is_own or entry.include_subdomains):
                return True
            includes_subdomains = self._preloaded.get(key)
            if includes_subdomains is not None and (is_own or includes_subdomains):
                return True
        return False

    def on_header(self, host: str, value: str, ssl_info: SSLInfo | None) -> None:
        """Takes the first Strict-Transport-Security header of an answer of a canonical host (RFC 6797 §8.1).

        It counts only over TLS without a fault; else anybody on the way could make a host unreachable.
        """
        if ssl_info is None or not ssl_info.verified_chain or ssl_info.has_fault:
            return
        from netstack_sync.wire.hsts import parse_strict_transport_security  # late: read with what TLS needs

        keys, policy = host_keys(host), parse_strict_transport_security(value)
        if not keys or policy is None:
            return
        if policy.max_age_s:
            self._learn(keys[0], policy)
        else:
            self._forget(keys[0])

    def _learn(self, key: bytes, policy: HstsPolicy) -> None:
        entry = policy.entry(self._clock.now())
        if not _is_hardly_new(entry, self._entries.get(key)):
            self._put(key, entry)

    def _forget(self, key: bytes) -> None:
        """Leaves a trace for as long as another process may hold to what was said before."""
        known = self._entries.get(key)
        if known is not None and known.forces_https:
            self._put(key, known._replace(observed=self._clock.now(), include_subdomains=False, forces_https=False))

    def _put(self, key: bytes, entry: HstsEntry) -> None:
        self._entries[key] = entry
        self.is_empty = False
        self._maybe_prune()
        if self.on_changed is not None:
            self.on_changed()

    def _maybe_prune(self) -> None:
        if len(self._entries) > MAX_ENTRIES:
            self._entries = without_least(self._entries, self._clock.now(), _ENTRIES_AFTER_PRUNING)

    # --- what is kept on disk

    def entries(self) -> dict[bytes, HstsEntry]:
        """What servers said, by key; a copy."""
        return self._entries.copy()

    def merge(self, entries: Mapping[bytes, HstsEntry]) -> None:
        """Takes over what is newer than what is known; nobody is told of a change."""
        self._entries = newest_of(self._entries, entries)
        self.is_empty = not self._entries and not self._preloaded
        self._maybe_prune()

    def __repr__(self) -> str:
        state = "loaded" if self.loaded.is_open else "loading"
        return f"<TransportSecurityState {state} {len(self._entries)} hosts, {len(self._preloaded)} preloaded>"


def host_keys(host: str) -> tuple[bytes, ...]:
    """The keys of a canonical host and its parents, itself first; none for what HSTS is not for.

    That is IP literals (RFC 6797 §8.1.1), localhost and what is below it, since there are many servers of many people's
    at one name, and what DNS cannot name. Cheap for hosts seen lately.
    """
    return _host_keys_cached(host) if len(host) <= _MAX_CACHED_LENGTH else _host_keys(host)


def _host_keys(host: str) -> tuple[bytes, ...]:
    if is_localhost_name(host) or parse_ip_literal(host) is not None:
        return ()
    labels = host.encode("ascii").split(b".")
    if len(host) > _MAX_NAME or not all(0 < len(label) <= _MAX_LABEL for label in labels):
        return ()
    name = b"".join([bytes([len(label)]) + label for label in labels]) + b"\0"
    keys = []
    for label in labels:
        keys.append(sha256(name).digest())
        name = name[1 + len(label) :]
    return tuple(keys)


_host_keys_cached: Final = lru_cache(_CACHED_HOSTS)(_host_keys)


def _is_hardly_new(entry: HstsEntry, known: HstsEntry | None) -> bool:
    if known is None or not known.forces_https or known.include_subdomains != entry.include_subdomains:
        return False
    return 0 <= entry.expiry - known.expiry < (entry.expiry - entry.observed) * _RENEWAL_SHARE


def newest_of(ours: Mapping[bytes, HstsEntry], theirs: Mapping[bytes, HstsEntry]) -> dict[bytes, HstsEntry]:
    """Both together; of two entries for a host that which was observed later, ours if they are of the same time."""
    merged = dict(ours)
    for key, entry in theirs.items():
        known = merged.get(key)
        if known is None or known.observed < entry.observed:
            merged[key] = entry
    return merged


def without_least(entries: Mapping[bytes, HstsEntry], now: float, limit: int) -> dict[bytes, HstsEntry]:
    """Without what has expired, and of the rest the `limit` entries that hold longest.

    What expires first has the least protection left to lose, and most likely has not been seen for long.
    """
    alive = {key: entry for key, entry in entries.items() if entry.expiry > now}
    if len(alive) <= limit:
        return alive
    by_expiry = sorted(alive.items(), key=lambda item: item[1].expiry, reverse=True)
    return dict(by_expiry[:limit])
