"""Tasks for those who can be asked."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_DNS_CACHE_MISS, OK
from netstack_sync.dns.cache_entry import HostCacheKey
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS
from netstack_sync.dns.ipv6_probe import Ipv6Probe
from netstack_sync.dns.job_queue import JobQueue
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer, ResolveTask
from netstack_sync.dns.resolve_job import JobKey, ResolveJob
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.dns.system_task import SystemResolver, SystemTask
from netstack_sync.dns.task_factory import TaskFactory
from netstack_sync.dns.task_order import TaskKind
from netstack_sync.log.net_log import NetLog
from netstack_sync.workers.resolve_host import ResolvedHost
from tests.support.loops import LoopDriver, driven_loop
from tests.support.resolving import FOUND, ScriptedSecureDns, ScriptedTask, endpoint
from tests.support.workers import ScriptedWorkers

ANY, V4, V6 = socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6


class Fixture:
    """A factory, and those it takes its tasks from. It is not asked for a job's other duties."""

    def __init__(self, driver: LoopDriver) -> None:
        self.driver = driver
        self.asked: list[tuple[str, int]] = []
        self.hooked: list[str] = []
        self.ipv6_source: str | None = "2001:db8::2"
        self.secure_dns = ScriptedSecureDns(SecureDnsMode.AUTOMATIC)
        self.cache = HostCache(driver.clock)
        self.workers = ScriptedWorkers(driver.loop.task_runner)
        self.system = SystemResolver(self.workers, driver.loop.timers, self.resolve)
        probe = Ipv6Probe(driver.clock, lambda: self.ipv6_source)
        self.factory = TaskFactory(self.system, self.cache, probe, self.secure_dns, None)
        self.hooked_factory = TaskFactory(self.system, self.cache, probe, None, self.hook)

    def resolve(self, host: str, family: int) -> ResolvedHost:
        self.asked.append((host, family))
        return FOUND

    def hook(self, host: str) -> ResolveTask:
        self.hooked.append(host)
        return ScriptedTask(host)

    def job(self, name: str = "a.test", family: int = ANY, partition: str | None = None) -> ResolveJob:
        key = JobKey(name, family, partition, (TaskKind.SYSTEM,))
        net_log = NetLog(self.driver.clock)
        return ResolveJob(key, self, JobQueue(1), self.driver.loop.timers, net_log, False)

    def create_task(self, kind: TaskKind, job: ResolveJob) -> ResolveTask:
        return self.factory.create(kind, job)

    def check_answer(self, answer: ResolveAnswer, job: ResolveJob) -> ResolveAnswer:
        return answer

    def on_job_evicted(self, job: ResolveJob) -> None: ...

    def on_job_complete(self, job: ResolveJob, answer: ResolveAnswer) -> None: ...

    def answer_of(self, task: ResolveTask) -> ResolveAnswer:
        answers: list[ResolveAnswer] = []
        task.start(answers.append)
        assert answers == []
        self.driver.run_until_idle()
        return answers[0]


@pytest.fixture
def fixture() -> Iterator[Fixture]:
    with driven_loop() as driver:
        yield Fixture(driver)


def test_the_system_is_asked_for_the_name_as_it_is(fixture: Fixture) -> None:
    """With a final dot it does not try search domains."""
    task = fixture.factory.create(TaskKind.SYSTEM, fixture.job("a.test.", V6))
    assert isinstance(task, SystemTask)
    task.start(lambda _: None)
    fixture.workers.run_next()
    assert fixture.asked == [("a.test.", V6)]


def test_others_are_asked_for_the_name_itself(fixture: Fixture) -> None:
    """A final dot means nothing to DNS over HTTPS, and would lead a hook's rules astray."""
    fixture.factory.create(TaskKind.SECURE_DNS, fixture.job("a.test."))
    fixture.hooked_factory.create(TaskKind.HOOK, fixture.job("b.test."))
    assert fixture.secure_dns.tasks[0].host == "a.test" and fixture.hooked == ["b.test"]


@pytest.mark.parametrize(
    "ipv6_source, wanted, asked",
    [
        ("2001:db8::2", ANY, ANY),
        (None, ANY, V4),
        ("fe80::1", ANY, V4),
        (None, V6, V6),
        (None, V4, V4),
    ],
)
def test_no_question_for_ipv6_that_leads_nowhere(
    fixture: Fixture, ipv6_source: str | None, wanted: int, asked: int
) -> None:
    """Row 137 (Ipv6Unreachable*): unless it was asked for; the hosts file may have such an address all the same."""
    fixture.ipv6_source = ipv6_source
    fixture.factory.create(TaskKind.SECURE_DNS, fixture.job(family=wanted))
    assert (fixture.secure_dns.tasks[0].family, fixture.secure_dns.tasks[0].query_family) == (wanted, asked)


def test_another_network_may_have_ipv6(fixture: Fixture) -> None:
    """Row 121: the probe is forgotten; with a hook that nobody asks nothing breaks."""
    fixture.ipv6_source = None
    fixture.factory.create(TaskKind.SECURE_DNS, fixture.job())
    fixture.ipv6_source = "2001:db8::2"
    fixture.factory.on_network_changed()
    fixture.hooked_factory.on_network_changed()
    fixture.factory.create(TaskKind.SECURE_DNS, fixture.job())
    assert [task.query_family for task in fixture.secure_dns.tasks] == [V4, ANY]


def test_what_the_system_said_before(fixture: Fixture) -> None:
    """Row 139: for the same question; a miss is a failure."""
    answer = ResolveAnswer(OK, (endpoint("192.0.2.9"),), AnswerSource.SYSTEM, 60.0)
    fixture.cache.store(HostCacheKey("a.test", V4, "site"), answer)
    hit = fixture.answer_of(fixture.factory.create(TaskKind.INSECURE_CACHE, fixture.job("a.test", V4, "site")))
    assert hit == ResolveAnswer(OK, answer.addresses, AnswerSource.CACHE, 60.0)
    miss = fixture.answer_of(fixture.factory.create(TaskKind.INSECURE_CACHE, fixture.job("a.test", V4)))
    assert miss.net_error == ERR_DNS_CACHE_MISS


def test_who_is_asked(fixture: Fixture) -> None:
    """The hook alone, where there is one; else by the mode of DNS over HTTPS."""
    assert fixture.hooked_factory.has_hook and not fixture.factory.has_hook
    assert fixture.hooked_factory.order("a.test", DEFAULT_PARAMETERS).tasks == (TaskKind.HOOK,)
    assert fixture.factory.order("a.test", DEFAULT_PARAMETERS).tasks[0] == TaskKind.SECURE_DNS
