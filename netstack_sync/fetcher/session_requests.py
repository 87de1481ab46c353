"""SessionRequests: the ways to ask for one URL, which differ only in method and in who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.hook_calls import hooked_request, hooked_response
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.session_config import SessionConfig
from netstack_sync.fetcher.session_stack import SessionStack
from netstack_sync.fetcher.sync_url_fetcher import SyncUrlFetcher

if TYPE_CHECKING:
    from typing_extensions import Unpack


class SessionRequests:
    """The requests of a Session, by its settings and over its stack. Any thread."""

    __slots__ = ("_config", "_stack")

    _config: SessionConfig
    _stack: SessionStack

    def request(self, method: str, url: str, **options: Unpack[FetchOptions]) -> Response:
        """Fetches a URL and waits for the whole answer.

        Arguments: `params` adds to the query; `headers` (None takes a session header away); `cookies` for this origin,
        over those that are kept; one body of `json`, `data` (a form, or anything `content` takes), `content` (bytes,
        string, path, FileRange, binary file or iterable of bytes) and `files`; `timeout` (seconds in all, a pair
        (connect, read), a Timeout, or None); `auth` (a pair (user, password), BasicAuth, DigestAuth, BearerAuth,
        NtlmAuth, NegotiateAuth, AnyAuth, NetrcAuth, or a function that is given the FetchRequest and gives one of
        these); `verify`; `cert`; `proxy` (a URL, "direct", "system", a mapping by scheme, a list, or a PacUrl; None is
        the session's); `follow_redirects`; `max_redirects`; `priority` ("lowest" to "highest");
        `max_response_size` in bytes; `retries` (a number, a RetryPolicy, a urllib3.Retry, or None); `expect_continue`
        (True: the body waits until the server asks for it).

        `on_informational(status, headers)` is called with each 1xx response, `upload_progress(sent, total)` now and
        then with the bytes of the body that are sent; on the thread that waits, or with submit() on one for callbacks.
        `hooks` are {"request": function, "response": function}, see the page on hooks.

        Raises InvalidURL, ValueError and TypeError for bad arguments before anything is sent, a NetError when
        there is no complete answer, and what the caller's own body, hooks and functions raise. A status of 400 and
        above is an answer.
        """
        return self._fetch(method, url, options)

    def fetch(self, url: str, method: str = "GET", **options: Unpack[FetchOptions]) -> Response:
        """As request(), with GET as the default."""
        return self._fetch(method, url, options)

    def get(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """GET; see request()."""
        return self._fetch("GET", url, options)

    def head(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """HEAD; see request()."""
        return self._fetch("HEAD", url, options)

    def options(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """OPTIONS; see request()."""
        return self._fetch("OPTIONS", url, options)

    def post(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """POST; see request()."""
        return self._fetch("POST", url, options)

    def put(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """PUT; see request()."""
        return self._fetch("PUT", url, options)

    def patch(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """PATCH; see request()."""
        return self._fetch("PATCH", url, options)

    def delete(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """DELETE; see request()."""
        return self._fetch("DELETE", url, options)

    def stream(self, method: str, url: str, **options: Unpack[FetchOptions]) -> Response:
        """As request(), but gives the response with its head; the body is read as it is asked for.

        Use it in a `with` statement: leaving it ends a fetch that is still under way. A reader that is slow stops
        the server from sending. The default timeout limits connecting and each wait, not the whole.
        """
        return self._fetch(method, url, options, is_stream=True)

    def send(self, request: FetchRequest, *, stream: bool = False) -> Response:
        """Makes a request that prepare() or `Response.next_request` gave; with `stream` see stream().

        All that the session says of its requests is in it already, its timeout included. Raises TypeError for what is
        no FetchRequest.
        """
        if not isinstance(request, FetchRequest):
            raise TypeError(f"request: must be a FetchRequest, which prepare() gives, not {type(request).__name__}")
        return hooked_response(self._fetcher_for(request, stream).fetch())

    def _fetch(self, method: str, url: str, options: FetchOptions, is_stream: bool = False) -> Response:
        request = self._config.prepare(method, url, options, is_stream)
        if request.hooks is not None:
            return hooked_response(self._fetcher_for(request, is_stream).fetch())
        stack = self._stack.live()
        return SyncUrlFetcher(request, stack.context, is_stream, stack).fetch()

    def _fetcher_for(self, request: FetchRequest, is_stream: bool) -> SyncUrlFetcher:
        """A fetch that has not begun, of what the hooks make of the request."""
        request = hooked_request(request)
        stack = self._stack.live()
        return SyncUrlFetcher(request, stack.context, is_stream, stack)
