"""The resolver hook: what it may answer, how it may fail, and that it holds nobody else."""

from __future__ import annotations

import errno
import ipaddress
import itertools
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_FAILED,
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_OUT_OF_MEMORY,
    OK,
)
from netstack_sync.dns.hook_task import HookTask, ask_hook
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer, ResolveTask
from netstack_sync.workers.worker_pool import WorkerPool
from tests.support.loops import LoopDriver, driven_loop
from tests.support.workers import ScriptedWorkers

V4, V6 = socket.AF_INET, socket.AF_INET6


def ask(answer: object) -> ResolveAnswer:
    """What becomes of a hook's answer."""
    return ask_hook(lambda host: answer, "host.test")  # type: ignore[arg-type, return-value]


def addresses_of(answer: object) -> list[str]:
    """The addresses of an answer that is good."""
    found = ask(answer)
    assert found.net_error == OK and found.is_ok and not found.detail
    assert found.source == AnswerSource.HOOK and found.ttl_s is None
    assert all(endpoint.port == 0 for endpoint in found.addresses)
    return [endpoint.address for endpoint in found.addresses]


def failing(error: BaseException) -> Callable[[str], Iterable[object]]:
    """A hook that raises."""

    def hook(host: str) -> Iterable[object]:
        raise error

    return hook


def test_the_answer_is_the_list_of_addresses() -> None:
    """In its order, canonical, without repetitions, never to be cached."""
    answer = ["192.0.2.1", "2001:DB8:0::1", "192.0.2.1", "::ffff:127.0.0.1"]
    assert addresses_of(answer) == ["192.0.2.1", "2001:db8::1", "::ffff:7f00:1"]
    assert ask(answer).addresses[1] == IPEndPoint("2001:db8::1", 0, V6)


def test_it_is_shown_the_host() -> None:
    """Literals, too, for filters of addresses."""
    asked: list[str] = []

    def echo(host: str) -> list[str]:
        asked.append(host)
        return [host]

    for host in ("169.254.169.254", "::1"):
        assert [endpoint.address for endpoint in ask_hook(echo, host).addresses] == [host]
    assert asked == ["169.254.169.254", "::1"]


def test_objects_of_ipaddress_are_addresses() -> None:
    """With their scope."""
    assert addresses_of([ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8::1")]) == [
        "192.0.2.1",
        "2001:db8::1",
    ]
    assert ask([ipaddress.ip_address("fe80::1%7")]).addresses == (IPEndPoint("fe80::1", 0, V6, 7),)


def test_what_getaddrinfo_gives_is_an_answer() -> None:
    """The port in it does not count, the scope does; one address with several protocols is one address."""
    assert addresses_of(socket.getaddrinfo("127.0.0.1", 80)) == ["127.0.0.1"]
    entry = (V6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 443, 0, 3))
    assert ask([entry]).addresses == (IPEndPoint("fe80::1", 0, V6, 3),)


def test_a_zone_may_be_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an interface; the system knows its number."""
    monkeypatch.setattr(socket, "if_nametoindex", {"eth7": 9}.__getitem__)
    assert ask(["fe80::1%eth7"]).addresses == (IPEndPoint("fe80::1", 0, V6, 9),)


def test_one_string_is_one_address() -> None:
    """Not many of one character."""
    assert addresses_of("192.0.2.1") == ["192.0.2.1"]


def test_any_iterable_will_do() -> None:
    """A generator runs where the hook runs."""
    assert addresses_of(address for address in ("192.0.2.1", "192.0.2.2")) == ["192.0.2.1", "192.0.2.2"]
    assert len(addresses_of(f"10.0.0.{i}" for i in range(200))) == 200


def test_a_generator_without_an_end_is_cut() -> None:
    """The worker comes back."""
    endless = (f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}" for i in itertools.count())
    assert len(addresses_of(endless)) == 256


@pytest.mark.parametrize("empty", [[], (), iter(())])
def test_an_empty_answer_means_name_not_resolved(empty: object) -> None:
    """Row 115."""
    assert ask(empty) == ResolveAnswer(
        ERR_NAME_NOT_RESOLVED, (), AnswerSource.HOOK, detail="the resolver hook: it gave no address"
    )


@pytest.mark.parametrize(
    "item",
    [
        "host.test",
        "",
        "127.1",
        "192.0.2.1:80",
        "[::1]",
        " 192.0.2.1",
        "fe80::1%4294967296",
        b"192.0.2.1",
        2130706433,
        None,
        ("192.0.2.1", 80),
        (V4, socket.SOCK_STREAM, 6, "", ()),
        (V4, socket.SOCK_STREAM, 6, "", "192.0.2.1"),
        (V6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, "eth0")),
        (V6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, -1)),
    ],
)
def test_what_is_no_address_is_refused(item: object) -> None:
    """The whole answer, for a filter that gives one wrong address cannot be trusted with the others."""
    failure = ask(["192.0.2.1", item])
    assert failure.net_error == ERR_NAME_NOT_RESOLVED and not failure.addresses
    assert "is no IP address; return IP addresses, or what socket.getaddrinfo() returns" in failure.detail


@pytest.mark.parametrize(
    "answer, words",
    [(None, "TypeError: None was returned; return IP addresses"), (5, "TypeError: 'int' object is not iterable")],
)
def test_what_is_no_answer_is_refused(answer: object, words: str) -> None:
    """Such as that of a function without a return."""
    failure = ask(answer)
    assert failure.net_error == ERR_NAME_NOT_RESOLVED and words in failure.detail


@pytest.mark.parametrize(
    "error, net_error, words",
    [
        (ValueError("10.0.0.1 is internal"), ERR_NAME_NOT_RESOLVED, "ValueError: 10.0.0.1 is internal"),
        (PermissionError("blocked"), ERR_NAME_NOT_RESOLVED, "PermissionError: blocked"),
        (SystemExit(1), ERR_NAME_NOT_RESOLVED, "SystemExit: 1"),
        (socket.gaierror(socket.EAI_NONAME, "no name"), ERR_NAME_NOT_RESOLVED, "no name"),
        (socket.gaierror(socket.EAI_MEMORY, "memory"), ERR_OUT_OF_MEMORY, "memory"),
        (socket.gaierror(), ERR_NAME_NOT_RESOLVED, "gaierror"),
        (OSError(errno.ENETDOWN, "down"), ERR_INTERNET_DISCONNECTED, "down"),
        (OSError(errno.EAGAIN, "again"), ERR_NAME_NOT_RESOLVED, "again"),
        (OSError(0, "nothing"), ERR_NAME_NOT_RESOLVED, "nothing"),
    ],
)
def test_a_hook_that_raises_has_no_answer(error: BaseException, net_error: int, words: str) -> None:
    """The detail has the exception's words; what the system said counts as if it had been asked."""
    failure = ask_hook(failing(error), "host.test")
    assert failure.net_error == net_error and not failure.addresses
    assert failure.detail.startswith("the resolver hook: ") and words in failure.detail


