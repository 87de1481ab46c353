"""Credentials from end to end: what a user passes, what a server that checks them sees."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netstack_sync import (
    BasicAuth,
    BearerAuth,
    DeadlineExceeded,
    DigestAuth,
    FetchRequest,
    NetError,
    NetrcAuth,
    Session,
)
from netstack_sync.base.net_errors import ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.digest_server import DigestServer, fields_of

USER, PASSWORD = "Mufasa", "Circle of Life"
PAIR = (USER, PASSWORD)


class Seen:
    """Answers everybody and remembers who came."""

    def __init__(self, status: int = 200, *challenges: str) -> None:
        self.answer = Answer(status, headers=[("WWW-Authenticate", value) for value in challenges])
        self.seen: list[str | None] = []

    def __call__(self, request: ReceivedRequest) -> Answer:
        self.seen.append(request.headers.get("authorization"))
        return self.answer


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
@pytest.mark.parametrize("qop", ["", "auth", "auth-int", "auth-int,auth"])
def test_every_kind_of_digest(server: EmbeddedServer, session: Session, algorithm: str, qop: str) -> None:
    """RFC 7616 and 2069: one round more for the first request, and none for the next."""
    if qop == "auth-int,auth":
        site = DigestServer(algorithm=algorithm, qop="auth", userhash=True)
    else:
        site = DigestServer(algorithm=algorithm, qop=qop)
    server.route("/dir/", site)
    for number in range(3):
        response = session.post(server.url(f"/dir/{number}?a=b"), auth=DigestAuth(*PAIR), content=b"body")
        assert (response.status_code, response.content) == (200, b"welcome")
    assert site.seen[0] is None and len(site.seen) == 4
    if qop:
        assert [fields_of(value or "")["nc"] for value in site.seen[1:]] == ["00000001", "00000002", "00000003"]


def test_a_pair_answers_basic_and_digest(server: EmbeddedServer, session: Session) -> None:
    """Basic goes at once, as users of requests expect it; who wants Digest gets it."""
    site = DigestServer()
    server.route("/digest", site)
    assert session.get(server.url("/digest"), auth=PAIR).content == b"welcome"
    assert session.get(server.url("/digest"), auth=PAIR).content == b"welcome"
    kinds = [(value or "").partition(" ")[0] for value in site.seen]
    assert kinds == ["Basic", "Digest", "Digest"], "the password in clear is sent no more"
    assert session.get(server.url("/basic-auth/u/p"), auth=("u", "p")).ok


def test_credentials_in_the_url_answer_digest(server: EmbeddedServer, session: Session) -> None:
    """Row 168, AuthIdentityInURL and WrongAuthIdentityInURL."""
    site = DigestServer(password="p w")
    server.route("/digest", site)
    url = server.url("/digest").replace("//", f"//{USER}:p%20w@")
    assert session.get(url).ok
    assert session.get(url.replace("p%20w", "wrong")).status_code == 401
    site.seen.clear()
    assert session.get(url, headers={"Authorization": "mine"}).status_code == 401
    assert site.seen == ["mine"], "a header of the caller's is all that is said"


@pytest.mark.parametrize("keeps_cookies", [True, False])
def test_cookies_go_with_the_answer_to_a_challenge(server: EmbeddedServer, keeps_cookies: bool) -> None:
    """Row 239, BasicAuthWithCookies: those that were there, and those that the challenge has set.

    Chromium does so. requests does the one or the other: HTTPDigestAuth.handle_401 sends what the 401 has set only
    if the first request had no Cookie header; otherwise it goes with the next request.
    """
    site = DigestServer()
    seen: list[str | None] = []

    def answer(request: ReceivedRequest) -> Answer:
        seen.append(request.headers.get("cookie"))
        answer = site(request)
        if answer.status == 401:
            assert isinstance(answer.headers, dict)
            answer.headers["Set-Cookie"] = "challenged=yes; Path=/"
        return answer

    server.route("/digest", answer)
    with Session(cookies=keeps_cookies, auth=DigestAuth(*PAIR)) as session:
        if keeps_cookies:
            session.cookies.set("old", "1", domain="127.0.0.1")
        own = {} if keeps_cookies else {"old": "1"}
        assert session.get(server.url("/digest"), cookies=own).content == b"welcome"
        assert [cookies and sorted(cookies.split("; ")) for cookies in seen] == [["old=1"], ["challenged=yes", "old=1"]]
        assert session.cookies.as_dict() == ({"old": "1", "challenged": "yes"} if keeps_cookies else {})


@pytest.mark.parametrize("size", [0, 10, 5000])
def test_the_connection_is_used_again(server: EmbeddedServer, session: Session, size: int) -> None:
    """Row 168, BasicAuthKeepAlive, NoBody and LargeBody: the body of the 401 is read first, if it is small."""
    site = DigestServer(body=b"x" * size)
    server.route("/digest", site)
    assert session.get(server.url("/digest"), auth=DigestAuth(*PAIR)).ok
    assert site.connections == [1, 1]


def test_a_challenge_with_a_huge_body_costs_a_connection(server: EmbeddedServer, session: Session) -> None:
    """Row 168, BasicAuthKeepAliveImpatientServer: reading on would cost more."""
    site = DigestServer(body=b"x" * 10_000_000)
    server.route("/digest", site)
    assert session.get(server.url("/digest"), auth=DigestAuth(*PAIR)).ok
    assert site.connections == [1, 2]


def test_refused_once_is_enough(server: EmbeddedServer, session: Session) -> None:
    """Row 168, BasicAuthForever: the 401 is the answer, with its body, and nothing is sent a second time."""
    site = DigestServer(body=b"go away")
    server.route("/digest", site)
    response = session.get(server.url("/digest"), auth=DigestAuth(USER, "wrong"))
    assert (response.status_code, response.content) == (401, b"go away")
    assert len(site.seen) == 2
    basic = Seen(401, 'Basic realm="x"')
    server.route("/basic", basic)
    for auth in (("u", "p"), BasicAuth("u", "p"), BearerAuth("t"), DigestAuth("u", "p"), None):
        assert session.get(server.url("/basic"), auth=auth).status_code == 401
    assert basic.seen == ["Basic dTpw", "Basic dTpw", "Bearer t", None, None], "DigestAuth never sends a password"


@pytest.mark.parametrize("says_stale", [True, False])
def test_a_nonce_that_is_used_up(server: EmbeddedServer, session: Session, says_stale: bool) -> None:
    """Row 168, DigestPreAuthNonceCount: a new nonce, the same credentials, whether or not the server says so."""
    site = DigestServer(uses_of_nonce=2)
    site.says_stale = says_stale
    server.route("/digest", site)
    assert [session.get(server.url("/digest"), auth=DigestAuth(*PAIR)).status_code for _ in range(5)] == [200] * 5
    assert len(site.seen) == 5 + 3


def test_always_stale_ends(server: EmbeddedServer, session: Session) -> None:
    """A server that takes no nonce is not asked for ever."""
    site = DigestServer(uses_of_nonce=0)
    server.route("/digest", site)
    assert session.get(server.url("/digest"), auth=DigestAuth(*PAIR)).status_code == 401
    assert len(site.seen) == 6


def test_many_threads_share_a_nonce(server: EmbeddedServer, session: Session) -> None:
    """Each use has a count of its own: the server, which wants that, lets everybody in."""
    site = DigestServer()
    server.route("/digest", site)
    auth = DigestAuth(*PAIR)
    assert session.get(server.url("/digest"), auth=auth).ok
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: session.get(server.url("/digest"), auth=auth).status_code, range(40)))
    assert statuses == [200] * 40
    assert len(site.seen) == 42


def test_nobody_uses_the_credentials_of_another(server: EmbeddedServer, session: Session) -> None:
    """R3 (CVE-2026-11856), R4 (CVE-2026-9079): what goes with one request goes with none that does not bring it."""
    site = DigestServer()
    server.route("/digest", site)
    assert session.get(server.url("/digest"), auth=DigestAuth(*PAIR)).ok
    site.seen.clear()
    assert session.get(server.url("/digest")).status_code == 401
    assert session.get(server.url("/digest"), auth=DigestAuth(USER, "other")).status_code == 401
    assert site.seen[:2] == [None, None]


def test_the_nonce_of_one_server_is_not_told_to_another(server: EmbeddedServer, session: Session) -> None:
    """R3 (CVE-2026-11856): not with the same credentials, realm and path either."""
    with EmbeddedServer() as other:
        sites = [DigestServer(), DigestServer()]
        for place, site in zip((server, other), sites, strict=True):
            place.route("/digest", site)
            assert session.get(place.url("/digest"), auth=DigestAuth(*PAIR)).ok
            assert site.seen[0] is None and len(site.seen) == 2
        for place in (server, other):
            assert session.get(place.url("/digest"), auth=DigestAuth(*PAIR)).ok
        assert [len(site.seen) for site in sites] == [3, 3]


def test_the_user_of_the_url_survives_a_redirect(server: EmbeddedServer, session: Session) -> None:
    """As in requests and curl: also where the Location names the host again, and not the user (rule R5)."""
    site = DigestServer()
    server.route("/digest", site)
    name = f"//{USER}:{PASSWORD.replace(' ', '%20')}@"
    for target in ("/digest", server.url("/digest")):
        assert session.get(server.url(f"/redirect-to?url={target}").replace("//", name, 1)).content == b"welcome"
    assert session.get(server.url(f"/redirect-to?url={server.url('/basic-auth/u/p')}").replace("//", "//u:p@", 1)).ok
    with EmbeddedServer() as other:
        thief = Seen(401, "Basic realm=x", 'Digest realm="r", nonce="n"')
        other.route("/digest", thief)
        url = server.url(f"/redirect-to?url={other.url('/digest')}").replace("//", name, 1)
        assert session.get(url).status_code == 401 and thief.seen == [None]


def test_credentials_stay_with_their_origin(server: EmbeddedServer, session: Session) -> None:
    """R5 (CVE-2026-3783, CVE-2025-14524): to another one nothing goes along, nor does it get an answer."""
    site = DigestServer()
    server.route("/digest", site)
    assert session.get(server.url("/redirect-to?url=/digest"), auth=PAIR).ok
    with EmbeddedServer() as other:
        thief = DigestServer()
        other.route("/digest", thief)
        for auth in (PAIR, DigestAuth(*PAIR), BearerAuth("t"), lambda _: PAIR):
            url = server.url(f"/redirect-to?url={other.url('/digest')}")
            assert session.get(url, auth=auth).status_code == 401
        assert thief.seen == [None] * 4


def test_bodies_are_sent_again(server: EmbeddedServer, session: Session) -> None:
    """Bytes and files that can seek; what can be read only once is an error that says so."""
    site = DigestServer(algorithm="MD5")
    server.route("/digest", site)
    auth = DigestAuth(*PAIR)
    with pytest.raises(NetError, match="cannot be read again: the server has asked for credentials") as caught:
        session.post(server.url("/digest"), auth=auth, content=iter([b"a", b"b"]))
    assert caught.value.net_error.number == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
    assert caught.value.may_have_been_sent
    assert session.post(server.url("/digest"), auth=auth, content=io.BytesIO(b"file")).ok
    assert session.post(server.url("/digest"), auth=auth, content=iter([b"a", b"b"])).ok, "the nonce is known now"


def test_a_body_that_cannot_be_signed(server: EmbeddedServer, session: Session) -> None:
    """auth-int hashes the body before it is sent; what is not in memory is not read for it."""
    site = DigestServer(qop="auth-int")
    server.route("/digest", site)
    auth = DigestAuth(*PAIR)
    assert session.post(server.url("/digest"), auth=auth, content=b"known").ok
    assert session.post(server.url("/digest"), auth=auth, content=io.BytesIO(b"file")).status_code == 401


def test_the_deadline_covers_all_rounds(server: EmbeddedServer, session: Session) -> None:
    """The challenge comes at once; the answer to the credentials does not."""
    challenge = Answer(401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'})
    server.route("/slow", challenge, Answer(delay_s=60))
    with pytest.raises(DeadlineExceeded):
        session.get(server.url("/slow"), auth=DigestAuth(*PAIR), timeout=0.5)


def test_a_function_is_asked_for_each_request(server: EmbeddedServer, session: Session) -> None:
    """It sees the request; what it raises comes out of the call, and what it must not give is refused."""
    site = Seen()
    server.route("/token", site)
    asked: list[str] = []

    def token(request: FetchRequest) -> BearerAuth:
        asked.append(f"{request.method} {request.url.path}")
        return BearerAuth(f"t{len(asked)}")

    with Session(trust_env=False, auth=token) as own:
        own.get(server.url("/token"))
        own.post(server.url("/token"))
        own.get(server.url("/token"), auth=None)
        own.get(server.url("/token"), headers={"authorization": "mine"})
    assert site.seen == ["Bearer t1", "Bearer t2", None, "mine"] and asked == ["GET /token", "POST /token"]

    with Session(trust_env=False, auth=token) as own:
        own.preconnect(server.url("/token"))
        assert server.wait_until(lambda: server.connections_opened > 1)
    assert len(asked) == 2, "a connection needs nobody's credentials"

    def broken(_: FetchRequest) -> None:
        raise LookupError("no token")

    with pytest.raises(LookupError, match="no token"):
        session.get(server.url("/token"), auth=broken)


def test_netrc(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    """The entry of just this host, for Basic and Digest alike."""
    file = tmp_path / "netrc"
    file.write_text(f"machine 127.0.0.1 login {USER} password secret\n")
    site = DigestServer(password="secret")
    server.route("/digest", site)
    assert session.get(server.url("/digest"), auth=NetrcAuth(file)).ok
    file.write_text("machine example.org login u password p\n")
    assert session.get(server.url("/digest"), auth=NetrcAuth(file)).status_code == 401
    with Session(trust_env=False, auth=NetrcAuth(file)) as own:
        assert own.get(server.url("/digest")).status_code == 401


def test_a_stream_and_a_future(server: EmbeddedServer, session: Session) -> None:
    """Every way to fetch answers challenges."""
    server.route("/digest", DigestServer())
    with session.stream("GET", server.url("/digest"), auth=PAIR) as response:
        assert b"".join(response.iter_bytes()) == b"welcome"
    assert session.submit("GET", server.url("/digest"), auth=DigestAuth(*PAIR)).result().ok
