"""A ResolverManager whose system, DNS over HTTPS and hook answer what the test says, when the test says so."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS, ResolveParameters
from netstack_sync.dns.ipv6_probe import Ipv6Probe
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.dns.resolve_request import SharedResolveRequest
from netstack_sync.dns.resolver_settings import DEFAULT_SETTINGS, ResolverSettings
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.workers.resolve_host import ResolvedHost
from tests.support.loops import LoopDriver, RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.workers import ScriptedWorkers


def endpoint(address: str) -> IPEndPoint:
    """With port 0, as answers have it."""
    return IPEndPoint(address, 0, socket.AF_INET6 if ":" in address else socket.AF_INET)


FOUND = ResolvedHost(OK, (endpoint("192.0.2.1"),), 0)
NOT_FOUND = ResolvedHost(ERR_NAME_NOT_RESOLVED, (), socket.EAI_AGAIN, "no name server")


class ScriptedTask:
    """A ResolveTask that is answered by the test."""

    def __init__(self, host: str, family: int = socket.AF_UNSPEC, query_family: int | None = None) -> None:
        self.host = host
        self.family = family
        self.query_family = family if query_family is None else query_family
        self.is_cancelled = False
        self._on_done: Callable[[ResolveAnswer], None] | None = None

    def start(self, on_done: Callable[[ResolveAnswer], None]) -> None:
        """See ResolveTask."""
        self._on_done = on_done

    def cancel(self) -> None:
        """See ResolveTask."""
        self._on_done = None
        self.is_cancelled = True

    def answer(self, answer: ResolveAnswer) -> None:
        """The answer comes."""
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "nobody waits"
        on_done(answer)

    def find(
        self, *addresses: str, source: AnswerSource = AnswerSource.SECURE_DNS, ttl_s: float | None = 300.0
    ) -> None:
        """The answer comes and is a good one."""
        self.answer(ResolveAnswer(OK, tuple(map(endpoint, addresses)), source, ttl_s))

    def fail(self, net_error: int = ERR_NAME_NOT_RESOLVED, ttl_s: float | None = None) -> None:
        """The answer comes and is none."""
        self.answer(ResolveAnswer(net_error, source=AnswerSource.SECURE_DNS, ttl_s=ttl_s, detail="no such name"))


class ScriptedSecureDns:
    """See SecureDns."""

    def __init__(self, mode: SecureDnsMode, is_available: bool = True) -> None:
        self.mode = mode
        self.is_available = is_available
        self.tasks: deque[ScriptedTask] = deque()

    def create_task(self, host: str, family: int, query_family: int, net_log: NetLogWithSource) -> ScriptedTask:
        """Remembers the question."""
        self.tasks.append(ScriptedTask(host, family, query_family))
        return self.tasks[-1]


class Resolving:
    """A resolver, and those it asks."""

    def __init__(
        self,
        driver: LoopDriver,
        settings: ResolverSettings = DEFAULT_SETTINGS,
        secure_dns: ScriptedSecureDns | None = None,
        has_hook: bool = False,
    ) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.workers = ScriptedWorkers(driver.loop.task_runner)
        self.answers: dict[str, ResolvedHost | Exception] = {}
        self.asked: list[str] = []
        self.hook_tasks: deque[ScriptedTask] = deque()
        self.ipv6_source: str | None = "2001:db8::2"
        self.cache = HostCache(driver.clock, settings.cache_entries)
        self.manager = ResolverManager(
            self.workers,
            self.cache,
            driver.loop.timers,
            self.net_log,
            settings,
            secure_dns,
            self._create_hook_task if has_hook else None,
            Ipv6Probe(driver.clock, lambda: self.ipv6_source),
            self._resolve,
        )

    def request(
        self, host: str, port: int = 80, parameters: ResolveParameters = DEFAULT_PARAMETERS
    ) -> SharedResolveRequest:
        """One that is not started."""
        bound = NetLogWithSource.make(self.net_log, NetLogSourceType.URL_REQUEST)
        return self.manager.create_request(host, port, parameters, bound)

    def start(
        self, host: str, port: int = 80, parameters: ResolveParameters = DEFAULT_PARAMETERS
    ) -> tuple[SharedResolveRequest, RecordedCompletion]:
        """A request that has to wait."""
        on_done = RecordedCompletion()
        return self.start_with(on_done, host, port, parameters), on_done

    def start_with(
        self,
        on_done: Callable[[int], None],
        host: str,
        port: int = 80,
        parameters: ResolveParameters = DEFAULT_PARAMETERS,
    ) -> SharedResolveRequest:
        """A request that has to wait, and then calls `on_done`."""
        request = self.request(host, port, parameters)
        assert request.start(on_done) == ERR_IO_PENDING
        return request

    def answer_now(
        self, host: str, parameters: ResolveParameters = DEFAULT_PARAMETERS
    ) -> tuple[int, list[str], SharedResolveRequest]:
        """Result and addresses of a request that does not wait."""
        request, on_done = self.request(host, 80, parameters), RecordedCompletion()
        result = request.start(on_done)
        assert result != ERR_IO_PENDING and not on_done.is_called
        return result, [endpoint.address for endpoint in request.addresses], request

    def answers_arrive(self) -> None:
        """The system answers what it was asked, and what it is asked meanwhile."""
        self.driver.run_until_idle()
        while self.workers.jobs:
            self.workers.run_next()
            self.driver.run_until_idle()

    def learn(self, host: str, parameters: ResolveParameters = DEFAULT_PARAMETERS) -> None:
        """The system is asked for a name, so that it is in the cache."""
        _, on_done = self.start(host, parameters=parameters)
        self.answers_arrive()
        assert on_done.result == OK

    def _resolve(self, host: str, family: int) -> ResolvedHost:
        self.asked.append(host)
        answer = self.answers.get(host, FOUND)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _create_hook_task(self, host: str) -> ScriptedTask:
        self.hook_tasks.append(ScriptedTask(host))
        return self.hook_tasks[-1]
