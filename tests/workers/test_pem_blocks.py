"""Splitting text into PEM blocks."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.workers.pem_blocks import find_pem_blocks, is_pem_text, quoted


def _pem(content: bytes, label: str = "CERTIFICATE") -> bytes:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(content).decode()}-----END {label}-----\n".encode()


@given(contents=st.lists(st.binary(min_size=1)), comment=st.text(alphabet=st.characters(blacklist_characters="-")))
def test_what_was_put_in_comes_out(contents: list[bytes], comment: str) -> None:
    """In its order, whatever text without dashes stands between the blocks."""
    text = b"".join([comment.encode("utf-8", "replace") + b"\n" + _pem(content) for content in contents])
    assert [block.decode() for block in find_pem_blocks(text)] == contents


@pytest.mark.parametrize(
    "label, is_certificate",
    [("CERTIFICATE", True), ("X509 CERTIFICATE", True), ("TRUSTED CERTIFICATE", False), ("PRIVATE KEY", False)],
)
def test_the_label_says_what_it_is(label: str, is_certificate: bool) -> None:
    """OpenSSL's own form, with trust settings behind the certificate, is another thing."""
    (block,) = find_pem_blocks(_pem(b"x", label))
    assert (block.label, block.is_certificate, block.is_whole, block.decode()) == (label, is_certificate, True, b"x")


def test_lines_may_end_and_begin_as_they_like() -> None:
    """Carriage returns, and the indentation of a text in a program."""
    text = _pem(b"some bytes").replace(b"\n", b"\r\n    ")
    assert [block.decode() for block in find_pem_blocks(b"    " + text)] == [b"some bytes"]


def test_a_byte_order_mark_is_no_text() -> None:
    """As editors of Windows write it, also in the middle of files that were joined."""
    text = b"\xef\xbb\xbf" + _pem(b"one") + b"\xef\xbb\xbf" + _pem(b"two")
    assert [block.decode() for block in find_pem_blocks(text)] == [b"one", b"two"]


class _Named:
    """A path of somebody's own."""

    def __fspath__(self) -> str:
        return "-----BEGIN PRIVATE KEY-----"


def test_pem_is_told_from_a_path_and_never_quoted() -> None:
    """It may be a private key; in whatever it is hidden."""
    key = _pem(b"secret", "PRIVATE KEY").decode()
    for value in (key, key.encode(), f"# mine\n{key}", Path(key), _Named(), ("x", key), {"x": [key]}):
        assert is_pem_text(value) and quoted(value) == "PEM text"
    for other in ("a.pem", b"x", Path("a.pem"), None, ("a", "b"), 5):
        assert not is_pem_text(other) and quoted(other) == repr(other)


def test_a_comment_about_blocks_is_none() -> None:
    """Only at the beginning of a line."""
    assert find_pem_blocks(b"# paste after -----BEGIN CERTIFICATE-----\n") == []


@pytest.mark.parametrize("size", [-1, -10, -20, -28, -30, 20, 27])
def test_what_is_cut_off_is_noticed(size: int) -> None:
    """Anywhere: in the last line, in the middle, in the first line."""
    (good, bad) = find_pem_blocks(_pem(b"x") + _pem(b"y" * 20).rstrip()[:size])
    assert good.is_whole and not bad.is_whole
    with pytest.raises(ValueError, match=r"its line -----END CERTI.*----- is missing: it was cut off"):
        bad.decode()


def test_a_block_that_another_one_interrupts_is_cut_off() -> None:
    """The other one is good nevertheless."""
    (bad, good) = find_pem_blocks(b"-----BEGIN CERTIFICATE-----\nAAAA\n" + _pem(b"x"))
    assert not bad.is_whole
    assert good.decode() == b"x"


def test_another_end_ends_no_block() -> None:
    """The labels must agree."""
    (block,) = find_pem_blocks(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert not block.is_whole


@pytest.mark.parametrize("body", [b"AA%AA", b"AAA", b"Proc-Type: 4,ENCRYPTED\n\nAAAA", b"AAAA====AAAA"])
def test_garbage_in_a_block(body: bytes) -> None:
    """Every character counts."""
    (block,) = find_pem_blocks(
        b"-----BEGIN CERTIFICATE-----\n" + body.replace(b"-", b"_") + b"\n-----END CERTIFICATE-----"
    )
    with pytest.raises(ValueError, match="not base64"):
        block.decode()
