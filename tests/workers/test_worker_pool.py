"""The worker pool: its limit, the reuse of threads, cancelling, hung jobs."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable, Iterator

import pytest

from netstack_sync.workers import worker_pool
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool
from tests.support.loops import DEADLINE_S, LoopDriver, driven_loop
from tests.support.subprocesses import run_python

NAME = "worker-under-test"


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


@pytest.fixture(autouse=True)
def short_lives(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Idle threads of these tests die at once when the test is over."""
    monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", 0.05)
    yield
    for thread in threads():
        thread.join(DEADLINE_S)
    assert threads() == []


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == NAME]


class Jobs:
    """Posts jobs that wait until the test lets them go on; remembers who ran them and what came back."""

    def __init__(self, driver: LoopDriver, max_threads: int) -> None:
        self.driver = driver
        self.pool = WorkerPool(driver.loop.task_runner, max_threads, NAME)
        self.started: list[str] = []
        self.replies: list[str] = []
        self.thread_of: dict[str, int] = {}
        self._gates: dict[str, threading.Semaphore] = {}

    def post(self, name: str) -> WorkerJob[str]:
        gate = self._gates[name] = threading.Semaphore(0)

        def work() -> str:
            self.thread_of[name] = threading.get_ident()
            self.started.append(name)
            assert gate.acquire(timeout=DEADLINE_S)
            return name

        return self.pool.post_job(work, lambda reply: self.replies.append(str(reply)))

    def let_go(self, *names: str) -> None:
        """Lets jobs end and waits for their replies."""
        for name in names:
            self._gates[name].release()
            self.driver.run_until(lambda name=name: name in self.replies)  # type: ignore[misc]

    def let_go_silently(self, name: str) -> None:
        self._gates[name].release()

    def wait_started(self, *names: str) -> None:
        self.driver.run_until(lambda: set(names) <= set(self.started))

    def end_idle_threads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Gives every idle thread one more job, after which it is less patient."""
        monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", 0.01)
        names = [f"last {number}" for number in range(len(self.pool._idle))]
        for name in names:
            self.post(name)
        self.wait_started(*names)
        self.let_go(*names)

    def wait_idle(self, count: int) -> None:
        """Waits until that many threads are on the idle list."""
        self.driver.run_until(lambda: len(self.pool._idle) == count)


def test_a_job_runs_on_a_worker_and_its_reply_on_the_loop(driver: LoopDriver) -> None:
    """The worker is a daemon of the given name."""
    pool = WorkerPool(driver.loop.task_runner, 1, NAME)
    seen: list[object] = []

    def work() -> threading.Thread:
        return threading.current_thread()

    pool.post_job(work, lambda reply: seen.extend([reply, threading.current_thread()]))
    driver.run_until(lambda: bool(seen))
    worker, replied_on = seen
    assert isinstance(worker, threading.Thread) and worker.name == NAME and worker.daemon
    assert replied_on is threading.current_thread()


def test_no_more_than_the_limit_run_at_once(driver: LoopDriver) -> None:
    """The others wait, in order."""
    jobs = Jobs(driver, max_threads=2)
    for name in "abcd":
        jobs.post(name)
    jobs.wait_started("a", "b")
    assert set(jobs.started) == {"a", "b"} and jobs.pool._threads == 2
    jobs.let_go("b")
    jobs.wait_started("c")
    assert jobs.thread_of["c"] == jobs.thread_of["b"]
    jobs.let_go("a")
    jobs.wait_started("d")
    jobs.let_go("c", "d")
    assert jobs.replies == ["b", "a", "c", "d"] and jobs.pool._threads == 2


def test_the_thread_that_went_idle_last_is_used_first(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the others can die of age; no thread is started while one idles."""
    monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", DEADLINE_S)
    jobs = Jobs(driver, max_threads=3)
    for name in "abc":
        jobs.post(name)
    jobs.wait_started("a", "b", "c")
    for number, name in enumerate("bca", start=1):
        jobs.let_go(name)
        jobs.wait_idle(number)
    for name in "de":
        jobs.post(name)
    jobs.wait_started("d", "e")
    assert jobs.thread_of["d"] == jobs.thread_of["a"] and jobs.thread_of["e"] == jobs.thread_of["c"]
    assert jobs.pool._threads == 3
    jobs.let_go("d", "e")
    jobs.wait_idle(3)
    jobs.end_idle_threads(monkeypatch)


def test_an_idle_thread_dies_of_age(driver: LoopDriver) -> None:
    """And the next job gets a new one."""
    jobs = Jobs(driver, max_threads=1)
    for name in "ab":
        jobs.post(name)
        jobs.let_go(name)
        for thread in threads():
            thread.join(DEADLINE_S)
        assert jobs.pool._threads == 0
    assert jobs.replies == ["a", "b"]


