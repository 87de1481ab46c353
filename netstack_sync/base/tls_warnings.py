"""What users are told about settings that take the protection of TLS away."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Final

_PACKAGE: Final = __name__.partition(".")[0]

tls_logger: Final = logging.getLogger(f"{_PACKAGE}.tls")
# Without a handler of its own the logging module would print what the warnings have printed already.
tls_logger.addHandler(logging.NullHandler())


class InsecureTlsWarning(Warning):
    """TLS does not protect: certificates are not checked (verify=False), or secrets are written to SSLKEYLOGFILE."""


def warn_user(message: str) -> None:
    """Issues an InsecureTlsWarning that names the line outside of this package that led here. Any thread.

    Raises it where the user has made errors of warnings.
    """
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, InsecureTlsWarning, stacklevel=level)
