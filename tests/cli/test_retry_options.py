"""curl's --retry."""

from __future__ import annotations

import pytest

from netstack_sync.base import net_errors as e
from netstack_sync.cli.main import make_parser
from netstack_sync.cli.retry_options import retry_policy
from netstack_sync.fetcher.attempt_end import AttemptEnd
from netstack_sync.fetcher.retry_policy import RetryPolicy


def policy_of(*arguments: str) -> RetryPolicy | None:
    """What a command line says."""
    return retry_policy(make_parser().parse_args(["fetch", "h", *arguments]))


def test_without_retry_there_is_none() -> None:
    """Neither with a delay alone."""
    assert policy_of() is None and policy_of("--retry", "0") is None and policy_of("--retry-delay", "1") is None


@pytest.mark.parametrize(
    "arguments, waits",
    [((), [1, 2, 4, 600]), (("--retry-delay", "0"), [1, 2, 4, 600]), (("--retry-delay", "3"), [3] * 4)],
)
def test_waits(arguments: tuple[str, ...], waits: list[float]) -> None:
    """Doubled from a second on up to ten minutes, or always the same."""
    policy = policy_of("--retry", "5", *arguments)
    assert policy is not None and policy.total == 5
    end = AttemptEnd(e.OK, 503)
    assert [policy.wait_s("status", failures, end, lambda: 0.5) for failures in (1, 2, 3, 50)] == waits


def test_what_passes_is_tried_again() -> None:
    """curl's statuses and refused connections; POST only if nothing was sent."""
    policy = policy_of("--retry", "1", "--retry-connrefused")
    assert policy is not None
    for status, kind in ((408, "status"), (429, "status"), (500, "status"), (504, "status"), (501, None), (404, None)):
        assert policy.kind_of("GET", AttemptEnd(e.OK, status, may_have_been_sent=True)) == kind
    assert policy.kind_of("POST", AttemptEnd(e.ERR_CONNECTION_REFUSED)) == "connect"
    assert policy.kind_of("POST", AttemptEnd(e.OK, 503, may_have_been_sent=True)) is None
