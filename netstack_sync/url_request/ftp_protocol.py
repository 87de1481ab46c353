"""FtpProtocol: ftp: URLs, to be read (RFC 1738 §3.2)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_INVALID_URL, ERR_IO_PENDING, ERR_NO_SUPPORTED_PROXIES, OK
from netstack_sync.base.url import Url
from netstack_sync.dns.host_resolver import ResolveParameters, ResolveRequest
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.data_protocol import READING_METHODS, wrong_method
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from netstack_sync.url_request.source_job import SourceJob
from netstack_sync.workers.answer_source import AnswerSource
from netstack_sync.workers.ftp_source import FtpSource

_FTP_PORT = 21
_has_control = re.compile(r"[\x00-\x1f\x7f]").search  # would end the command, and begin another


class FtpProtocol(ProtocolHandler):
    """See ProtocolHandler. User and password are those of the URL, else "anonymous".

    No proxy is asked: who names one for these URLs gets an error, and scripts are not asked about them.
    """

    __slots__ = ()

    def create_job(self, hop: Hop) -> URLRequestJob:
        """See ProtocolHandler."""
        info = hop.info
        if info.method not in READING_METHODS:
            return wrong_method(info.method)
        try:
            path = unquote(info.url.path[1:], errors="strict")
        except UnicodeDecodeError:
            return ErrorJob(ERR_INVALID_URL, "the path is not UTF-8")
        if any(map(_has_control, (path, info.url.username or "", info.url.password or ""))):
            return ErrorJob(ERR_INVALID_URL, "a control character in the path, user name or password")
        proxy = _proxy_named(hop)
        if proxy:
            why = f'ftp: URLs cannot go through {proxy}, which the proxy settings name; proxy="direct" goes without it'
            return ErrorJob(ERR_NO_SUPPORTED_PROXIES, why)
        return SourceJob(hop, _FtpSourceMaker(hop, info.url, path), hop.services.job_workers)


def _proxy_named(hop: Hop) -> str:
    """The first proxy that the settings name for the URL; empty for none, and while they are not known yet."""
    proxies, info = hop.services.proxies, hop.info
    config = proxies.settings_for(info.proxy) if proxies is not None else None
    if config is None:
        return ""
    chain = config.rules.lists_for(info.url)[0]
    return "" if chain.is_direct else str(chain)


class _FtpSourceMaker:
    """A SourceMaker: looks the host up, by the rules of the context."""

    __slots__ = ("_on_done", "_path", "_request", "_url", "error_detail", "load_state", "source")

    def __init__(self, hop: Hop, url: Url, path: str) -> None:
        info = hop.info
        self._url = url
        self._path = path
        self._on_done: Completion | None = None
        parameters = ResolveParameters(priority=info.priority, partition=info.partition)
        resolver = hop.services.host_resolver
        self._request: ResolveRequest = resolver.create_request(
            url.host, url.port or _FTP_PORT, parameters, hop.net_log
        )
        self.source: AnswerSource | None = None
        self.load_state = LoadState.RESOLVING_HOST
        self.error_detail = ""

    def start(self, on_done: Completion) -> int:
        """See SourceMaker."""
        self._on_done = on_done
        return self._heed(self._request.start(self._on_resolved))

    def cancel(self) -> None:
        """See SourceMaker."""
        self._on_done = None
        self._request.cancel()

    def _on_resolved(self, result: int) -> None:
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "a lookup that was cancelled calls nobody"
        on_done(self._heed(result))

    def _heed(self, result: int) -> int:
        if result == OK:
            url = self._url
            self.source = FtpSource(self._request.addresses, self._path, url.username or "", url.password or "")
        elif result != ERR_IO_PENDING:
            self.error_detail = self._request.error_detail
        return result
