"""The nameservers of the system, and files that name none."""

from __future__ import annotations

from pathlib import Path

import pytest

from netstack_sync.workers.read_resolv_conf import RESOLV_CONF, nameservers_in, read_nameservers


@pytest.mark.parametrize(
    "text, nameservers",
    [
        ("nameserver 192.0.2.1\nnameserver\t2001:db8::1\n", ("192.0.2.1", "2001:db8::1")),
        ("# nameserver 192.0.2.9\n;nameserver 192.0.2.9\n  nameserver 192.0.2.1 # first\r\n", ("192.0.2.1",)),
        ("search a.test\noptions ndots:5\nnameserver\nnameservers 192.0.2.9\n", ()),
        ("nameserver fe80::1%eth0", ("fe80::1%eth0",)),
        ("".join(f"nameserver 192.0.2.{i}\n" for i in range(5)), ("192.0.2.0", "192.0.2.1", "192.0.2.2")),
        ("", ()),
        ("# by a\x0cnameserver 192.0.2.1\n# b\u2028nameserver 192.0.2.2\r\n#\rnameserver 192.0.2.3", ()),
        ("nameserver\u00a0192.0.2.1\n\x0bnameserver 192.0.2.2", ()),
    ],
)
def test_lines_name_servers(text: str, nameservers: tuple[str, ...]) -> None:
    """At most three, as the system reads them."""
    assert nameservers_in(text) == nameservers


def test_a_file_is_read(tmp_path: Path) -> None:
    """Whatever bytes are in it."""
    path = tmp_path / "resolv.conf"
    path.write_bytes(b"# \xff\nnameserver 192.0.2.1\n")
    assert read_nameservers(str(path)) == ("192.0.2.1",)


@pytest.mark.parametrize("path", ["missing", ".", "a\0b"])
def test_what_cannot_be_read_names_none(tmp_path: Path, path: str) -> None:
    """It never raises."""
    assert read_nameservers(f"{tmp_path}/{path}") == ()


def test_the_real_file_can_be_read() -> None:
    """Where this machine has one."""
    assert RESOLV_CONF == "/etc/resolv.conf" and isinstance(read_nameservers(), tuple)
