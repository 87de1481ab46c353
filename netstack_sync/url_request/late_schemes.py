"""The schemes beside http and https: what serves them is read when somebody asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netstack_sync.url_request.protocol_handler import ProtocolHandler

if TYPE_CHECKING:
    from netstack_sync.url_request.hop import Hop
    from netstack_sync.url_request.job import URLRequestJob
    from netstack_sync.url_request.job_factory import URLRequestJobFactory

HTTP_SCHEMES: Final = frozenset({"http", "https"})

USUAL_SCHEMES: Final = HTTP_SCHEMES | {"data", "about"}
"""What is served unless the user says more."""


def load_scheme_rooms() -> None:
    """Reads the files behind data: and about: URLs. On the thread of whoever asks for one, so that the network thread
    finds them there.
    """
    import netstack_sync.url_request.data_protocol  # noqa: F401


def install_usual_schemes(factory: URLRequestJobFactory) -> None:
    """Tells a factory that nobody uses yet."""
    for scheme in ("data", "about"):
        factory.set_protocol_handler(scheme, _LateHandler(scheme))


class _LateHandler(ProtocolHandler):
    """See ProtocolHandler."""

    __slots__ = ("_scheme",)

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme

    def create_job(self, hop: Hop) -> URLRequestJob:
        """See ProtocolHandler."""
        from netstack_sync.url_request.data_protocol import AboutProtocol, DataProtocol  # late: see load_scheme_rooms()

        handler: ProtocolHandler = DataProtocol() if self._scheme == "data" else AboutProtocol()
        return handler.create_job(hop)
