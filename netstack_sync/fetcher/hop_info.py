"""What only some fetches ask for, in the words of the layers below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.upload_meter import metered
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.upload import UploadStream
from netstack_sync.url_request.context import URLRequestContext

if TYPE_CHECKING:
    from netstack_sync.fetcher.fetch_news import FetchNews


def interim_for(request: FetchRequest, news: FetchNews | None) -> InterimAnswers:
    """What is done about 1xx responses, where not all of them are passed over."""
    on_interim = news.on_interim if news is not None and request.on_informational is not None else None
    return InterimAnswers(request.expect_continue, on_interim)


def upload_for(
    request: FetchRequest, given: UploadStream | None, context: URLRequestContext, news: FetchNews | None
) -> UploadStream | None:
    """The body of all attempts: the request's, else the one that was `given`; it tells how far it is if one asks."""
    upload = request.body.make_upload(context.workers) if request.body is not None else given
    if upload is None or news is None or request.upload_progress is None:
        return upload
    return metered(upload, news.on_upload_progress, context.thread.clock)
