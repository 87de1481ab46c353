"""RetryPolicy: which attempts of a fetch are worth another one, and after how long. Values: no clock, no I/O.

It stands on top of the resend rule (http/retry_rules.py), which asks for nothing: what a dead keep-alive
connection ate was never seen by the server, and is sent again at once. A retry is a request that the server may
see a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from urllib3.util.retry import Retry

from netstack_sync.base import net_errors as e
from netstack_sync.base.backoff import BackoffPolicy
from netstack_sync.fetcher.attempt_end import AttemptEnd, RetryKind
from netstack_sync.url_request.throttler import SERVER_BACKOFF

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Doing it twice is doing it once (RFC 9110 §9.2.2)."""

DEFAULT_STATUSES = frozenset({429, 502, 503, 504})
"""Too many requests, and what a gateway says of a server that will be back."""

_TRANSIENT_ERRORS = frozenset(
    {
        e.ERR_TIMED_OUT,
        e.ERR_CONNECTION_TIMED_OUT,
        e.ERR_CONNECTION_REFUSED,
        e.ERR_CONNECTION_RESET,
        e.ERR_CONNECTION_CLOSED,
        e.ERR_CONNECTION_ABORTED,
        e.ERR_CONNECTION_FAILED,
        e.ERR_SOCKET_NOT_CONNECTED,
        e.ERR_EMPTY_RESPONSE,
        e.ERR_ADDRESS_UNREACHABLE,
        e.ERR_PROXY_CONNECTION_FAILED,
        e.ERR_INTERNET_DISCONNECTED,
        e.ERR_NETWORK_IO_SUSPENDED,
        e.ERR_NAME_NOT_RESOLVED,
        e.ERR_NAME_RESOLUTION_FAILED,
        e.ERR_DNS_TIMED_OUT,
        e.ERR_DNS_SERVER_FAILED,
        e.ERR_CONTENT_LENGTH_MISMATCH,
        e.ERR_INCOMPLETE_CHUNKED_ENCODING,
        e.ERR_RESPONSE_HEADERS_TRUNCATED,
    }
)
"""What may be gone the next time. Not in it: mistakes of either side, TLS, limits and wishes of the caller."""

