"""What a fetch asks for: nothing that nobody wanted."""

from __future__ import annotations

from netstack_sync import Session
from netstack_sync.fetcher.fetch_news import FetchNews
from netstack_sync.fetcher.hop_info import interim_for, upload_for
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.upload_meter import MeteredBytes
from netstack_sync.http.chunked_upload import ChunkedUpload
from netstack_sync.http.upload import BytesUpload
from netstack_sync.wire.http1_response import ResponseHead

WATCHED: FetchOptions = {"upload_progress": print, "on_informational": print}


class Told:
    """Notes how much it was told was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int | None]] = []

    def on_interim(self, head: ResponseHead) -> None:
        """See FetchNews."""

    def on_upload_progress(self, sent_bytes: int, total: int | None) -> None:
        """See FetchNews."""
        self.sent.append((sent_bytes, total))


def test_who_wants_to_be_told_of_interim_responses(session: Session) -> None:
    """Not whoever only wants to know of the upload; and a body may wait without anybody being told."""
    news: FetchNews = Told()
    for options, is_told in ((WATCHED, True), (FetchOptions(upload_progress=print), False)):
        interim = interim_for(session.prepare("GET", "http://a.test/", **options), news)
        assert (interim.on_interim is not None) is is_told and not interim.expects_continue
    waiting = session.prepare("POST", "http://a.test/", content=b"x", expect_continue=True)
    interim = interim_for(waiting, None)
    assert interim.expects_continue and interim.on_interim is None


def test_the_body_of_all_attempts(session: Session) -> None:
    """The request's goes before one that was given; it is metered for whoever asks, if there is somebody to tell."""
    given, news, context = ChunkedUpload(), Told(), session.context
    empty = session.prepare("POST", "http://a.test/", **WATCHED)
    full = session.prepare("POST", "http://a.test/", content=b"abc", upload_progress=print)
    assert upload_for(empty, None, context, None) is None
    assert upload_for(empty, given, context, None) is given
    assert isinstance(upload_for(full, given, context, None), BytesUpload)
    assert news.sent == []
    assert isinstance(upload_for(full, None, context, news), MeteredBytes) and news.sent == [(0, 3)]
    assert upload_for(empty, given, context, news) is not given and news.sent[1:] == [(0, None)]
