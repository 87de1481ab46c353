"""Arguments of requests that few give."""

from __future__ import annotations

import sys

import pytest

from netstack_sync.auth.credentials import BearerAuth
from netstack_sync.base.url import Url
from netstack_sync.fetcher.hooks import Hooks
from netstack_sync.fetcher.late_arguments import (
    cookies_from_value,
    credentials_from_value,
    hooks_from_value,
    joined_hooks,
    load_attempt_rooms,
    retries_from_value,
    with_asked_auth,
)
from netstack_sync.fetcher.request_auth import NO_AUTH, RequestAuth
from tests.support.responses import make_request


def hook(request: object) -> None:
    """Does nothing."""


def other(request: object) -> None:
    """Neither."""


def test_retries() -> None:
    """What makes them is there for the network thread then."""
    assert retries_from_value(None) is retries_from_value(False) is None
    policy = retries_from_value(2)
    assert policy is not None and policy.total == 2
    assert "netstack_sync.fetcher.fetch_attempts" in sys.modules
    load_attempt_rooms()
    with pytest.raises(TypeError, match="retries: pass a number"):
        retries_from_value("2")  # type: ignore[arg-type]


def test_hooks() -> None:
    """Those of the session come first."""
    assert hooks_from_value(None) is None
    first = hooks_from_value({"request": hook})
    assert first == Hooks((hook,))
    assert joined_hooks(None, None) is None and joined_hooks(first, None) is first
    assert joined_hooks(None, {"request": hook}) == first
    assert joined_hooks(first, {"request": other, "response": other}) == Hooks((hook, other), (other,))


def test_credentials() -> None:
    """Nobody needs nothing; whose kind others know."""
    assert credentials_from_value(None) is NO_AUTH
    assert isinstance(credentials_from_value(("u", "p")), RequestAuth)
    with pytest.raises(ValueError, match="auth: must be a pair"):
        credentials_from_value(5)  # type: ignore[arg-type]


def test_credentials_that_are_asked_for() -> None:
    """With the request that they are for."""
    request = make_request("http://a.test/")
    asked = with_asked_auth(lambda about: BearerAuth(about.url.host), request, {})
    assert asked.headers.get("authorization") == "Bearer a.test"


def test_cookies() -> None:
    """As those who know them say."""
    assert cookies_from_value({"a": "b"}, Url.parse("http://a.test/"), 0.0) == (("a", "b"),)
