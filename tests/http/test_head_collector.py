"""Heads that come in pieces, or after 1xx responses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_CLOSED,
    ERR_INVALID_HTTP_RESPONSE,
    ERR_IO_PENDING,
    ERR_RESPONSE_HEADERS_TRUNCATED,
)
from netstack_sync.http.head_collector import HeadCollector
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.http1_response import MAX_INTERIM, ResponseHead

HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


class Told:
    """A collector and what it tells."""

    def __init__(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        self.begun = 0
        self.statuses: list[int] = []
        self._goes_on = goes_on
        self.heads = HeadCollector(self._on_begun, self._on_interim)

    def _on_begun(self) -> None:
        self.begun += 1

    def _on_interim(self, head: ResponseHead) -> bool:
        self.statuses.append(head.status)
        return self._goes_on()


def test_pieces_make_a_head() -> None:
    """What is behind it is kept."""
    told = Told()
    assert not told.heads.is_inside_head
    assert told.heads.receive(FINE[:9]) == ERR_IO_PENDING and told.heads.is_inside_head
    head = told.heads.receive(FINE[9:] + b"fine")
    assert isinstance(head, ResponseHead) and head.status == 200
    assert told.heads.surplus == b"fine" and told.begun == 1 and not told.heads.in_doubt


@pytest.mark.parametrize(
    "pieces", [(HINTS + HINTS + FINE,), (HINTS, HINTS, FINE), (HINTS + HINTS[:5], HINTS[5:] + FINE)]
)
def test_interim_responses_are_told_and_passed_over(pieces: tuple[bytes, ...]) -> None:
    """However they are cut."""
    told = Told()
    *before, last = [told.heads.receive(piece) for piece in pieces]
    assert isinstance(last, ResponseHead) and last.status == 200
    assert told.statuses == [103, 103] and before == [ERR_IO_PENDING] * len(before)


def test_nobody_has_to_know_that_a_head_begins() -> None:
    """Then nobody is told."""
    heads = HeadCollector(None, lambda _: True)
    assert heads.receive(FINE[:5]) == ERR_IO_PENDING


def test_who_is_told_may_stop_it() -> None:
    """What came in the same piece is not looked at."""
    told = Told(lambda: False)
    assert told.heads.receive(HINTS + HINTS + FINE) == ERR_IO_PENDING and told.statuses == [103]


@pytest.mark.parametrize(
    "data, words",
    [(b"HTTP/1.1 101 Switching\r\n\r\n", "101"), (HINTS * (MAX_INTERIM + 1), f"more than {MAX_INTERIM}")],
    ids=["101", "many"],
)
def test_some_interim_responses_end_the_exchange(data: bytes, words: str) -> None:
    """With words."""
    told = Told()
    assert told.heads.receive(data) == ERR_INVALID_HTTP_RESPONSE and words in told.heads.error_detail


def test_doubt_about_an_interim_response_stays() -> None:
    """Another parser may have taken what followed for its body."""
    told = Told()
    head = told.heads.receive(HINTS.replace(b"\r\n", b"\n") + FINE)
    assert isinstance(head, ResponseHead) and not head.in_doubt and told.heads.in_doubt


def test_the_end_inside_a_head() -> None:
    """In clear it is the end of the head, too, unless that is an interim one; over TLS it is an attack."""
    told = Told()
    told.heads.receive(FINE[:-2])
    head = told.heads.finish(is_secure=False)
    assert isinstance(head, ResponseHead) and head.status == 200 and told.heads.surplus == b""
    told = Told()
    told.heads.receive(HINTS[:-2])
    assert told.heads.finish(is_secure=False) == ERR_CONNECTION_CLOSED and "103" in told.heads.error_detail
    told = Told()
    told.heads.receive(FINE[:-2])
    with pytest.raises(WireError) as caught:
        told.heads.finish(is_secure=True)
    assert caught.value.net_error == ERR_RESPONSE_HEADERS_TRUNCATED
