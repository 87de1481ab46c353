"""PacFileDecider: one source after the other until one has a script."""

from __future__ import annotations

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_HTTP_RESPONSE_CODE_FAILURE,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_PAC_SCRIPT_FAILED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.pac_decider import QUICK_CHECK_S, WPAD_URL, PacFileDecider
from tests.support.loops import RecordedCompletion
from tests.support.pac import TEXT, PacWorld

CUSTOM_URL = "http://custom.test/proxy.pac"
CUSTOM = ProxyConfig(pac_url=CUSTOM_URL)
WPAD = ProxyConfig(auto_detect=True)
BOTH = ProxyConfig(auto_detect=True, pac_url=CUSTOM_URL)
FETCH = NetLogEventType.PAC_FILE_DECIDER_FETCH_PAC_SCRIPT


class Deciding:
    """One decision that was started."""

    def __init__(self, world: PacWorld, config: ProxyConfig, delay_s: float = 0.0) -> None:
        self.decider = PacFileDecider(config, world.services, delay_s)
        self.done = RecordedCompletion()
        self.started = self.decider.start(self.done)

    @property
    def result(self) -> int:
        """How it ended, at once or later."""
        return self.started if self.started != ERR_IO_PENDING else self.done.result


def test_custom_pac_succeeds(world: PacWorld) -> None:
    """Row 222: CustomPacSucceeds. The script, its source and its trust are as the fetcher says."""
    deciding = Deciding(world, CUSTOM)
    assert deciding.started == ERR_IO_PENDING and deciding.decider.load_state is LoadState.DOWNLOADING_PAC_FILE
    world.fetcher.give(is_trusted=True)
    script = deciding.decider.script
    assert deciding.result == OK and script is not None
    assert (script.text, script.source, script.is_trusted) == (TEXT, CUSTOM_URL, True)
    assert deciding.decider.error_detail == "" and world.dns.lookups == []


def test_custom_pac_fails_to_be_fetched(world: PacWorld) -> None:
    """Row 222: CustomPacFails1. The error is the fetch's, and so are the words."""
    deciding = Deciding(world, CUSTOM)
    world.fetcher.fail(ERR_HTTP_RESPONSE_CODE_FAILURE)
    assert deciding.result == ERR_HTTP_RESPONSE_CODE_FAILURE and deciding.decider.script is None
    assert deciding.decider.error_detail == f"{CUSTOM_URL}: nothing there"
    assert world.net_log.params_of(FETCH, NetLogEventPhase.END) == [{"net_error": ERR_HTTP_RESPONSE_CODE_FAILURE}]


@pytest.mark.parametrize("text", ["", "<html>please log in</html>", "function nothing() {}"])
def test_custom_pac_is_none(world: PacWorld, text: str) -> None:
    """Row 222: CustomPacFails2. What is no script is rejected before it is run, with words."""
    deciding = Deciding(world, CUSTOM)
    world.fetcher.give(text)
    assert deciding.result == ERR_PAC_SCRIPT_FAILED and deciding.decider.script is None
    assert deciding.decider.error_detail.startswith(f"{CUSTOM_URL}: th")


@pytest.mark.parametrize("is_known", [True, False], ids=["SyncSuccess", "AsyncSuccess"])
def test_autodetect_success(world: PacWorld, is_known: bool) -> None:
    """Row 222: AutodetectSuccess, SyncSuccess, AsyncSuccess. What comes by WPAD is trusted by nobody."""
    if is_known:
        world.dns.known["wpad"] = ("192.0.2.1",)
    deciding = Deciding(world, WPAD)
    if not is_known:
        assert deciding.decider.load_state is LoadState.RESOLVING_HOST and world.fetcher.fetches == []
        world.dns.lookups[0].finish(("192.0.2.1",))
    assert world.fetcher.urls == [WPAD_URL] and deciding.decider.load_state is LoadState.DOWNLOADING_PAC_FILE
    world.fetcher.give(is_trusted=True)  # as if it were so
    assert deciding.result == OK and deciding.decider.script is not None
    assert not deciding.decider.script.is_trusted
    assert world.net_log.params_of(FETCH, NetLogEventPhase.BEGIN) == [{"source": f"WPAD DNS: {WPAD_URL}"}]


def test_quick_check_fails(world: PacWorld) -> None:
    """Row 222: AsyncFail. Where there is no such name nothing is fetched."""
    deciding = Deciding(world, WPAD)
    world.dns.lookups[0].finish()
    assert deciding.result == ERR_NAME_NOT_RESOLVED and world.fetcher.fetches == []
    assert deciding.decider.error_detail == f"{WPAD_URL}: no such name: wpad"


def test_quick_check_fails_at_once(world: PacWorld) -> None:
    """The same when the resolver knows already; without words of its own there are those of the error."""
    world.dns.known["wpad"] = ()
    deciding = Deciding(world, WPAD)
    assert deciding.started == ERR_NAME_NOT_RESOLVED and world.fetcher.fetches == []


