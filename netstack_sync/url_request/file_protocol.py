"""FileProtocol: file: URLs of one root folder (RFC 8089)."""

from __future__ import annotations

import os
from urllib.parse import unquote

from netstack_sync.base.net_errors import ERR_ACCESS_DENIED
from netstack_sync.base.url import Url
from netstack_sync.url_request.data_protocol import READING_METHODS, wrong_method
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from netstack_sync.url_request.source_job import ReadySource, SourceJob
from netstack_sync.wire.range_header import parse_range
from netstack_sync.workers.file_source import FileSource


class FileProtocol(ProtocolHandler):
    """See ProtocolHandler. Gives files below the root, of this machine, to who reads."""

    __slots__ = ("_root", "_root_names")

    def __init__(self, root: str) -> None:
        """`root` is an absolute path."""
        self._root = root
        self._root_names = names_of_path(root)

    def create_job(self, hop: Hop) -> URLRequestJob:
        """See ProtocolHandler."""
        info = hop.info
        if info.method not in READING_METHODS:
            return wrong_method(info.method)
        if info.url.host not in ("", "localhost"):
            return ErrorJob(ERR_ACCESS_DENIED, f"the file is on {info.url.host}; only those of this machine are read")
        names = self._names_below(info.url)
        if names is None:
            return ErrorJob(ERR_ACCESS_DENIED, f"{info.url.path} is not below file_root={self._root!r}")
        byte_range = parse_range(info.headers.get("range"))
        source = FileSource(self._root, names, byte_range, info.headers.get("if-range"))
        return SourceJob(hop, ReadySource(source), hop.services.disk_workers)

    def _names_below(self, url: Url) -> list[str] | None:
        """The way from the root to the file; None when it does not begin there."""
        # Split before it is decoded, so that "%2F" is no slash. Names need not be UTF-8.
        names = [unquote(name, errors="surrogateescape") for name in url.path.split("/") if name]
        count = len(self._root_names)
        return names[count:] if [os.path.normcase(name) for name in names[:count]] == self._root_names else None


def names_of_path(path: str) -> list[str]:
    """The names in an absolute path, spelt as they are compared."""
    drive, rest = os.path.splitdrive(os.path.normcase(path))
    names = [name for name in rest.replace(os.sep, "/").split("/") if name]
    return [drive, *names] if drive else names
