"""Whoever fetches and runs scripts and looks names up for them, each answering what the test says, when it says so."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.net_errors import (
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_PAC_SCRIPT_FAILED,
    ERR_PAC_SCRIPT_TERMINATED,
    OK,
)
from netstack_sync.base.observers import ObserverList
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.config_service import ProxyConfigObserver
from netstack_sync.proxy.pac_file import PacFetchResult, PacFileData
from netstack_sync.proxy.pac_services import PacServices
from netstack_sync.workers.pac_values import PacError, PacOutcome, PacRequest
from tests.support.loops import LoopDriver
from tests.support.net_logs import RecordingNetLog

TEXT = "function FindProxyForURL(url, host) { return 'PROXY p:80'; }"
OTHER_TEXT = TEXT + " // another one"


def fetched(text: str = TEXT, source: str = "http://pac.test/p.js", is_trusted: bool = False) -> PacFetchResult:
    """A script came."""
    return PacFetchResult(OK, "", PacFileData(text, source, is_trusted))


class ScriptedFetch:
    """See PacFetch."""

    def __init__(self, url: str, on_done: Callable[[PacFetchResult], None]) -> None:
        self.url = url
        self.is_cancelled = False
        self._on_done: Callable[[PacFetchResult], None] | None = on_done

    def cancel(self) -> None:
        """See PacFetch."""
        self.is_cancelled = True
        self._on_done = None

    def finish(self, result: PacFetchResult) -> None:
        """It ends."""
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "nobody waits for it"
        on_done(result)

    @property
    def is_open(self) -> bool:
        """True while somebody waits."""
        return self._on_done is not None


class ScriptedFetcher:
    """See PacFileFetcher."""

    def __init__(self) -> None:
        self.fetches: list[ScriptedFetch] = []

    def start(self, url: str, on_done: Callable[[PacFetchResult], None]) -> ScriptedFetch:
        """Remembers it."""
        self.fetches.append(ScriptedFetch(url, on_done))
        return self.fetches[-1]

    @property
    def urls(self) -> list[str]:
        """What was fetched."""
        return [fetch.url for fetch in self.fetches]

    @property
    def open(self) -> ScriptedFetch:
        """The one that is under way."""
        (fetch,) = [fetch for fetch in self.fetches if fetch.is_open]
        return fetch

    def give(self, text: str = TEXT, is_trusted: bool = False) -> None:
        """It brings a script."""
        fetch = self.open
        fetch.finish(fetched(text, fetch.url, is_trusted))

    def fail(self, net_error: int = ERR_NAME_NOT_RESOLVED) -> None:
        """It brings none."""
        fetch = self.open
        fetch.finish(PacFetchResult(net_error, f"{fetch.url}: nothing there"))


class ScriptedLookup:
    """See PacLookup."""

    def __init__(self, dns: ScriptedDns, host: str) -> None:
        self._dns = dns
        self._on_done: Completion | None = None
        self.host = host
        self.addresses: tuple[str, ...] = ()
        self.error_detail = ""
        self.is_cancelled = False

    def start(self, on_done: Completion) -> int:
        """Answers what is known already."""
        if self.host not in self._dns.known:
            self._on_done = on_done
            return ERR_IO_PENDING
        return self._settle(self._dns.known[self.host])

    def cancel(self) -> None:
        """See PacLookup."""
        self.is_cancelled = True
        self._on_done = None

    def finish(self, addresses: tuple[str, ...] = ()) -> None:
        """The answer comes; no addresses: there is no such name."""
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "nobody waits for it"
        on_done(self._settle(addresses))

    def _settle(self, addresses: tuple[str, ...]) -> int:
        self.addresses = addresses
        self.error_detail = "" if addresses else f"no such name: {self.host}"
        return OK if addresses else ERR_NAME_NOT_RESOLVED


class ScriptedDns:
    """See PacDns."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, ...]] = {}
        """What is answered at once."""
        self.lookups: list[ScriptedLookup] = []

    def create_lookup(self, host: str, net_log: NetLogWithSource) -> ScriptedLookup:
        """Remembers it."""
        self.lookups.append(ScriptedLookup(self, host))
        return self.lookups[-1]


