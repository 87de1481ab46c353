"""ProtocolHandler: makes the jobs of one scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.url import Url
from netstack_sync.url_request.hop import Hop

if TYPE_CHECKING:
    from netstack_sync.url_request.job import URLRequestJob


class ProtocolHandler:
    """A delegate of the low-level API: called on the network thread, must not block (URLRequestJobFactory::
    ProtocolHandler in net/url_request/url_request_job_factory.h). One may serve several contexts.

    Neither it nor the start() and read() of its jobs may raise: that is a bug, which is printed, and the request fails
    with ERR_UNEXPECTED.
    """

    def create_job(self, hop: Hop) -> URLRequestJob:
        """The job, not started; it may fail."""
        raise NotImplementedError

    def is_safe_redirect_target(self, url: Url) -> bool:
        """True when a server of another scheme may send a request to this URL."""
        return False
