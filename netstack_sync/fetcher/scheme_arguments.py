"""What a Session is told of schemes beside http and https, and of interceptors; checked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from netstack_sync.url_request.interceptor import URLRequestInterceptor
from netstack_sync.url_request.late_schemes import HTTP_SCHEMES
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from netstack_sync.url_request.scheme_settings import OWN_SCHEMES, SchemeSettings

if TYPE_CHECKING:
    from netstack_sync.workers.handler_source import Handler, Interceptor

SchemesArgument: TypeAlias = "Mapping[str, Handler | ProtocolHandler] | None"
"""Scheme to the function that answers its requests."""

InterceptorsArgument: TypeAlias = "Iterable[Interceptor | URLRequestInterceptor]"
"""Functions that answer a request, or leave it to the next by giving None."""

_is_scheme = re.compile(r"[a-z][a-z0-9+.\-]*").fullmatch

_HINTS = {
    "data": "no data: URL can be used here",
    "about": "no about: URL can be used here",
    "file": "Session(file_root=...) names the folder whose files may be read",
    "ftp": "Session(ftp=True) turns it on",
}


def how_to_support(scheme: str, schemes: frozenset[str]) -> str:
    """What somebody can do who wants a scheme that is not among these."""
    if not schemes > HTTP_SCHEMES:
        return "use http or https"
    hint = _HINTS.get(scheme) or f"Session(schemes={{{scheme!r}: handler}}) serves one of your own"
    return "use http or https" if scheme in ("ws", "wss") else f"use http or https; {hint}"


def check_schemes(file_root: object, ftp: object, schemes: object, interceptors: object) -> SchemeSettings:
    """The settings of a context; raises ValueError and TypeError naming the argument."""
    if not isinstance(ftp, bool):
        raise TypeError(f"ftp: must be True or False, not {ftp!r}")
    return SchemeSettings(_check_root(file_root), ftp, _check_handlers(schemes), _check_interceptors(interceptors))


def _check_root(file_root: Any) -> str | None:
    if file_root is None:
        return None
    try:
        root = os.fspath(file_root)
    except TypeError:
        root = None
    if not isinstance(root, str):
        raise TypeError(f"file_root: must be the path of a folder, not {file_root!r}")
    if not root or "\0" in root:
        raise ValueError(f"file_root: {root!r} is no path of a folder")
    if not os.path.isdir(root):
        raise ValueError(f"file_root: no such folder: {root!r}")
    return os.path.abspath(root)


def _check_handlers(schemes: Any) -> dict[str, Handler | ProtocolHandler]:
    if schemes is None:
        return {}
    if not isinstance(schemes, Mapping):
        raise TypeError(f"schemes: must be a mapping of scheme to handler, not {type(schemes).__name__}")
    for scheme, handler in schemes.items():
        if not isinstance(scheme, str) or not _is_scheme(scheme):
            raise ValueError(f"schemes: {scheme!r} is no scheme; it is of lower-case letters, digits, +, - and .")
        if scheme in OWN_SCHEMES:
            raise ValueError(f"schemes: {scheme!r} cannot be served by a handler; use interceptors for its requests")
        if not isinstance(handler, ProtocolHandler) and not callable(handler):
            raise TypeError(f"schemes: the handler of {scheme!r} must be a function, not {type(handler).__name__}")
    return dict(schemes)


def _check_interceptors(interceptors: Any) -> tuple[Interceptor | URLRequestInterceptor, ...]:
    if isinstance(interceptors, (str, Mapping)) or not isinstance(interceptors, Iterable):
        raise TypeError("interceptors: pass a list of functions")
    found = tuple(interceptors)
    for interceptor in found:
        if not isinstance(interceptor, URLRequestInterceptor) and not callable(interceptor):
            raise TypeError(f"interceptors: must be functions, not {type(interceptor).__name__}")
    return found
