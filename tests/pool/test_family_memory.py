"""FamilyMemory: what earlier connections say about the families."""

from __future__ import annotations

from socket import AF_INET, AF_INET6

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.clock import ManualClock
from netstack_sync.pool.family_memory import FamilyMemory


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=100.0)


@pytest.fixture
def memory(clock: ManualClock) -> FamilyMemory:
    return FamilyMemory(clock)


def lose(memory: FamilyMemory, host: str, loser: int = AF_INET6, was_slow: bool = True) -> None:
    """`loser` was begun with, and the other family connected."""
    memory.note_connected(host, loser, AF_INET if loser == AF_INET6 else AF_INET6, was_slow)


def first(memory: FamilyMemory, host: str, listed: int = AF_INET6) -> int:
    """Whom a connection to `host` begins with."""
    return memory.first_family(host, listed)


@pytest.mark.parametrize("listed", [AF_INET, AF_INET6])
def test_without_experience_the_list_decides(memory: FamilyMemory, listed: int) -> None:
    """RFC 8305 §4: the resolver has sorted it; a first family that wins changes nothing."""
    assert first(memory, "a.test", listed) == listed
    memory.note_connected("a.test", listed, listed, True)
    assert first(memory, "a.test", listed) == listed


@pytest.mark.parametrize("was_slow", [True, False])
@pytest.mark.parametrize("loser, winner", [(AF_INET6, AF_INET), (AF_INET, AF_INET6)])
def test_the_host_begins_with_who_won(memory: FamilyMemory, loser: int, winner: int, was_slow: bool) -> None:
    """Row 101: the delay is paid once, not for every connection; other hosts are not concerned."""
    lose(memory, "a.test", loser, was_slow)
    assert first(memory, "a.test", loser) == winner
    assert first(memory, "b.test", loser) == loser


def test_it_flips_back_when_the_preferred_family_loses(memory: FamilyMemory) -> None:
    """Row 101: the latest race counts."""
    lose(memory, "a.test", AF_INET6)
    lose(memory, "a.test", AF_INET)
    assert first(memory, "a.test", AF_INET6) == AF_INET6
    assert first(memory, "a.test", AF_INET) == AF_INET6


def test_a_family_that_wins_as_the_first_is_first_again(memory: FamilyMemory) -> None:
    """Another connection to the host was under way when IPv6 lost, and IPv6 won there."""
    lose(memory, "a.test", AF_INET6)
    memory.note_connected("a.test", AF_INET6, AF_INET6, False)
    assert first(memory, "a.test") == AF_INET6


def test_ten_minutes_later_the_list_decides_again(memory: FamilyMemory, clock: ManualClock) -> None:
    """Connections that go well do not lengthen it: IPv6 is to be tried now and then."""
    lose(memory, "a.test")
    clock.advance(599.0)
    memory.note_connected("a.test", AF_INET, AF_INET, False)
    assert first(memory, "a.test") == AF_INET
    clock.advance(1.0)
    assert first(memory, "a.test") == AF_INET6


def test_another_network_forgets_everything(memory: FamilyMemory) -> None:
    """Hosts, and what was thought of the uplink."""
    for host in ("a.test", "b.test", "c.test"):
        lose(memory, host)
    memory.forget()
    assert first(memory, "a.test") == AF_INET6
    assert first(memory, "new.test") == AF_INET6


def test_only_so_many_hosts_are_remembered(memory: FamilyMemory) -> None:
    """256; the least recently used is forgotten."""
    lose(memory, "first.test", was_slow=False)
    lose(memory, "second.test", was_slow=False)
    for number in range(254):
        lose(memory, f"{number}.test", was_slow=False)
    assert first(memory, "first.test") == AF_INET
    lose(memory, "one-more.test", was_slow=False)
    assert first(memory, "first.test") == AF_INET
    assert first(memory, "second.test") == AF_INET6


def test_a_host_that_loses_again_is_the_latest(memory: FamilyMemory) -> None:
    """Of 256, another one goes."""
    for number in range(256):
        lose(memory, f"{number}.test", was_slow=False)
    lose(memory, "0.test", was_slow=False)
    lose(memory, "one-more.test", was_slow=False)
    assert first(memory, "0.test") == AF_INET
    assert first(memory, "1.test") == AF_INET6


