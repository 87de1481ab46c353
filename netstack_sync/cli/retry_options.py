"""curl's --retry and --retry-delay as a RetryPolicy."""

from __future__ import annotations

import argparse
from typing import Final

from netstack_sync.base.backoff import BackoffPolicy
from netstack_sync.fetcher.retry_policy import RetryPolicy

_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
"""What curl takes for something that passes."""
_FIRST_S: Final = 1.0
_MAX_S: Final = 600.0


def retry_policy(options: argparse.Namespace) -> RetryPolicy | None:
    """The policy of the command line; None without --retry. A delay of 0 is curl's: 1 s, then doubled."""
    if not options.retry:
        return None
    delay_s = options.retry_delay
    if delay_s:
        backoff = BackoffPolicy(0, delay_s, 1.0, 0.0, delay_s, None)
    else:
        backoff = BackoffPolicy(0, _FIRST_S, 2.0, 0.0, _MAX_S, None)
    return RetryPolicy(total=options.retry, statuses=_STATUSES, backoff=backoff)
