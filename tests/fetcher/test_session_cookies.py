"""The cookies of a session, from request to request and from any thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from requests.cookies import RequestsCookieJar

from netstack_sync import CanonicalCookie, ContextShutDown, InvalidURL, Session, SessionCookies, fetch
from netstack_sync.cookies.public_suffix import PublicSuffixes
from netstack_sync.fetcher import session_cookies as module
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.server_request import ReceivedRequest


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """/set?line=... sets it; /go?line=...&to=... redirects as well; /cookie says what came."""

    def answer(request: ReceivedRequest) -> Answer:
        query = request.query
        fields = [("Set-Cookie", query["line"])] if "line" in query else []
        if "to" in query:
            return Answer(302, [*fields, ("Location", query["to"])])
        return Answer(headers=fields, body=(request.headers.get("cookie") or "").encode("latin-1"))

    with EmbeddedServer() as server:
        server.route("/cookie", answer)
        yield server


def sent(session: Session, server: EmbeddedServer, **options: object) -> str:
    """The Cookie header of a request."""
    return session.get(server.url("/cookie"), **options).text  # type: ignore[arg-type]


def visit(session: Session, server: EmbeddedServer, line: str, to: str | None = None) -> str:
    """The Cookie header of the last request of a fetch whose first answer sets this."""
    params = {"line": line} if to is None else {"line": line, "to": to}
    return session.get(server.url("/cookie"), params=params).text


def test_a_session_remembers(server: EmbeddedServer, session: Session) -> None:
    """Between requests and over redirects; the response tells what it set."""
    assert visit(session, server, "a=1; Path=/; HttpOnly") == "" and sent(session, server) == "a=1"
    assert visit(session, server, "b=2", to="/cookie") == "a=1; b=2"
    response = session.get(server.url("/cookie"), params={"line": '"c"="3; Max-Age=5'})
    assert response.cookies == {'"c"': '"3'} and session.cookies['"c"'] == '"3'
    assert sent(session, server) == 'a=1; b=2; "c"="3'


def test_cookies_of_one_request(server: EmbeddedServer, session: Session) -> None:
    """Over those of the session, for this origin, and gone afterwards."""
    visit(session, server, "a=1")
    assert sent(session, server, cookies={"a": "own", "b": "2"}) == "a=own; b=2"
    assert sent(session, server, cookies={"a": None}) == "" and sent(session, server) == "a=1"
    elsewhere = server.url("/cookie", host="localhost")
    response = session.get(server.url("/redirect-to"), params={"url": elsewhere}, cookies={"secret": "1"})
    assert response.url == elsewhere and response.text == ""
    jar = RequestsCookieJar()
    jar.set("j", "1", domain="127.0.0.1")
    jar.set("k", "1", domain="b.test")
    assert sent(session, server, cookies=jar) == "a=1; j=1"


def test_a_cookie_header_of_the_callers(server: EmbeddedServer) -> None:
    """That of the request counts before `cookies` of the session, and `cookies` of it before the session's header."""
    with Session(trust_env=False, headers={"Cookie": "h=1"}) as session:
        visit(session, server, "a=1")
        assert sent(session, server) == "h=1"
        assert sent(session, server, cookies={"b": "2"}) == "a=1; b=2"
        assert sent(session, server, cookies={}, headers={"Cookie": None}) == "a=1"
        assert sent(session, server, headers={"cookie": "x=y"}) == "x=y"
        with pytest.raises(ValueError, match="cookies: the request has a Cookie header too"):
            sent(session, server, headers=[("COOKIE", "x=y")], cookies={"b": "2"})


def test_none_are_kept(server: EmbeddedServer) -> None:
    """Row 238, DoNotSaveCookies: but for the redirects of the same fetch, which often cannot do without."""
    with Session(trust_env=False, cookies=False) as session:
        assert visit(session, server, "a=1") == "" == sent(session, server)
        assert visit(session, server, "a=1", to="/cookie") == "a=1" and sent(session, server) == ""
        assert sent(session, server, cookies={"b": "2"}) == "b=2"
        assert list(session.cookies) == [] and session.cookies.get("a") is None and session.cookies.delete("a") == 0
        with pytest.raises(ValueError, match="cookies=False"):
            session.cookies.set("a", "1", domain="a.test")


def test_the_function_keeps_none(server: EmbeddedServer) -> None:
    """All callers in a process share its session, and must not share who they are."""
    fetch(server.url("/cookie"), params={"line": "a=1"})
    assert fetch(server.url("/cookie")).text == ""
    assert fetch(server.url("/cookie"), params={"line": "a=1", "to": "/cookie"}).text == "a=1"


