"""The forms of `auth`, and what each means for a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.fetcher.auth_argument import ask_for_auth, auth_from_value, with_auth
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.options import AuthArgument, AuthValue
from netstack_sync.fetcher.request_auth import RequestAuth
from tests.support.responses import make_request

BASIC_UP = "Basic dTpw"


@pytest.mark.parametrize(
    "auth, expected",
    [
        (None, RequestAuth(None, None)),
        (("u", "p"), RequestAuth(BASIC_UP, password_identity("u", "p"))),
        (["u", "p"], RequestAuth(BASIC_UP, password_identity("u", "p"))),
        (BasicAuth("u", "p"), RequestAuth(BASIC_UP, None)),
        (DigestAuth("u", "p"), RequestAuth(None, AuthIdentity("u", "p", ("digest",)))),
        (BearerAuth("t"), RequestAuth("Bearer t", None)),
        (NtlmAuth("u", "p", "D"), RequestAuth(None, AuthIdentity("u", "p", ("ntlm",), domain="D"))),
        (NegotiateAuth(), RequestAuth(None, AuthIdentity("", "", ("negotiate",)))),
        (
            NegotiateAuth("u", "p", host="h", delegate=True),
            RequestAuth(None, AuthIdentity("u", "p", ("negotiate",), service_host="h", delegates=True)),
        ),
        (AnyAuth("u", "p"), RequestAuth(None, any_identity(AnyAuth("u", "p")))),
    ],
)
def test_what_is_known_at_once(auth: AuthArgument, expected: RequestAuth) -> None:
    """A pair says Basic at once and Digest when asked; the objects only what their names say."""
    assert auth_from_value(auth) == expected


def test_what_is_told_before_anybody_asks() -> None:
    """Only a pair says the same by Basic already; the others wait for the server."""
    identity = auth_from_value(("u", "p"))
    assert isinstance(identity, RequestAuth) and identity.identity is not None and identity.identity.sends_basic
    for auth in (AnyAuth("u", "p"), NtlmAuth("u", "p"), NegotiateAuth()):
        value = auth_from_value(auth)
        assert isinstance(value, RequestAuth) and value.identity is not None
        assert value.authorization is None and not value.identity.sends_basic


def test_without_pyspnego(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra, before anything is sent; AnyAuth has other schemes left."""
    monkeypatch.setattr("netstack_sync.workers.security_context.find_spec", lambda _: None)
    for auth in (NtlmAuth("u", "p"), NegotiateAuth()):
        with pytest.raises(ImportError, match=r"netstack-sync\[auth\]"):
            auth_from_value(auth)
    assert isinstance(auth_from_value(AnyAuth("u", "p")), RequestAuth)


def test_whom_to_ask() -> None:
    """A netrc file and a function."""
    for source in (NetrcAuth(), lambda _: None):
        assert auth_from_value(source) is source


@pytest.mark.parametrize("bad", ["user:pass", ("user",), ("user", 5), (b"u", b"p"), object(), 5, BasicAuth, tuple])
def test_what_is_no_auth(bad: Any) -> None:
    """The error names every form there is; a class that was not called is none."""
    with pytest.raises(ValueError, match=r"auth: must be a pair .* DigestAuth"):
        auth_from_value(bad)


def test_a_name_that_basic_cannot_express() -> None:
    """A pair is sent as Basic first."""
    with pytest.raises(ValueError, match=r"auth: a user name .* colon"):
        auth_from_value(("us:er", "p"))


def test_a_function_sees_the_request() -> None:
    """Whatever it gives is what it would mean as the argument."""
    request = make_request("http://h.test/x", "POST", headers={"A": "1"})
    seen: list[FetchRequest] = []

    def give(auth: AuthValue) -> FetchRequest:
        def source(request: FetchRequest) -> AuthValue:
            seen.append(request)
            return auth

        return ask_for_auth(source, request, {})

    basic = give(("u", "p"))
    assert seen == [request] and "authorization" not in request.headers
    assert basic.headers.get("authorization") == BASIC_UP and basic.auth == password_identity("u", "p")
    assert basic.url is request.url and basic.method == "POST" and basic.headers.get("a") == "1"
    assert give(None).headers is request.headers and give(None).auth is None
    assert give(DigestAuth("u", "p")).auth == AuthIdentity("u", "p", ("digest",))
    nonsense: Any = lambda _: None  # noqa: E731
    with pytest.raises(ValueError, match="auth: the function gave another function"):
        give(nonsense)


def test_auth_objects_of_other_libraries() -> None:
    """They change a request, which ours does not let them: the caller hears what to pass, and what went wrong."""

    class Basic:
        def __call__(self, request: Any) -> Any:
            request.headers["Authorization"] = "Basic x"
            return request

    def digest(request: Any) -> Any:
        request.register_hook("response", print)

    request = make_request("http://h.test/")
    for source, name, kind in ((Basic(), "Basic", TypeError), (digest, "digest", AttributeError)):
        with pytest.raises(
            TypeError, match=f"auth: {name} cannot use .* objects of requests and httpx .* BasicAuth"
        ) as e:
            ask_for_auth(source, request, {})
        assert type(e.value.__cause__) is kind
    foreign: Any = lambda request: request  # noqa: E731
    with pytest.raises(ValueError, match="objects of requests and httpx are not taken"):
        ask_for_auth(foreign, request, {})


@pytest.mark.parametrize("error", [TypeError("mine"), AttributeError("mine"), KeyError("mine")])
def test_a_function_that_raises(error: Exception) -> None:
    """What it raises goes to the caller as it is."""

    def fail(request: FetchRequest) -> AuthValue:
        raise error

    with pytest.raises(type(error), match="mine") as e:
        ask_for_auth(fail, make_request("http://h.test/"), {})
    assert e.value is error


def test_netrc_by_the_host_of_the_request(tmp_path: Path) -> None:
    """Rule R6; as an argument and out of a function; $NETRC only of an environment that is trusted."""
    file = tmp_path / "netrc"
    file.write_text("machine h.test login u password p")
    mine, other = make_request("http://x@H.test.:81/"), make_request("http://sub.h.test/")
    for source in (NetrcAuth(file), lambda _: NetrcAuth(file)):
        assert ask_for_auth(source, mine, {}).headers.get("authorization") == BASIC_UP
        assert ask_for_auth(source, other, {}).auth is None
    environment = {"NETRC": str(file)}
    assert ask_for_auth(NetrcAuth(), mine, environment).auth == password_identity("u", "p")


def test_everything_else_of_the_request_stays() -> None:
    """Only headers and identity change."""
    request = make_request("http://h.test/", "PUT", json=1, timeout=3, max_redirects=2, priority="high")
    changed = with_auth(request, RequestAuth("Bearer t", None))
    for name in FetchRequest.__slots__:
        if name not in ("headers", "auth"):
            assert getattr(changed, name) is getattr(request, name), name
    assert changed.headers.get("authorization") == "Bearer t"
