"""HostsFile: the machine's hosts file, for lookups that the system's resolver, which reads it itself, does not make."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable
from typing import Final, TypeAlias

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint, parse_ip_literal
from netstack_sync.base.url_host import canonical_host, is_localhost_name
from netstack_sync.loop.gate import Gate
from netstack_sync.workers.read_hosts import read_hosts
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

Hosts: TypeAlias = dict[tuple[str, int], IPEndPoint]
"""An address, with port 0, by canonical name and family."""

_WINDOWS_PATH: Final = os.path.expandvars(r"%SystemRoot%\System32\drivers\etc\hosts")
DEFAULT_PATH: Final = _WINDOWS_PATH if sys.platform == "win32" else "/etc/hosts"

# Unicode has more line ends and blanks than the system knows; what they would set off may come from a stranger.
_WORD: Final = re.compile(r"[^ \t\r]+")
_MAX_LINE: Final = 4096  # characters; a file of another kind may be one long line
_PREFERRED: Final = (socket.AF_INET6, socket.AF_INET)


class HostsFile:
    """Keeps what the file says; network thread only. A worker reads and parses.

    Before it is read for the first time `is_loaded` is False and lookup() knows nothing.
    """

    __slots__ = ("_hosts", "_job", "_loaded", "_path", "_read", "_workers", "stop_waiting", "wait")

    def __init__(self, workers: WorkerPool, path: str = DEFAULT_PATH, read: Callable[[str], str] = read_hosts) -> None:
        self._workers = workers
        self._path = path
        self._read = read
        self._hosts: Hosts = {}
        self._job: WorkerJob[Hosts] | None = None
        self._loaded = loaded = Gate()
        self.wait = loaded.wait
        """OK when the file has been read; else ERR_IO_PENDING, and one call when it has, or could not be."""
        self.stop_waiting = loaded.stop_waiting
        """The call never comes; idempotent."""

    def start(self) -> None:
        """Begins to read."""
        self._load()

    def on_dns_changed(self) -> None:
        """Reads again; until that is done what was known counts."""
        self._load()

    def lookup(self, name: str, family: int = socket.AF_UNSPEC) -> AddressList | None:
        """The addresses of a canonical name, IPv6 first as in Chromium; None when the file has none of the family."""
        families = _PREFERRED if family == socket.AF_UNSPEC else (family,)
        found = [self._hosts.get((name, wanted)) for wanted in families]
        return tuple([endpoint for endpoint in found if endpoint is not None]) or None

    @property
    def is_loaded(self) -> bool:
        """True once it has been read."""
        return self._loaded.is_open

    def shut_down(self) -> None:
        """Drops what is under way and who waits for it."""
        self._loaded.drop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _load(self) -> None:
        if self._job is not None:
            self._job.cancel()  # what it read may be old already
        path, read = self._path, self._read
        self._job = self._workers.post_job(lambda: parse_hosts(read(path)), self._on_parsed)

    def _on_parsed(self, reply: Hosts | BaseException) -> None:
        self._job = None
        if not isinstance(reply, BaseException):  # else there was no thread or no memory, and what is known stays
            self._hosts = reply
        self._loaded.open()


def parse_hosts(text: str) -> Hosts:
    """What a hosts file says: per name and family the first line counts (net/dns/dns_hosts.cc).

    A line is an address, names, and a comment after #. Skipped are lines without a valid address, overlong lines,
    names that no host has, and localhost, which is always this machine (RFC 6761).
    """
    hosts: Hosts = {}
    endpoints: dict[str, IPEndPoint | None] = {}  # files that block names repeat one address a hundred thousand times
    for line in text.split("\n"):
        words = _WORD.findall(line.partition("#")[0]) if len(line) <= _MAX_LINE else []
        if len(words) < 2:
            continue
        literal, *names = words
        if literal not in endpoints:
            endpoints[literal] = _endpoint(literal)
        endpoint = endpoints[literal]
        if endpoint is not None:
            for name in filter(None, map(_canonical_name, names)):
                hosts.setdefault((name, endpoint.family), endpoint)
    return hosts


def _endpoint(literal: str) -> IPEndPoint | None:
    address = parse_ip_literal(literal)
    if address is None:
        return None
    return IPEndPoint(address, 0, socket.AF_INET6 if ":" in address else socket.AF_INET)


def _canonical_name(name: str) -> str | None:
    """The name as requests have it; None for an address and for what cannot or must not be looked up."""
    try:
        canonical = canonical_host(name)
    except ValueError:
        return None
    return None if is_localhost_name(canonical) or parse_ip_literal(canonical) is not None else canonical
