"""HappyEyeballs: the race of the addresses."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_INVALID,
    ERR_ADDRESS_UNREACHABLE,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_TIMED_OUT,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_INTERNET_DISCONNECTED,
    ERR_IO_PENDING,
    ERR_NETWORK_IO_SUSPENDED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.pool.happy_eyeballs import HappyEyeballs
from netstack_sync.sockets.tcp_client import TcpClientSocket
from tests.support.connect_health import RecordingHealth
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import driven_network
from tests.support.races import PAIR, V4, V6, Race


@pytest.fixture
def race() -> Iterator[Race]:
    """A race; it must leave no timer and nothing open but the winner."""
    with driven_network() as driver:
        race = Race(driver)
        yield race
        driver.advance(1000.0)
        assert not race.has_timer
        assert all(lane.is_over for lane in race.lanes if lane is not race.eyeballs.socket)


# --- one address


@pytest.mark.parametrize("addresses", [V4[:1], V6[:1]])
@pytest.mark.parametrize("first_family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_REFUSED])
def test_a_single_address_has_nothing_to_wait_for(
    race: Race, addresses: AddressList, first_family: int, result: int
) -> None:
    """Row 102: IPv6NoIPv4AddressesToFallbackTo, IPv4HasNoFallback; whichever was to be first."""
    assert race.start(addresses, first_family) == ERR_IO_PENDING
    assert not race.has_timer and race.begun == [addresses]
    race.lanes[0].decide(result)
    assert race.done.result == result and not race.eyeballs.was_slow
    assert (race.eyeballs.socket is race.lanes[0]) == (result == OK)


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_REFUSED])
def test_a_single_address_that_answers_at_once(race: Race, result: int) -> None:
    """Row 102: no callback."""
    race.outcomes[socket.AF_INET6] = result
    assert race.start(V6[:1]) == result
    assert not race.done.is_called


# --- the order


@pytest.mark.parametrize(
    "addresses, order",
    [
        (V6[:2] + V4[:2], [V6[:1], V4[:1], V6[1:2], V4[1:2]]),
        (V4[:2] + V6[:1], [V6[:1], V4[:1], V4[1:2]]),
        (V6 + V4[:1], [V6[:1], V4[:1], V6[1:2], V6[2:]]),
        (V4[:1] + V6[:3] + V4[1:], [V6[:1], V4[:1], V6[1:2], (V4[1], V6[2], V4[2], V4[3])]),
        (V4, [V4[:1], V4[1:2], V4[2:3], V4[3:]]),
        (V6[:3], [V6[:1], V6[1:2], V6[2:3]]),
    ],
)
def test_families_take_turns_and_keep_the_resolvers_order(
    race: Race, addresses: AddressList, order: list[AddressList]
) -> None:
    """Row 101: another lane every 300 ms while none answers; four at most, the last has all that is left."""
    race.start(addresses)
    for count in range(1, len(order)):
        assert race.begun == order[:count] and race.has_timer
        race.driver.advance(0.299)
        assert race.begun == order[:count]
        race.driver.advance(0.001)
    assert race.begun == order and not race.has_timer
    race.eyeballs.cancel()


def test_a_thousand_addresses_are_four_descriptors(race: Race) -> None:
    """Whatever a name server says."""
    addresses = tuple(IPEndPoint(f"10.0.{n // 250}.{n % 250}", 80, socket.AF_INET) for n in range(1000))
    race.start(addresses)
    race.begin_all(4)
    race.driver.advance(100.0)
    assert len(race.running) == 4 and sum(race.begun, ()) == addresses
    race.eyeballs.cancel()


def test_every_lane_has_its_300_ms(race: Race) -> None:
    """Row 101: from its own start, also when it started early because another had failed."""
    race.start(V4[:3])
    race.driver.advance(0.2)
    race.lanes[0].decide(ERR_CONNECTION_REFUSED)
    race.driver.advance(0.299)
    assert len(race.lanes) == 2
    race.driver.advance(0.001)
    assert len(race.lanes) == 3
    race.lanes[1].decide(OK)


# --- a slow family


@pytest.mark.parametrize("first_family, second", [(socket.AF_INET6, V4[0]), (socket.AF_INET, V6[0])])
def test_the_log_tells_of_a_slow_family_once(race: Race, first_family: int, second: IPEndPoint) -> None:
    """Row 101: when the other is begun with, not for the lanes that follow."""
    race.start(V6[:2] + V4[:2], first_family)
    race.begin_all(4)
    assert race.eyeballs.was_slow
    assert race.fallbacks == [{"address_list": [str(second)]}]
    race.lanes[0].decide(OK)


def test_without_anybody_who_reads_the_log_the_race_is_the_same(race: Race) -> None:
    """Row 101: the second lane starts, nothing is written."""
    race.net_log.remove_observer(race.net_log)
    race.start()
    race.driver.advance(0.3)
    assert len(race.lanes) == 2 and race.eyeballs.was_slow and race.fallbacks == []
    race.lanes[0].decide(OK)


def test_a_slow_address_is_not_a_slow_family(race: Race) -> None:
    """A dead server among others of its family: the race goes on by the next, which says nothing of families."""
    race.start(V4[:2], socket.AF_INET)
    race.driver.advance(0.3)
    race.lanes[1].decide(OK)
    assert race.done.result == OK and race.eyeballs.socket is race.lanes[1]
    assert (race.eyeballs.winner_family, race.eyeballs.was_slow) == (socket.AF_INET, False)
    assert race.fallbacks == []


def test_a_family_that_is_slow_after_it_has_failed_is_not_slow(race: Race) -> None:
    """The other one was begun with because of an error; what happens later changes nothing."""
    race.start(V6[:2] + V4[:2])
    race.lanes[0].decide(ERR_CONNECTION_REFUSED)
    race.begin_all(4)
    race.lanes[3].decide(OK)
    assert (race.eyeballs.winner_family, race.eyeballs.was_slow) == (socket.AF_INET, False)
    assert race.fallbacks == []


@pytest.mark.parametrize("failed, winner_family", [(0, socket.AF_INET), (1, socket.AF_INET6), (2, socket.AF_INET)])
def test_the_last_lane_may_win_by_either_family(race: Race, failed: int, winner_family: int) -> None:
    """The family is that of the address that answered."""
    race.start(V6 + V4)
    race.begin_all(4)
    for _ in range(failed):
        race.lanes[3].fail_one(ERR_CONNECTION_REFUSED)
    race.lanes[3].decide(OK)
    assert race.eyeballs.socket is race.lanes[3] and race.eyeballs.winner_family == winner_family


def test_the_first_family_wins_within_its_time(race: Race) -> None:
    """Row 101: the other is never asked."""
    race.start()
    race.lanes[0].decide(OK)
    assert race.done.result == OK and race.eyeballs.socket is race.lanes[0]
    assert (race.eyeballs.winner_family, race.eyeballs.was_slow) == (socket.AF_INET6, False)
    assert not race.has_timer and len(race.lanes) == 1


def test_the_first_family_answers_at_once(race: Race) -> None:
    """Row 101: a synchronous success needs no timer."""
    race.outcomes[socket.AF_INET6] = OK
    assert race.start() == OK
    assert not race.has_timer and len(race.lanes) == 1 and not race.done.is_called


# --- both under way


def test_ipv4_finishes_first(race: Race) -> None:
    """Row 101: IPv6FallbackSocketIPv4FinishesFirst; the loser is closed and heard of no more."""
    race.start()
    race.driver.advance(0.3)
    race.lanes[1].decide(OK)
    assert race.done.result == OK and race.eyeballs.socket is race.lanes[1]
    assert (race.eyeballs.winner_family, race.eyeballs.was_slow) == (socket.AF_INET, True)
    assert race.lanes[0].is_over and race.lanes[1].is_open


def test_ipv6_finishes_first(race: Race) -> None:
    """Row 101: IPv6FallbackSocketIPv6FinishesFirst; slow, but first."""
    race.start()
    race.driver.advance(0.3)
    race.lanes[0].decide(OK)
    assert race.done.result == OK and race.eyeballs.socket is race.lanes[0]
    assert (race.eyeballs.winner_family, race.eyeballs.was_slow) == (socket.AF_INET6, True)
    assert race.lanes[1].is_over and race.lanes[0].is_open


def test_the_second_answers_at_once(race: Race) -> None:
    """Row 101: IPv4 succeeds synchronously when its time comes."""
    race.outcomes[socket.AF_INET] = OK
    race.start()
    race.driver.advance(0.3)
    assert race.done.result == OK and race.eyeballs.socket is race.lanes[1] and race.lanes[0].is_over


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_TIMED_OUT])
@pytest.mark.parametrize("loser", [0, 1])
def test_a_lane_that_fails_does_not_end_the_race(race: Race, loser: int, result: int) -> None:
    """Row 103: the other goes on; the error is that of the last to fail."""
    race.start()
    race.driver.advance(0.3)
    race.lanes[loser].decide(ERR_CONNECTION_REFUSED)
    assert not race.done.is_called and race.lanes[loser].is_over
    race.driver.advance(100.0)
    race.lanes[1 - loser].decide(result)
    assert race.done.result == result
    assert (race.eyeballs.socket is race.lanes[1 - loser]) == (result == OK)


def test_the_second_fails_at_once(race: Race) -> None:
    """Row 103: it does not end the race that the first is still in."""
    race.outcomes[socket.AF_INET] = ERR_ADDRESS_UNREACHABLE
    race.start()
    race.driver.advance(0.3)
    assert not race.done.is_called
    race.lanes[0].decide(OK)
    assert race.done.result == OK and race.eyeballs.socket is race.lanes[0]


# --- the first fails


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_TIMED_OUT])
@pytest.mark.parametrize("is_sync", [True, False])
def test_a_first_lane_that_fails_is_not_waited_for(race: Race, is_sync: bool, result: int) -> None:
    """Row 103: MultipleRoutesIPV4Fallback, MultipleRoutesAllFailed; the second starts at once."""
    if is_sync:
        race.outcomes[socket.AF_INET6] = ERR_ADDRESS_UNREACHABLE
    assert race.start() == ERR_IO_PENDING
    if not is_sync:
        race.lanes[0].decide(ERR_ADDRESS_UNREACHABLE)
    assert len(race.lanes) == 2 and not race.has_timer and race.fallbacks == []
    race.lanes[1].decide(result)
    assert race.done.result == result and not race.eyeballs.was_slow


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_REFUSED])
@pytest.mark.parametrize("is_sync", [True, False])
def test_the_second_answers_at_once_after_the_first_has_failed(race: Race, is_sync: bool, result: int) -> None:
    """Row 103: without waiting, no callback; the error is the second's."""
    race.outcomes[socket.AF_INET] = result
    if is_sync:
        race.outcomes[socket.AF_INET6] = ERR_ADDRESS_UNREACHABLE
        assert race.start() == result and not race.done.is_called
    else:
        assert race.start() == ERR_IO_PENDING
        race.lanes[0].decide(ERR_ADDRESS_UNREACHABLE)
        assert race.done.result == result
    assert (race.eyeballs.socket is race.lanes[1]) == (result == OK)


