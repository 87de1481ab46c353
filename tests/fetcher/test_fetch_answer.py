"""What a fetch that succeeded is to its caller."""

from __future__ import annotations

import threading

from netstack_sync import Response, Session
from netstack_sync.fetcher.fetch_answer import answer_of
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.url_fetcher import URLFetcher
from netstack_sync.testing.embedded_server import EmbeddedServer

LIMIT_S = 20.0  # only a hang gets here


class Done:
    """A URLFetcherDelegate to wait for."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """See URLFetcherDelegate."""
        self.event.set()


def _answer(session: Session, url: str, follows: bool) -> Response:
    request, done = session.prepare("GET", url, follow_redirects=follows), Done()
    fetcher = URLFetcher(request, session.context, done)
    call_on_network_thread(session.context.thread, fetcher.start, LIMIT_S)
    assert done.event.wait(LIMIT_S)
    response = answer_of(fetcher)
    assert response.request is request and response.net_log_source_id == fetcher.net_log_source_id
    return response


def test_what_is_known_goes_along(server: EmbeddedServer, session: Session) -> None:
    """The redirects on the way, the attempts, the body."""
    response = _answer(session, server.url("/redirect/1"), follows=True)
    assert response.status == 200 and response.content and [hop.status for hop in response.history] == [302]
    assert len(response.attempts) == 1 and response.next_request is None


def test_a_redirect_that_is_not_followed_tells_where_it_leads(server: EmbeddedServer, session: Session) -> None:
    """As the request that would follow it."""
    response = _answer(session, server.url("/redirect/1"), follows=False)
    assert response.status == 302 and response.history == []
    assert response.next_request is not None and response.next_request.url.href != server.url("/redirect/1")
