"""PacFileDecider: finds the script that chooses proxies: detected, then from its URL, or as it was given."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_PAC_SCRIPT_FAILED, ERR_TIMED_OUT, OK
from netstack_sync.base.url_parts import shown_url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLogParams
from netstack_sync.log.params import string_value
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import Alarm
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.pac_dns import PacLookup
from netstack_sync.proxy.pac_file import PacFetch, PacFetchResult, PacFileData, judged
from netstack_sync.proxy.pac_services import PacServices

_WPAD_HOST: Final = "wpad"
WPAD_URL: Final = f"http://{_WPAD_HOST}/wpad.dat"
QUICK_CHECK_S: Final = 1.0
"""How long the name may take: where there is no such host some name servers never answer (Chromium)."""

_GIVEN: Final = "the script that was given"


class _Source(NamedTuple):
    url: str | None
    """None: the text that was given."""
    is_detected: bool = False


class PacFileDecider(StepMachine):
    """One decision; owned by whoever starts it (net/proxy_resolution/pac_file_decider.h). Network thread only.

    Sources are tried in their order until one has what looks like a script. DHCP is not asked: that takes rights, and
    ways into the system, that a library does not have.
    """

    __slots__ = (
        "_alarm",
        "_config",
        "_details",
        "_fetch",
        "_fetched",
        "_lookup",
        "_net_log",
        "_services",
        "_sources",
        "_span",
        "_wait_delay_s",
        "script",
    )

    def __init__(self, config: ProxyConfig, services: PacServices, wait_delay_s: float = 0.0) -> None:
        """Where the network is needed `wait_delay_s` seconds pass first, if that is more than none."""
        super().__init__()
        self._config = config
        self._services = services
        self._wait_delay_s = wait_delay_s
        self._alarm = Alarm(services.timers)
        self._net_log = NetLogWithSource.make(services.net_log, NetLogSourceType.PAC_FILE_DECIDER)
        self._sources = _sources_of(config)
        self._details: list[str] = []
        self._lookup: PacLookup | None = None
        self._fetch: PacFetch | None = None
        self._fetched = PacFetchResult(ERR_PAC_SCRIPT_FAILED)
        self._span: NetLogEventType | None = None  # the inner one that is open
        self.script: PacFileData | None = None
        """There after OK."""

    def start(self, on_done: Completion) -> int:
        """OK, why the last source had no script, or ERR_IO_PENDING and one later callback."""
        self._net_log.begin(NetLogEventType.PAC_FILE_DECIDER)
        return self._begin(self._wait, on_done)

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        if not self.is_pending:
            return
        self._alarm.stop()
        if self._lookup is not None:
            self._lookup.cancel()
        if self._fetch is not None:
            self._fetch.cancel()
        self._stop()
        self._net_log.event(NetLogEventType.CANCELLED)
        self._end_span(OK)
        self._net_log.end(NetLogEventType.PAC_FILE_DECIDER)

    @property
    def error_detail(self) -> str:
        """Why each source that was tried had no script, in words."""
        return "; ".join(self._details)

    @property
    def load_state(self) -> LoadState:
        """What it waits for."""
        return LoadState.RESOLVING_HOST if self._lookup is not None else LoadState.DOWNLOADING_PAC_FILE

    # --- the steps

    def _wait(self, _: int) -> int:
        self._step = self._heed_wait
        if self._wait_delay_s <= 0 or self._sources[0].url is None:
            return OK
        self._begin_span(NetLogEventType.PAC_FILE_DECIDER_WAIT)
        self._alarm.start(self._wait_delay_s, lambda: self._on_io_complete(OK))
        return ERR_IO_PENDING

    def _heed_wait(self, _: int) -> int:
        self._end_span(OK)
        return self._try_source()

    def _try_source(self, _: int = OK) -> int:
        source = self._sources[0]
        words = _shown_source(source)
        self._begin_span(NetLogEventType.PAC_FILE_DECIDER_FETCH_PAC_SCRIPT, lambda _: {"source": string_value(words)})
        if source.url is None:
            assert self._config.pac_script is not None, "the source says so"
            return self._take(PacFileData(self._config.pac_script, _GIVEN, is_trusted=True))
        if source.is_detected:
            return self._check_quickly()
        return self._start_fetch()

    def _check_quickly(self) -> int:
        self._step = self._heed_quick_check
        self._alarm.start(QUICK_CHECK_S, self._on_quick_check_late)
        self._lookup = self._services.dns.create_lookup(_WPAD_HOST, self._net_log)
        return self._lookup.start(self._on_io_complete)

    def _on_quick_check_late(self) -> None:
        assert self._lookup is not None, "the alarm is stopped with the lookup"
        self._lookup.cancel()
        self._on_io_complete(ERR_TIMED_OUT)

    def _heed_quick_check(self, result: int) -> int:
        lookup, self._lookup = self._lookup, None
        assert lookup is not None, "this is its result"
        self._alarm.stop()
        if result != OK:
            return self._give_up(result, f"{WPAD_URL}: {lookup.error_detail or meaning(result)}")
        return self._start_fetch()

    def _start_fetch(self) -> int:
        url = self._sources[0].url
        assert url is not None, "a script that was given is not fetched"
        self._step = self._heed_fetch
        self._fetch = self._services.fetcher.start(url, self._on_fetched)
        return ERR_IO_PENDING

    def _on_fetched(self, fetched: PacFetchResult) -> None:
        self._fetch = None
        self._fetched = fetched
        self._on_io_complete(fetched.net_error)

    def _heed_fetch(self, net_error: int) -> int:
        script = self._fetched.script
        if net_error != OK or script is None:
            return self._give_up(net_error, self._fetched.detail)
        # Whoever is in the network may call himself wpad.
        return self._take(replace(script, is_trusted=False) if self._sources[0].is_detected else script)

    def _take(self, script: PacFileData) -> int:
        net_error, detail, self.script = judged(script)
        if net_error != OK:
            return self._give_up(net_error, detail)
        self._end_span(OK)
        self._net_log.end(NetLogEventType.PAC_FILE_DECIDER)
        return OK

    def _give_up(self, net_error: int, detail: str) -> int:
        self._details.append(detail)
        self._end_span(net_error)
        del self._sources[0]
        if not self._sources:
            params = {"net_error": net_error, "detail": self.error_detail}
            self._net_log.end(NetLogEventType.PAC_FILE_DECIDER, lambda _: params)
            return net_error
        self._net_log.event(NetLogEventType.PAC_FILE_DECIDER_FALLING_BACK_TO_NEXT_PAC_SOURCE)
        self._step = self._try_source
        return OK

    # --- the log

    def _begin_span(self, span: NetLogEventType, params: NetLogParams | None = None) -> None:
        self._span = span
        self._net_log.begin(span, params)

    def _end_span(self, net_error: int) -> None:
        span, self._span = self._span, None
        if span is not None:
            self._net_log.end_with_net_error(span, net_error)


def _sources_of(config: ProxyConfig) -> list[_Source]:
    """In Chromium's order; a text that was given stands where its URL would."""
    sources = [_Source(WPAD_URL, is_detected=True)] if config.auto_detect else []
    if config.pac_script is not None:
        sources.append(_Source(None))
    elif config.pac_url is not None:
        sources.append(_Source(config.pac_url))
    assert sources, "settings without a script need no decision"
    return sources


def _shown_source(source: _Source) -> str:
    if source.url is None:
        return _GIVEN
    return f"WPAD DNS: {source.url}" if source.is_detected else f"Custom PAC URL: {shown_url(source.url)}"
