"""Security rules of connections, limits and threads; test_rule_register.py says where the others are."""

from __future__ import annotations

import ast
import pathlib

import pytest

import netstack_sync
from netstack_sync import CertificateError, Limits, Session, Timeout, TooManyRedirects
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_in_body


def test_an_unverified_connection_serves_no_verified_request() -> None:
    """R1 (CVE-2024-35195): one verify=False must not make later requests unverified."""
    with EmbeddedServer(tls=True) as server, Session(verify=True, trust_env=False) as session:
        url = server.url("/hello", host="localhost")
        assert session.get(url, verify=False).ok
        with pytest.raises(CertificateError):
            session.get(url)
        assert session.get(url, verify=False).connection_reused


def test_https_never_uses_a_clear_connection() -> None:
    """R2 (CVE-2026-4873, CVE-2026-8286): the scheme is part of the key, also when host and port are the same."""
    with EmbeddedServer() as server, Session(timeout=Timeout(total=5, connect=1)) as session:
        assert session.get(server.url("/hello")).ok
        with pytest.raises(netstack_sync.NetError):
            session.get(server.url("/hello").replace("http:", "https:"))
        assert [request.path for request in server.requests] == ["/hello"]


def test_unset_really_unsets() -> None:
    """R4 (CVE-2026-9079): a header of the session that one request takes away comes back for the next."""
    with EmbeddedServer() as server, Session(headers={"X-Token": "t"}) as session:
        for headers, sent in (({}, "t"), ({"X-Token": None}, None), ({}, "t")):
            session.get(server.url("/hello"), headers=headers)
            assert server.requests[-1].headers.get("x-token") == sent


def test_nothing_of_one_request_stays_for_the_next() -> None:
    """R4 (CVE-2026-9546, CVE-2026-6276): no Referer, and no Host, for which cookies would be kept or sent."""
    with EmbeddedServer() as server, Session() as session:
        server.route("/set", Answer(headers={"Set-Cookie": "a=1"}))
        own = {"Referer": "http://secret.test/", "Host": "other.test", "X-Own": "x"}
        session.get(server.url("/set"), headers=own, auth=("u", "p"))
        assert [cookie.domain for cookie in session.cookies] == ["127.0.0.1"]
        session.get(server.url("/hello"))
        headers = server.requests[-1].headers
        assert [headers.get(name) for name in ("referer", "x-own", "authorization")] == [None] * 3
        assert (headers.get("host"), headers.get("cookie")) == (f"127.0.0.1:{server.port}", "a=1")


def test_nothing_is_unpickled() -> None:
    """R10 (CVE-2026-34993): no module of the package imports a serializer that runs code."""
    package = pathlib.Path(netstack_sync.__file__).parent
    imported = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    assert "threading" in imported
    assert not imported & {"pickle", "marshal", "shelve", "dill"}


def test_a_busy_socket_does_not_starve_the_others() -> None:
    """R20 (CVE-2026-11352): small requests are answered while a large body pours in as fast as it can."""
    with (
        EmbeddedServer() as server,
        Session() as session,
        session.stream("GET", server.url("/bytes/50000000")) as large,
    ):
        pieces = large.iter_raw()
        next(pieces)
        for _ in range(20):
            assert session.get(server.url("/hello"), timeout=10).ok
        assert sum(len(piece) for piece in pieces) > 0


def test_not_one_byte_before_the_verdict() -> None:
    """R21 (CVE-2026-9545): a server that cannot be verified sees no request, whatever the method."""
    with EmbeddedServer(tls=True) as server, Session(verify=True, trust_env=False) as session:
        for method in ("GET", "POST"):
            with pytest.raises(CertificateError) as caught:
                session.request(method, server.url("/hello", host="localhost"), auth=("user", "secret"))
            assert not caught.value.may_have_been_sent
        assert list(server.requests) == []


def test_the_sessions_limits_hold_on_every_path() -> None:
    """R22 (CVE-2025-50181): redirects and sockets are limited for the verbs, streams and futures alike."""
    with EmbeddedServer() as server, Session(max_redirects=2, limits=Limits(per_host=2)) as session:
        url = server.url("/redirect/5")
        with pytest.raises(TooManyRedirects):
            session.get(url)
        with pytest.raises(TooManyRedirects):
            session.stream("GET", url)
        with pytest.raises(TooManyRedirects):
            session.submit("GET", url).result(10)
        server.route("/stall", Answer(body=b"x" * 100, fault=stall_in_body(10)))
        jobs = [session.submit("GET", server.url("/stall")) for _ in range(6)]
        assert server.wait_until(lambda: server.open_connections == 2)
        assert session.stats().requests_waiting == 4
        for job in jobs:
            job.cancel()
