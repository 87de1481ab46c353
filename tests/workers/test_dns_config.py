"""read_dns_config(): contents as values, and no reading without need."""

from __future__ import annotations

import builtins
import os
from pathlib import Path

import pytest

from netstack_sync.workers.dns_config import DNS_CONFIG_PATHS, ConfigFile, DnsConfig, read_dns_config


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Two files, of which the second is missing."""
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.1\n")
    return [str(tmp_path / "resolv.conf"), str(tmp_path / "hosts")]


def _touch(path: str) -> None:
    """Makes the file look changed, however coarse the system's clock is."""
    os.utime(path, ns=(0, os.stat(path).st_mtime_ns + 1_000_000_000))


def test_equal_as_long_as_the_contents_are(paths: list[str]) -> None:
    """A file written anew is read again, and equal."""
    first = read_dns_config(None, paths)
    assert len(first) == 2 and first[0].digest and not first[1].digest
    _touch(paths[0])
    again = read_dns_config(first, paths)
    assert again == first and again[0] is not first[0]


def test_differences(paths: list[str]) -> None:
    """Other contents, a file that comes, and one that goes."""
    configs: list[DnsConfig] = [read_dns_config(None, paths)]
    Path(paths[0]).write_text("nameserver 192.0.2.2\n")
    _touch(paths[0])
    configs.append(read_dns_config(configs[-1], paths))
    Path(paths[1]).write_text("")
    configs.append(read_dns_config(configs[-1], paths))
    os.unlink(paths[0])
    configs.append(read_dns_config(configs[-1], paths))
    assert all(configs.count(config) == 1 for config in configs)


def test_what_looks_unchanged_is_not_read(paths: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One stat() a file."""
    known = read_dns_config(None, paths)
    monkeypatch.setattr(builtins, "open", lambda *_: pytest.fail("opened"))
    assert read_dns_config(known, paths)[0] is known[0]


def test_unreadable_files_are_as_if_missing(tmp_path: Path) -> None:
    """A folder in its place, for one."""
    (file,) = read_dns_config(None, [str(tmp_path)])
    assert file.digest == b"" and file.signature == ()


def test_the_real_files() -> None:
    """They may be missing; nothing is raised."""
    config = read_dns_config(None)
    assert len(config) == len(DNS_CONFIG_PATHS) and read_dns_config(config) == config


def test_a_file_is_its_contents() -> None:
    """When it was written does not matter."""
    file = ConfigFile(b"\x01\xff", (1, 2))
    assert file == ConfigFile(b"\x01\xff") != ConfigFile(b"") and file != b"\x01\xff"
    assert len({file, ConfigFile(b"\x01\xff")}) == 1 and repr(file) == "<ConfigFile 01ff>"