RetriesArgument: TypeAlias = "RetryPolicy | Retry | int | bool | None"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What a fetch may do when an attempt fails. Deadline, cancel and body stay what they are: one for all attempts.

    `total` counts retries, not attempts; `connect`, `read`, `status` and `network_changes` bound those that have
    one reason, None for no bound of their own. `connect` are those before anything was sent, which any method may
    have; the others are for `methods` only (None: every method). `statuses` are worth a retry, and those of
    `statuses_with_retry_after` only if the server says when to come back. `backoff` is the wait before the first
    retry in seconds, doubled each time up to two minutes, of which chance takes off up to the part `jitter`; or a
    BackoffPolicy, which has a jitter of its own. Retry-After makes the wait longer, and an answer that asks for more
    than `retry_after` seconds is given as it is; with None the header is not looked at. After a change of the
    network nothing is waited for. Raises ValueError and TypeError.
    """

    total: int | None = 3
    connect: int | None = None
    read: int | None = None
    status: int | None = None
    network_changes: int | None = None
    statuses: Collection[int] = DEFAULT_STATUSES
    statuses_with_retry_after: Collection[int] = frozenset()
    methods: Collection[str] | None = IDEMPOTENT_METHODS
    backoff: float | BackoffPolicy = 0.5
    jitter: float = 0.4
    retry_after: float | None = 120.0

    def __post_init__(self) -> None:
        for name in ("total", "connect", "read", "status", "network_changes"):
            _check_count(name, getattr(self, name))
        for name in ("statuses", "statuses_with_retry_after"):
            object.__setattr__(self, name, _statuses(name, getattr(self, name)))
        object.__setattr__(self, "methods", _methods(self.methods))
        if not isinstance(self.backoff, BackoffPolicy):
            _check_seconds("backoff", self.backoff)
        if self.retry_after is not None:
            _check_seconds("retry_after", self.retry_after)
        _check_seconds("jitter", self.jitter)
        if self.jitter > 1:
            raise ValueError(f"retries: jitter is the part of a wait that may go, from 0 to 1, not {self.jitter!r}")

    @classmethod
    def from_value(cls, value: RetriesArgument) -> RetryPolicy | None:
        """A number is the total; True is the default policy; None, False and 0 are no retries at all.

        Of a urllib3.Retry the values count, not what a subclass does; see docs/retries.rst for what has no place here.
        """
        if value is None or value is False:
            return None
        if value is True:
            return cls()
        if isinstance(value, Retry):
            policy = _from_urllib3(value)
        elif isinstance(value, RetryPolicy):
            policy = value
        elif isinstance(value, int):
            policy = cls(total=value)
        else:
            raise TypeError(f"retries: pass a number, a RetryPolicy, a urllib3.Retry or None, not {value!r}")
        return policy if policy.total != 0 else None

    @classmethod
    def for_server_errors(cls, retries: int, network_changes: int = 0) -> RetryPolicy:
        """The rules of Chromium's URLFetcher: every status from 500 on, the first two times at once, and so many
        changes of the network (SetMaxRetriesOn5xx, SetAutomaticallyRetryOnNetworkChanges).
        """
        return cls(
            total=None,
            connect=0,
            read=0,
            status=retries,
            network_changes=network_changes,
            statuses=range(500, 600),
            backoff=SERVER_BACKOFF,
        )

    def kind_of(self, method: str, end: AttemptEnd) -> RetryKind | None:
        """What the attempt failed of; None when it succeeded, or must not be made again."""
        kind = self._reason(end)
        is_repeatable = not end.may_have_been_sent or self.methods is None or method.upper() in self.methods
        return kind if is_repeatable else None

    def _reason(self, end: AttemptEnd) -> RetryKind | None:
        if end.net_error == e.ERR_NETWORK_CHANGED:
            return "network_changes"
        if end.net_error in _TRANSIENT_ERRORS:
            return "read" if end.may_have_been_sent else "connect"
        if end.net_error != e.OK:
            return None
        is_asked_back = self.retry_after is not None and end.retry_after_s is not None
        if end.status in self.statuses or (is_asked_back and end.status in self.statuses_with_retry_after):
            return "status"
        return None

    def wait_s(self, kind: RetryKind, failures: int, end: AttemptEnd, random: Callable[[], float]) -> float | None:
        """The wait after so many failures in a row; None when the server wants to be left alone for too long."""
        if kind == "network_changes":
            return 0.0
        delay_s = self._backoff_policy().delay_s(failures, random)
        if end.retry_after_s is None or self.retry_after is None:
            return delay_s
        return max(delay_s, end.retry_after_s) if end.retry_after_s <= self.retry_after else None

    def _backoff_policy(self) -> BackoffPolicy:
        if isinstance(self.backoff, BackoffPolicy):
            return self.backoff
        return BackoffPolicy(initial_delay_s=self.backoff, jitter_factor=self.jitter)


def _from_urllib3(retry: Retry) -> RetryPolicy:
    """Its counts and waits: there the first retry comes at once, and jitter makes waits longer, here shorter."""
    total = 0 if retry.total is False else None if retry.total is True else retry.total
    factor = float(retry.backoff_factor)
    jitter = 0.5 if retry.backoff_jitter else 0.0
    asks = retry.respect_retry_after_header
    return RetryPolicy(
        total=None if total is None else max(0, total),
        connect=_count_of(retry.connect),
        read=_count_of(retry.read),
        status=_count_of(retry.status),
        statuses=frozenset(retry.status_forcelist or ()),
        statuses_with_retry_after=frozenset(Retry.RETRY_AFTER_STATUS_CODES) if asks else frozenset(),
        methods=frozenset(retry.allowed_methods) if retry.allowed_methods else None,
        backoff=BackoffPolicy(1, factor * 2, 2.0, jitter, float(retry.backoff_max), None),
        retry_after=float(getattr(retry, "retry_after_max", Retry.DEFAULT_BACKOFF_MAX)) if asks else None,
    )


def _count_of(value: int | bool | None) -> int | None:
    return None if value is None else max(0, int(value))


def _check_count(name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"retries: {name} must be a whole number from 0 on, or None for no limit, not {value!r}")


def _check_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"retries: {name} must be a number, not {value!r}")
    if not 0 <= value < float("inf"):  # also true for NaN
        raise ValueError(f"retries: {name} must be a number from 0 on, not {value!r}")


def _statuses(name: str, value: Collection[int]) -> frozenset[int]:
    try:
        statuses = frozenset(value)
    except TypeError as error:
        raise TypeError(f"retries: {name} must be a collection of numbers, not {value!r}") from error
    for status in statuses:
        if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 999:
            raise ValueError(f"retries: {name} must be HTTP statuses, not {status!r}")
    return statuses


def _methods(value: Collection[str] | None) -> frozenset[str] | None:
    if value is None:
        return None
    if isinstance(value, str) or not all(isinstance(method, str) for method in value):
        raise TypeError(f"retries: methods must be a collection of names such as {{'GET'}}, not {value!r}")
    return frozenset([method.upper() for method in value])