@pytest.mark.parametrize("is_slow", [True, False])
def test_a_machine_that_goes_to_sleep_ends_everything(race: Race, is_slow: bool) -> None:
    """Row 103: MultipleRoutesSuspended; the other family is not tried, or no longer."""
    race.start()
    if is_slow:
        race.driver.advance(0.3)
    race.lanes[0].decide(ERR_NETWORK_IO_SUSPENDED)
    assert race.done.result == ERR_NETWORK_IO_SUSPENDED
    assert not race.has_timer and len(race.lanes) == 1 + is_slow


# --- which error


@pytest.mark.parametrize("no_way", [ERR_ADDRESS_UNREACHABLE, ERR_ADDRESS_INVALID, ERR_INTERNET_DISCONNECTED])
@pytest.mark.parametrize("telling_lane", [0, 1])
def test_the_error_is_the_one_that_tells_more(race: Race, telling_lane: int, no_way: int) -> None:
    """Row 103: that the machine has no IPv6 is not what is wrong with a server that refuses IPv4."""
    race.start()
    race.driver.advance(0.3)
    errors = [no_way, no_way]
    errors[telling_lane] = ERR_CONNECTION_REFUSED
    for lane, error in zip(race.lanes, errors, strict=True):
        lane.decide(error)
    assert race.done.result == ERR_CONNECTION_REFUSED


