"""fetch() and download(): the one-line doors, over one default session per process."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.runtime import runtime
from netstack_sync.fetcher.session import Session

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from netstack_sync.fetcher.download import Download
    from netstack_sync.fetcher.download_arguments import DownloadOptions

_default_session: Session | None = None
"""Made by the first fetch(): until then the environment may change, and a bad one must not fail the import."""

_is_trust_known = False
"""Whether it has been looked at whom the environment says to trust; a request over plain http does without."""


def fetch(url: str, method: str = "GET", **options: Unpack[FetchOptions]) -> Response:
    """Fetches a URL and waits for the whole answer; from any thread.

    The arguments and what is raised are those of `Session.request`. All calls of a process share one session,
    which keeps no cookies, is made anew after fork and ended at exit.
    """
    session = _default_session
    if session is None or not (_is_trust_known or _is_plain(url)):
        session = _session_for(url, is_trust_needed="verify" not in options)
    return session.fetch(url, method, **options)


def download(url: str, path: str | PathLike[str], **options: Unpack[DownloadOptions]) -> Download:
    """Fetches a URL into a file and waits until it is there; from any thread.

    The file grows under the name `path` + ".part" and gets its own once it is complete, checked and safe on the disk.
    What was fetched before an error stays there, and the next download() of the same URL goes on from it if the server
    says that the file is still the same. With `retries` it goes on by itself when a body breaks off.

    Arguments: those of `Session.request` but for bodies, and `resume` (False begins anew), `overwrite` (True replaces
    a file that is there, at the end and at once), `checksum` ("sha256:HEX", also sha512, sha384, sha1 and md5), `parts`
    (how many requests may bring a large file side by side) and `progress`, which is called as `progress(done, total)`
    on this thread, `total` being None while it is not known.
    The default timeout limits connecting and each wait, not the whole.

    Raises InvalidURL, ValueError and TypeError for bad arguments, HTTPStatusError when the server has no such file,
    FileExistsError, PermissionError and other OSErrors of the disk, ChecksumMismatch, any other NetError when the
    file did not come whole, and what `progress` raises.
    """
    session = _default_session
    if session is None or not (_is_trust_known or _is_plain(url)):
        session = _session_for(url, is_trust_needed="verify" not in options)
    return session.download(url, path, **options)


def _session_for(url: str, is_trust_needed: bool) -> Session:
    """Looks at what the environment says of trust once a request needs it. Whoever mends an environment that names
    nothing usable gets another session.
    """
    global _default_session, _is_trust_known
    with runtime.lock:
        session = _default_session
        if session is None:
            session, _is_trust_known = Session(cookies=False), False  # callers that know nothing of each other share it
        if is_trust_needed and not _is_trust_known and not _is_plain(url):
            _default_session = None  # unless what the environment names can be used
            session.prepare("GET", "https://localhost/")
            _is_trust_known = True
        _default_session = session
        return session


def _is_plain(url: str) -> bool:
    return isinstance(url, str) and url.startswith("http://")