def test_a_session_begins_with_cookies(server: EmbeddedServer) -> None:
    """Of a mapping for its base_url, of another session's view for their own hosts."""
    with Session(trust_env=False, base_url=server.url("/"), cookies={"a": "1"}) as session:
        assert sent(session, server) == "a=1"
        assert session.get(server.url("/cookie", host="localhost")).text == ""
        with Session(trust_env=False, cookies=session.cookies) as other:
            assert sent(other, server) == "a=1" and list(other.cookies) == list(session.cookies)
    with pytest.raises(ValueError, match="cookies: say for which host"):
        Session(cookies={"a": "1"})
    with pytest.raises(TypeError, match="cookies: pass a mapping"):
        Session(cookies=5)  # type: ignore[arg-type]  # that is the point


# --- the view


@pytest.fixture
def cookies(session: Session) -> SessionCookies:
    """a at two hosts, b for a whole domain."""
    cookies = session.cookies
    cookies.set("a", "1", domain="www.a.test")
    cookies.set("a", "2", domain="other.test", path="/x")
    cookies.update([CanonicalCookie("b", "3", ".a.test", "/", created=5.0)])
    return cookies


def test_looking(cookies: SessionCookies) -> None:
    """As a list, as a dictionary, and as a request would see them."""
    assert [cookie.name for cookie in cookies] == ["a", "b", "a"] and len(cookies) == 3
    assert "a" in cookies and "x" not in cookies
    assert cookies["b"] == cookies.get("b") == "3" and cookies.get("x") is None and cookies.get("x", "-") == "-"
    assert cookies.get("a", domain="www.A.test.") == "1" and cookies.get("a", path="/x") == "2"
    assert cookies.as_dict() == {"a": "2", "b": "3"} and cookies.as_dict("a.test") == {"b": "3"}
    assert [cookie.value for cookie in cookies.for_url("https://www.a.test/")] == ["3", "1"]
    assert repr(cookies).startswith("<SessionCookies [<CanonicalCookie 'a' www.a.test/>")
    with pytest.raises(LookupError, match="several are named 'a'"):
        cookies.get("a")
    with pytest.raises(KeyError):
        cookies["x"]
    with pytest.raises(InvalidURL):
        cookies.for_url("/relative")
    with pytest.raises(ValueError, match="cookies: the domain 'a b'"):
        cookies.get("a", domain="a b")


def test_several_of_one_value_are_no_question(cookies: SessionCookies) -> None:
    """Whichever it is."""
    cookies.set("a", "1", domain="other.test", path="/x")
    assert cookies["a"] == "1"


def test_changing(cookies: SessionCookies) -> None:
    """One, all of a name, all of a host, all."""
    cookies.set("a", "9", domain="www.a.test", secure=True, expires=1e12)
    assert cookies.get("a", domain="www.a.test") == "9" and len(cookies) == 3
    assert cookies.delete("a", domain="other.test") == 1 and cookies.delete("a", path="/x") == 0
    cookies.clear("a.test")
    assert [cookie.name for cookie in cookies] == ["a"] and cookies.delete("a") == 1
    cookies.set("c", "1", domain="c.test", expires=5.0)
    assert len(cookies) == 0, "it has expired"
    cookies.set("d", "1", domain="d.test")
    cookies.clear()
    assert len(cookies) == 0
    with pytest.raises(ValueError, match="say for which host"):
        cookies.set("a", "1")
    with pytest.raises(ValueError, match="cannot be kept: the domain"):
        cookies.set("a", "1", domain=".co.uk")


def test_from_many_threads(server: EmbeddedServer, session: Session) -> None:
    """Each sees a whole; nothing "changes size during iteration"."""

    def work(number: int) -> int:
        visit(session, server, f"n{number}=1")
        session.cookies.set(f"m{number}", "1", domain="a.test")
        return len(list(session.cookies))

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(work, range(40)))
    assert max(counts) <= 80 and len(session.cookies) == 80


def test_on_the_network_thread(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking is fine; what would hold it up says so."""
    view, thread = session.cookies, session.context.thread
    assert call_on_network_thread(thread, lambda: list(view)) == []
    monkeypatch.setattr(module, "PUBLIC_SUFFIXES", PublicSuffixes())
    with pytest.raises(RuntimeError, match="on another thread"):
        call_on_network_thread(thread, lambda: view.set("a", "1", domain="a.test"))


def test_a_closed_session(session: Session) -> None:
    """Has no cookies any more."""
    view = session.cookies
    session.close()
    with pytest.raises(ContextShutDown):
        list(view)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_has_the_same_cookies(server: EmbeddedServer, session: Session) -> None:
    """And then its own: who was logged in stays so."""
    visit(session, server, "a=1")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            visit(session, server, "child=1")
            status = 0 if sent(session, server) == "a=1; child=1" else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sent(session, server) == "a=1"
