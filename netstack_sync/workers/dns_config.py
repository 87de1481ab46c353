"""read_dns_config(): the files that decide how the system resolves names, to be compared."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from typing import Final, TypeAlias

DNS_CONFIG_PATHS: Final[Sequence[str]] = (
    (r"C:\Windows\System32\drivers\etc\hosts",)
    if sys.platform == "win32"
    else ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
)
_MAX_BYTES: Final = 16 * 1024 * 1024  # lists of blocked hosts have some megabytes


class ConfigFile:
    """One file at one moment; equal if the contents are."""

    __slots__ = ("digest", "signature")

    def __init__(self, digest: bytes, signature: tuple[int, ...] = ()) -> None:
        self.digest: Final = digest  # empty if there is no such file
        self.signature: Final = signature  # tells whether it may have changed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConfigFile) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<ConfigFile {self.digest.hex()}>"


DnsConfig: TypeAlias = tuple[ConfigFile, ...]


def read_dns_config(known: DnsConfig | None, paths: Sequence[str] = DNS_CONFIG_PATHS) -> DnsConfig:
    """The files as they are now; those that look as they did when they were `known` are not read again."""
    if known is None:
        return tuple([_read_file(path, None) for path in paths])
    return tuple([_read_file(path, file) for path, file in zip(paths, known, strict=True)])


def _read_file(path: str, known: ConfigFile | None) -> ConfigFile:
    try:
        status = os.stat(path)
        # Before the file is read, so that a change at the same time is seen the next time.
        signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if known is not None and known.signature == signature:
            return known
        with open(path, "rb") as file:
            return ConfigFile(hashlib.blake2b(file.read(_MAX_BYTES), digest_size=16).digest(), signature)
    except OSError:
        return ConfigFile(b"")
