"""PacResolver: runs and lookups in turn, until there is an answer or no time left."""

from __future__ import annotations

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_IO_PENDING,
    ERR_PAC_SCRIPT_FAILED,
    ERR_PAC_SCRIPT_TERMINATED,
    ERR_TIMED_OUT,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.proxy.pac_file import PacFileData
from netstack_sync.proxy.pac_resolver import LOOKUP_LIMIT_S, TIME_LIMIT_S, PacResolver
from netstack_sync.workers.pac_values import PacOutcome, PacScriptText
from tests.support.loops import RecordedCompletion
from tests.support.pac import TEXT, PacWorld

SCRIPT = PacFileData(TEXT, "http://pac.test/p.js", is_trusted=True)
PROXY = ProxyChain((ProxyServer(ProxyScheme.HTTP, "p.test", 8080),))


class Asking:
    """One question that was started."""

    def __init__(self, world: PacWorld, url: str = "http://a.test/path?query") -> None:
        self.world = world
        net_log = NetLogWithSource.make(world.net_log, NetLogSourceType.URL_REQUEST)
        self.job = PacResolver(SCRIPT, world.services).create_job(Url.parse(url), net_log)
        self.done = RecordedCompletion()
        assert self.job.start(self.done) == ERR_IO_PENDING

    @property
    def known(self) -> dict[str, tuple[str, ...] | None]:
        """What the present run is told."""
        (run,) = self.world.engine.open
        return dict(run.request.known)


def test_an_answer(world: PacWorld) -> None:
    """The ways in their order, as the script says."""
    asking = Asking(world)
    (run,) = world.engine.runs
    assert run.request.script == PacScriptText(TEXT, is_trusted=True)
    assert asking.job.load_state is LoadState.RESOLVING_PROXY_FOR_URL
    run.answer("PROXY p.test:8080; DIRECT")
    assert asking.done.result == OK and asking.job.chains == (PROXY, DIRECT)
    asking.job.cancel()  # too late, harmless


@pytest.mark.parametrize(
    "url, told, host",
    [
        ("https://me:secret@a.test/path?query#part", "https://a.test/", "a.test"),
        ("https://a.test:8443/path", "https://a.test:8443/", "a.test"),
        ("wss://a.test/path", "wss://a.test/", "a.test"),
        ("http://me:secret@a.test/path?query#part", "http://a.test/path?query", "a.test"),
        ("ws://a.test/path", "ws://a.test/path", "a.test"),
        ("http://[::1]:81/", "http://[::1]:81/", "::1"),
    ],
)
def test_what_a_script_is_told(world: PacWorld, url: str, told: str, host: str) -> None:
    """Row 221: SanitizeUrlForPacScript. No secret, and of a secure URL only where it leads."""
    Asking(world, url)
    (run,) = world.engine.runs
    assert (run.request.url, run.request.host) == (told, host)
    run.answer("DIRECT")


def test_names(world: PacWorld) -> None:
    """Each is looked up between two runs; the last run knows all of them, also what is not found."""
    world.dns.known = {"a.test": ("192.0.2.1", "2001:db8::1"), "nobody.test": ()}
    asking = Asking(world)
    world.engine.open[0].ask("a.test")
    assert asking.known == {"a.test": ("192.0.2.1", "2001:db8::1")}
    world.engine.open[0].ask("nobody.test")
    world.engine.open[0].ask("b.test")
    assert world.engine.open == [] and asking.job.load_state is LoadState.RESOLVING_HOST_IN_PAC_FILE
    world.dns.lookups[-1].finish(("192.0.2.2",))
    assert asking.known == {"a.test": ("192.0.2.1", "2001:db8::1"), "nobody.test": None, "b.test": ("192.0.2.2",)}
    world.engine.open[0].answer("DIRECT")
    assert asking.done.result == OK and len(world.engine.runs) == 4


def test_the_time_that_was_spent_is_told_on(world: PacWorld) -> None:
    """The engine limits what all runs of a decision take together."""
    world.dns.known["a.test"] = ("192.0.2.1",)
    Asking(world)
    world.engine.open[0].reply(PacOutcome(needs="a.test", spent_s=1.5))
    assert world.engine.open[0].request.spent_s == 1.5
    world.engine.open[0].answer("DIRECT")


