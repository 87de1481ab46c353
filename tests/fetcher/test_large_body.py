"""A large body is one value that grows."""

from __future__ import annotations

from netstack_sync.fetcher.large_body import LargeBody


def test_all_pieces_are_in_it_in_their_order() -> None:
    """Those that came before it was known to be large, and those after."""
    body = LargeBody([b"ab", b"", b"c"])
    body.append(b"d" * 100_000)
    body.append(b"e")
    assert body.value() == b"abc" + b"d" * 100_000 + b"e"


def test_nothing_is_nothing() -> None:
    assert LargeBody([]).value() == b""
