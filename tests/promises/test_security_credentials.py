"""Security rules of credentials, hosts and cookies, over real sockets: who gets what."""

from __future__ import annotations

from pathlib import Path

import pytest

from netstack_sync import DigestAuth, DnsSettings, NetrcAuth, Session
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.digest_server import DigestServer

USER = ("Mufasa", "Circle of Life")
ALL_HERE = DnsSettings(host_resolver_rules="MAP * 127.0.0.1")
SECRETS = {
    "Authorization": "Bearer t",
    "authorization": "Basic eDp5",
    "Cookie": "a=1",
    "Proxy-Authorization": "Basic eDp5",
}


def last(server: EmbeddedServer, name: str) -> list[str]:
    """The values of a field in the request that came last."""
    return server.requests[-1].headers.get_all(name)


def test_digest_is_for_the_server_that_asked(server: EmbeddedServer) -> None:
    """R3 (CVE-2026-11856): neither what was computed for one server nor the password goes to another."""
    with EmbeddedServer() as other, Session() as session:
        mine, thief = DigestServer(), DigestServer()
        server.route("/digest", mine)
        other.route("/digest", thief)
        auth = DigestAuth(*USER)
        assert session.get(server.url("/digest"), auth=auth).ok
        assert session.get(other.url("/digest")).status_code == 401
        assert session.get(server.url(f"/redirect-to?url={other.url('/digest')}"), auth=auth).status_code == 401
        assert thief.seen == [None, None]
        assert session.get(server.url("/digest"), auth=auth).ok


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_do_not_follow_to_another_origin(server: EmbeddedServer, status: int) -> None:
    """R5 (CVE-2026-3783, CVE-2026-44431, CVE-2026-47265, CVE-2026-34518): all occurrences, on every way to ask."""
    with EmbeddedServer() as other, Session(cookies=False) as session:
        server.route("/away", Answer(status, {"Location": other.url("/hello")}))
        server.route("/here", Answer(status, {"Location": "/hello"}))
        for ask in (session.request, session.stream):
            with ask("GET", server.url("/away"), headers=SECRETS) as response:
                assert response.ok
            for name in SECRETS:
                assert last(other, name) == []
        session.get(server.url("/away"), auth=("u", "p"), cookies={"b": "2"})
        assert last(other, "authorization") == last(other, "cookie") == []
        session.get(server.url("/here"), auth=("u", "p"), cookies={"b": "2"})
        assert len(last(server, "authorization")) == 1 and last(server, "cookie") == ["b=2"]


def test_a_password_is_for_the_host_it_is_written_for(server: EmbeddedServer, tmp_path: Path) -> None:
    """R6 (CVE-2024-47081, CVE-2024-11053): the host as it is asked, whatever stands before or behind it in the URL."""
    file = tmp_path / "netrc"
    file.write_text("machine a.test login u password p\nmachine b.test login u\ndefault login d password d\n")
    with Session(dns=ALL_HERE, auth=NetrcAuth(file)) as session:
        for host, is_sent in (
            ("a.test", True),
            ("A.Test.", True),
            ("b.test", False),
            ("sub.a.test", False),
            ("a.test.b.test", False),
        ):
            session.get(server.url("/hello", host=host))
            assert bool(last(server, "authorization")) is is_sent, host
        session.get(f"http://a.test:@c.test:{server.port}/hello")
        assert last(server, "authorization") != ["Basic dTpw"]
        elsewhere = server.url("/hello", host="b.test")
        session.get(server.url(f"/redirect-to?url={elsewhere}", host="a.test"))
        assert last(server, "authorization") == []


@pytest.mark.parametrize("domain", ["co.uk", "CO.UK", ".Co.Uk", "co.uk.", ".co.uk.", "uk"])
def test_nobody_sets_a_cookie_for_a_public_suffix(server: EmbeddedServer, domain: str) -> None:
    """R7 (CVE-2023-46218, CVE-2026-8924): in no spelling, neither of the attribute nor of the host."""
    server.route("/set", Answer(headers=[("Set-Cookie", f"a=1; Domain={domain}"), ("Set-Cookie", "b=2")]))
    with Session(dns=ALL_HERE) as session:
        session.get(server.url("/set", host="Evil.CO.uk."))
        session.get(server.url("/hello", host="bank.co.uk"))
        assert last(server, "cookie") == []
        session.get(server.url("/hello", host="evil.co.uk"))
        assert last(server, "cookie") == ["b=2"]


def test_a_cookie_of_one_host_stays_with_it(server: EmbeddedServer) -> None:
    """R9 (CVE-2026-54279): also when another session takes the cookies over, more than once."""
    lines = [("Set-Cookie", "host=1"), ("Set-Cookie", "site=2; Domain=a.test")]
    server.route("/set", Answer(headers=lines))
    with Session(dns=ALL_HERE) as first:
        first.get(server.url("/set", host="a.test"))
        cookies = list(first.cookies)
    with Session(dns=ALL_HERE, cookies=cookies) as second, Session(dns=ALL_HERE) as third:
        third.cookies.update(second.cookies)
        for session in (second, third):
            session.get(server.url("/hello", host="x.a.test"))
            assert last(server, "cookie") == ["site=2"]
            session.get(server.url("/hello", host="a.test"))
            assert last(server, "cookie") == ["host=1; site=2"]
