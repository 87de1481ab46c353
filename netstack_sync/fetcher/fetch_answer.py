"""What a fetch that succeeded is to its caller: a Response."""

from __future__ import annotations

from netstack_sync.fetcher.body_source import BodySource, CollectedBody
from netstack_sync.fetcher.next_request import request_of_hop
from netstack_sync.fetcher.response import Response, make_response
from netstack_sync.fetcher.url_fetcher import URLFetcher


def answer_of(fetcher: URLFetcher, source: BodySource | None = None) -> Response:
    """The response of a fetch that has its head; `source` gives the body if the fetch has not collected it."""
    if source is None:
        source = CollectedBody(fetcher.body)
    request, answered = fetcher.request, fetcher.url_request
    assert answered is not None and answered.response is not None, "there is an answer"
    log_id, hops, earlier = answered.net_log.id, answered.history, fetcher.attempts
    if hops:
        response = make_response(request, answered.response, source, hops, log_id, earlier)
    else:  # fast path
        response = Response(request, answered.response, source, [], log_id, earlier)
    if fetcher.next_hop is not None:
        response.next_request = request_of_hop(request, fetcher.next_hop)
    return response
