"""A fetcher of scripts over a scripted stack, and what it brought."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.proxy.pac_file import PacFetch, PacFetchResult, PacFileData, PacFileFetcher
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.pac_fetcher import TIME_LIMIT_S, UrlRequestPacFetcher
from tests.support.scripted_stack import ScriptedStack
from tests.support.small_requests import SmallAsking

URL = "http://pac.test/p.js"


class FetchAsking(SmallAsking[PacFetchResult]):
    """The fetcher, with one URL."""

    def __init__(self, stack: ScriptedStack, tls: TlsConfig | None = None) -> None:
        super().__init__(stack, TIME_LIMIT_S)
        self.fetcher: PacFileFetcher = UrlRequestPacFetcher(self.context, tls or TlsConfig(TrustConfig()))
        self.url = URL

    def ask(self) -> PacFetch:
        """See SmallAsking."""
        return self.fetcher.start(self.url, self.results.append)

    def script(self) -> PacFileData:
        """The one that came."""
        result = self.run()
        assert result.net_error == OK and result.script is not None, result
        return result.script

    def failure(self) -> tuple[int, str]:
        """Why none came."""
        result = self.run()
        assert result.script is None
        return result.net_error, result.detail

    def read(self, url: str) -> PacFetchResult:
        """What a worker reads."""
        self.url = url
        self.start()
        self.stack.run_workers()
        return self.result