def test_quick_check_takes_too_long(world: PacWorld) -> None:
    """Row 222: AsyncTimeout. One second, and the name's answer is not waited for any more."""
    deciding = Deciding(world, WPAD)
    world.driver.advance(QUICK_CHECK_S - 0.001)
    assert not deciding.done.is_called
    world.driver.advance(0.002)
    assert deciding.result == ERR_TIMED_OUT and world.dns.lookups[0].is_cancelled
    assert deciding.decider.error_detail == f"{WPAD_URL}: the time for the operation ran out"


@pytest.mark.parametrize("is_there", [True, False], ids=["a login page", "nothing"])
def test_autodetect_fails_and_custom_succeeds(world: PacWorld, is_there: bool) -> None:
    """Row 222: AutodetectFailCustomSuccess1/2. The second source is tried, and the log tells."""
    world.dns.known["wpad"] = ("192.0.2.1",)
    deciding = Deciding(world, BOTH)
    if is_there:
        world.fetcher.give("<html>")
    else:
        world.fetcher.fail()
    assert world.fetcher.urls == [WPAD_URL, CUSTOM_URL]
    world.fetcher.give()
    assert deciding.result == OK and deciding.decider.script is not None
    assert deciding.decider.script.source == CUSTOM_URL
    falling_back = NetLogEventType.PAC_FILE_DECIDER_FALLING_BACK_TO_NEXT_PAC_SOURCE
    assert len(world.net_log.params_of(falling_back, NetLogEventPhase.NONE)) == 1


def test_autodetect_fails_and_custom_fails(world: PacWorld) -> None:
    """Row 222: AutodetectFailCustomFails1/2. The last error counts, the words are of both."""
    world.dns.known["wpad"] = ()
    deciding = Deciding(world, BOTH)
    world.fetcher.fail(ERR_HTTP_RESPONSE_CODE_FAILURE)
    assert deciding.result == ERR_HTTP_RESPONSE_CODE_FAILURE
    assert deciding.decider.error_detail == f"{WPAD_URL}: no such name: wpad; {CUSTOM_URL}: nothing there"
    ends = world.net_log.params_of(NetLogEventType.PAC_FILE_DECIDER, NetLogEventPhase.END)
    assert ends == [{"net_error": ERR_HTTP_RESPONSE_CODE_FAILURE, "detail": deciding.decider.error_detail}]


def test_a_text_that_was_given(world: PacWorld) -> None:
    """Needs nobody: the answer is there at once, whatever the network does, and it is trusted."""
    deciding = Deciding(world, ProxyConfig(pac_script=TEXT), delay_s=2.0)
    script = deciding.decider.script
    assert deciding.started == OK and script is not None
    assert (script.text, script.is_trusted) == (TEXT, True)


def test_a_text_that_is_no_script(world: PacWorld) -> None:
    """Is rejected as one that was fetched."""
    deciding = Deciding(world, ProxyConfig(pac_script="hello"))
    assert deciding.started == ERR_PAC_SCRIPT_FAILED
    assert deciding.decider.error_detail.startswith("the script that was given: ")


def test_a_delay(world: PacWorld) -> None:
    """Row 222: CustomPacFails1_WithPositiveDelay. Nothing is fetched before it is over."""
    deciding = Deciding(world, CUSTOM, delay_s=2.0)
    world.driver.advance(1.999)
    assert world.fetcher.fetches == []
    world.driver.advance(0.002)
    world.fetcher.fail()
    assert deciding.result == ERR_NAME_NOT_RESOLVED
    assert len(world.net_log.params_of(NetLogEventType.PAC_FILE_DECIDER_WAIT, NetLogEventPhase.BEGIN)) == 1


def test_a_delay_that_is_over(world: PacWorld) -> None:
    """Row 222: CustomPacFails1_WithNegativeDelay. Is none, and does not show in the log."""
    Deciding(world, CUSTOM, delay_s=-5.0)
    world.fetcher.fail()
    assert world.net_log.params_of(NetLogEventType.PAC_FILE_DECIDER_WAIT, NetLogEventPhase.BEGIN) == []


@pytest.mark.parametrize("state", ["wait", "quick check", "fetch", "done"])
def test_cancel(world: PacWorld, state: str) -> None:
    """In every state: no callback, nothing left under way; idempotent."""
    deciding = Deciding(world, WPAD, delay_s=2.0)
    if state != "wait":
        world.driver.advance(2.0)
    if state in ("fetch", "done"):
        world.dns.lookups[0].finish(("192.0.2.1",))
    if state == "done":
        world.fetcher.give()
    deciding.decider.cancel()
    deciding.decider.cancel()
    world.driver.advance(60.0)
    assert deciding.done.is_called == (state == "done")
    assert [lookup.is_cancelled for lookup in world.dns.lookups if state == "quick check"] in ([], [True])
    assert [fetch.is_cancelled for fetch in world.fetcher.fetches if state == "fetch"] in ([], [True])


def test_no_secret_is_logged(world: PacWorld) -> None:
    """A password in the URL of a script shows nowhere."""
    Deciding(world, ProxyConfig(pac_url="http://me:secret@custom.test/proxy.pac"))
    world.fetcher.give()
    assert "secret" not in repr(world.net_log.entries)
    (begin,) = world.net_log.params_of(FETCH, NetLogEventPhase.BEGIN)
    assert begin == {"source": "Custom PAC URL: http://***@custom.test/proxy.pac"}
