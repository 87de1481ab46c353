"""What concerns more than one exchange: redirects, cookies, authentication."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
import requests
from requests.auth import HTTPDigestAuth

import netstack_sync
from netstack_sync import BasicAuth, BearerAuth, DigestAuth
from tests.support.side_by_side import SideBySide

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


@pytest.mark.parametrize("kind", ["redirect", "relative-redirect", "absolute-redirect"])
@pytest.mark.parametrize("count", [1, 2, 6, 20])
def test_redirects(both: SideBySide, kind: str, count: int) -> None:
    """The history has them all, oldest first."""
    facts = both.same("GET", f"/{kind}/{count}")
    assert len(facts.history) == count and facts.url == both.url("/get")


def test_absolute_redirects_on_request(both: SideBySide) -> None:
    """As httpbin makes them with a parameter."""
    assert len(both.same("GET", "/redirect/3?absolute=true").history) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_redirect_of_each_status(both: SideBySide, method: str, status: int) -> None:
    """What becomes of method and body."""
    data = "body" if method == "POST" else None
    both.same(method, f"/redirect-to?url=/anything&status_code={status}", data=data)


@pytest.mark.parametrize("status", [303, 307, 308])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_redirect_of_other_methods(both: SideBySide, method: str, status: int) -> None:
    """303 makes a GET of them, 307 and 308 repeat them with their body; for 301 and 302 see differences.py."""
    facts = both.same(method, f"/redirect-to?url=/anything&status_code={status}", data={"a": "b"})
    assert json.loads(facts.content)["method"] == ("GET" if status == 303 else method)


@pytest.mark.parametrize(
    "target",
    ["/get?a=1#fragment", "get", "//{host}/get", "http://{host}/get?x=%20", "/anything/ä ö", "?url=/get", "/a/../get"],
)
def test_redirect_targets(both: SideBySide, target: str) -> None:
    """A Location may be written in many ways."""
    target = target.format(host=both.url("/").split("/")[2])
    both.same("GET", f"/redirect-to?url={quote(target, safe='')}")


@pytest.mark.parametrize("status", [300, 304, 305, 306])
def test_statuses_that_redirect_nobody(both: SideBySide, status: int) -> None:
    """In spite of a Location."""
    assert both.same("GET", f"/redirect-to?url=/get&status_code={status}").status == status


def test_redirects_that_are_not_followed(both: SideBySide) -> None:
    """The redirect is the answer."""
    facts = both.same("GET", "/redirect/2", follow_redirects=False)
    assert facts.status == 302 and facts.history == ()


def test_too_many_redirects(both: SideBySide) -> None:
    """A limit of its own for each; past it there is an error, not an answer."""
    both.theirs.max_redirects = 3
    assert both.ask_theirs("GET", "/redirect/3").status == 200
    assert both.ask_ours("GET", "/redirect/3", max_redirects=3).status == 200
    with pytest.raises(netstack_sync.TooManyRedirects):
        both.ours.get(both.url("/redirect/4"), max_redirects=3)
    with pytest.raises(requests.TooManyRedirects):
        both.theirs.get(both.url("/redirect/4"))
    with pytest.raises(netstack_sync.TooManyRedirects):
        both.ours.get(both.url("/redirect/21"))  # 20 without a word


def test_chunked_body_over_a_redirect(both: SideBySide) -> None:
    """An iterator is gone once it was sent; a list of pieces is not. requests cannot repeat either."""
    path = "/redirect-to?url=/post&status_code=307"
    with pytest.raises(netstack_sync.NetError) as caught:
        both.ours.post(both.url(path), content=iter([b"once"]))
    assert caught.value.net_error.name == "ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED"
    assert both.ours.post(both.url(path), content=[b"twi", b"ce"]).json()["data"] == "twice"


# --- cookies


def test_cookies_are_kept(both: SideBySide) -> None:
    """Set over a redirect, sent with it, shown, replaced and deleted."""
    facts = both.same("GET", "/cookies/set/sessioncookie/123456789")
    assert json.loads(facts.content)["cookies"] == {"sessioncookie": "123456789"}
    both.same("GET", "/cookies/set?a=1&b=2")
    both.same("GET", "/cookies/set?a=3")
    assert both.same("GET", "/cookies").kept == {"sessioncookie": "123456789", "a": "3", "b": "2"}
    assert both.same("GET", "/cookies/delete?a&b=").kept == {"sessioncookie": "123456789"}


@pytest.mark.parametrize("value", ["a b", "é", "a,b", "x=y", "a%20b"])
def test_cookie_values(both: SideBySide, value: str) -> None:
    """They come back to the server as it set them; how it quotes them is its own business."""
    facts = [ask("GET", f"/cookies/set?name={quote(value)}") for ask in (both.ask_ours, both.ask_theirs)]
    assert [json.loads(one.content)["cookies"] for one in facts] == [{"name": value}] * 2


def test_cookies_of_one_request(both: SideBySide) -> None:
    """They are sent with it and not kept."""
    facts = both.same("GET", "/cookies", cookies={"from-my": "browser"})
    assert json.loads(facts.content)["cookies"] == {"from-my": "browser"} and facts.kept == {}
    assert json.loads(both.same("GET", "/cookies").content)["cookies"] == {}


def test_cookie_of_an_answer(both: SideBySide) -> None:
    """The response that sets one shows it."""
    assert both.same("GET", "/cookies/set/a/1", follow_redirects=False).cookies == {"a": "1"}


# --- authentication


@pytest.mark.parametrize("kind", ["basic-auth", "hidden-basic-auth"])
@pytest.mark.parametrize("user, password", [("user", "pass"), ("us er", "p@ss:word"), ("user", "wrong")])
def test_basic(both: SideBySide, kind: str, user: str, password: str) -> None:
    """Sent before anybody asks; a wrong password is an answer."""
    expected = "pass" if password == "wrong" else password
    facts = both.same("GET", f"/{kind}/{quote(user)}/{quote(expected)}", auth=(user, password))
    refusal = 401 if kind == "basic-auth" else 404
    assert facts.status == (refusal if password == "wrong" else 200)


def test_basic_in_other_forms(both: SideBySide) -> None:
    """As an object, in the URL, for a session; and without."""
    path = "/basic-auth/user/pass"
    both.same("GET", path, auth=BasicAuth("user", "pass"), but={"auth": requests.auth.HTTPBasicAuth("user", "pass")})
    url = both.url(path).replace("//", "//user:pass@")
    assert both.ours.get(url).json() == both.theirs.get(url).json() == {"authenticated": True, "user": "user"}
    assert both.same("GET", path).status == 401
    with netstack_sync.Session(auth=("user", "pass")) as session:
        assert session.get(both.url(path)).status == 200


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("password", ["pass", "wrong"])
def test_digest(both: SideBySide, algorithm: str, password: str) -> None:
    """Answered once; the second request of the session needs no other challenge."""
    path = f"/digest-auth/auth/user/pass/{algorithm}"
    for _ in range(2):
        ours, theirs = DigestAuth("user", password), HTTPDigestAuth("user", password)
        facts = [both.ask_ours("GET", path, auth=ours), both.ask_theirs("GET", path, auth=theirs)]
        assert {one.status for one in facts} == {200 if password == "pass" else 401}
        if password == "pass":
            assert facts[0].content == facts[1].content and facts[0].kept == facts[1].kept


def test_bearer(both: SideBySide) -> None:
    """BearerAuth, where requests needs a header."""
    header = {"Authorization": "Bearer t0ken"}
    both.same("GET", "/bearer", headers=header)
    facts = both.same("GET", "/bearer", auth=BearerAuth("t0ken"), but={"auth": None, "headers": header})
    assert json.loads(facts.content) == {"authenticated": True, "token": "t0ken"}
    assert both.same("GET", "/bearer").status == 401
