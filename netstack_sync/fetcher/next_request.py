"""The request that a redirect leads to, for a caller who follows it himself."""

from __future__ import annotations

from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.http.request_info import HttpRequestInfo


def request_of_hop(request: FetchRequest, hop: HttpRequestInfo) -> FetchRequest:
    """The caller's request as it goes on at this hop: without what must not reach another origin (rule R5).

    A body that can be read only once is spent, if it was sent.
    """
    return request.replaced(
        url=hop.url,
        method=hop.method,
        headers=hop.headers,
        body=request.body if hop.upload is not None else None,
        tls=hop.tls,
        auth=hop.auth,
        cookies=hop.cookies,
    )