def test_a_job_given_to_a_worker_that_is_about_to_die(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run: the worker finds that it was taken from the idle list."""
    posted: list[bool] = []
    replies: list[object] = []

    class RacingPool(WorkerPool):
        """Gives a job to a worker between the end of its patience and its retirement."""

        def retire(self, worker: worker_pool._Worker) -> bool:
            if not posted:
                posted.append(True)
                self.post_job(lambda: "raced", replies.append)
            return super().retire(worker)

    pool = RacingPool(driver.loop.task_runner, 1, NAME)
    pool.post_job(lambda: "first", replies.append)
    driver.run_until(lambda: len(replies) == 2)
    assert replies == ["first", "raced"]


def test_a_job_cancelled_while_it_waits_never_runs(driver: LoopDriver) -> None:
    """The next one takes its turn."""
    jobs = Jobs(driver, max_threads=1)
    jobs.post("a")
    jobs.post("b").cancel()
    jobs.post("c")
    jobs.let_go("a", "c")
    assert jobs.started == ["a", "c"] and jobs.replies == ["a", "c"]


def test_a_job_cancelled_while_it_runs_does_not_reply(driver: LoopDriver) -> None:
    """Its thread goes on to the next job."""
    jobs = Jobs(driver, max_threads=1)
    first = jobs.post("a")
    jobs.wait_started("a")
    first.cancel()
    jobs.post("b")
    jobs.let_go_silently("a")
    jobs.let_go("b")
    assert jobs.started == ["a", "b"] and jobs.replies == ["b"]


def test_what_runs_and_what_is_stuck_is_counted(driver: LoopDriver) -> None:
    """A job that was cancelled holds its thread until it ends by itself."""
    jobs = Jobs(driver, max_threads=3)
    first = jobs.post("a")
    jobs.wait_started("a")
    assert (jobs.pool.running_count, jobs.pool.stuck_count, jobs.pool.is_half_taken) == (1, 0, False)
    jobs.post("b")
    jobs.wait_started("b")
    first.cancel()
    assert (jobs.pool.running_count, jobs.pool.stuck_count, jobs.pool.is_half_taken) == (1, 1, True)
    jobs.let_go_silently("a")
    jobs.wait_idle(1)
    assert (jobs.pool.running_count, jobs.pool.stuck_count, jobs.pool.is_half_taken) == (1, 0, False)
    jobs.post("c")  # for the thread that idles
    jobs.wait_started("c")
    assert jobs.pool.running_count == 2 and jobs.pool.is_half_taken
    jobs.let_go("b", "c")
    jobs.wait_idle(2)
    assert jobs.pool.running_count == 0


def test_cancelled_jobs_do_not_pile_up_while_all_threads_hang(driver: LoopDriver) -> None:
    """Those that are awaited stay, in order."""
    jobs = Jobs(driver, max_threads=1)
    jobs.post("hangs")
    jobs.wait_started("hangs")
    jobs.post("first")
    for number in range(1000):
        jobs.post(f"cancelled {number}").cancel()
    jobs.post("last")
    assert len(jobs.pool._waiting) <= 130
    jobs.let_go("hangs", "first", "last")
    assert jobs.started == ["hangs", "first", "last"]


def test_a_job_that_raises_replies_and_its_thread_lives_on(driver: LoopDriver) -> None:
    """Even SystemExit."""
    pool = WorkerPool(driver.loop.task_runner, 1, NAME)
    replies: list[object] = []
    error = SystemExit(3)

    def leave() -> int:
        raise error

    pool.post_job(leave, replies.append)
    pool.post_job(lambda: 7, replies.append)
    driver.run_until(lambda: len(replies) == 2)
    assert replies == [error, 7]


def test_many_jobs_reply_once_each(driver: LoopDriver) -> None:
    """However threads and jobs interleave."""
    pool = WorkerPool(driver.loop.task_runner, 8, NAME)
    replies: list[object] = []
    count = 500
    for number in range(count):
        pool.post_job(lambda number=number: number, replies.append)  # type: ignore[misc]
    driver.run_until(lambda: len(replies) >= count)
    driver.run_until_idle()
    assert sorted(map(str, replies)) == sorted(map(str, range(count)))
    assert pool._threads <= 8
    driver.run_until(lambda: pool._threads == 0)  # one that is late to start is nobody's business any more


@pytest.fixture(params=["helper", "worker"])
def refuse_threads(request: pytest.FixtureRequest) -> Callable[[pytest.MonkeyPatch], None]:
    """Refuses threads of the two kinds: the one that makes a worker, or the worker's own."""

    def refuse(*arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    def run_at_once(function: Callable[..., None], arguments: tuple[object, ...]) -> None:
        function(*arguments)

    def apply(patch: pytest.MonkeyPatch) -> None:
        if request.param == "helper":
            patch.setattr(_thread, "start_new_thread", refuse)
        else:
            patch.setattr(_thread, "start_new_thread", run_at_once)
            patch.setattr(threading.Thread, "start", refuse)

    return apply


Refusal = Callable[[pytest.MonkeyPatch], None]


def test_no_thread_at_all_is_the_reply(
    driver: LoopDriver, monkeypatch: pytest.MonkeyPatch, refuse_threads: Refusal
) -> None:
    """Of all jobs that wait, posted like any other reply; with threads to be had again the pool works."""
    pool = WorkerPool(driver.loop.task_runner, 2, NAME)
    replies: list[object] = []
    with monkeypatch.context() as patch:
        refuse_threads(patch)
        pool.post_job(lambda: "never", replies.append)
        pool.post_job(lambda: "never", replies.append)
        assert replies == []
        driver.run_until(lambda: len(replies) == 2)
    assert [str(reply) for reply in replies] == ["can't start new thread"] * 2 and pool._threads == 0
    pool.post_job(lambda: "works", replies.append)
    driver.run_until(lambda: len(replies) == 3)
    assert replies[2] == "works"


def test_without_another_thread_a_job_waits_for_those_there_are(
    driver: LoopDriver, monkeypatch: pytest.MonkeyPatch, refuse_threads: Refusal
) -> None:
    """It does not fail while somebody may take it."""
    jobs = Jobs(driver, max_threads=2)
    jobs.post("a")
    jobs.wait_started("a")
    with monkeypatch.context() as patch:
        refuse_threads(patch)
        jobs.post("b")
        driver.run_until(lambda: jobs.pool._threads == 1)
    driver.run_until_idle()
    assert jobs.replies == []
    jobs.let_go("a", "b")
    assert jobs.thread_of["b"] == jobs.thread_of["a"]


def test_a_job_does_not_wait_for_a_worker_that_hangs(
    driver: LoopDriver, monkeypatch: pytest.MonkeyPatch, refuse_threads: Refusal
) -> None:
    """Threads are asked for again every second, once for all who wait, until there are some."""
    jobs = Jobs(driver, max_threads=3)
    jobs.post("hangs")
    jobs.wait_started("hangs")
    with monkeypatch.context() as patch:
        refuse_threads(patch)
        jobs.post("b")
        jobs.post("c")
        driver.run_until_idle()
        driver.advance(1)
        assert jobs.pool._threads == 1 and len(driver.loop.timers) == 1
    driver.advance(0.999)
    assert jobs.pool._threads == 1
    driver.advance(0.001)
    jobs.wait_started("b", "c")
    jobs.let_go("b", "c", "hangs")


def test_threads_are_not_asked_for_again_without_need(
    driver: LoopDriver, monkeypatch: pytest.MonkeyPatch, refuse_threads: Refusal
) -> None:
    """Who waited has been served meanwhile."""
    jobs = Jobs(driver, max_threads=2)
    jobs.post("a")
    jobs.wait_started("a")
    with monkeypatch.context() as patch:
        refuse_threads(patch)
        jobs.post("b")
        jobs.let_go("a", "b")
        driver.advance(1)
    assert jobs.pool._threads <= 1 and jobs.replies == ["a", "b"]


def test_a_job_taken_while_its_thread_failed_to_start(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker took it and died since: one reply, the right one."""
    pool = WorkerPool(driver.loop.task_runner, 2, NAME)
    replies: list[object] = []

    def take_then_refuse(self: threading.Thread) -> None:
        job = pool._waiting.popleft()
        job.run()
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", take_then_refuse)
        pool.post_job(lambda: "taken", replies.append)
        driver.run_until(lambda: pool._threads == 0)
    driver.run_until_idle()
    assert replies == ["taken"]


def test_posting_does_not_wait_for_the_worker_to_start(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thread.start() returns only when the new thread has run: not on the network thread, beside busy threads."""
    started_on: list[int] = []
    replies: list[object] = []
    start = threading.Thread.start

    def note(self: threading.Thread) -> None:
        started_on.append(threading.get_ident())
        start(self)

    pool = WorkerPool(driver.loop.task_runner, 1, NAME)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", note)
        pool.post_job(lambda: "done", replies.append)
        driver.run_until(lambda: bool(replies))
    assert len(started_on) == 1 and threading.get_ident() not in started_on
    assert pool.finish(DEADLINE_S)


def test_finish_waits_for_what_runs_and_drops_what_waits(driver: LoopDriver) -> None:
    """Not longer than it was told to."""
    jobs = Jobs(driver, max_threads=1)
    jobs.post("a")
    jobs.wait_started("a")
    jobs.post("b")
    assert not jobs.pool.finish(0.02)
    jobs.let_go("a")
    assert jobs.pool.finish(DEADLINE_S)
    assert jobs.started == ["a"] and jobs.replies == ["a"]


def test_a_pool_may_finish_what_waits_when_it_is_shut_down(driver: LoopDriver) -> None:
    """But for what was cancelled; and nothing that is posted later."""
    pool = WorkerPool(driver.loop.task_runner, 1, NAME, finishes=True)
    gate, done = threading.Event(), list[str]()
    pool.post_job(lambda: gate.wait(DEADLINE_S), lambda _: None)
    for name in "abc":
        job = pool.post_job(lambda name=name: done.append(name), lambda _: None)  # type: ignore[misc]
        if name == "b":
            job.cancel()
    pool.shut_down()
    pool.post_job(lambda: done.append("late"), lambda _: None)
    gate.set()
    driver.run_until(lambda: done == ["a", "c"] and pool._threads == 0)


def test_idle_threads_end_with_the_pool(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once; closed sessions would leave theirs, and what these hold, for seconds."""
    monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", 10 * DEADLINE_S)
    jobs = Jobs(driver, max_threads=2)
    for name in "ab":
        jobs.post(name)
    jobs.wait_started("a", "b")
    jobs.let_go("a", "b")
    jobs.wait_idle(2)
    jobs.pool.shut_down()
    jobs.pool.shut_down()
    assert jobs.pool._threads == 0
    for thread in threads():
        thread.join(DEADLINE_S)
    assert threads() == [] and jobs.pool.finish(DEADLINE_S)


def test_a_busy_thread_ends_after_its_job(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for, but may be by finish(); its reply is for its owner to drop. What waits never runs."""
    monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", 10 * DEADLINE_S)
    jobs = Jobs(driver, max_threads=1)
    jobs.post("a")
    jobs.wait_started("a")
    jobs.post("b")
    jobs.pool.shut_down()
    assert jobs.pool.running_count == 1 and not jobs.pool.finish(0.02)
    jobs.let_go("a")
    assert jobs.pool.finish(DEADLINE_S)
    for thread in threads():
        thread.join(DEADLINE_S)
    assert threads() == [] and jobs.replies == ["a"] and jobs.started == ["a"]


def test_a_job_posted_after_the_end_never_runs(driver: LoopDriver) -> None:
    """Nor does it reply; it may be cancelled like any other."""
    jobs = Jobs(driver, max_threads=1)
    jobs.pool.shut_down()
    job = jobs.post("late")
    driver.run_until_idle()
    job.cancel()
    assert threads() == [] and jobs.started == jobs.replies == [] and not jobs.pool._waiting


def test_the_end_comes_while_a_worker_is_about_to_die(driver: LoopDriver) -> None:
    """It dies, once."""

    class RacingPool(WorkerPool):
        """Ends between the end of a worker's patience and its retirement."""

        def retire(self, worker: worker_pool._Worker) -> bool:
            self.shut_down()
            return super().retire(worker)

    pool = RacingPool(driver.loop.task_runner, 1, NAME)
    replies: list[object] = []
    pool.post_job(lambda: "first", replies.append)
    driver.run_until(lambda: bool(replies))
    for thread in threads():
        thread.join(DEADLINE_S)
    assert pool._threads == 0 and replies == ["first"]


def test_an_idle_worker_keeps_nothing_alive(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the last job's work nor its value."""
    monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", DEADLINE_S)

    class Value:
        alive = 0

        def __init__(self) -> None:
            Value.alive += 1

        def __del__(self) -> None:
            Value.alive -= 1

    jobs = Jobs(driver, max_threads=1)
    replies: list[type[object]] = []
    make: Callable[[], Value] = Value
    jobs.pool.post_job(make, lambda reply: replies.append(type(reply)))
    driver.run_until(lambda: bool(replies))
    jobs.wait_idle(1)
    assert replies == [Value] and Value.alive == 0
    jobs.end_idle_threads(monkeypatch)


def test_a_hung_job_does_not_hold_the_process() -> None:
    """The program ends while a worker sleeps for a minute."""
    printed = run_python(
        """
        import threading
        from netstack_sync.loop.message_loop import MessageLoop
        from netstack_sync.workers.worker_pool import WorkerPool

        loop = MessageLoop()
        started = threading.Semaphore(0)
        hang = threading.Lock()
        hang.acquire()
        pool = WorkerPool(loop.task_runner, 1)
        pool.post_job(lambda: (started.release(), hang.acquire()), print)
        started.acquire()
        loop.close()
        print("end")
        """
    )
    assert printed == "end\n"
