"""What a fetch asks for, in the words of the layers below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.priority import RequestPriority
from netstack_sync.fetcher.options import FetchRequest
from netstack_sync.fetcher.upload_meter import metered
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import UploadStream
from netstack_sync.url_request.context import URLRequestContext

if TYPE_CHECKING:
    from netstack_sync.fetcher.fetch_news import FetchNews


def info_for(
    request: FetchRequest, upload: UploadStream | None, priority: RequestPriority, news: FetchNews | None
) -> HttpRequestInfo:
    """The first hop of an attempt. What nobody asked for is not there, and costs nothing."""
    info = HttpRequestInfo(request.url, request.method, request.headers, request.tls, upload, priority)
    info.auth, info.cookies, info.proxy = request.auth, request.cookies, request.proxy
    if news is not None or request.expect_continue:
        on_interim = news.on_interim if news is not None and request.on_informational is not None else None
        info.interim = InterimAnswers(request.expect_continue, on_interim)
    return info


def upload_for(
    request: FetchRequest, given: UploadStream | None, context: URLRequestContext, news: FetchNews | None
) -> UploadStream | None:
    """The body of all attempts: the request's, else the one that was `given`; it tells how far it is if one asks."""
    upload = request.body.make_upload(context.workers) if request.body is not None else given
    if upload is None or news is None or request.upload_progress is None:
        return upload
    return metered(upload, news.on_upload_progress, context.thread.clock)
