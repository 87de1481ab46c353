"""What a fetch that succeeded is to its caller: a Response."""

from __future__ import annotations

from netstack_sync.fetcher.body_source import BodySource
from netstack_sync.fetcher.next_request import request_of_hop
from netstack_sync.fetcher.response import Response, make_response
from netstack_sync.fetcher.url_fetcher import URLFetcher


def answer_of(fetcher: URLFetcher, source: BodySource | None = None) -> Response:
    """The response of a fetch that has its head; `source` gives the body if the fetch has not collected it."""
    request, answered, body = fetcher.request, fetcher.url_request, fetcher.body if source is None else source
    assert answered is not None and answered.response is not None, "there is an answer"
    log_id, hops, earlier = answered.net_log.id, answered.history, fetcher.attempts
    if hops:
        response = make_response(request, answered.response, body, hops, log_id, earlier)
    else:  # fast path
        response = Response(request, answered.response, body, [], log_id, earlier)
    if fetcher.next_hop is not None:
        response.next_request = request_of_hop(request, fetcher.next_hop)
    return response
