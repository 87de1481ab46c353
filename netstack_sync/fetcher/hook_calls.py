"""How hooks are called: on a thread of the user's, and what they give is looked at before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.url import Url
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.response import Response
from netstack_sync.http.build_headers import FRAMING_HEADERS, refuse_two_hosts

if TYPE_CHECKING:
    from netstack_sync.fetcher.download import Download


def hooked_request(request: FetchRequest) -> FetchRequest:
    """What the request's hooks make of it; raises what they raise, TypeError and ValueError."""
    if request.hooks is not None:
        for hook in request.hooks.request:
            answer = hook(request)
            if answer is not None:
                request = _checked(answer)
    return request


def hooked_response(response: Response) -> Response:
    """What the hooks of its request make of it. Raises what they raise, and TypeError; then the response is closed."""
    hooks, first = response.request.hooks, response
    if hooks is None:
        return response
    try:
        for hook in hooks.response:
            answer = hook(response)
            if answer is not None:
                if not isinstance(answer, Response):
                    raise TypeError(f"hooks: a response hook gave {answer!r}, which is neither a Response nor None")
                response = answer
    except BaseException:
        first.close()
        response.close()
        raise
    return response


def hooked_download(download: Download) -> Download:
    """The same for the answer that a file came with; the file stays where it is whatever they raise."""
    response = hooked_response(download.response)
    return download if response is download.response else download.with_response(response)


def _checked(answer: object) -> FetchRequest:
    if not isinstance(answer, FetchRequest):
        raise TypeError(
            f"hooks: a request hook gave {answer!r}, which is neither a FetchRequest nor None; "
            "its replaced() makes one of another"
        )
    if not isinstance(answer.url, Url) or not isinstance(answer.headers, RequestHeaders):
        raise TypeError(
            "hooks: a request hook gave a FetchRequest whose url is no Url or whose headers are no RequestHeaders; "
            "use request.url.resolve() and request.headers.copy()"
        )
    for name in FRAMING_HEADERS:
        if name in answer.headers:
            raise ValueError(f"hooks: a request hook has set {name}, which is set from the body; leave it out")
    refuse_two_hosts(answer.headers)
    return answer
