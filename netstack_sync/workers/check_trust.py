"""check_trust(): finds out whether a TrustConfig can be used, on the thread of whoever made it.

The library that verifies takes a tenth of a second to import, so the look at certificates is OpenSSL's. Who has
revocation lists needs the library at once.
"""

from __future__ import annotations

import ssl
from typing import Final

from netstack_sync.base.net_errors import OK
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.ca_reader import CAReader, UnusableCAError, check_der
from netstack_sync.workers.file_io import is_pipe
from netstack_sync.workers.revocation_lists import load_revocation_lists

# OpenSSL takes 0.1 ms for one. Nobody edits a bundle with more by hand; its blocks are looked at all the same.
_MAX_PARSED: Final = 10


def check_trust(config: TrustConfig, argument: str = "verify") -> None:
    """Raises ValueError if something that `config` names cannot be used; takes a millisecond for a private CA file.

    The text begins with `argument`, from where the user got the first three sources, with "extra_ca" or with "crls".
    Without verification nothing is looked at.
    """
    if not config.verify:
        return
    reader = CAReader(_QuickParser().parse)
    name = argument
    try:
        reader.add_named(config)
        for number, source in enumerate(config.extra_ca):
            name = f"extra_ca[{number}]" if len(config.extra_ca) > 1 else "extra_ca"
            reader.add_extra(source)
    except UnusableCAError as error:
        raise ValueError(f"{name}: {error}") from None
    _check_lists(config.crls)


def _check_lists(paths: tuple[str, ...]) -> None:
    for path in filter(is_pipe, paths):
        raise ValueError(f"crls: {path!r} is a pipe or a device; copy what it gives to a file")
    lists = load_revocation_lists(paths)
    if lists.net_error != OK:
        raise ValueError(f"crls: {lists.detail}")


class _QuickParser:
    """Lets OpenSSL read the first certificates, and looks at the frame of the others."""

    __slots__ = ("_context", "_left")

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None  # takes a millisecond, and most often nothing is named
        self._left = _MAX_PARSED

    def parse(self, der: bytes) -> bytes:
        """The same; ValueError for what is no certificate."""
        check_der(der)
        self._left -= 1
        if self._left < 0:
            return der
        if self._context is None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            self._context.load_verify_locations(cadata=der)
        except ssl.SSLError as error:
            raise ValueError(f"it is no certificate ({error.reason or error.args[-1]})") from None
        return der
