"""curl's -d and its kin."""

from __future__ import annotations

from pathlib import Path

import pytest

from netstack_sync.cli.data_pieces import Piece, join_pieces


@pytest.mark.parametrize(
    "pieces, body",
    [
        ([], b""),
        ([("data", "a=1"), ("data", "b=2")], b"a=1&b=2"),
        ([("data", ""), ("data", "z")], b"&z"),
        ([("data", "@FILE")], b"onetwo"),
        ([("binary", "@FILE")], b"one\r\ntwo\n\0"),
        ([("raw", "@FILE")], b"@FILE"),
        ([("json", '{"a":'), ("json", "1}")], b'{"a":1}'),
        ([("urlencode", "a b+~/")], b"a+b%2B~%2F"),
        ([("urlencode", "=a=b")], b"a%3Db"),
        ([("urlencode", "n=a b")], b"n=a+b"),
        ([("urlencode", "n=a@b")], b"n=a%40b"),
        ([("urlencode", "@FILE")], b"one%0D%0Atwo%0A%00"),
        ([("urlencode", "n@FILE")], b"n=one%0D%0Atwo%0A%00"),
        ([("data", "a"), ("urlencode", "ü")], b"a&%C3%BC"),
    ],
)
def test_pieces_are_joined_as_curl_does(pieces: list[Piece], body: bytes, tmp_path: Path) -> None:
    """By &, but for JSON."""
    (tmp_path / "f").write_bytes(b"one\r\ntwo\n\0")
    pieces = [(kind, text if kind == "raw" else text.replace("FILE", f"{tmp_path}/f")) for kind, text in pieces]
    assert join_pieces(pieces) == body
