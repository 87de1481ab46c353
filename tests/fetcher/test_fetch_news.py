"""The interface of those who pass on what a request's functions want to hear."""

from __future__ import annotations

from netstack_sync import Session
from netstack_sync.fetcher.caller_news import CallerNews
from netstack_sync.fetcher.fetch_news import FetchNews


def test_a_callers_functions_are_told_through_it(session: Session) -> None:
    """The type checker proves the interface here."""
    told: list[tuple[int, int | None]] = []
    request = session.prepare("GET", "http://a.test/", upload_progress=lambda sent, total: told.append((sent, total)))
    news = CallerNews(request, lambda: None)
    passed_on: FetchNews = news
    passed_on.on_upload_progress(1, 2)
    news.tell()
    assert told == [(1, 2)]
