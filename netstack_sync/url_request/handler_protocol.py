"""HandlerProtocol: a scheme that a function of the user's serves, on workers."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_FILE_TOO_BIG, ERR_IO_PENDING, OK
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from netstack_sync.url_request.source_job import SourceJob
from netstack_sync.workers.answer_source import AnswerSource
from netstack_sync.workers.handler_source import Handler, HandlerRequest, HandlerSource

_MAX_BODY_BYTES = 1 << 30  # as large as an answer that is kept in memory


class HandlerProtocol(ProtocolHandler):
    """See ProtocolHandler. The function is called on a worker; one that hangs is left behind."""

    __slots__ = ("_handler",)

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def create_job(self, hop: Hop) -> URLRequestJob:
        """See ProtocolHandler."""
        return SourceJob(hop, _BodyCollector(hop.info, self._handler), hop.services.job_workers)


class _BodyCollector:
    """A SourceMaker: reads the body of the request, which the function gets as bytes."""

    __slots__ = ("_handler", "_info", "_on_done", "_pieces", "_size_bytes", "error_detail", "load_state", "source")

    def __init__(self, info: HttpRequestInfo, handler: Handler) -> None:
        self._info = info
        self._handler = handler
        self._on_done: Completion | None = None
        self._pieces: list[bytes] = []
        self._size_bytes = 0
        self.source: AnswerSource | None = None
        self.load_state = LoadState.SENDING_REQUEST
        self.error_detail = ""

    def start(self, on_done: Completion) -> int:
        """See SourceMaker."""
        self._on_done = on_done
        return self._advance(self._read())

    def cancel(self) -> None:
        """See SourceMaker."""
        self._on_done = None
        if self._info.upload is not None:
            self._info.upload.cancel()

    def _read(self) -> bytes | int:
        upload = self._info.upload
        return upload.read(self._on_data) if upload is not None else b""

    def _advance(self, data: bytes | int) -> int:
        while isinstance(data, bytes) and data:
            self._size_bytes += len(data)
            if self._size_bytes > _MAX_BODY_BYTES:
                self.error_detail = f"the body of the request exceeds {_MAX_BODY_BYTES} bytes"
                return ERR_FILE_TOO_BIG
            self._pieces.append(data)
            data = self._read()
        if isinstance(data, int):
            return data
        handler, request = self._handler, handler_request(self._info, b"".join(self._pieces))
        self.source = HandlerSource(lambda: handler(request))
        return OK

    def _on_data(self, data: bytes | int) -> None:
        result = self._advance(data)
        if result != ERR_IO_PENDING:
            on_done, self._on_done = self._on_done, None
            assert on_done is not None, "an upload that was cancelled calls nobody"
            on_done(result)


def handler_request(info: HttpRequestInfo, body: bytes | None) -> HandlerRequest:
    """What a function of the user's is given; without `body` that of the request, if it is in memory."""
    upload = info.upload
    is_streamed = body is None and upload is not None and not isinstance(upload, BytesUpload)
    if body is None:
        body = upload.data if isinstance(upload, BytesUpload) else b""
    return HandlerRequest(
        url=info.url.href,
        method=info.method,
        headers=info.headers.copy(),
        body=body,
        is_body_streamed=is_streamed,
    )
