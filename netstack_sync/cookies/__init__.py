"""Cookies (RFC 6265bis): reading Set-Cookie, which of them are kept, and which go with a request."""
