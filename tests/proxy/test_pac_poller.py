"""PacPoller: another script is noticed, and nobody is bothered otherwise."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_NAME_NOT_RESOLVED, ERR_PAC_SCRIPT_FAILED, OK
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.pac_file import PacFileData
from netstack_sync.proxy.pac_poller import DELAY_AFTER_SUCCESS_S, DELAYS_AFTER_FAILURE_S, PacPoller, PacVerdict
from tests.support.pac import OTHER_TEXT, TEXT, PacWorld

URL = "http://pac.test/p.js"
CONFIG = ProxyConfig(pac_url=URL)
GOOD = PacVerdict(OK, PacFileData(TEXT, URL, is_trusted=False))
BAD = PacVerdict(ERR_NAME_NOT_RESOLVED, None, "nothing there")


class Polling:
    """A poller, and what it told."""

    def __init__(self, world: PacWorld, known: PacVerdict, config: ProxyConfig = CONFIG) -> None:
        self.world = world
        self.changes: list[PacVerdict] = []
        self.poller = PacPoller(config, world.services, known, self.changes.append)

    def polls_after(self, delay_s: float, *, by_timer: bool = False) -> bool:
        """True when a poll starts after this time and no earlier; by itself or not without activity."""
        before = len(self.world.fetcher.fetches)
        self.world.driver.advance(delay_s - 0.001)
        self.poller.on_activity()
        is_early = len(self.world.fetcher.fetches) > before
        self.world.driver.advance(0.002)
        by_itself = len(self.world.fetcher.fetches) > before
        self.poller.on_activity()
        return not is_early and by_itself == by_timer and len(self.world.fetcher.fetches) == before + 1


def test_the_polling_policy(world: PacWorld) -> None:
    """Row 220: PACScriptPollingPolicy. After failures later and later, from the second poll on only after activity."""
    polling = Polling(world, BAD)
    for count, delay_s in enumerate((*DELAYS_AFTER_FAILURE_S, DELAYS_AFTER_FAILURE_S[-1])):
        assert polling.polls_after(delay_s, by_timer=count == 0)
        world.fetcher.fail()
    assert polling.changes == []
    assert polling.polls_after(DELAYS_AFTER_FAILURE_S[-1])
    world.fetcher.give()
    assert len(polling.changes) == 1


def test_after_success(world: PacWorld) -> None:
    """Row 220: PACScriptRefetchAfterSuccess, AfterActivity. Twice a day, if anybody asks for anything; the same
    content means nothing (ContentUnchanged).
    """
    polling = Polling(world, GOOD)
    for _ in range(2):
        assert polling.polls_after(DELAY_AFTER_SUCCESS_S)
        world.fetcher.give()
    assert polling.changes == []


def test_another_script(world: PacWorld) -> None:
    """Row 220: PACScriptRefetchAfterContentChange. It is told once; the poller has nothing more to do."""
    polling = Polling(world, GOOD)
    polling.poller.poll_now()
    world.fetcher.give(OTHER_TEXT)
    (change,) = polling.changes
    assert change.net_error == OK and change.script is not None and change.script.text == OTHER_TEXT


def test_the_same_script_from_where_it_is_trusted(world: PacWorld) -> None:
    """Is another one: it may run elsewhere."""
    polling = Polling(world, GOOD)
    polling.poller.poll_now()
    world.fetcher.give(is_trusted=True)
    assert len(polling.changes) == 1


def test_a_script_after_a_failure(world: PacWorld) -> None:
    """Row 220: PACScriptRefetchAfterFailure."""
    polling = Polling(world, BAD)
    world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    world.fetcher.give()
    (change,) = polling.changes
    assert change.script is not None and change.script.text == TEXT


def test_another_failure(world: PacWorld) -> None:
    """Is told: the words for those who cannot go without a script are others."""
    polling = Polling(world, BAD)
    polling.poller.poll_now()
    world.fetcher.fail(ERR_CONNECTION_REFUSED)
    (change,) = polling.changes
    assert change == PacVerdict(ERR_CONNECTION_REFUSED, None, f"{URL}: nothing there")


def test_the_last_good_script_is_kept(world: PacWorld) -> None:
    """A fetch that fails, or brings a login page, takes nothing away; it is tried again as after a failure."""
    polling = Polling(world, GOOD)
    assert polling.polls_after(DELAY_AFTER_SUCCESS_S)
    world.fetcher.fail()
    assert polling.polls_after(DELAYS_AFTER_FAILURE_S[0], by_timer=True)
    world.fetcher.give("<html>")
    assert polling.polls_after(DELAYS_AFTER_FAILURE_S[1])
    world.fetcher.give()
    assert polling.polls_after(DELAY_AFTER_SUCCESS_S)
    world.fetcher.give()
    assert polling.changes == []


def test_a_script_that_had_to_be_ended(world: PacWorld) -> None:
    """Is looked for again soon, once, however often it is ended meanwhile."""
    polling = Polling(world, GOOD)
    world.driver.advance(DELAY_AFTER_SUCCESS_S / 2)
    polling.poller.poll_soon()
    polling.poller.poll_soon()
    polling.poller.on_activity()
    assert world.fetcher.fetches == []
    assert polling.polls_after(DELAYS_AFTER_FAILURE_S[0], by_timer=True)
    polling.poller.poll_soon()  # while it polls
    world.fetcher.give()
    assert polling.polls_after(DELAY_AFTER_SUCCESS_S)
    world.fetcher.give()
    polling.poller.poll_soon()
    polling.poller.stop()


def test_polling_at_once(world: PacWorld) -> None:
    """Row 220: DnsChangeTriggersPoll. A timer that runs is not needed any more; two polls at once are one."""
    polling = Polling(world, BAD)
    polling.poller.poll_now()
    polling.poller.poll_now()
    assert len(world.fetcher.fetches) == 1 and len(world.driver.loop.timers) == 0
    polling.poller.on_activity()
    world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    assert len(world.fetcher.fetches) == 1
    world.fetcher.fail()
    assert polling.changes == []


def test_a_poll_that_ends_at_once(world: PacWorld) -> None:
    """The name of the network's script is known not to exist: the next poll is planned."""
    world.dns.known["wpad"] = ()
    polling = Polling(world, BAD, ProxyConfig(auto_detect=True))
    world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    world.driver.advance(DELAYS_AFTER_FAILURE_S[1])
    assert polling.changes == [] and len(world.dns.lookups) == 1
    polling.poller.on_activity()
    assert len(world.dns.lookups) == 2


@pytest.mark.parametrize("is_polling", [True, False])
def test_stop(world: PacWorld, is_polling: bool) -> None:
    """In any state; nothing is under way afterwards; idempotent."""
    polling = Polling(world, PacVerdict(ERR_PAC_SCRIPT_FAILED, None))
    if is_polling:
        world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
        assert world.fetcher.open.url == URL
    polling.poller.stop()
    polling.poller.stop()
    world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    assert polling.changes == [] and len(world.fetcher.fetches) == int(is_polling)