def test_words_are_short_and_always_there() -> None:
    """Whatever the exception has to say, and if it cannot."""

    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "Silent: <" in ask_hook(failing(Silent()), "host.test").detail
    assert len(ask_hook(failing(ValueError("x" * 100_000)), "host.test").detail) < 600


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


def test_it_runs_on_a_worker(driver: LoopDriver) -> None:
    """And the answer comes later."""
    workers = ScriptedWorkers(driver.loop.task_runner)
    asked: list[str] = []
    answers: list[ResolveAnswer] = []

    def hook(host: str) -> list[str]:
        asked.append(host)
        return ["192.0.2.1"]

    task: ResolveTask = HookTask(workers, hook, "host.test")
    task.start(answers.append)
    assert not asked
    workers.run_next()
    assert asked == ["host.test"] and not answers
    driver.run_until_idle()
    assert [answer.addresses for answer in answers] == [(IPEndPoint("192.0.2.1", 0, V4),)]
    task.cancel()


def test_after_cancel_no_answer_comes(driver: LoopDriver) -> None:
    """Before the start, while the hook runs, after the end; idempotent."""
    workers = ScriptedWorkers(driver.loop.task_runner)
    answers: list[ResolveAnswer] = []
    HookTask(workers, lambda host: [host], "192.0.2.1").cancel()
    tasks = [HookTask(workers, lambda host: [host], "192.0.2.1") for _ in range(2)]
    for task in tasks:
        task.start(answers.append)
    tasks[0].cancel()
    workers.run_next()
    workers.run_next()
    tasks[1].cancel()
    tasks[1].cancel()
    driver.run_until_idle()
    assert not answers


def test_no_thread_is_a_failure(driver: LoopDriver) -> None:
    """As for every lookup."""
    workers = ScriptedWorkers(driver.loop.task_runner)
    answers: list[ResolveAnswer] = []
    HookTask(workers, lambda host: [host], "192.0.2.1").start(answers.append)
    workers.jobs.popleft().fail(RuntimeError("can't start new thread"))
    driver.run_until_idle()
    assert [(answer.net_error, answer.detail) for answer in answers] == [
        (ERR_FAILED, "the resolver hook: can't start new thread")
    ]


def test_a_hook_that_hangs_holds_its_own_lookups_only(driver: LoopDriver) -> None:
    """Others are answered meanwhile, by other threads, never by the network thread."""
    pool = WorkerPool(driver.loop.task_runner, 2, "test-hook")
    may_go_on = threading.Event()
    threads: list[str] = []
    answers: dict[str, Any] = {}

    def hook(host: str) -> list[str]:
        threads.append(threading.current_thread().name)
        if host == "hangs.test":
            may_go_on.wait(20.0)
        return ["192.0.2.1"]

    hanging, other = (HookTask(pool, hook, host) for host in ("hangs.test", "host.test"))
    hanging.start(lambda answer: answers.setdefault("hangs.test", answer))
    other.start(lambda answer: answers.setdefault("host.test", answer))
    driver.run_until(lambda: "host.test" in answers)
    hanging.cancel()
    may_go_on.set()
    assert pool.finish(20.0)
    driver.run_until_idle()
    assert answers.keys() == {"host.test"} and set(threads) == {"test-hook"}
