"""What every version of SOCKS carries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.proxy_url import MAX_SOCKS_TEXT_BYTES
from netstack_sync.wire.socks_host import login_bytes, name_bytes, port_bytes


def test_a_name_goes_as_it_is() -> None:
    """Up to the last byte that fits."""
    longest = "a" * MAX_SOCKS_TEXT_BYTES
    assert name_bytes("xn--bcher-kva.example") == b"xn--bcher-kva.example"
    assert name_bytes(longest) == longest.encode()


@pytest.mark.parametrize("size", [256, 257, 511, 512, 65536 + 5])
def test_a_name_that_does_not_fit_is_refused(size: int) -> None:
    """R17 (CVE-2023-38545): also when the lowest byte of its length would fit. The message is short."""
    with pytest.raises(
        ValueError, match=rf"^the host name a+… has {size} characters, and 255 fit into SOCKS$"
    ) as caught:
        name_bytes("a" * size)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("name", ["", "a b", "a\0b", "bücher.example", "a\r\n", "a\x7f", "\ud800"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """The last gate before the socket: a NUL would end a name of SOCKS4a and begin something else."""
    with pytest.raises(ValueError, match="is empty or holds what no host name has") as caught:
        name_bytes(name)
    assert str(caught.value).isprintable()


def test_a_user_or_password_goes_as_utf8() -> None:
    """Its bytes are counted, not its characters; empty is allowed, as other clients do."""
    assert login_bytes("password", "ü") == b"\xc3\xbc"
    assert login_bytes("password", "") == b""
    assert len(login_bytes("user name", "ü" * 127)) == 254


@pytest.mark.parametrize("secret, why", [("ü" * 128, "has 256 bytes, and 255 fit"), ("x\ud800", "is no valid Unicode")])
def test_a_secret_that_does_not_fit_is_refused_and_not_shown(secret: str, why: str) -> None:
    """R17; the message says which of the two it was."""
    with pytest.raises(ValueError, match=f"^the password for the SOCKS proxy {why}") as caught:
        login_bytes("password", secret)
    assert secret not in str(caught.value) and "ud800" not in str(caught.value)


@given(st.integers(0, 0xFFFF))
def test_ports_are_in_network_order(port: int) -> None:
    """Two bytes."""
    data = port_bytes(port)
    assert (data[0] << 8 | data[1], len(data)) == (port, 2)
