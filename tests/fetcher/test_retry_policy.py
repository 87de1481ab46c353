"""Which attempts are made again, and after how long: values only."""

from __future__ import annotations

from typing import Any

import pytest
from urllib3.util.retry import Retry

from netstack_sync import BackoffPolicy, RetryPolicy
from netstack_sync.base import net_errors as e
from netstack_sync.fetcher.attempt_end import AttemptEnd
from netstack_sync.fetcher.retry_count import RetryCount
from netstack_sync.fetcher.retry_policy import IDEMPOTENT_METHODS
from netstack_sync.url_request.throttler import SERVER_BACKOFF
from tests.support.retry_waits import waits

REFUSED = AttemptEnd(e.ERR_CONNECTION_REFUSED)
RESET = AttemptEnd(e.ERR_CONNECTION_RESET, may_have_been_sent=True)
CHANGED = AttemptEnd(e.ERR_NETWORK_CHANGED, may_have_been_sent=True)


def _status(status: int, retry_after_s: float | None = None) -> AttemptEnd:
    return AttemptEnd(e.OK, status, True, retry_after_s)


def test_waits_double_and_chance_only_shortens_them() -> None:
    """From half a second to two minutes, unless told otherwise."""
    assert waits(RetryPolicy(), REFUSED, REFUSED, REFUSED, REFUSED) == [0.5, 1.0, 2.0, None]
    assert waits(RetryPolicy(total=None, backoff=50), *[REFUSED] * 4) == [50, 100, 120, 120]
    assert RetryCount(RetryPolicy(backoff=10, jitter=0.5), "GET").next_wait_s(REFUSED, lambda: 1.0) == 5.0
    assert RetryCount(RetryPolicy(backoff=10, jitter=0), "GET").next_wait_s(REFUSED, lambda: 1.0) == 10.0


def test_a_back_off_of_ones_own() -> None:
    policy = RetryPolicy(total=None, backoff=BackoffPolicy(1, 3.0, 10.0, 0.0, 40.0, None))
    assert waits(policy, *[REFUSED] * 4) == [0.0, 3.0, 30.0, 40.0]


def test_a_back_off_of_which_only_some_is_said() -> None:
    """The rest is as it is without."""
    assert waits(RetryPolicy(total=9, backoff=BackoffPolicy()), *[REFUSED] * 9) == waits(
        RetryPolicy(total=9), *[REFUSED] * 9
    )
    assert waits(RetryPolicy(backoff=BackoffPolicy(initial_delay_s=2)), REFUSED, REFUSED) == [2.0, 4.0]


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (REFUSED, "connect"),
        (AttemptEnd(e.ERR_TIMED_OUT), "connect"),
        (AttemptEnd(e.ERR_NAME_NOT_RESOLVED), "connect"),
        (AttemptEnd(e.ERR_PROXY_CONNECTION_FAILED), "connect"),
        (AttemptEnd(e.ERR_TUNNEL_CONNECTION_FAILED), None),
        (RESET, "read"),
        (AttemptEnd(e.ERR_TIMED_OUT, may_have_been_sent=True), "read"),
        (AttemptEnd(e.ERR_CONTENT_LENGTH_MISMATCH, may_have_been_sent=True), "read"),
        (CHANGED, "network_changes"),
        (_status(429), "status"),
        (_status(502), "status"),
        (_status(503), "status"),
        (_status(504), "status"),
        (_status(200), None),
        (_status(404), None),
        (_status(500), None),
        (_status(413, 1.0), None),
        (AttemptEnd(e.ERR_ABORTED), None),
        (AttemptEnd(e.ERR_CERT_DATE_INVALID), None),
        (AttemptEnd(e.ERR_SSL_PROTOCOL_ERROR), None),
        (AttemptEnd(e.ERR_TOO_MANY_REDIRECTS, may_have_been_sent=True), None),
        (AttemptEnd(e.ERR_FILE_TOO_BIG, may_have_been_sent=True), None),
    ],
)
def test_what_is_tried_again(end: AttemptEnd, kind: str | None) -> None:
    assert RetryPolicy().kind_of("GET", end) == kind


def test_what_may_have_been_acted_on_is_not_done_twice() -> None:
    """A method that is not idempotent is retried if nothing was sent, or if the user says so."""
    for method in ("POST", "PATCH", "purge"):
        assert RetryPolicy().kind_of(method, REFUSED) == "connect"
        assert RetryPolicy().kind_of(method, AttemptEnd(e.ERR_NETWORK_CHANGED)) == "network_changes"
        for end in (RESET, CHANGED, _status(503)):
            assert RetryPolicy().kind_of(method, end) is None
            assert RetryPolicy(methods=None).kind_of(method, end) is not None
    assert RetryPolicy(methods=["post"]).kind_of("POST", RESET) == "read"
    assert RetryPolicy(methods=["post"]).kind_of("GET", RESET) is None
    for method in IDEMPOTENT_METHODS:
        assert RetryPolicy().kind_of(method, RESET) == "read"


def test_methods_are_found_in_any_case_of_letters() -> None:
    """One of the user's own is sent as it is written."""
    end = AttemptEnd(e.OK, 503, may_have_been_sent=True)
    for written in ("purge", "PURGE"):
        assert RetryPolicy(methods={written}).kind_of("purge", end) == "status"


