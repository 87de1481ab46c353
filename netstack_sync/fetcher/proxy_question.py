"""explain_proxies(): the blocking question through which proxies a URL is reached, and why."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.exceptions import NetError
from netstack_sync.base.net_errors import ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, ERR_TIMED_OUT, OK
from netstack_sync.base.url import Url
from netstack_sync.fetcher.blocking_operation import BlockingOperation
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.explanation import ProxyExplainer, ProxyExplanation, explain_rules
from netstack_sync.url_request.context import URLRequestContext


class ExplainedProxies(NamedTuple):
    """The answer."""

    explanation: ProxyExplanation
    error: NetError | None
    """Why there is no way; the explanation then goes as far as it came."""


def explain_proxies(
    context: URLRequestContext, config: ProxyConfig, url: Url, timeout_s: float | None = None
) -> ExplainedProxies:
    """Asks as a request with these settings would, but with nothing remembered; any thread but the network's.

    A script is fetched anew. Raises ContextShutDown; Ctrl-C ends the question and is raised again.
    """
    if context.thread.is_current:
        raise RuntimeError("a question on the network thread would wait for itself")
    if not config.has_automatic_settings:
        return ExplainedProxies(explain_rules(config.rules, url), None)
    return _Question(context, config, url, Timeout(total=timeout_s).total).run()


class _Question(BlockingOperation):
    """One question of one thread to a script."""

    __slots__ = ("_config", "_explainer", "_explanation", "_url")

    def __init__(self, context: URLRequestContext, config: ProxyConfig, url: Url, timeout_s: float | None) -> None:
        super().__init__(context, timeout_s)
        self._config = config
        self._url = url
        self._explainer: ProxyExplainer | None = None
        self._explanation = ProxyExplanation()

    def run(self) -> ExplainedProxies:
        """Starts and waits."""
        net_error, found = self._run(), self._explanation
        if net_error == OK:
            return ExplainedProxies(found, None)
        if net_error == ERR_TIMED_OUT:
            detail = f"no answer within {self._timeout_s} s"
            return ExplainedProxies(found, exception_for(net_error, detail=detail, timed_out="total"))
        if net_error == ERR_MANDATORY_PROXY_CONFIGURATION_FAILED:
            return ExplainedProxies(found, exception_for(net_error, detail=found.script_detail))
        raise exception_for(net_error)

    def _begin(self) -> int:
        context = self._context
        service = context.proxies.service_for(self._config) if context.proxies is not None else None
        assert service is not None, "the context of a session asks scripts"
        net_log = NetLogWithSource.make(context.net_log, NetLogSourceType.NONE)
        self._explainer = ProxyExplainer(self._config, service.scripts, self._url, net_log)
        return self._explainer.start(self._on_done)

    def _end(self) -> None:
        if self._explainer is not None:
            self._explainer.cancel()
            self._explanation = self._explainer.explanation
