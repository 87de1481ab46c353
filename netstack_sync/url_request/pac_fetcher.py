"""PacFileFetcher over URLRequests; scripts in files and in data: URLs are read on workers."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_error_meanings import explained, meaning
from netstack_sync.base.net_errors import (
    ERR_ACCESS_DENIED,
    ERR_CONTENT_DECODING_FAILED,
    ERR_DISALLOWED_URL_SCHEME,
    ERR_FILE_NOT_FOUND,
    ERR_FILE_TOO_BIG,
    ERR_HTTP_RESPONSE_CODE_FAILURE,
    ERR_INVALID_URL,
    ERR_TIMED_OUT,
    ERR_TOO_MANY_REDIRECTS,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import shown_url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.loop.timers import Alarm
from netstack_sync.proxy.pac_file import PacFetch, PacFetchResult, PacFileData
from netstack_sync.proxy.pac_text import charset_of, script_text
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.redirects import MAX_REDIRECTS, REDIRECT_STATUSES, compute_redirect
from netstack_sync.url_request.small_request import SmallAnswer, SmallRequest
from netstack_sync.wire.data_url import parse_data_url
from netstack_sync.wire.errors import WireError
from netstack_sync.workers.answer_source import SourceError, failure_of
from netstack_sync.workers.file_io import is_pipe, read_small_file
from netstack_sync.workers.pac_values import MAX_PAC_BYTES

TIME_LIMIT_S: Final = 30.0
"""For everything, redirects included (Chromium); requests wait meanwhile."""

_HEADERS: Final = (
    ("Accept", "application/x-ns-proxy-autoconfig, */*;q=0.8"),
    ("Accept-Encoding", "identity"),
    ("User-Agent", "netstack_sync"),  # without a version: it says as little as can be
)
_HTTP: Final = frozenset({"http", "https"})

OnFetched = Callable[[PacFetchResult], None]


class UrlRequestPacFetcher:
    """See PacFileFetcher. The requests run in a context of their own, which has no proxy and no cookies.

    Nobody is told a password, not even one in the URL. A script is trusted if nobody on its way could have written it:
    over https all the way, in a file of this machine, in the URL itself.
    """

    __slots__ = ("_context", "_tls")

    def __init__(self, context: URLRequestContext, tls: TlsConfig) -> None:
        self._context = context
        self._tls = tls

    def start(self, url: str, on_done: OnFetched) -> PacFetch:
        """See PacFileFetcher."""
        try:
            parsed = Url.parse(url).without_credentials()
        except InvalidURL as error:
            return _FailedFetch(self._context, PacFetchResult(ERR_INVALID_URL, str(error)), on_done)
        if parsed.scheme in _HTTP:
            return _HttpFetch(self._context, self._tls, parsed, on_done)
        if parsed.scheme in ("data", "file"):
            return _LocalFetch(self._context, parsed, on_done)
        detail = f"{shown_url(url)}: scripts are fetched from http:, https:, file: and data: URLs"
        return _FailedFetch(self._context, PacFetchResult(ERR_DISALLOWED_URL_SCHEME, detail), on_done)


class _FailedFetch:
    """Fails in a later task."""

    __slots__ = ("_on_done", "_result")

    def __init__(self, context: URLRequestContext, result: PacFetchResult, on_done: OnFetched) -> None:
        self._result = result
        self._on_done: OnFetched | None = on_done
        context.thread.post(self._finish)

    def cancel(self) -> None:
        """See PacFetch."""
        self._on_done = None

    def _finish(self) -> None:
        if self._on_done is not None:
            self._on_done(self._result)


class _LocalFetch:
    """Reads on a worker, which may hang: in a network drive that is away, say."""

    __slots__ = ("_alarm", "_job", "_on_done", "_source")

    def __init__(self, context: URLRequestContext, url: Url, on_done: OnFetched) -> None:
        self._on_done = on_done
        self._source = shown_url(url.href)
        self._alarm = Alarm(context.thread.timers)
        self._alarm.start(TIME_LIMIT_S, self._on_time_limit)
        self._job = context.disk_workers.post_job(lambda: _read(url), self._on_reply)

    def cancel(self) -> None:
        """See PacFetch."""
        self._alarm.stop()
        self._job.cancel()

    def _on_reply(self, reply: str | BaseException) -> None:
        self.cancel()
        if isinstance(reply, BaseException):
            net_error, detail = failure_of(reply)
            self._on_done(PacFetchResult(net_error, f"{self._source}: {detail or meaning(net_error)}"))
        else:
            self._on_done(PacFetchResult(OK, "", PacFileData(reply, self._source, is_trusted=True)))

    def _on_time_limit(self) -> None:
        self.cancel()
        self._on_done(PacFetchResult(ERR_TIMED_OUT, f"{self._source}: not read within {TIME_LIMIT_S:g} s"))


class _HttpFetch:
    """One request after the other, as long as they redirect."""

    __slots__ = (
        "_context",
        "_deadline",
        "_is_trusted",
        "_on_done",
        "_redirects",
        "_request",
        "_source",
        "_tls",
        "_url",
    )

    def __init__(self, context: URLRequestContext, tls: TlsConfig, url: Url, on_done: OnFetched) -> None:
        self._context = context
        self._tls = tls
        self._on_done = on_done
        self._source = shown_url(url.href)
        self._deadline = context.thread.clock.now() + TIME_LIMIT_S
        self._redirects = 0
        self._is_trusted = True
        self._url = url
        self._request = self._get(url)

    def cancel(self) -> None:
        """See PacFetch."""
        self._request.cancel()

    def _get(self, url: Url) -> SmallRequest:
        self._url = url
        self._is_trusted = self._is_trusted and url.is_secure and _checks_who_answers(self._tls)
        info = HttpRequestInfo(url, "GET", RequestHeaders(_HEADERS), self._tls, None, RequestPriority.HIGHEST)
        left_s = max(0.0, self._deadline - self._context.thread.clock.now())
        request = SmallRequest(self._context, info, MAX_PAC_BYTES, left_s, self._on_answer)
        request.start()
        return request

    def _on_answer(self, answer: SmallAnswer) -> None:
        if answer.net_error != OK:
            self._fail(answer.net_error, explained(answer.net_error, answer.detail))
        elif answer.status in REDIRECT_STATUSES:
            self._follow(answer)
        elif answer.status != 200:
            self._fail(ERR_HTTP_RESPONSE_CODE_FAILURE, f"the answer has HTTP status {answer.status}")
        else:
            self._take(answer)

    def _follow(self, answer: SmallAnswer) -> None:
        assert answer.headers is not None, "they are there with OK"
        location = next((value for value in answer.headers.get_all("location") if value), None)
        if location is None:
            self._fail(ERR_HTTP_RESPONSE_CODE_FAILURE, f"the answer has HTTP status {answer.status} and no Location")
            return
        if self._redirects >= MAX_REDIRECTS:
            self._fail(ERR_TOO_MANY_REDIRECTS, meaning(ERR_TOO_MANY_REDIRECTS))
            return
        redirect = compute_redirect(answer.status, location, self._url, "GET")
        assert not isinstance(redirect, int), "the request fails with a Location that is no good"
        self._redirects += 1
        self._request = self._get(redirect.url.without_credentials())

    def _take(self, answer: SmallAnswer) -> None:
        headers = answer.headers
        assert headers is not None, "it is there with OK"
        if (headers.get("content-encoding") or "identity").strip().lower() != "identity":
            self._fail(ERR_CONTENT_DECODING_FAILED, "the answer is compressed, which nobody asked for")
            return
        text = script_text(answer.body, charset_of(headers.get("content-type") or ""))
        self._on_done(PacFetchResult(OK, "", PacFileData(text, self._source, self._is_trusted)))

    def _fail(self, net_error: int, detail: str) -> None:
        self._on_done(PacFetchResult(net_error, f"{shown_url(self._url.href)}: {detail}"))


def _checks_who_answers(tls: TlsConfig) -> bool:
    context = tls.context
    if context is not None:
        return context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    return tls.trust.verify


def _read(url: Url) -> str:
    """The script in a file: or data: URL; raises what failure_of() knows. May block."""
    if url.scheme == "data":
        try:
            media_type, data = parse_data_url(url.href)
        except WireError as error:
            raise SourceError(error.net_error, error.detail) from None
        if len(data) > MAX_PAC_BYTES:
            raise SourceError(ERR_FILE_TOO_BIG, f"the script exceeds {MAX_PAC_BYTES} bytes")
        return script_text(data, charset_of(media_type))
    path = _path_of(url)
    if is_pipe(path):
        raise SourceError(ERR_ACCESS_DENIED, f"{path} is neither a file nor a folder")
    found = read_small_file(path, MAX_PAC_BYTES)
    if found is None:
        raise SourceError(ERR_FILE_NOT_FOUND, f"there is no file {path}")
    return script_text(found)


def _path_of(url: Url) -> str:
    if url.host not in ("", "localhost"):
        raise SourceError(ERR_ACCESS_DENIED, f"the file is on {url.host}; only those of this machine are read")
    path = unquote(url.path, errors="surrogateescape")
    return path.lstrip("/") if os.name == "nt" else path