class ScriptedEvaluation:
    """See PacEvaluation."""

    def __init__(
        self,
        request: PacRequest,
        is_waiting: bool,
        on_reply: Callable[[PacOutcome], None],
        on_start: Callable[[int | None], None] | None,
    ) -> None:
        self.request = request
        self.is_waiting = is_waiting
        self.is_cancelled = False
        self._on_reply: Callable[[PacOutcome], None] | None = on_reply
        self._on_start = on_start

    def cancel(self) -> None:
        """See PacEvaluation."""
        self.is_cancelled = True
        self._on_reply = None

    def begin(self, thread_number: int | None) -> None:
        """There is a thread for it."""
        assert self.is_waiting and self._on_start is not None
        self.is_waiting = False
        self._on_start(thread_number)

    def reply(self, outcome: PacOutcome) -> None:
        """The run ends."""
        on_reply, self._on_reply = self._on_reply, None
        assert on_reply is not None, "nobody waits for it"
        on_reply(outcome)

    def answer(self, result: str, *alerts: str) -> None:
        """The script returned this."""
        self.reply(PacOutcome(result=result, alerts=alerts, thread_number=0))

    def ask(self, name: str) -> None:
        """The script needs a name."""
        self.reply(PacOutcome(needs=name, thread_number=0))

    def fail(self, message: str = "boom", line: int | None = 3) -> None:
        """The script raised."""
        error = PacError(ERR_PAC_SCRIPT_FAILED, message, line, 5 if line else None)
        self.reply(PacOutcome(error=error, thread_number=0))

    def terminate(self) -> None:
        """The script had to be ended."""
        self.reply(PacOutcome(error=PacError(ERR_PAC_SCRIPT_TERMINATED, "it took too long")))

    @property
    def is_open(self) -> bool:
        """True while somebody waits."""
        return self._on_reply is not None


class ScriptedEngine:
    """See PacEngine."""

    def __init__(self) -> None:
        self.runs: list[ScriptedEvaluation] = []
        self.is_busy = False
        """No thread is free."""
        self.bug: Exception | None = None
        """What evaluate() raises."""

    def evaluate(
        self,
        request: PacRequest,
        on_reply: Callable[[PacOutcome], None],
        on_start: Callable[[int | None], None] | None = None,
    ) -> ScriptedEvaluation:
        """Remembers it."""
        if self.bug is not None:
            raise self.bug
        self.runs.append(ScriptedEvaluation(request, self.is_busy, on_reply, on_start))
        return self.runs[-1]

    @property
    def open(self) -> list[ScriptedEvaluation]:
        """Those under way, in the order of their start."""
        return [run for run in self.runs if run.is_open]


class ScriptedConfigs:
    """A ProxyConfigService whose settings the test sets."""

    def __init__(self, config: ProxyConfig | None = None) -> None:
        self.config = config
        self.polls = 0
        self.observers: ObserverList[ProxyConfigObserver] = ObserverList()

    def latest(self) -> ProxyConfig | None:
        """See ProxyConfigService."""
        return self.config

    def add_observer(self, observer: ProxyConfigObserver) -> None:
        """See ProxyConfigService."""
        self.observers.add(observer)

    def remove_observer(self, observer: ProxyConfigObserver) -> None:
        """See ProxyConfigService."""
        self.observers.remove(observer)

    def on_lazy_poll(self) -> None:
        """Counts."""
        self.polls += 1

    def change(self, config: ProxyConfig) -> None:
        """Other settings."""
        self.config = config
        self.observers.notify(lambda observer: observer.on_proxy_config_changed(config))


class PacWorld:
    """All of them, over a driven loop."""

    def __init__(self, driver: LoopDriver) -> None:
        self.driver = driver
        self.fetcher = ScriptedFetcher()
        self.dns = ScriptedDns()
        self.engine = ScriptedEngine()
        self.net_log = RecordingNetLog()
        self.services = PacServices(self.fetcher, self.engine, self.dns, driver.loop.timers, self.net_log)

    def assert_clean(self) -> None:
        """Nothing is under way, and nothing would ever happen again."""
        assert not [fetch for fetch in self.fetcher.fetches if fetch.is_open]
        assert not self.engine.open
        assert len(self.driver.loop.timers) == 0
        self.net_log.assert_spans_are_closed()
