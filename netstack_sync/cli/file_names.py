"""Names of files that strangers choose: the last part of a URL, and what Content-Disposition says."""

from __future__ import annotations

import re
import sys
from email.message import Message
from typing import Final
from urllib.parse import unquote

from netstack_sync.base.url import Url
from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.cli.terminal_text import is_encodable

_MAX_NAME_BYTES: Final = 200  # file systems allow 255; the ending .part needs some
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)").match


def remote_name(url: Url) -> str:
    """The last part of the path as a name that stays in its folder and is not hidden; raises CommandError."""
    name = safe_name(unquote(url.path.rpartition("/")[2]))
    if not name:
        raise CommandError(USAGE, "-O: the URL ends without a file name; use -o FILE")
    return name


def disposition_name(header: str | None) -> str:
    """The file name of a Content-Disposition, made safe; "" when there is none."""
    if header is None:
        return ""
    message = Message()
    message["Content-Disposition"] = header.encode("latin-1").decode("utf-8", "replace")
    try:
        name = message.get_filename("")
    except ValueError:  # of a number that is too long to be one
        return ""
    return safe_name(re.split(r"[/\\]", name)[-1])


def safe_name(text: str) -> str:
    """No separators, no control characters, nothing that the locale has not, not hidden, no device, not too long; ""
    stays that.
    """
    locale = sys.getfilesystemencoding()
    kept = [c if c.isprintable() and c not in _FORBIDDEN and is_encodable(c, locale) else "_" for c in text]
    name = "".join(kept).strip(" ")
    if name.startswith(".") or _DEVICES(name):
        name = "_" + name.removeprefix(".")
    return name.encode("utf-8", "replace")[-_MAX_NAME_BYTES:].decode("utf-8", "ignore")
