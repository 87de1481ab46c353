"""The errors of downloads: what was wrong, and what is there all the same."""

from __future__ import annotations

from netstack_sync.base.exception_map import TimeoutPhase, exception_for
from netstack_sync.base.exceptions import NetError
from netstack_sync.base.net_errors import ERR_CONTENT_DECODING_FAILED, ERR_FILE_TOO_BIG
from netstack_sync.fetcher.fetch_failure import detail_of, failure_of
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.url_fetcher import URLFetcher
from netstack_sync.workers.part_file import PartFile


def kept_text(part: PartFile) -> str:
    """How much the next attempt need not fetch again; begins with a semicolon, or is empty."""
    if not part.size or (part.record is not None and not part.is_recorded):  # the last few bytes of a small file
        return ""
    kept = f"; {part.size} bytes are kept in {part.part_path}"
    if part.record is None:
        return f"{kept}, but without a strong validator of the server's the next attempt begins anew"
    return f"{kept}, and the next attempt goes on from there"


def with_kept_text(error: BaseException, part: PartFile) -> BaseException:
    """An error of the disk that names a path and says what is kept; others as they are."""
    if isinstance(error, NetError) or not isinstance(error, OSError) or error.errno is None:
        return error
    told = OSError(error.errno, f"{error.strerror}{kept_text(part)}", error.filename or part.part_path)
    told.__cause__ = error
    return told


def fetch_failure(fetcher: URLFetcher, net_error: int, part: PartFile) -> NetError:
    """Why the network has not brought the whole."""
    fetcher.error_detail = detail_of(fetcher) + kept_text(part)
    return failure_of(fetcher, net_error)


def plain_failure(
    net_error: int, request: FetchRequest, part: PartFile, timed_out: TimeoutPhase | None = None
) -> NetError:
    """Why a download ended while nothing was being fetched."""
    detail = str(request.url.without_credentials()) + kept_text(part)
    return exception_for(net_error, detail=detail, request=request, timed_out=timed_out)


def refuse_size(fetcher: URLFetcher, max_size: int | None) -> None:
    """Ends a fetch of more than the caller wants."""
    fetcher.error_detail = f"the file exceeds max_response_size={max_size}"
    fetcher.fail(ERR_FILE_TOO_BIG)


def refuse_coding(fetcher: URLFetcher, coding: str) -> None:
    """Ends a fetch whose bytes are not those of the file: to write them would be wrong, to decode them a guess."""
    fetcher.error_detail = (
        f"the server sends Content-Encoding {coding!r} although identity was asked for; "
        'headers={"Accept-Encoding": ...} writes what it sends as it is, and stream() decodes'
    )
    fetcher.fail(ERR_CONTENT_DECODING_FAILED)