def test_without_any_way_that_is_the_error(race: Race) -> None:
    """Row 103: MultipleRoutesAllFailed; no lane has more to tell, the last one says it."""
    race.outcomes = {socket.AF_INET6: ERR_ADDRESS_INVALID, socket.AF_INET: ERR_ADDRESS_UNREACHABLE}
    assert race.start() == ERR_ADDRESS_UNREACHABLE


# --- reports


def test_every_attempt_is_reported_once(race: Race) -> None:
    """The winner's, and what the losers had finished; not what was still under way."""
    race.start(V4)
    race.begin_all(3)
    race.lanes[0].decide(ERR_CONNECTION_REFUSED)
    race.lanes[1].decide(OK)
    race.eyeballs.cancel()
    assert race.health.reports == [(V4[0], ERR_CONNECTION_REFUSED), (V4[1], OK)]


def test_the_attempts_of_a_lane_are_reported_when_it_ends(race: Race) -> None:
    """Every address of the last one, too."""
    race.start(V4 + V6[:1], socket.AF_INET)
    race.begin_all(4)
    race.lanes[3].decide(ERR_CONNECTION_REFUSED)
    assert race.health.reports == [(V4[2], ERR_CONNECTION_REFUSED), (V4[3], ERR_CONNECTION_REFUSED)]
    race.eyeballs.cancel()
    assert len(race.health.reports) == 2


