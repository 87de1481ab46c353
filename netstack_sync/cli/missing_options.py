"""Options of curl's that there are not, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_NO_CERTIFICATE: Final = "a proxy is shown no certificate"
_TRUST: Final = "--cacert counts for the proxy as well; its file may hold both authorities"
_TUNNEL: Final = "https: URLs go through a tunnel, http: URLs are handed to the proxy"
_INSTEAD: Final = {
    "--haproxy-protocol": "no such greeting is sent",
    "--proxy-cacert": _TRUST,
    "--proxy-capath": _TRUST,
    "--proxy-cert": _NO_CERTIFICATE,
    "--proxy-header": '-H "Proxy-NAME: VALUE" goes to a proxy that is handed the request, and nowhere else',
    "--proxy-insecure": "-k counts for the proxy as well",
    "--proxy-key": _NO_CERTIFICATE,
    "--proxy1.0": "pass -x; it is spoken to in HTTP/1.1",
    "--proxytunnel": _TUNNEL,
    "--socks5-basic": "pass -U; to SOCKS proxies it is nothing else",
    "--socks5-gssapi": "SOCKS proxies are told user and password only: -U",
    "--suppress-connect-headers": "a proxy's answer to CONNECT is shown by -v only",
    "-p": _TUNNEL,
}


def instead_of(unknown: Iterable[str]) -> str:
    """A sentence for each of these options that curl has; empty without one, else it begins with "; "."""
    names = [word.partition("=")[0] for word in unknown]
    return "".join([f"; {name}: {_INSTEAD[name]}" for name in dict.fromkeys(names) if name in _INSTEAD])
