"""What is known of a fetch before, during and after its attempts."""

from __future__ import annotations

from netstack_sync.base.exceptions import Attempt, NetErrorCode
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_PAC_SCRIPT_FAILED, OK
from netstack_sync.fetcher.fetch_facts import FetchFacts
from netstack_sync.fetcher.url_fetcher import URLFetcher
from netstack_sync.url_request.admission import Admission
from netstack_sync.url_request.resource_scheduler import ResourceScheduler, ResourceSchedulerSettings
from tests.support.responses import make_request
from tests.support.scripted_proxies import use_proxies
from tests.support.scripted_socket import Read, Write
from tests.support.scripted_stack import request_info, scripted_stack
from tests.support.url_requests import context_over, new_request

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"


def test_before_an_attempt_nothing_is_known() -> None:
    with scripted_stack(is_async=False) as stack:
        facts: FetchFacts = URLFetcher(make_request("http://a.test/"), context_over(stack), Deaf())
    assert (facts.url.href, facts.response, facts.history, facts.timing) == ("http://a.test/", None, [], None)
    assert (facts.load_state(), facts.connecting_since(), facts.ssl_info) == (LoadState.IDLE, None, None)
    assert (facts.sent_bytes, facts.waits_for_upload, facts.net_log_source_id) == (0, False, 0)
    assert not facts.is_encoded
    assert (facts.state_in_words, facts.location_shown, facts.backoff_delay_s) == ("idle", "", 0.0)
    assert (facts.has_attempt_sent, facts.may_have_been_sent, facts.attempts) == (False, False, ())
    reset = NetErrorCode("ERR_CONNECTION_RESET", ERR_CONNECTION_RESET)
    assert facts.attempt(ERR_CONNECTION_RESET, 5.0) == Attempt(None, reset, 0.0, 0.0)


def test_during_an_attempt_it_tells_of_that() -> None:
    """What has left on a connection may have been acted on, before anything is known of an answer."""
    with scripted_stack(is_async=False) as stack:
        socket = stack.connection(Write(GET))
        fetcher = URLFetcher(make_request("http://a.test/"), context_over(stack), Deaf())
        facts: FetchFacts = fetcher
        fetcher.url_request, _ = new_request(context_over(stack), request_info())
        fetcher.url_request.start()
        stack.run()
        assert facts.load_state() == LoadState.WAITING_FOR_RESPONSE
        assert facts.sent_bytes == len(GET) and facts.has_attempt_sent and facts.may_have_been_sent
        stack.clock.advance(2.0)
        socket.extend(Read(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"))
        stack.run()
        assert facts.is_encoded
        assert facts.attempt(OK, stack.clock.now(), 3.0) == Attempt(200, None, 2.0, 3.0)
        assert facts.response is not None and facts.timing is not None and facts.history == []
        assert facts.url.href == "http://a.test/" and (facts.ssl_info, facts.connecting_since()) == (None, None)


def test_what_a_limit_has_ended_is_told_in_words() -> None:
    """What the fetch waited for, and the way that the request took, if that is not the direct one."""
    with scripted_stack(is_async=False) as stack:
        proxies = use_proxies(stack, "http://p:80")
        proxies.is_late, proxies.result = True, ERR_PAC_SCRIPT_FAILED
        fetcher = URLFetcher(make_request("http://a.test/", timeout=5), context_over(stack), Deaf())
        assert fetcher._limit_in_words("pool", 0.5) == "the pool limit of 0.5 s was reached while idle"
        fetcher.start()
        fetcher.on_deadline()
        assert fetcher.error_detail == "the total limit of 5 s was reached while resolving proxy for url"
        way = URLFetcher(make_request("http://a.test/"), context_over(stack), Deaf())
        way.url_request, _ = new_request(context_over(stack), request_info())
        way.url_request.start()
        stack.run()
        assert way._limit_in_words("read", 1).endswith(", no script")


def test_where_an_answer_leads_is_shown() -> None:
    """If it has a Location."""
    for line, shown in ((b"Location: /there\r\n", "/there"), (b"", "")):
        with scripted_stack(is_async=False) as stack:
            stack.connection(Write(GET), Read(b"HTTP/1.1 201 Made\r\n" + line + b"Content-Length: 0\r\n\r\n"))
            fetcher = URLFetcher(make_request("http://a.test/"), context_over(stack), Deaf())
            fetcher.url_request, _ = new_request(context_over(stack), request_info())
            fetcher.url_request.start()
            stack.run()
            assert fetcher.location_shown == shown


def test_while_it_is_held_back() -> None:
    """Somebody else decides when it begins."""

    def hold(task: object) -> None:
        """Nothing runs."""

    with scripted_stack(is_async=False) as stack:
        context = context_over(stack)
        context.admission = Admission(None, None, ResourceScheduler(ResourceSchedulerSettings(max_delayable=1), hold))
        fetchers = [URLFetcher(make_request("http://a.test/", priority="low"), context, Deaf()) for _ in range(2)]
        for fetcher in fetchers:
            fetcher.start()
        assert fetchers[1].load_state() == LoadState.WAITING_FOR_DELEGATE
        for fetcher in fetchers:
            fetcher.cancel()


class Deaf:
    """A URLFetcherDelegate that does not care."""

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """Nothing."""