def test_cancelling_reports_what_was_finished(race: Race) -> None:
    """A dead address that somebody gave up on counts as well; one that nobody waited for does not."""
    race.start(V4 + V6[:1], socket.AF_INET)
    race.begin_all(4)
    race.lanes[3].fail_one(ERR_CONNECTION_TIMED_OUT)
    race.eyeballs.cancel()
    assert race.health.reports == [(V4[2], ERR_CONNECTION_TIMED_OUT)]


def test_timing_out_reports_what_was_under_way_as_well(race: Race) -> None:
    """One address of each lane; those that were not tried are not blamed. Nothing stays open, nobody is told."""
    race.start(V4 + V6[:1], socket.AF_INET)
    race.begin_all(4)
    race.lanes[0].decide(ERR_CONNECTION_REFUSED)
    race.eyeballs.time_out()
    assert not race.done.is_called and all(lane.is_over for lane in race.lanes)
    race.eyeballs.cancel()
    assert race.health.reports == [
        (V4[0], ERR_CONNECTION_REFUSED),
        (V6[0], ERR_TIMED_OUT),
        (V4[1], ERR_TIMED_OUT),
        (V4[2], ERR_TIMED_OUT),
    ]


# --- cancelling


@pytest.mark.parametrize("phase", ["before", "first", "both", "second", "won", "lost"])
def test_after_cancel_nothing_is_left(race: Race, phase: str) -> None:
    """In every state: no timer, nothing open, no callback; twice does no harm."""
    if phase != "before":
        race.start()
    if phase == "both":
        race.driver.advance(0.3)
    if phase in ("second", "lost"):
        race.lanes[0].decide(ERR_CONNECTION_REFUSED)
    if phase == "lost":
        race.lanes[1].decide(ERR_CONNECTION_REFUSED)
    if phase == "won":
        race.lanes[0].decide(OK)
    race.eyeballs.cancel()
    race.eyeballs.cancel()
    assert not race.has_timer
    assert race.done.is_called == (phase in ("won", "lost"))
    assert [lane for lane in race.lanes if not lane.is_over] == ([race.lanes[0]] if phase == "won" else [])


# --- whatever happens


