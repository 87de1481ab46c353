"""Admission: what may hold a request back before anything is done for it."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.url_request.host_rate_limiter import HostRateLimiter
from netstack_sync.url_request.resource_scheduler import ResourceScheduler
from netstack_sync.url_request.throttler import URLRequestThrottler


class Admission(NamedTuple):
    """The services of one context; a context without any has no Admission."""

    rate_limiter: HostRateLimiter | None
    """How often the user lets a host be asked."""
    throttler: URLRequestThrottler | None
    """How often a URL may be asked, and for how long one that fails is left alone."""
    scheduler: ResourceScheduler | None = None
    """How many requests that are not urgent may be under way."""
