"""A session: its verbs, its body forms on the wire, streams, threads, closing."""

from __future__ import annotations

import gc
import io
import json
import socket
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme

from netstack_sync import (
    CertificateError,
    ConnectionRefused,
    ContextShutDown,
    DeadlineExceeded,
    DnsSettings,
    FetchCancelled,
    InvalidURL,
    Limits,
    NameNotResolved,
    PoolTimeout,
    ReadTimeout,
    Response,
    ResponseTooLarge,
    Session,
    SyncUrlFetcher,
    Timeout,
    TooManyRedirects,
    TruncatedBody,
)
from netstack_sync.fetcher.body_pipe import HIGH_WATER_BYTES
from netstack_sync.network.quality import CONNECTION_LABELS
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.default_routes import pattern_bytes
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close, stall_before_headers, stall_in_body, trickle
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.dns import blocked_resolver
from tests.support.waiting import wait_until

LIMIT_S = 20.0  # only a hang gets here


def _echo(response: Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    answer["headers"] = {name.lower(): value for name, value in answer["headers"].items()}
    return answer


def _generated() -> Iterator[bytes]:
    yield b"gen"
    yield b"erated"


@pytest.mark.parametrize(
    ("options", "sent", "headers"),
    [
        ({"json": {"a": "\u20ac"}}, '{"a":"\u20ac"}', {"content-type": "application/json"}),
        ({"data": {"a": [1, 2]}}, "a=1&a=2", {"content-type": "application/x-www-form-urlencoded"}),
        ({"data": b"raw"}, "raw", {"content-length": "3", "content-type": None}),
        ({"content": io.BytesIO(b"file")}, "file", {"content-length": "4"}),
        ({"content": _generated()}, "generated", {"transfer-encoding": "chunked", "content-length": None}),
        ({"content": [b"a", b"b"]}, "ab", {"transfer-encoding": "chunked"}),
        ({"content": iter([b"abc"]), "headers": {"Content-Length": "3"}}, "abc", {"content-length": "3"}),
        ({}, "", {"content-length": "0"}),
    ],
)
def test_bodies_arrive(
    options: Any, sent: str, headers: dict[str, str | None], server: EmbeddedServer, session: Session
) -> None:
    echo = _echo(session.post(server.url("/echo"), **options))
    assert echo["body"] == sent
    assert {name: echo["headers"].get(name) for name in headers} == headers


def test_files_and_paths_arrive(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"on disk")
    assert _echo(session.put(server.url("/echo"), content=path))["body"] == "on disk"
    assert "on disk" in _echo(session.post(server.url("/echo"), files={"f": path}, data={"a": 1}))["body"]


def test_what_the_callers_body_raises_is_raised(server: EmbeddedServer, session: Session) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        session.post(server.url("/echo"), content=broken())
    with pytest.raises(TypeError, match="made of bytes"):
        session.post(server.url("/echo"), content=["text"])
    assert session.get(server.url("/hello")).ok


def test_nothing_is_sent_for_a_bad_argument(server: EmbeddedServer, session: Session) -> None:
    bad: list[dict[str, Any]] = [
        {"url": "ftp://h/"},
        {"url": f"http://127.0.0.1:{70000}/"},
        {"method": "G T"},
        {"headers": {"A": "b\r\nC: d"}},
        {"json": 1, "data": {}},
        {"content": Path("/no/such")},
        {"timeout": -1},
        {"priority": "x"},
        {"surprise": 1},
    ]
    for arguments in bad:
        with pytest.raises((ValueError, TypeError, InvalidURL)):
            session.request(**{"url": server.url("/hello"), "method": "GET", **arguments})
    assert server.connections_opened == 0


def test_headers_and_credentials(server: EmbeddedServer) -> None:
    """Own over the session's; `auth` over the URL's user; the URL that is shown has neither."""
    with Session(headers={"A": "1", "B": "2"}, trust_env=False, base_url=server.url("/")) as session:
        echo = _echo(session.get("echo", headers={"a": "x", "B": None}))
        assert echo["headers"]["a"] == "x" and "b" not in echo["headers"]
        assert session.get("basic-auth/u/p", auth=("u", "p")).ok
        with_user = server.url("/basic-auth/u/p%20q").replace("//", "//u:p%20q@")
        response = session.get(with_user)
        assert response.ok and "u:p" not in response.url
        assert session.get(with_user.replace("u:", "x:"), auth=("u", "p q")).ok
        assert repr(session) == f"<Session open {server.url('/')}>"
    assert repr(session).startswith("<Session closed")


def test_redirects_and_history(server: EmbeddedServer, session: Session) -> None:
    response = session.get(server.url("/redirect/2"))
    assert [hop.status for hop in response.history] == [302, 302]
    assert response.url == server.url("/hello") and response.history[0].url == server.url("/redirect/2")
    stopped = session.get(server.url("/redirect/2"), follow_redirects=False)
    assert (stopped.status, stopped.is_redirect, stopped.history) == (302, True, [])
    with pytest.raises(TooManyRedirects):
        session.get(server.url("/redirect/3"), max_redirects=2)
    assert session.get(server.url("/redirect/2"), max_redirects=2).ok


def test_time_limits(server: EmbeddedServer, session: Session) -> None:
    """T1, T2: a trickling body and missing headers end at the limit. Peers: requests, urllib3, httpx never do."""
    server.route("/trickle", Answer(body=b"x" * 1000, fault=trickle(1, every_s=0.02)))
    server.route("/silent", Answer(fault=stall_before_headers()))
    with pytest.raises(
        DeadlineExceeded, match=r"the total limit of 0.2 s was reached while reading response"
    ) as caught:
        session.get(server.url("/trickle"), timeout=0.2)
    assert caught.value.may_have_been_sent and caught.value.timing is not None
    with pytest.raises(TimeoutError):
        session.get(server.url("/silent"), timeout=0.1)
    with pytest.raises(ReadTimeout):
        session.get(server.url("/silent"), timeout=(5, 0.1))


def test_a_pool_limit(server: EmbeddedServer) -> None:
    server.route("/silent", Answer(fault=stall_before_headers()))
    with Session(limits=Limits(per_host=1), trust_env=False) as session:
        first = session.submit("GET", server.url("/silent"))
        assert server.wait_until(lambda: len(server.requests) == 1)
        with pytest.raises(PoolTimeout):
            session.get(server.url("/hello"), timeout=Timeout(pool=0.05))
        first.cancel()
        assert session.get(server.url("/hello")).ok


def test_failures_carry_what_happened(server: EmbeddedServer, session: Session) -> None:
    server.route("/short", Answer(body=b"x" * 100, fault=early_close()))
    with pytest.raises(TruncatedBody) as caught:
        session.get(server.url("/short"))
    assert caught.value.net_error.name == "ERR_CONTENT_LENGTH_MISMATCH"
    assert caught.value.request is not None
    port = server.port
    server.close()
    with pytest.raises(ConnectionRefused):
        session.get(f"http://127.0.0.1:{port}/", timeout=LIMIT_S)


def test_a_limit_of_size_ends_the_fetch(server: EmbeddedServer, session: Session) -> None:
    url = server.url("/bytes/100000")
    assert len(session.get(url, max_response_size=100_000).content) == 100_000
    with pytest.raises(ResponseTooLarge, match="max_response_size=99999"):
        session.get(url, max_response_size=99_999)
    bomb = server.url("/gzip?size=1000000")
    response = session.get(bomb, max_response_size=50_000)
    with pytest.raises(ResponseTooLarge):
        _ = response.content


def test_https_and_its_certificate(session: Session) -> None:
    """Row 249, BadHTTPSTest: nothing is sent to a server that cannot be verified, unless the caller insists."""
    with EmbeddedServer(tls=True) as server:
        with pytest.raises(CertificateError):
            session.get(server.url("/hello"))
        assert server.requests == []
        response = session.get(server.url("/hello"), verify=server.ca_file)
        assert response.certificate is not None and response.certificate.subject == "CN=localhost"
        assert response.remote_address is not None and response.timing.tls is not None
        assert session.get(server.url("/hello"), verify=False).ok
        with pytest.raises(CertificateError):
            session.get(server.url("/hello"))  # CVE-2024-35195: the flag is part of the pool's key


# --- streams


def test_a_stream_is_read_as_it_comes(server: EmbeddedServer, session: Session) -> None:
    with session.stream("GET", server.url("/stream/3")) as response:
        assert [json.loads(line)["line"] for line in response.iter_lines()] == [0, 1, 2]
    with session.stream("GET", server.url("/bytes/3000000")) as response:
        assert b"".join(response.iter_bytes()) == pattern_bytes(3_000_000)
    assert server.connections_opened == 1
    assert session.stream("GET", server.url("/hello")).text == "hello\n"


def test_a_reader_that_is_slow_stops_the_server(server: EmbeddedServer, session: Session) -> None:
    """50 MB are offered; what is kept stays at the pipe's limit, and no read limit runs meanwhile."""
    size = 50_000_000
    server.route("/big", Answer(body=b"x" * size))
    with session.stream("GET", server.url("/big"), timeout=Timeout(read=1)) as response:
        pipe = response._source._pipe  # type: ignore[union-attr]  # a PipedBody
        assert server.wait_until(lambda: pipe._is_paused)
        assert HIGH_WATER_BYTES <= pipe._size_bytes < 3 * HIGH_WATER_BYTES
        assert not server.wait_until(lambda: pipe._size_bytes >= 3 * HIGH_WATER_BYTES, timeout_s=1.5)
        assert sum(map(len, response.iter_bytes())) == size


def test_leaving_a_stream_early_ends_the_fetch(server: EmbeddedServer, session: Session) -> None:
    """Later requests work; reading on is an error and not the end of the body."""
    with session.stream("GET", server.url("/bytes/50000000")) as response:
        assert len(response.read(10)) == 10
    assert server.wait_until(lambda: server.open_connections == 0)
    with pytest.raises(FetchCancelled):
        while response.read(1 << 20):
            pass
    assert session.get(server.url("/hello")).ok
    assert session.stats().requests == 0


def test_a_small_rest_is_read_for_the_sake_of_the_connection(server: EmbeddedServer, session: Session) -> None:
    for _ in range(3):
        with session.stream("GET", server.url("/bytes/1000")):
            pass
    session.get(server.url("/hello"))
    assert server.connections_opened == 1


def test_a_dropped_stream_ends_its_fetch(server: EmbeddedServer, session: Session) -> None:
    """Row 234, CancelByDestroyingAfterStart."""
    response = session.stream("GET", server.url("/bytes/50000000"))
    del response
    gc.collect()
    assert server.wait_until(lambda: server.open_connections == 0)


def test_a_stream_that_breaks_gives_what_came_and_then_the_error(server: EmbeddedServer, session: Session) -> None:
    server.route("/short", Answer(body=b"x" * 1000, fault=early_close(500)))
    with session.stream("GET", server.url("/short")) as response:
        got = b""
        with pytest.raises(TruncatedBody):
            for piece in response.iter_bytes():
                got += piece
    assert got == b"x" * 500


def test_a_stream_has_limits_too(server: EmbeddedServer, session: Session) -> None:
    server.route("/half", Answer(body=b"x" * 100, fault=stall_in_body()))
    with session.stream("GET", server.url("/half"), timeout=Timeout(read=0.1)) as response, pytest.raises(ReadTimeout):
        _ = response.content
    with (
        session.stream("GET", server.url("/bytes/5000"), max_response_size=4999) as response,
        pytest.raises(ResponseTooLarge),
    ):
        _ = response.content
    with pytest.raises(ReadTimeout):
        server.route("/silent", Answer(fault=stall_before_headers()))
        session.stream("GET", server.url("/silent"), timeout=(LIMIT_S, 0.1))


# --- connections in advance and idle ones


@pytest.mark.parametrize("tls", [False, True])
def test_connections_made_in_advance_are_used(tls: bool) -> None:
    """As many as requests need at once; more than the host may have are not made."""
    with (
        EmbeddedServer(tls=tls) as server,
        Session(trust_env=False, verify=False, limits=Limits(per_host=3)) as session,
    ):
        server.route("/silent", Answer(fault=stall_before_headers()))
        session.preconnect(server.url("/any"), 100)
        wait_until(lambda: session.stats().sockets_idle == 3)
        assert server.requests == []
        futures = [session.submit("GET", server.url("/silent")) for _ in range(3)]
        assert server.wait_until(lambda: len(server.requests) == 3)
        stats = session.stats()
        assert (stats.sockets_opened, stats.sockets_reused, stats.sockets_active) == (3, 3, 3)
        assert server.connections_opened == 3
        for future in futures:
            future.cancel()


def test_what_fails_in_advance_is_silent(server: EmbeddedServer, capfd: pytest.CaptureFixture[str]) -> None:
    """The request will tell."""
    with Session(trust_env=False, dns=DnsSettings(host_resolver_rules={"nowhere.test": "~NOTFOUND"})) as session:
        session.preconnect("http://nowhere.test/", 2)
        session.preconnect("http://127.0.0.1:1/")
        session.preconnect(server.url("/"))
        wait_until(lambda: session.stats().sockets_idle == 1)
        wait_until(lambda: session.stats().sockets == 1)
        assert session.stats().sockets_opened == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "2", None])
