"""The schemes whose answers need nobody: data: (RFC 2397) and about:blank."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_INVALID_URL, ERR_METHOD_NOT_SUPPORTED
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from netstack_sync.url_request.source_job import ReadySource, SourceJob
from netstack_sync.wire.data_url import parse_data_url
from netstack_sync.wire.errors import WireError
from netstack_sync.workers.answer_source import ReadyAnswer, SourceAnswer, SourceError

READING_METHODS = frozenset({"GET", "HEAD"})


def wrong_method(method: str) -> URLRequestJob:
    """What becomes of a request that wants more than to read."""
    return ErrorJob(ERR_METHOD_NOT_SUPPORTED, f"{method}: such a URL can only be read, with GET or HEAD")


class DataProtocol(ProtocolHandler):
    """See ProtocolHandler. Large URLs take milliseconds to decode, which a worker does."""

    __slots__ = ()

    def create_job(self, hop: Hop) -> URLRequestJob:
        """See ProtocolHandler."""
        info = hop.info
        if info.method not in READING_METHODS:
            return wrong_method(info.method)
        source = ReadyAnswer(lambda: _answer(info.url.href))
        return SourceJob(hop, ReadySource(source), hop.services.job_workers)


class AboutProtocol(ProtocolHandler):
    """See ProtocolHandler. about:blank is an empty page; there is nothing else."""

    __slots__ = ()

    def create_job(self, hop: Hop) -> URLRequestJob:
        """See ProtocolHandler."""
        if hop.info.url.path != "blank":
            return ErrorJob(ERR_INVALID_URL, f"about:{hop.info.url.path}: there is only about:blank")
        if hop.info.method not in READING_METHODS:
            return wrong_method(hop.info.method)
        source = ReadyAnswer(lambda: _with_body("text/html;charset=utf-8", b""))
        return SourceJob(hop, ReadySource(source), hop.services.job_workers)


def _answer(href: str) -> SourceAnswer:
    try:
        return _with_body(*parse_data_url(href))
    except WireError as error:
        raise SourceError(error.net_error, error.detail) from None


def _with_body(media_type: str, body: bytes) -> SourceAnswer:
    return SourceAnswer(200, "OK", (("Content-Type", media_type),), len(body), body)
