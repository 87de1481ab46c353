"""Cookies on their way: into each hop of a request, out of each answer."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_IO_PENDING, OK
from netstack_sync.base.url import Url
from netstack_sync.cookies.public_suffix import PublicSuffixes, PublicSuffixGate
from netstack_sync.cookies.store import MAX_PER_DOMAIN, MemoryCookieStore
from netstack_sync.http.request_info import HttpRequestInfo, OwnCookies
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.cookie_steps import CookieSteps
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.url_request import URLRequest
from tests.support.cookies import NOW, SUFFIXES, cookie
from tests.support.digest_server import PLAIN_CHALLENGE, plain_answer
from tests.support.scripted_socket import Read, Write
from tests.support.scripted_stack import ScriptedStack, request_info
from tests.support.url_requests import RecordingDelegate, context_over, new_request


class Visitor:
    """A context with cookies; every connection serves one request."""

    def __init__(self, stack: ScriptedStack, keeps: bool = True, suffixes: PublicSuffixes = SUFFIXES) -> None:
        self.stack = stack
        clock = ManualWallClock(NOW)

        def make_store() -> MemoryCookieStore:
            return MemoryCookieStore(clock, suffixes)

        gate = PublicSuffixGate(suffixes, stack.workers)
        self.steps = CookieSteps(make_store() if keeps else None, make_store, gate, clock)
        self.context: URLRequestContext = context_over(stack)
        self.context.job_factory = URLRequestJobFactory(stack.session, None, self.steps)

    def expect(self, url: str, sent: str, *fields: str, status: int = 200, own: str = "") -> None:
        """The next hop goes to `url` with this Cookie header, and is answered with these fields."""
        target = Url.parse(url)
        line = f"Cookie: {sent}\r\n" if sent else ""
        head = f"GET {target.request_target} HTTP/1.1\r\nHost: {target.host_header}\r\nConnection: keep-alive\r\n"
        lines = "".join(f"{field}\r\n" for field in fields)
        answer = f"HTTP/1.1 {status} X\r\n{lines}Content-Length: 0\r\nConnection: close\r\n\r\n"
        self.stack.connection(Write(f"{head}{own}{line}\r\n".encode("latin-1")), Read(answer.encode("latin-1")))

    def start(self, url: str, own: OwnCookies = (), header: str = "") -> tuple[URLRequest, RecordingDelegate]:
        info = request_info(url, headers=[("Cookie", header)] if header else None)
        info.cookies = own
        request, delegate = new_request(self.context, info)
        request.start()
        self.stack.run()
        return request, delegate

    def visit(self, url: str, own: OwnCookies = (), header: str = "") -> None:
        assert self.start(url, own, header)[1].result == OK

    def kept(self) -> list[str]:
        assert self.steps.store is not None
        return [f"{found.name}={found.value}" for found in self.steps.store.all_cookies()]


@pytest.fixture
def visitor(stack: ScriptedStack) -> Visitor:
    return Visitor(stack)


def test_what_an_answer_sets_goes_with_the_next_request(visitor: Visitor) -> None:
    """In the order of RFC 6265; to that host, not to others."""
    visitor.expect("http://a.test/d/x", "", "Set-Cookie: a=1; Path=/", "set-cookie:b=2", "Set-Cookie: =")
    visitor.expect("http://a.test:8080/d/y", "b=2; a=1")
    visitor.expect("http://b.test/d/y", "")
    visitor.visit("http://a.test/d/x")
    visitor.visit("http://a.test:8080/d/y")
    visitor.visit("http://b.test/d/y")


@pytest.mark.parametrize("status", [204, 302, 401, 404, 500])
def test_every_answer_is_heard(visitor: Visitor, status: int) -> None:
    """Row 239, BasicAuthWithCookies, AuthChallengeCancelCookieCollect: whatever its status."""
    visitor.expect("http://a.test/", "", "Set-Cookie: a=1", 'WWW-Authenticate: Basic realm="x"', status=status)
    visitor.visit("http://a.test/")
    assert visitor.kept() == ["a=1"]


def test_redirects_set_cookies_and_get_them(visitor: Visitor) -> None:
    """Row 238: each hop is asked for by itself, also when it is the same URL, or another host of the domain."""
    start, other = "http://www.a.test/", "http://other.a.test/"
    visitor.expect(start, "", "Set-Cookie: n=1; Domain=a.test", f"Location: {start}", status=302)
    visitor.expect(start, "n=1", "Set-Cookie: n=2; Domain=a.test", f"Location: {other}", status=302)
    visitor.expect(other, "n=2", "Set-Cookie: n=; Domain=a.test; Max-Age=0", "Location: /end", status=307)
    visitor.expect(other + "end", "")
    visitor.visit(start)


def test_secure_cookies_stay_on_https(visitor: Visitor) -> None:
    """Also when a redirect leads down."""
    visitor.expect("https://a.test/", "", "Set-Cookie: s=1; Secure; Path=/", "Location: http://a.test/x", status=302)
    visitor.expect("http://a.test/x", "", "Set-Cookie: s=evil; Path=/", "Set-Cookie: s2=1; Secure")
    visitor.visit("https://a.test/")
    assert visitor.kept() == ["s=1"]


def test_nobody_sets_cookies_for_strangers(visitor: Visitor) -> None:
    """The rest of the answer counts all the same."""
    bad = [f"Set-Cookie: n{number}=1; Domain={name}" for number, name in enumerate(["co.uk", "b.test", "1.2.3.4"])]
    visitor.expect("http://a.co.uk/", "", *bad, "Set-Cookie: good=1")
    visitor.visit("http://a.co.uk/")
    assert visitor.kept() == ["good=1"]


def test_expiry_is_by_the_servers_date(visitor: Visitor) -> None:
    """Row 238, AcceptClockSkewCookieWithWrongDateTimezone: a server whose clock is years ahead says "in a minute"."""
    fields = ("Date: Wed, 21 Oct 2015 07:28:00 GMT", "Set-Cookie: a=1; Expires=Wed, 21 Oct 2015 07:29:00 GMT")
    visitor.expect("http://a.test/", "", *fields)
    visitor.expect("http://a.test/", "a=1", "Date: never", "Set-Cookie: a=1; Max-Age=0")
    visitor.visit("http://a.test/")
    assert visitor.steps.snapshot()[0].expires == NOW + 60
    visitor.visit("http://a.test/")
    assert visitor.kept() == []


def test_an_answer_full_of_cookies(visitor: Visitor) -> None:
    """What exceeds the limit of a site is not even read."""
    visitor.expect("http://a.test/", "", *(f"Set-Cookie: n{number}=1" for number in range(MAX_PER_DOMAIN + 5)))
    visitor.visit("http://a.test/")
    assert len(visitor.kept()) == MAX_PER_DOMAIN


# --- cookies of the request's own


def test_own_cookies_go_over_stored_ones(visitor: Visitor) -> None:
    """Row 238, DoNotSendCookies: None keeps a stored one at home; nothing of it is kept."""
    visitor.expect("http://a.test/", "", "Set-Cookie: a=1", "Set-Cookie: b=2", "Set-Cookie: c=3")
    visitor.expect("http://a.test/", "c=3; a=own; d=\xe4")
    visitor.expect("http://b.test/", "")
    visitor.visit("http://a.test/")
    visitor.visit("http://a.test/", own=(("a", "own"), ("b", None), ("d", "\xe4")))
    visitor.visit("http://b.test/", own=(("a", None),))
    assert visitor.kept() == ["a=1", "b=2", "c=3"]


@pytest.mark.parametrize("target", ["http://b.test/", "http://x.a.test/", "http://a.test:81/", "https://a.test/"])
def test_own_cookies_stay_with_their_origin(visitor: Visitor, target: str) -> None:
    """Rule R5: they go along on the same origin, to no other, and do not come back."""
    visitor.expect("http://a.test/", "a=own", "Location: /2", status=302)
    visitor.expect("http://a.test/2", "a=own", f"Location: {target}", status=307)
    visitor.expect(target, "", "Location: http://a.test/3", status=307)
    visitor.expect("http://a.test/3", "")
    visitor.visit("http://a.test/", own=(("a", "own"),))


def test_a_header_of_the_callers_is_left_alone(visitor: Visitor) -> None:
    """Whoever writes it himself means it; what answers set is kept for others."""
    visitor.expect("http://a.test/", "", "Set-Cookie: a=1")
    visitor.expect("http://a.test/", "x=y", "Set-Cookie: b=2", "Location: /2", status=302)
    visitor.expect("http://a.test/2", "x=y", "Location: http://a.test:81/", status=302)
    visitor.expect("http://a.test:81/", "a=1; b=2")
    visitor.visit("http://a.test/")
    visitor.visit("http://a.test/", header="x=y")


# --- without a store


def test_nothing_outlives_its_request(stack: ScriptedStack) -> None:
    """Row 238, DoNotSaveCookies: what a redirect sets goes along; the next request knows nothing of it."""
    visitor = Visitor(stack, keeps=False)
    visitor.expect("http://a.test/", "", "Set-Cookie: a=1; Path=/", "Location: /2", status=302)
    visitor.expect("http://a.test/2", "a=1", "Set-Cookie: b=2", "Location: /3", status=302)
    visitor.expect("http://a.test/3", "a=1; b=2", "Set-Cookie: c=3")
    visitor.expect("http://a.test/3", "")
    visitor.expect("http://a.test/3", "own=1")
    visitor.visit("http://a.test/")
    visitor.visit("http://a.test/3")
    visitor.visit("http://a.test/3", own=(("own", "1"),))
    assert visitor.steps.snapshot() == ()


def test_without_a_store_a_challenge_sets_cookies_for_its_answer(stack: ScriptedStack) -> None:
    """Servers keep in them whom they have challenged; with the request they are gone."""
    visitor = Visitor(stack, keeps=False)
    visitor.expect("http://a.test/", "", "Set-Cookie: a=1", f"WWW-Authenticate: {PLAIN_CHALLENGE}", status=401)
    visitor.expect("http://a.test/", "", own="Cookie: a=1\r\n" + plain_answer("u", "p"))
    visitor.expect("http://a.test/", "")
    info = request_info("http://a.test/")
    info.auth = password_identity("u", "p")
    request, delegate = new_request(visitor.context, info)
    request.start()
    stack.run()
    assert delegate.result == OK and request.response is not None and request.response.head.status == 200
    visitor.visit("http://a.test/")


# --- what it costs, and what is waited for


def test_requests_without_cookies_are_left_as_they_are(visitor: Visitor) -> None:
    """Not even copied; also when the cookies there are belong to others."""
    info = request_info()
    assert visitor.steps.with_cookies(info) is info
    assert visitor.steps.store is not None
    visitor.steps.store.set_cookie(cookie("a=1"), True)
    assert visitor.steps.with_cookies(info) is info


def test_the_request_itself_does_not_change(visitor: Visitor) -> None:
    """Else the next hop would inherit the cookies of this one."""
    info = request_info("https://www.a.test/dir/", headers=[("A", "b")])
    info.partition, info.privacy_mode, info.cookies = "p", True, (("own", "1"),)
    sent = visitor.steps.with_cookies(info)
    assert info.headers.items() == [("A", "b")] and sent.headers.items() == [("A", "b"), ("Cookie", "own=1")]
    for name in set(HttpRequestInfo.__slots__) - {"headers"}:
        assert getattr(sent, name) is getattr(info, name)


def test_the_first_cookies_wait_for_the_list_of_suffixes(stack: ScriptedStack) -> None:
    """A worker reads it, once; the answer comes when its cookies are kept, so that the next request has them."""
    visitor = Visitor(stack, suffixes=PublicSuffixes())
    visitor.expect("http://www.a.test/", "", "Set-Cookie: a=1; Domain=a.test")
    visitor.expect("http://x.a.test/", "a=1", "Set-Cookie: b=2")
    request, delegate = visitor.start("http://www.a.test/")
    assert delegate.result == ERR_IO_PENDING and "response" not in delegate.events and len(stack.workers.jobs) == 1
    stack.run_workers()
    assert delegate.result == OK and request.response is not None
    visitor.visit("http://x.a.test/")
    assert not stack.workers.jobs and visitor.kept() == ["a=1", "b=2"]


def test_answers_without_cookies_do_not_wait(stack: ScriptedStack) -> None:
    """Nor does one whose cookies nobody would ever send."""
    visitor = Visitor(stack, keeps=False, suffixes=PublicSuffixes())
    visitor.expect("http://a.test/", "", "X: set-cookie")
    visitor.expect("http://a.test/", "", "Set-Cookie: a=1")
    visitor.visit("http://a.test/")
    visitor.visit("http://a.test/")
    assert not stack.workers.jobs


def test_a_request_that_is_cancelled_while_its_cookies_wait(stack: ScriptedStack) -> None:
    """Its delegate is not called, and its cookies are not kept; others go on."""
    visitor = Visitor(stack, suffixes=PublicSuffixes())
    visitor.expect("http://a.test/", "", "Set-Cookie: a=1")
    visitor.expect("http://a.test/", "", "Set-Cookie: b=1")
    first, cancelled = visitor.start("http://a.test/")
    _, delegate = visitor.start("http://a.test/")
    first.cancel()
    stack.run_workers()
    assert "response" not in cancelled.events and first.read() == ERR_ABORTED
    assert delegate.result == OK and visitor.kept() == ["b=1"]