def test_a_name_that_nobody_answers_for(world: PacWorld) -> None:
    """Counts as not found, and the script goes on."""
    asking = Asking(world)
    world.engine.open[0].ask("dead.test")
    world.driver.advance(LOOKUP_LIMIT_S - 0.001)
    assert world.engine.open == []
    world.driver.advance(0.002)
    assert world.dns.lookups[0].is_cancelled and asking.known == {"dead.test": None}
    world.engine.open[0].answer("DIRECT")
    assert asking.done.result == OK


def test_a_script_that_fails(world: PacWorld) -> None:
    """Row 214: PAC_RuntimeError. The words say which script and where in it."""
    asking = Asking(world)
    world.engine.runs[0].fail("x is not defined")
    assert asking.done.result == ERR_PAC_SCRIPT_FAILED and asking.job.chains == ()
    assert asking.job.error_detail == "http://pac.test/p.js: line 3, column 5: x is not defined"
    (error,) = world.net_log.params_of(NetLogEventType.PAC_JAVASCRIPT_ERROR, NetLogEventPhase.NONE)
    assert error == {"line_number": 3, "message": "x is not defined"}


def test_a_script_that_had_to_be_ended(world: PacWorld) -> None:
    """Is told from one that fails."""
    asking = Asking(world)
    world.engine.runs[0].terminate()
    assert asking.done.result == ERR_PAC_SCRIPT_TERMINATED
    assert asking.job.error_detail == "http://pac.test/p.js: it took too long"


@pytest.mark.parametrize("state", ["run", "lookup"])
def test_the_time_has_a_limit(world: PacWorld, state: str) -> None:
    """One for everything: waiting for a thread, runs and lookups."""
    asking = Asking(world)
    if state == "lookup":
        world.driver.advance(TIME_LIMIT_S - LOOKUP_LIMIT_S / 2)
        world.engine.open[0].ask("a.test")
        world.driver.advance(LOOKUP_LIMIT_S / 2)
        assert world.dns.lookups[0].is_cancelled
        words = "resolving host in pac file"
    else:
        world.driver.advance(TIME_LIMIT_S)
        assert world.engine.runs[0].is_cancelled
        words = "resolving proxy for url"
    assert asking.done.result == ERR_TIMED_OUT
    assert asking.job.error_detail == f"http://pac.test/p.js: no answer within 60 s, while {words}"


@pytest.mark.parametrize("state", ["waiting", "run", "lookup"])
def test_cancel(world: PacWorld, state: str) -> None:
    """Row 223: SingleThread_CancelRequest. In every state; nothing is left under way; idempotent."""
    world.engine.is_busy = state == "waiting"
    asking = Asking(world)
    if state == "lookup":
        world.engine.open[0].ask("a.test")
    asking.job.cancel()
    asking.job.cancel()
    world.driver.advance(2 * TIME_LIMIT_S)
    assert not asking.done.is_called
    assert world.dns.lookups[0].is_cancelled if state == "lookup" else world.engine.runs[0].is_cancelled


def test_a_wait_for_a_thread(world: PacWorld) -> None:
    """Row 223: SingleThread_UpdatesNetLogWithThreadWait. The log tells how long, and which thread it was."""
    world.engine.is_busy = True
    asking = Asking(world)
    waiting, submitted = (
        NetLogEventType.WAITING_FOR_PROXY_RESOLVER_THREAD,
        NetLogEventType.SUBMITTED_TO_RESOLVER_THREAD,
    )
    assert len(world.net_log.params_of(waiting, NetLogEventPhase.BEGIN)) == 1
    assert world.net_log.params_of(waiting, NetLogEventPhase.END) == []
    world.engine.runs[0].begin(2)
    assert len(world.net_log.params_of(waiting, NetLogEventPhase.END)) == 1
    assert world.net_log.params_of(submitted, NetLogEventPhase.NONE) == [{"thread_number": 2}]
    world.engine.runs[0].answer("DIRECT")
    assert asking.done.result == OK


def test_an_engine_with_a_bug(world: PacWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """Is a failure of the request, and of nothing else."""
    world.engine.bug = RuntimeError("a bug")
    net_log = NetLogWithSource.make(world.net_log, NetLogSourceType.URL_REQUEST)
    job = PacResolver(SCRIPT, world.services).create_job(Url.parse("http://a.test/"), net_log)
    done = RecordedCompletion()
    assert job.start(done) == ERR_UNEXPECTED
    job.cancel()
    assert "a bug" in capsys.readouterr().err and not done.is_called
