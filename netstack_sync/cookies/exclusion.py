"""ExclusionReason: why a cookie is not taken (net/cookies/cookie_inclusion_status.h)."""

from __future__ import annotations

from enum import Enum


class ExclusionReason(Enum):
    """The value says it in words, for errors."""

    INVALID_DOMAIN = "the domain is not that of the server or above it, or is one under which anybody can register"
    INVALID_PREFIX = "a name that begins with __Host- or __Secure- demands attributes that are not there"
    PATH_TOO_LONG = "the path is too long"
    SECURE_ONLY = "a Secure cookie comes over https only"
    SAMESITE_NONE_INSECURE = "SameSite=None demands Secure"
    OVERWRITE_SECURE = "a Secure cookie of this name is there, and this one did not come over https"