# --- the uplink


@pytest.mark.parametrize("loser, winner", [(AF_INET6, AF_INET), (AF_INET, AF_INET6)])
def test_three_slow_hosts_speak_for_all(memory: FamilyMemory, loser: int, winner: int) -> None:
    """A dead uplink is noticed after three delays; lists that begin with the other family stay as they are."""
    for host in ("a.test", "b.test"):
        lose(memory, host, loser)
    assert first(memory, "new.test", loser) == loser
    lose(memory, "c.test", loser)
    assert first(memory, "new.test", loser) == winner
    assert first(memory, "new.test", winner) == winner


def test_one_host_does_not_speak_for_all(memory: FamilyMemory) -> None:
    """However often its broken AAAA record loses."""
    for _ in range(10):
        lose(memory, "a.test")
    assert first(memory, "new.test") == AF_INET6


def test_hosts_that_refuse_do_not_speak_for_all(memory: FamilyMemory) -> None:
    """An error that comes in time costs next to nothing, and says that the packets get there."""
    for host in ("a.test", "b.test", "c.test"):
        lose(memory, host, was_slow=False)
    assert first(memory, "new.test") == AF_INET6


@pytest.mark.parametrize("begun_with", [AF_INET6, AF_INET])
def test_one_connection_clears_the_family(memory: FamilyMemory, begun_with: int) -> None:
    """As the first or as the second: the uplink works. The slow hosts keep their own entries."""
    for host in ("a.test", "b.test", "c.test"):
        lose(memory, host)
    memory.note_connected("d.test", begun_with, AF_INET6, False)
    assert first(memory, "new.test") == AF_INET6
    assert first(memory, "a.test") == AF_INET


def test_connections_of_the_other_family_say_nothing(memory: FamilyMemory) -> None:
    """IPv4 going well does not make IPv6 better."""
    for host in ("a.test", "b.test", "c.test", "d.test"):
        lose(memory, host)
        memory.note_connected("e.test", AF_INET, AF_INET, False)
    assert first(memory, "new.test") == AF_INET


def test_one_family_at_a_time_is_suspected(memory: FamilyMemory) -> None:
    """A slow IPv4 after slow IPv6: begins to count anew."""
    for host in ("a.test", "b.test"):
        lose(memory, host, AF_INET6)
    for host in ("c.test", "d.test"):
        lose(memory, host, AF_INET)
    assert first(memory, "new.test", AF_INET) == AF_INET
    lose(memory, "e.test", AF_INET)
    assert first(memory, "new.test", AF_INET) == AF_INET6


def test_ten_minutes_after_the_oldest_of_three_all_begin_as_listed(memory: FamilyMemory, clock: ManualClock) -> None:
    """The three must be of the same ten minutes."""
    for host in ("a.test", "b.test", "c.test"):
        lose(memory, host)
        clock.advance(100.0)
    clock.advance(299.0)
    assert first(memory, "new.test") == AF_INET
    clock.advance(1.0)
    assert first(memory, "new.test") == AF_INET6


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.booleans(), st.booleans(), st.integers(0, 400)), min_size=1, max_size=30
    )
)
def test_after_any_history_the_latest_race_of_a_host_counts_for_it(
    history: list[tuple[str, bool, bool, int]],
) -> None:
    """Property: the host begins with the winner; who lost nowhere is first where the list says so."""
    clock = ManualClock()
    memory = FamilyMemory(clock)
    for host, loser_is_v6, was_slow, delay_s in history:
        clock.advance(delay_s)
        loser, winner = (AF_INET6, AF_INET) if loser_is_v6 else (AF_INET, AF_INET6)
        lose(memory, host, loser, was_slow)
        assert memory.first_family(host, loser) == winner
        assert memory.first_family("new", winner) == winner
    clock.advance(600)
    assert memory.first_family(history[-1][0], AF_INET) == AF_INET
    assert memory.first_family("new", AF_INET6) == AF_INET6
