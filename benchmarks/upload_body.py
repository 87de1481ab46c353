"""The bodies of uploads."""

from __future__ import annotations

from collections.abc import Iterator

from clients import PIECE_BYTES, Body
from loads import LARGE_BYTES


def upload_body(kind: str, folder: str) -> Body:
    """LARGE_BYTES in one of three forms."""
    if kind == "upload-bytes":
        return b"x" * LARGE_BYTES
    if kind == "upload-chunked":
        return _pieces()
    with open(f"{folder}/body", "wb") as file:
        file.writelines(_pieces())
    return open(f"{folder}/body", "rb")


def _pieces() -> Iterator[bytes]:
    piece = b"x" * PIECE_BYTES
    for _ in range(LARGE_BYTES // PIECE_BYTES):
        yield piece
