"""The handler of a scheme that few ask for is made with its first job."""

from __future__ import annotations

from typing import Any

from netstack_sync.base.net_errors import ERR_FAILED
from netstack_sync.base.url import Url
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.late_protocol import LateProtocol
from netstack_sync.url_request.protocol_handler import ProtocolHandler


class Handler(ProtocolHandler):
    def create_job(self, hop: Hop) -> URLRequestJob:
        return ErrorJob(ERR_FAILED)


def test_it_is_made_once() -> None:
    made: list[Handler] = []

    def make() -> Handler:
        made.append(Handler())
        return made[-1]

    late, hop = LateProtocol(make), Any
    assert made == [] and not late.is_safe_redirect_target(Url.parse("http://a.test/"))
    jobs = [late.create_job(hop), late.create_job(hop)]  # type: ignore[arg-type]
    assert len(made) == 1 and all(isinstance(job, ErrorJob) for job in jobs)
