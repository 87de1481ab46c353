"""HstsSettings: where a session keeps which hosts want https only, and which it knows from the start."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TypeAlias

from netstack_sync.base.url_host import canonical_host
from netstack_sync.http.hsts_persister import check_known_hosts_file
from netstack_sync.http.hsts_store import HstsConfig, host_keys
from netstack_sync.wire.hsts import parse_preload_list

HstsArgument: TypeAlias = "bool | str | os.PathLike[str] | HstsSettings"


@dataclass(frozen=True, slots=True)
class HstsSettings:
    """HTTP Strict Transport Security (RFC 6797); the default keeps what servers say in memory only.

    Raises ValueError or TypeError naming the setting; the files are looked at when a session is made.
    """

    path: str | os.PathLike[str] | None = None
    """A file that keeps what servers say; several processes may share it. Hosts are stored as hashes."""
    preload: str | os.PathLike[str] | None = None
    """A file with hosts that want https whatever they say: Chromium's transport_security_state_static.json, or one
    host a line, with a dot before the name to include its subdomains.
    """

    def __post_init__(self) -> None:
        for name in ("path", "preload"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _checked_path(name, value))

    def config(self) -> HstsConfig:
        """With the preload list read; raises ValueError for files that cannot be used."""
        path = None
        if self.path is not None:
            path = os.path.realpath(self.path)  # the program may change its directory; and a link stays one
            _check_can_keep(path)
        return HstsConfig(path, {} if self.preload is None else _read_preloaded(os.fspath(self.preload)))


def hsts_from_value(value: object) -> HstsSettings | None:
    """What `hsts` means: True, False, a path, or settings; None is off. Raises ValueError or TypeError."""
    if isinstance(value, HstsSettings):
        return value
    if isinstance(value, bool):
        return HstsSettings() if value else None
    if isinstance(value, (str, os.PathLike)):
        return HstsSettings(path=_checked_path("hsts", value))
    raise TypeError(f"hsts: must be True, False, a path or an HstsSettings, not {type(value).__name__}")


def _checked_path(name: str, value: object) -> str:
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(path, str):
        raise TypeError(f"{name}: must be a path, not {value!r}")
    if not path or "\0" in path:
        raise ValueError(f"{name}: no file can have the path {path!r}")
    return path


def _check_can_keep(path: str) -> None:
    """Says now what would otherwise go wrong on a worker, where nobody hears of it."""
    try:
        check_known_hosts_file(path)
        with tempfile.TemporaryFile(dir=os.path.dirname(path)):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(
            f"hsts: cannot keep hosts in {path!r}: {reason}; the file must be readable and its folder writable"
        ) from None
    except ValueError as error:
        raise ValueError(
            f"hsts: the file {path!r} is left alone: {error}; name one that is new, or that a session has written"
        ) from None


def _read_preloaded(path: str) -> dict[bytes, bool]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            hosts = parse_preload_list(file.read())
    except OSError as error:
        raise ValueError(f"hsts: cannot read the preload list {path!r}: {error.strerror or error}") from error
    except ValueError as error:
        raise ValueError(f"hsts: the preload list {path!r} cannot be used: {error}") from None
    preloaded: dict[bytes, bool] = {}
    for name, includes_subdomains, place in hosts:
        try:
            keys = host_keys(canonical_host(name))
        except ValueError as error:
            raise ValueError(f"hsts: the preload list {path!r}, {place}, {error}") from None
        if not keys:
            raise ValueError(f"hsts: the preload list {path!r}, {place}, has a host that cannot be forced to https")
        preloaded[keys[0]] = includes_subdomains or preloaded.get(keys[0], False)
    return preloaded
