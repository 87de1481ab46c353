"""SessionRequests: the ways to ask for one URL, which differ only in method and in who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.sync_url_fetcher import SyncUrlFetcher

if TYPE_CHECKING:
    from typing_extensions import Unpack


class SessionRequests:
    """The requests of a Session, which makes their fetchers. Any thread."""

    __slots__ = ()

    def request(self, method: str, url: str, **options: Unpack[FetchOptions]) -> Response:
        """Fetches a URL and waits for the whole answer.

        Arguments: `params` adds to the query; `headers` (None takes a session header away); `cookies` for this origin,
        over those that are kept; one body of `json`, `data` (a form, or anything `content` takes), `content` (bytes,
        string, path, binary file or iterable of bytes) and `files`; `timeout` (seconds in all, a pair (connect, read),
        a Timeout, or None); `auth` (a pair (user, password), BasicAuth, DigestAuth, BearerAuth, NetrcAuth, or a
        function that is given the FetchRequest and gives one of these); `verify`; `cert`; `follow_redirects`;
        `max_redirects`; `priority` ("lowest" to "highest"); `max_response_size` in bytes; `retries` (a number, a
        RetryPolicy, a urllib3.Retry, or None); `expect_continue` (True: the body waits until the server asks for it).
        `on_informational(status, headers)` is called with each 1xx response, `upload_progress(sent, total)` now and
        then with the bytes of the body that are sent; on the thread that waits, or with submit() on one for callbacks.

        Raises InvalidURL, ValueError and TypeError for bad arguments before anything is sent, a NetError when
        there is no complete answer, and what the caller's own body and functions raise. A status of 400 and above is
        an answer.
        """
        return self._fetcher(method, url, options).fetch()

    def fetch(self, url: str, method: str = "GET", **options: Unpack[FetchOptions]) -> Response:
        """As request(), with GET as the default."""
        return self._fetcher(method, url, options).fetch()

    def get(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """GET; see request()."""
        return self._fetcher("GET", url, options).fetch()

    def head(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """HEAD; see request()."""
        return self._fetcher("HEAD", url, options).fetch()

    def options(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """OPTIONS; see request()."""
        return self._fetcher("OPTIONS", url, options).fetch()

    def post(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """POST; see request()."""
        return self._fetcher("POST", url, options).fetch()

    def put(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """PUT; see request()."""
        return self._fetcher("PUT", url, options).fetch()

    def patch(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """PATCH; see request()."""
        return self._fetcher("PATCH", url, options).fetch()

    def delete(self, url: str, **options: Unpack[FetchOptions]) -> Response:
        """DELETE; see request()."""
        return self._fetcher("DELETE", url, options).fetch()

    def stream(self, method: str, url: str, **options: Unpack[FetchOptions]) -> Response:
        """As request(), but gives the response with its head; the body is read as it is asked for.

        Use it in a `with` statement: leaving it ends a fetch that is still under way. A reader that is slow stops
        the server from sending. The default timeout limits connecting and each wait, not the whole.
        """
        return self._fetcher(method, url, options, is_stream=True).fetch()

    def _fetcher(self, method: str, url: str, options: FetchOptions, is_stream: bool = False) -> SyncUrlFetcher:
        """A fetch that has not begun; raises as request() for bad arguments."""
        raise NotImplementedError
