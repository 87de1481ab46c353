"""What a PAC script is told of a URL: nothing that a proxy would not see."""

from __future__ import annotations

from netstack_sync.base.url import Url


def sanitize_url_for_pac(url: Url) -> str:
    """The URL without credentials and fragment, and for https and wss without path and query.

    A script can tell others what it sees, by the names that it looks up (SanitizeUrl() in
    net/proxy_resolution/proxy_resolution_service.cc).
    """
    if url.is_secure:
        return f"{url.scheme}://{url.host_header}/"
    return url.without_credentials().with_fragment(None).href


def host_for_pac(url: Url) -> str:
    """The host without brackets."""
    return url.host
