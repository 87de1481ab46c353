"""How many attempts one fetch has used up, and whether there is to be another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netstack_sync import RetryPolicy
from netstack_sync.base import net_errors as e
from netstack_sync.fetcher.attempt_end import AttemptEnd
from netstack_sync.fetcher.retry_count import RetryCount
from tests.support.retry_waits import waits

REFUSED = AttemptEnd(e.ERR_CONNECTION_REFUSED)
RESET = AttemptEnd(e.ERR_CONNECTION_RESET, may_have_been_sent=True)
CHANGED = AttemptEnd(e.ERR_NETWORK_CHANGED, may_have_been_sent=True)
DONE = AttemptEnd(e.OK, 200, True)
BUSY = AttemptEnd(e.OK, 503, True)
BUSY_FOR_7_S = AttemptEnd(e.OK, 503, True, 7.0)


def test_each_kind_has_its_own_bound_within_the_total() -> None:
    policy = RetryPolicy(total=4, connect=1, read=2, status=1, network_changes=0, backoff=0)
    assert waits(policy, REFUSED, REFUSED) == [0, None]
    assert waits(policy, RESET, RESET, RESET) == [0, 0, None]
    assert waits(policy, BUSY, BUSY) == [0, None]
    assert waits(policy, CHANGED) == [None]
    assert waits(policy, REFUSED, RESET, RESET, BUSY, REFUSED) == [0, 0, 0, 0, None]
    assert waits(RetryPolicy(total=2, backoff=0), REFUSED, RESET, BUSY) == [0, 0, None]


@given(
    st.builds(RetryPolicy, total=st.integers(0, 5), read=st.none() | st.integers(0, 3), backoff=st.floats(0, 1e9)),
    st.sampled_from(["GET", "POST"]),
    st.lists(st.sampled_from([REFUSED, RESET, CHANGED, DONE, BUSY, BUSY_FOR_7_S]), max_size=9),
    st.floats(0, 1),
)
def test_whatever_happens_it_ends(policy: RetryPolicy, method: str, ends: list[AttemptEnd], chance: float) -> None:
    """No more retries than allowed, no wait below zero or above two minutes, no POST twice once it was sent."""
    count = RetryCount(policy, method)
    for end in ends:
        wait_s = count.next_wait_s(end, lambda: chance)
        if wait_s is None:
            break
        assert 0 <= wait_s <= 120 and (method == "GET" or not end.may_have_been_sent) and end.status != 200
        count.count(end)
    assert policy.total is not None and count.total <= policy.total