def test_nothing_is_waited_for_after_a_change_of_the_network() -> None:
    assert waits(RetryPolicy(), CHANGED) == [0.0]


def test_retry_after_makes_the_wait_longer_up_to_a_cap() -> None:
    """What a server asks for beyond it is not shortened: it is not asked again."""
    policy = RetryPolicy(backoff=2, retry_after=60)
    assert waits(policy, _status(503, 1.0)) == [2.0]
    assert waits(policy, _status(503, 30.0)) == [30.0]
    assert waits(policy, _status(503, 60.0)) == [60.0]
    assert waits(policy, _status(503, 60.1)) == [None]
    assert waits(RetryPolicy(backoff=2, retry_after=None), _status(503, 1e9)) == [2.0]


def test_statuses_that_need_retry_after() -> None:
    policy = RetryPolicy(statuses=(), statuses_with_retry_after={413})
    assert policy.kind_of("GET", _status(413, 0.0)) == "status"
    assert policy.kind_of("GET", _status(413)) is None
    assert RetryPolicy(statuses_with_retry_after={413}, retry_after=None).kind_of("GET", _status(413, 1.0)) is None


def test_the_rules_of_chromiums_url_fetcher() -> None:
    """Every 5xx and changes of the network, each with its number; nothing else."""
    policy = RetryPolicy.for_server_errors(3, network_changes=2)
    assert policy.backoff == SERVER_BACKOFF
    assert waits(policy, _status(500), _status(599), _status(503), _status(503)) == [0, 0, 0.7, None]
    assert waits(policy, CHANGED, CHANGED, CHANGED) == [0, 0, None]
    assert waits(policy, REFUSED) == [None]
    assert waits(policy, RESET) == [None]
    assert waits(policy, _status(429)) == [None]


@pytest.mark.parametrize("value", [None, False, 0, RetryPolicy(total=0), Retry(0), Retry(False), Retry(-1)])
def test_no_retries_at_all(value: Any) -> None:
    assert RetryPolicy.from_value(value) is None


def test_numbers_and_policies() -> None:
    policy = RetryPolicy(total=7)
    assert RetryPolicy.from_value(policy) is policy
    assert RetryPolicy.from_value(7) == policy
    assert RetryPolicy.from_value(True) == RetryPolicy()


def test_a_retry_of_urllib3() -> None:
    """Its counts, statuses, methods and waits, of which the first is none."""
    retry = Retry(
        5,
        connect=1,
        read=2,
        status=3,
        status_forcelist=[500],
        allowed_methods=["post"],
        backoff_factor=0.5,
        backoff_max=3,
        retry_after_max=9,
    )
    policy = RetryPolicy.from_value(retry)
    assert policy is not None
    assert (policy.total, policy.connect, policy.read, policy.status) == (5, 1, 2, 3)
    assert (policy.statuses, policy.methods, policy.retry_after) == ({500}, {"POST"}, 9.0)
    assert policy.statuses_with_retry_after == {413, 429, 503}
    free = RetryPolicy.from_value(Retry(True, status_forcelist=[500], backoff_factor=0.5, backoff_max=3))
    assert free is not None and free.total is None
    assert waits(free, *[_status(500)] * 5) == [0.0, 1.0, 2.0, 3.0, 3.0]


def test_a_retry_of_urllib3_that_asks_for_no_header_and_every_method() -> None:
    retry = Retry(5, connect=-1, allowed_methods=None, respect_retry_after_header=False, backoff_jitter=2.0)
    policy = RetryPolicy.from_value(retry)
    assert policy is not None
    assert (policy.connect, policy.methods, policy.retry_after) == (0, None, None)
    assert policy.statuses_with_retry_after == frozenset()
    assert isinstance(policy.backoff, BackoffPolicy) and policy.backoff.jitter_factor == 0.5


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"total": -1}, ValueError, "total"),
        ({"connect": True}, ValueError, "connect"),
        ({"read": 1.5}, ValueError, "read"),
        ({"status": "3"}, ValueError, "status"),
        ({"network_changes": -1}, ValueError, "network_changes"),
        ({"statuses": 503}, TypeError, "statuses"),
        ({"statuses": ["503"]}, ValueError, "statuses"),
        ({"statuses": [99]}, ValueError, "statuses"),
        ({"statuses_with_retry_after": [True]}, ValueError, "statuses_with_retry_after"),
        ({"methods": "GET"}, TypeError, "methods"),
        ({"methods": [5]}, TypeError, "methods"),
        ({"backoff": -1}, ValueError, "backoff"),
        ({"backoff": float("nan")}, ValueError, "backoff"),
        ({"backoff": "1"}, TypeError, "backoff"),
        ({"jitter": 1.1}, ValueError, "jitter"),
        ({"jitter": True}, TypeError, "jitter"),
        ({"retry_after": float("inf")}, ValueError, "retry_after"),
    ],
)
def test_bad_values_are_refused(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"retries: {text}"):
        RetryPolicy(**arguments)


@pytest.mark.parametrize("value", ["3", 1.5, [1], object()])
def test_what_is_no_policy_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="retries: pass a number"):
        RetryPolicy.from_value(value)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="retries: total"):
        RetryPolicy.from_value(-1)