@given(
    addresses=st.lists(st.sampled_from(V6 + V4), min_size=1, max_size=8, unique=True).map(tuple),
    events=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, OK, ERR_CONNECTION_REFUSED])), max_size=20),
)
def test_after_any_history_the_race_is_right(addresses: AddressList, events: list[tuple[int, int | None]]) -> None:
    """Property: four descriptors at most, every address in one lane, every attempt reported once; the race ends with
    the first success, else when all have failed, and waits for nothing else.
    """
    with driven_network() as driver:
        race = Race(driver)
        assert race.start(addresses) == ERR_IO_PENDING
        for index, result in events:
            if result is None:
                race.driver.advance(0.3)
            elif race.running:
                race.running[index % len(race.running)].decide(result)
            assert len(race.running) <= 4 and bool(race.running) != race.done.is_called
            assert race.has_timer == (not race.done.is_called and len(sum(race.begun, ())) < len(addresses))
        begun = Counter(sum(race.begun, ()))
        assert begun <= Counter(addresses)
        decided = [attempt for lane in race.lanes for attempt in lane.connection_attempts]
        assert Counter(race.health.reports) == Counter(decided)
        if race.done.is_called and race.done.result != OK:
            assert race.done.result == ERR_CONNECTION_REFUSED and begun == Counter(addresses)
        race.eyeballs.cancel()
        assert all(lane.is_over for lane in race.lanes if lane is not race.eyeballs.socket)


# --- real sockets


def test_a_loser_that_connects_in_the_same_turn_is_closed() -> None:
    """Row 101: both connections stand when the poll returns; one is used, the other does not stay open."""
    with driven_network() as driver, socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = IPEndPoint.from_sockaddr(socket.AF_INET, server.getsockname())
        lanes: list[TcpClientSocket] = []

        def create_socket(_: AddressList) -> TcpClientSocket:
            lanes.append(TcpClientSocket(driver.thread, (endpoint,), RecordingNetLog()))
            return lanes[-1]

        health, done = RecordingHealth(), RecordedCompletion()
        source = NetLogWithSource.make(RecordingNetLog(), NetLogSourceType.TRANSPORT_CONNECT_JOB)
        race = HappyEyeballs(driver.thread.timers, create_socket, health, source)
        assert race.start(PAIR, socket.AF_INET6, done) == ERR_IO_PENDING
        driver.clock.advance(0.3)
        driver.thread.timers.run_due(1)  # not the poll
        assert len(lanes) == 2
        driver.run_until(lambda: done.is_called)
        driver.run_until_idle()
        assert done.result == OK and race.socket is not None
        assert [lane for lane in lanes if lane.is_connected()] == [race.socket]
        assert health.reports == [(endpoint, OK)]
        race.socket.disconnect()


def test_a_real_attempt_under_way_times_out() -> None:
    """The socket that connects tells where to."""
    with driven_network() as driver, socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = IPEndPoint.from_sockaddr(socket.AF_INET, server.getsockname())
        health = RecordingHealth()
        race = HappyEyeballs(
            driver.thread.timers,
            lambda addresses: TcpClientSocket(driver.thread, addresses, RecordingNetLog()),
            health,
            NetLogWithSource.make(RecordingNetLog(), NetLogSourceType.TRANSPORT_CONNECT_JOB),
        )
        assert race.start((endpoint,), socket.AF_INET, RecordedCompletion()) == ERR_IO_PENDING
        race.time_out()
        assert health.reports == [(endpoint, ERR_TIMED_OUT)]


def test_without_descriptors_no_further_lane_starts(race: Race) -> None:
    """It would find none either; those that have one go on."""
    race.start()
    race.driver.advance(0.3)
    race.lanes[1].decide(ERR_INSUFFICIENT_RESOURCES)
    assert len(race.lanes) == 2 and not race.has_timer and not race.done.is_called
    race.lanes[0].decide(OK)
    assert race.done.result == OK


def test_the_lack_of_descriptors_is_told(race: Race) -> None:
    """At once, for all addresses."""
    race.start()
    race.lanes[0].decide(ERR_INSUFFICIENT_RESOURCES)
    assert race.done.result == ERR_INSUFFICIENT_RESOURCES and len(race.lanes) == 1
