"""WireError: the peer sent bytes that the format does not allow."""

from __future__ import annotations


class WireError(Exception):
    """A violation of a wire format, raised by the parsers of this room and caught by whoever feeds them.

    `net_error` is the number of base/net_errors.py that Chromium gives; `detail` says in plain words what was
    wrong. The connection the bytes came from must be closed, and the parser that raised it not be used again.
    """

    __slots__ = ("detail", "net_error")

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(net_error, detail)
        self.net_error = net_error
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.detail} ({self.net_error})"
