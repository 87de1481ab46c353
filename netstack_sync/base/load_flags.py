"""LoadFlags: what one request asks of the layers below it.

Names and numbers are Chromium's (net/base/load_flags_list.h); a NetLog carries the numbers.
"""

from __future__ import annotations

from enum import IntFlag


class LoadFlags(IntFlag):
    """Combined with `|`; NORMAL is none of them."""

    NORMAL = 0
    VALIDATE_CACHE = 1 << 0  # a cached answer is used only after the server said it still holds
    BYPASS_CACHE = 1 << 1  # the answer comes from the server, and is stored
    SKIP_CACHE_VALIDATION = 1 << 2  # a cached answer is used even when it is stale
    ONLY_FROM_CACHE = 1 << 3  # no network: ERR_CACHE_MISS when the cache does not have it
    DISABLE_CACHE = 1 << 4  # the cache is neither read nor written
    DISABLE_CERT_NETWORK_FETCHES = 1 << 5  # the verifier fetches no issuers and no revocation lists
    DO_NOT_SAVE_COOKIES = 1 << 6  # Set-Cookie is ignored
    BYPASS_PROXY = 1 << 7  # connect directly, whatever the proxy settings say
    MAIN_FRAME_DEPRECATED = 1 << 8  # not used; keeps its number
    PREFETCH = 1 << 9  # nobody waits for the answer: it may be needed later
    IGNORE_LIMITS = 1 << 10  # not held back by socket limits or by the throttler
    DO_NOT_USE_EMBEDDED_IDENTITY = 1 << 11  # user and password in the URL are not sent
    DISABLE_CONNECTION_MIGRATION_TO_CELLULAR = 1 << 12  # QUIC stays off a metered network
    SKIP_VARY_CHECK = 1 << 13  # a cached answer is used even when Vary says it is for another request
    SUPPORT_ASYNC_REVALIDATION = 1 << 14  # a stale answer is fine if it is refreshed afterwards (RFC 5861)
    RESTRICTED_PREFETCH = 1 << 15  # prefetched for one later navigation only
    CAN_USE_RESTRICTED_PREFETCH = 1 << 16  # may use an answer stored under RESTRICTED_PREFETCH
