"""A request as values: what it shows, what it pickles, how another one is made of it."""

from __future__ import annotations

import pickle

import pytest

from netstack_sync.fetcher.fetch_request import FetchRequest
from tests.support.responses import make_request


def test_a_request_shows_no_secret_and_pickles_without_them() -> None:
    request = make_request(headers={"Authorization": "Basic x", "Cookie": "c", "A": "1"}, json={"secret": 1})
    assert repr(request) == "<FetchRequest GET http://server.test/path>"
    copy: FetchRequest = pickle.loads(pickle.dumps(request))
    assert (copy.body, copy.url.href, copy.timeout) == (None, "http://server.test/path", request.timeout)
    assert "authorization" not in copy.headers and "cookie" not in copy.headers and copy.headers.get("A") == "1"
    assert request.body is not None


def test_functions_are_not_pickled() -> None:
    """They belong to this process."""
    request = make_request(on_informational=lambda *_: None, upload_progress=lambda *_: None)
    copy: FetchRequest = pickle.loads(pickle.dumps(request))
    assert copy.on_informational is None and copy.upload_progress is None


def test_cookies_and_who_is_asking_are_secrets() -> None:
    """They are not pickled."""
    request = make_request(cookies={"a": "1"}, auth=("u", "p"))
    copy: FetchRequest = pickle.loads(pickle.dumps(request))
    assert request.cookies == (("a", "1"),) and request.auth is not None
    assert copy.cookies == () and copy.auth is None


def test_another_request_that_differs_in_a_field() -> None:
    """The first one stays as it was; what is no field is refused."""
    request = make_request()
    other = request.replaced(method="HEAD")
    assert (request.method, other.method) == ("GET", "HEAD") and other.url is request.url
    with pytest.raises(TypeError, match="colour"):
        request.replaced(colour="red")