def test_a_count_of_connections_is_a_number(session: Session, count: Any) -> None:
    """From one on."""
    with pytest.raises(ValueError, match="count: must be a whole number from 1 on, not "):
        session.preconnect("http://h/", count)
    with pytest.raises(InvalidURL):
        session.preconnect("ftp://h/")


def test_idle_connections_can_be_closed(server: EmbeddedServer, session: Session) -> None:
    """What is under way goes on."""
    with session.stream("GET", server.url("/bytes/3000000")) as response:
        session.get(server.url("/hello"))
        assert session.stats().sockets_idle == 1
        session.close_idle_connections()
        assert session.stats().sockets_idle == 0 and server.wait_until(lambda: server.open_connections == 1)
        assert len(response.content) == 3_000_000
    session.get(server.url("/hello"))
    assert server.connections_opened == 2


def test_what_it_lends(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    """Its cookies, to look at; files; and the proxies are chosen anew when told to."""
    assert session.download(server.url("/hello"), tmp_path / "f").size == 6
    assert len(session.cookies) == 0
    session.reload_proxies()
    assert session.get(server.url("/hello")).status == 200


# --- what is known of names, trust and the network


def test_names_are_resolved_as_for_a_fetch(session: Session) -> None:
    """Rows 134 and 115: without one."""
    found = session.resolve("LOCALHOST", 80)
    assert (found.host, found.addresses, found.source) == ("localhost", ("::1", "127.0.0.1"), "localhost")
    assert session.resolve("localhost", family=4).addresses == ("127.0.0.1",)
    with pytest.raises(ValueError, match="family: must be 4, 6, or 0 for both"):
        session.resolve("localhost", family=5)
    with blocked_resolver(), pytest.raises(DeadlineExceeded):
        session.resolve("silent.test", timeout=0.05)
    rules = {"gone.example": "~NOTFOUND", "*": "192.0.2.1"}
    with Session(dns=DnsSettings(host_resolver_rules=rules), trust_env=False) as mapped:
        assert mapped.resolve("any.example").addresses == ("192.0.2.1",)
        with pytest.raises(NameNotResolved, match=r"gone\.example"):
            mapped.resolve("gone.example", timeout=LIMIT_S)


def test_known_names_can_be_forgotten(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 143, Clear: the next one asks anew."""
    system = System(monkeypatch)
    for _ in range(2):
        session.resolve("a.test")
    assert len(system.asked) == 1 and session.stats().dns_cached == 1
    session.clear_dns_cache()
    assert session.stats().dns_cached == 0
    session.resolve("a.test")
    assert len(system.asked) == 2


@pytest.mark.parametrize("stale", [False, True])
def test_known_names_can_be_handed_on(session: Session, stale: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 143, SerializeAndDeserialize: they are stale there, and used with stale=True only."""
    system = System(monkeypatch)
    session.resolve("a.test")
    entries = json.loads(json.dumps(session.dns_cache()))
    with Session(trust_env=False, dns=DnsSettings(stale=stale)) as other:
        other.restore_dns_cache(iter([*entries, {"nonsense": 5}, None]))
        found = other.resolve("a.test")
        assert found.addresses == ("192.0.2.7",)
        assert (found.source, found.is_stale) == (("cache", True) if stale else ("system", False))
        wait_until(lambda: len(system.asked) == 2)


class System:
    """Takes the place of socket.getaddrinfo(): one address for every name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def _getaddrinfo(self, host: str, *_: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))]


def test_trust_is_read_again_when_told_to(tmp_path: Path) -> None:
    """Row 184, SSLConfigChanged: a file that was exchanged counts from then on; connections made before do not."""
    ca_file = tmp_path / "ca.pem"
    with EmbeddedServer(tls=True) as server:
        ca_file.write_bytes(server.ca_pem)
        with Session(trust_env=False, verify=ca_file) as session:
            assert session.get(server.url("/hello")).ok
            ca_file.write_bytes(trustme.CA().cert_pem.bytes())
            assert session.get(server.url("/hello")).ok, "over the same connection"
            session.reload_tls()
            with pytest.raises(CertificateError):
                session.get(server.url("/hello"))
            ca_file.write_bytes(server.ca_pem)
            session.reload_tls()
            assert session.get(server.url("/hello")).ok
        assert server.connections_opened == 3


def test_the_networks_quality_is_a_guess_before_anything_is_known(server: EmbeddedServer, session: Session) -> None:
    """And what this machine says to itself tells nothing of the network."""
    session.get(server.url("/bytes/2000000"))
    quality = session.network_quality()
    assert (quality.http_rtt_samples, quality.transport_rtt_samples, quality.downstream_samples) == (0, 0, 0)
    assert quality.effective_type in ("4g", "offline") and quality.connection_type in CONNECTION_LABELS


# --- threads and the end


def test_many_threads_on_one_session(server: EmbeddedServer, session: Session) -> None:
    """Each gets its own answer, over six sockets at most."""

    def fetch(size: int) -> bool:
        return session.get(server.url(f"/bytes/{size}")).content == pattern_bytes(size)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(fetch, range(1, 400)))
    assert server.connections_opened <= 6


def test_requests_in_flight_fail_when_the_session_closes(server: EmbeddedServer) -> None:
    server.route("/silent", Answer(fault=stall_before_headers()))
    server.route("/half", Answer(body=b"x" * 100, fault=stall_in_body()))
    session = Session(trust_env=False)
    stream = session.stream("GET", server.url("/half"))
    outcome: list[BaseException] = []

    def fetch() -> None:
        try:
            session.get(server.url("/silent"))
        except ContextShutDown as error:
            outcome.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    assert server.wait_until(lambda: len(server.requests) == 2)
    session.close()
    thread.join(LIMIT_S)
    assert len(outcome) == 1
    with pytest.raises(ContextShutDown):
        _ = stream.content
    assert server.wait_until(lambda: server.open_connections == 0)


def test_closing_again_and_using_it_afterwards(server: EmbeddedServer) -> None:
    session = Session(trust_env=False)
    assert session.get(server.url("/hello")).ok
    closers = [threading.Thread(target=session.close) for _ in range(3)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join(LIMIT_S)
    session.close()
    calls: list[Any] = [session.stats, session.network_quality, session.close_idle_connections]
    calls += [session.reload_tls, session.clear_dns_cache, session.dns_cache]
    calls += [lambda: session.get("http://h/"), lambda: session.submit("GET", "http://h/")]
    calls += [lambda: session.stream("GET", "http://h/"), lambda: session.preconnect("http://h/")]
    calls += [lambda: session.resolve("localhost"), lambda: session.restore_dns_cache([])]
    for call in calls:
        with pytest.raises(ContextShutDown, match=r"the session was closed$"):
            call()


def test_a_session_that_was_never_used_costs_nothing() -> None:
    before = threading.active_count()
    session = Session(trust_env=False)
    assert threading.active_count() == before
    session.close()


def test_two_sessions_share_a_thread_but_not_their_end(server: EmbeddedServer) -> None:
    with Session(trust_env=False) as one:
        assert one.get(server.url("/hello")).ok
        with Session(trust_env=False) as two:
            assert two.get(server.url("/hello")).ok
        assert one.get(server.url("/hello")).connection_reused


def test_a_session_that_is_forgotten_gives_everything_back(server: EmbeddedServer) -> None:
    """Neither its sockets nor its thread stay for ever."""
    session = Session(trust_env=False)
    assert session.get(server.url("/hello")).ok
    assert server.open_connections == 1
    del session
    gc.collect()
    assert server.wait_until(lambda: server.open_connections == 0)
    assert server.wait_until(_no_network_thread)


def test_what_a_forgotten_session_began_goes_on(server: EmbeddedServer) -> None:
    """Its futures and streams keep it alive, then it goes with them."""
    future = Session(trust_env=False).submit("GET", server.url("/delay/0.1"))
    stream = Session(trust_env=False).stream("GET", server.url("/bytes/3000000"))
    gc.collect()
    assert future.result(LIMIT_S).content == b"late\n"
    assert stream.content == pattern_bytes(3_000_000)
    assert Session(trust_env=False).get(server.url("/hello")).ok
    del future, stream
    gc.collect()
    assert server.wait_until(lambda: server.open_connections == 0)


def test_finished_requests_leave_nothing_behind(server: EmbeddedServer, session: Session) -> None:
    """Counted with the collector off."""

    def requests() -> None:
        assert session.get(server.url("/redirect/1")).text == "hello\n"
        with session.stream("GET", server.url("/bytes/200000")) as response:
            assert len(response.read()) == 200_000
        session.submit("GET", server.url("/hello")).result(LIMIT_S)

    requests()
    session.stats()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            requests()
        session.stats()
        assert gc.collect() < 20
    finally:
        gc.enable()


def test_an_answer_before_the_body_was_sent_is_an_answer(server: EmbeddedServer, session: Session) -> None:
    """413 in the middle of an upload."""

    def refuse(request: ReceivedRequest) -> Answer:
        return Answer(413, headers={"Connection": "close"}, body=b"too big")

    server.route("/refuse", refuse, before_body=True)
    response = session.post(server.url("/refuse"), content=b"x" * 5000)
    assert (response.status, response.content) == (413, b"too big")


def test_the_layer_below_is_within_reach(server: EmbeddedServer, session: Session) -> None:
    """prepare() and context are what the fetchers are made from."""
    request = session.prepare("GET", server.url("/hello"), headers={"A": "b"})
    assert SyncUrlFetcher(request, session.context).fetch().text == "hello\n"


def test_weak_references_to_a_session_work() -> None:
    session = Session(trust_env=False)
    assert weakref.ref(session)() is session
    session.close()


def _no_network_thread() -> bool:
    return not any(thread.name == "netstack-network" for thread in threading.enumerate())


def test_repr_shows_no_password() -> None:
    """It ends up in logs."""
    with Session(base_url="http://user:secret@127.0.0.1/") as session:
        assert "secret" not in repr(session)


@pytest.mark.parametrize("name", ["headers", "auth", "verify", "timeout", "params", "proxies"])
def test_what_would_have_no_effect_cannot_be_set(name: str, session: Session) -> None:
    """Users of requests set it on the session; a limit of time that does not hold would show too late."""
    with pytest.raises(AttributeError, match=name):
        setattr(session, name, None)
