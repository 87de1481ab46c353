"""SchemeSettings: which schemes a context serves beside http and https, and who may take requests over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netstack_sync.url_request.interceptor import URLRequestInterceptor
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.late_schemes import USUAL_SCHEMES
from netstack_sync.url_request.protocol_handler import ProtocolHandler

if TYPE_CHECKING:
    from netstack_sync.workers.handler_source import Handler, Interceptor

OWN_SCHEMES = frozenset({"http", "https", "data", "about", "file", "ftp", "ws", "wss"})
"""Those that no user can serve."""


@dataclass(frozen=True, slots=True)
class SchemeSettings:
    """Checked and complete."""

    file_root: str | None = None
    """An absolute path; None: file: URLs are unknown."""
    ftp: bool = False
    handlers: Mapping[str, Handler | ProtocolHandler] = field(default_factory=dict)
    interceptors: tuple[Interceptor | URLRequestInterceptor, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Of all schemes that may be asked for."""
        return USUAL_SCHEMES | self._protocols().keys()

    def install(self, factory: URLRequestJobFactory) -> None:
        """Tells a factory that nobody uses yet."""
        for scheme, handler in self._protocols().items():
            factory.set_protocol_handler(scheme, handler)
        for interceptor in _low_level(self.interceptors):
            factory.add_interceptor(interceptor)

    def _protocols(self) -> dict[str, ProtocolHandler]:
        protocols: dict[str, ProtocolHandler] = {}
        if self.file_root is not None:
            from netstack_sync.url_request.file_protocol import FileProtocol  # late: off by default

            protocols["file"] = FileProtocol(self.file_root)
        if self.ftp:
            from netstack_sync.url_request.ftp_protocol import FtpProtocol  # late: off by default

            protocols["ftp"] = FtpProtocol()
        for scheme, handler in self.handlers.items():
            protocols[scheme] = handler if isinstance(handler, ProtocolHandler) else _served_by(handler)
        return protocols


def _served_by(handler: Handler) -> ProtocolHandler:
    from netstack_sync.url_request.handler_protocol import HandlerProtocol  # late: few have schemes of their own

    return HandlerProtocol(handler)


def _low_level(interceptors: tuple[Interceptor | URLRequestInterceptor, ...]) -> list[URLRequestInterceptor]:
    """Functions that follow each other are asked on one worker, in one go."""
    found: list[URLRequestInterceptor] = []
    functions: list[Interceptor] = []
    for interceptor in interceptors:
        if isinstance(interceptor, URLRequestInterceptor):
            if functions:
                found.append(_asked_in_one_go(functions))
                functions = []
            found.append(interceptor)
        else:
            functions.append(interceptor)
    return [*found, _asked_in_one_go(functions)] if functions else found


def _asked_in_one_go(functions: list[Interceptor]) -> URLRequestInterceptor:
    from netstack_sync.url_request.function_interceptor import FunctionInterceptor  # late: few have one

    return FunctionInterceptor(functions)
