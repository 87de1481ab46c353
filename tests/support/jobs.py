"""Jobs that are no HttpJobs, over scripted workers: what they need, and one whose answer a test decides."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.upload import UploadStream
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import Hop, JobServices
from netstack_sync.url_request.job import OnData, URLRequestJob
from netstack_sync.url_request.proxy_services import ProxyServices
from netstack_sync.wire.http1_framing import HTTP_1_1, Framing
from netstack_sync.wire.http1_response import ResponseHead
from tests.support.loops import RecordedCompletion
from tests.support.resolver import ScriptedResolver
from tests.support.scripted_stack import ScriptedStack, request_info


class Witness:
    """A TransactionObserver that notes what it is told, and may react."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.on_event: Callable[[str], None] = lambda _: None

    def on_connected(self) -> None:
        """See TransactionObserver."""
        self._note("connected")

    def on_reconnect(self) -> None:
        """Nothing."""

    def on_request_sent(self) -> None:
        """See TransactionObserver."""
        self._note("sent")

    def _note(self, event: str) -> None:
        self.events.append(event)
        self.on_event(event)


def make_hop(
    stack: ScriptedStack,
    url: str = "app:x",
    method: str = "GET",
    headers: list[tuple[str, str]] | None = None,
    upload: UploadStream | None = None,
    witness: Witness | None = None,
    resolver: ScriptedResolver | None = None,
    proxies: ProxyServices | None = None,
) -> Hop:
    """One whose jobs run on the stack's workers."""
    resolver = resolver if resolver is not None else ScriptedResolver()
    services = JobServices(stack.thread, resolver, stack.workers, stack.workers, proxies)
    observer = witness if witness is not None else Witness()
    return Hop(request_info(url, method, headers, upload), stack.log(), observer, services)


class ScriptedJob(ErrorJob):
    """See URLRequestJob. Answers with a status, in a later task if the stack is asynchronous, and then with `body`."""

    __slots__ = (
        "_headers",
        "_stack",
        "_status",
        "body",
        "is_closed",
        "is_started",
        "priorities",
        "response",
        "url_info",
    )

    def __init__(
        self,
        stack: ScriptedStack,
        info: HttpRequestInfo,
        status: int = 200,
        headers: list[tuple[str, str]] | None = None,
        net_error: int = OK,
    ) -> None:
        super().__init__(net_error)
        self.response: HttpResponseInfo | None = None
        self._stack = stack
        self._status = status
        self._headers = headers or []
        self.url_info = info
        self.body = [b"body"]
        self.is_started = False
        self.is_closed = False
        self.priorities: list[object] = []

    def start(self, on_headers: Completion) -> int:
        """See URLRequestJob."""
        self.is_started = True
        if self._net_error == OK:
            framing = Framing(None, is_chunked=False, keep_alive=False, in_doubt=False)
            fields = ResponseHeaders.from_items(self._headers)
            head = ResponseHead(self._status, "", HTTP_1_1, fields, framing)
            self.response = HttpResponseInfo(self.url_info.url, head, LoadTiming(), None, None)
        if not self._stack.is_async:
            return self._net_error
        self._stack.thread.post(lambda: None if self.is_closed else on_headers(self._net_error))
        return ERR_IO_PENDING

    def read(self, on_data: OnData) -> bytes | int:
        """See URLRequestJob."""
        return self.body.pop(0) if self.body else b""

    def set_priority(self, priority: object) -> None:
        """See URLRequestJob."""
        self.priorities.append(priority)

    def close(self) -> None:
        """See URLRequestJob."""
        self.is_closed = True


class Played:
    """A job that is started and read to its end, on scripted workers."""

    def __init__(self, stack: ScriptedStack, job: URLRequestJob) -> None:
        self.job = job
        self.on_headers = RecordedCompletion()
        result = job.start(self.on_headers)
        stack.run_workers()
        self.result = result if result != ERR_IO_PENDING else self.on_headers.result
        self.body = b""
        self.read_result = OK
        if self.result == OK:
            self._read(stack)
        job.close()
        stack.run_workers()

    @property
    def response(self) -> HttpResponseInfo:
        """The answer."""
        assert self.job.response is not None
        return self.job.response

    def _read(self, stack: ScriptedStack) -> None:
        while True:
            came: list[bytes | int] = []
            data = self.job.read(came.append)
            stack.run_workers()
            if data == ERR_IO_PENDING:
                (data,) = came
            if isinstance(data, int):
                self.read_result = data
                return
            if not data:
                return
            self.body += data


class RaisingJob(ErrorJob):
    """See URLRequestJob. Has a bug: it cannot be started."""

    __slots__ = ("is_closed",)

    def __init__(self) -> None:
        super().__init__(OK)
        self.is_closed = False

    def start(self, on_headers: Completion) -> int:
        """See URLRequestJob."""
        raise RuntimeError("a bug of the job")

    def close(self) -> None:
        """See URLRequestJob."""
        self.is_closed = True
