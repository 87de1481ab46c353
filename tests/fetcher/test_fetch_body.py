"""The body of a fetch, collected piece by piece."""

from __future__ import annotations

import pytest

from netstack_sync import Session
from netstack_sync.base.net_errors import ERR_FILE_TOO_BIG, ERR_OUT_OF_MEMORY, OK
from netstack_sync.fetcher import fetch_body
from netstack_sync.fetcher.fetch_body import FetchBody
from netstack_sync.fetcher.large_body import LOOSE_BYTES
from netstack_sync.fetcher.url_fetcher import URLFetcher


class Nobody:
    """A URLFetcherDelegate of a fetch that is never started."""

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """Nothing."""


def _body(session: Session, limit: int | None) -> FetchBody:
    request = session.prepare("GET", "http://a.test/", max_response_size=limit)
    return URLFetcher(request, session.context, Nobody())


def test_few_pieces_stay_as_they_are(session: Session) -> None:
    """And another attempt begins anew."""
    body = _body(session, None)
    assert (body._keep(b"ab"), body._keep(b"c")) == (OK, OK) and body.body == [b"ab", b"c"]
    body._drop_body()
    assert body._keep(b"x" * LOOSE_BYTES) == OK and body.body == [b"x" * LOOSE_BYTES] and body._large is None


def test_a_large_one_is_one_value(session: Session) -> None:
    """From the piece on with which it becomes large."""
    body = _body(session, None)
    for piece in (b"a" * LOOSE_BYTES, b"b", b"c"):
        assert body._keep(piece) == OK
    assert body._large is not None and body._large.value() == b"a" * LOOSE_BYTES + b"bc"


def test_the_limit_counts_all_pieces(session: Session) -> None:
    """The byte that is one too many ends it."""
    body = _body(session, 3)
    assert body._keep(b"ab") == body._keep(b"c") == OK
    assert body._keep(b"d") == ERR_FILE_TOO_BIG and "max_response_size=3" in body.error_detail


def test_there_may_be_no_memory(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is this fetch's failure alone."""

    def refuse(pieces: list[bytes]) -> None:
        raise MemoryError

    monkeypatch.setattr(fetch_body, "LargeBody", refuse)
    body = _body(session, None)
    assert body._keep(b"a" * (LOOSE_BYTES + 1)) == ERR_OUT_OF_MEMORY and "stream it" in body.error_detail
