"""LoadState: what a request is waiting for right now, told while it runs and when its time is up.

Names and numbers are Chromium's (net/base/load_states_list.h); a NetLog carries the numbers.
"""

from __future__ import annotations

from enum import IntEnum


class LoadState(IntEnum):
    """The one thing that must happen next; the numbers roughly follow the way of a request."""

    IDLE = 0  # nothing was asked for, or the next move is the user's
    WAITING_FOR_STALLED_SOCKET_POOL = 1  # its group has room, but the pool as a whole is full
    WAITING_FOR_AVAILABLE_SOCKET = 2  # all sockets its group may have are in use
    WAITING_FOR_DELEGATE = 3  # somebody was asked whether and how to go on
    WAITING_FOR_CACHE = 4  # the cache entry is being opened, or another request is writing it
    OBSOLETE_WAITING_FOR_APPCACHE = 5  # not used; keeps its number
    DOWNLOADING_PAC_FILE = 6  # the script that chooses the proxy is on its way
    RESOLVING_PROXY_FOR_URL = 7  # that script is running
    RESOLVING_HOST_IN_PAC_FILE = 8  # that script waits for a name
    ESTABLISHING_PROXY_TUNNEL = 9  # the proxy was asked to connect
    RESOLVING_HOST = 10  # the name of the host is being looked up
    CONNECTING = 11  # TCP
    SSL_HANDSHAKE = 12  # TLS, and the verdict on the certificate
    SENDING_REQUEST = 13  # the request or its body is being sent
    WAITING_FOR_RESPONSE = 14  # all is sent, no byte of the answer has come
    READING_RESPONSE = 15  # the body is arriving
