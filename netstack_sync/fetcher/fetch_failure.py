"""What a fetch that failed is to its caller: an exception that tells all that is known."""

from __future__ import annotations

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.exceptions import NetError
from netstack_sync.fetcher.url_fetcher import URLFetcher


def failure_of(fetcher: URLFetcher, net_error: int) -> NetError:
    """The exception that tells why a fetch has no (complete) answer."""
    error = exception_for(
        net_error,
        detail=detail_of(fetcher),
        request=fetcher.request,
        timing=fetcher.timing,
        may_have_been_sent=fetcher.may_have_been_sent,
        timed_out=fetcher.timed_out,
        ssl_info=fetcher.ssl_info,
        tls_terms=fetcher.request.tls.terms,
    )
    error.attempts = fetcher.attempts
    if fetcher.last_attempt is not None:
        error.attempts = (*fetcher.attempts, fetcher.last_attempt)
    return error


def detail_of(fetcher: URLFetcher) -> str:
    """What happened, and to which URL: one line of a log must do to tell."""
    url, detail = fetcher.url, fetcher.error_detail
    if detail and url.host in detail:
        return detail
    return ": ".join(filter(None, (detail, str(url.without_credentials()))))
