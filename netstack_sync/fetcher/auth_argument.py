"""What a caller passes as `auth`, and what it means for one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from netstack_sync.auth.basic import basic_credentials
from netstack_sync.auth.credentials import (
    AnyAuth,
    BasicAuth,
    BearerAuth,
    DigestAuth,
    NegotiateAuth,
    NetrcAuth,
    NtlmAuth,
    any_identity,
)
from netstack_sync.auth.identity import DIGEST, NEGOTIATE, NTLM, AuthIdentity, password_identity
from netstack_sync.auth.netrc import find_login
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.options import AuthArgument, AuthValue
from netstack_sync.fetcher.request_auth import NO_AUTH, RequestAuth, load_auth_rooms
from netstack_sync.workers.security_context import require_pyspnego

_FORMS: Final = (
    "auth: must be a pair (user, password) of strings, BasicAuth, DigestAuth, BearerAuth, NtlmAuth, "
    "NegotiateAuth, AnyAuth, NetrcAuth, or a function that gives one of these; "
    "objects of requests and httpx are not taken"
)

_OURS: Final = ("'RequestHeaders'", "'FetchRequest'")
"""Named by Python's exception when a request is used as if it were one of another library."""


AuthSource = NetrcAuth | Callable[[FetchRequest], AuthValue]
"""Must be asked for each request; may block, may run the user's code, so never on the network thread."""


def auth_from_value(auth: AuthArgument) -> RequestAuth | AuthSource:
    """What can be known at once, or whom to ask; raises ValueError for anything else.

    ImportError for what needs the extra `auth` and does not have it.
    """
    if auth is None:
        return NO_AUTH
    if isinstance(auth, (tuple, list)):
        return _password_auth(auth)
    if isinstance(auth, BasicAuth):
        return RequestAuth(basic_credentials(auth.username, auth.password))
    if isinstance(auth, DigestAuth):
        return _answering(AuthIdentity(auth.username, auth.password, (DIGEST,)))
    if isinstance(auth, BearerAuth):
        return RequestAuth(f"Bearer {auth.token}")
    if isinstance(auth, AnyAuth):
        return _answering(any_identity(auth))
    if isinstance(auth, (NtlmAuth, NegotiateAuth)):
        return _answering(_connection_identity(auth))
    if isinstance(auth, NetrcAuth) or (callable(auth) and not isinstance(auth, type)):
        return auth
    raise ValueError(_FORMS)


def ask_for_auth(source: AuthSource, request: FetchRequest, environment: Mapping[str, str]) -> FetchRequest:
    """The request with the credentials that the source has for it; on the caller's thread.

    Raises what the user's function raises, TypeError when that is because it takes the request for one of another
    library, and ValueError for what it must not give.
    """
    if isinstance(source, NetrcAuth):
        return with_auth(request, _from_netrc(source, request, environment))
    auth = auth_from_value(_asked(source, request))
    if isinstance(auth, NetrcAuth):
        auth = _from_netrc(auth, request, environment)
    if not isinstance(auth, RequestAuth):
        raise ValueError("auth: the function gave another function, not credentials")
    return with_auth(request, auth)


def _asked(source: Callable[[FetchRequest], AuthValue], request: FetchRequest) -> AuthValue:
    try:
        return source(request)
    except (TypeError, AttributeError) as error:
        if not any([name in str(error) for name in _OURS]):
            raise
        who = getattr(source, "__name__", type(source).__name__)
        raise TypeError(
            f"auth: {who} cannot use the FetchRequest that it is given ({error}). It must give the credentials and "
            "leave the request as it is; auth objects of requests and httpx are not taken: pass a pair (user, "
            "password), BasicAuth, DigestAuth or BearerAuth, for other headers a request hook"
        ) from error


def with_auth(request: FetchRequest, auth: RequestAuth) -> FetchRequest:
    """The request with these credentials; where there are none, with what its headers say."""
    headers = request.headers
    if auth.authorization is not None:
        headers = headers.copy()
        headers.set("Authorization", auth.authorization)
    return request.replaced(headers=headers, auth=auth.identity)


def _password_auth(auth: tuple[str, str] | list[str]) -> RequestAuth:
    """Basic at once, which most servers want; Digest for those that say so."""
    if len(auth) != 2 or not all(isinstance(x, str) for x in auth):
        raise ValueError(_FORMS)
    basic = BasicAuth(auth[0], auth[1])  # refuses a colon
    load_auth_rooms()
    return RequestAuth(basic_credentials(basic.username, basic.password), password_identity(auth[0], auth[1]))


def _answering(identity: AuthIdentity) -> RequestAuth:
    load_auth_rooms()
    return RequestAuth(None, identity)


def _connection_identity(auth: NtlmAuth | NegotiateAuth) -> AuthIdentity:
    require_pyspnego()
    if isinstance(auth, NtlmAuth):
        return AuthIdentity(auth.username, auth.password, (NTLM,), domain=auth.domain)
    user, password = auth.username or "", auth.password or ""
    return AuthIdentity(user, password, (NEGOTIATE,), service_host=auth.host or "", delegates=auth.delegate)


def _from_netrc(netrc: NetrcAuth, request: FetchRequest, environment: Mapping[str, str]) -> RequestAuth:
    login = find_login(netrc.path, request.url.host, environment)
    return RequestAuth() if login is None else _password_auth(login)
