"""The public names as a user types them; the type checker is the test."""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
import ssl
from collections.abc import Iterator, Mapping
from http.cookiejar import CookieJar
from ipaddress import ip_address
from pathlib import Path

import urllib3
from typing_extensions import assert_type

import netstack_sync as ns


def generated() -> Iterator[bytes]:
    """A body."""
    yield b""


def uploaded(sent: int, total: int | None) -> None:
    """A listener."""


def hinted(status: int, headers: Mapping[str, str]) -> None:
    """Another one."""


def every_option(session: ns.Session, context: ssl.SSLContext) -> None:
    """All arguments in all their forms."""
    assert_type(ns.fetch("http://h/"), ns.Response)
    ns.fetch("http://h/", "POST", params={"a": [1, "b"]}, headers={"A": "b"}, json={"a": 1}, timeout=5)
    ns.fetch("http://h/", method="POST", params=[("a", 1)], headers=[("A", b"b")], data={"a": 1}, timeout=(1, None))
    session.post("/", content=generated(), timeout=ns.Timeout(total=1.5, pool=2), auth=("u", "p"), priority="high")
    session.put("/", content=Path("f"), timeout=None, verify=False, priority=ns.RequestPriority.LOW)
    session.patch("/", files={"f": ("n", io.BytesIO(), "a/b")}, verify=Path("ca"), cert=("c", "k"))
    session.delete("/", verify=context, follow_redirects=False, max_redirects=3, max_response_size=None)
    session.get("/", verify="ca.pem", cert="c.pem", params="a=1")
    session.get("/", verify=b"", cert=("a.p12", None, b"pw"))
    session.get("/", retries=ns.RetryPolicy(3, backoff=ns.BackoffPolicy(0, 0.1, 2.0, 0.0, None, None), methods=None))
    session.get("/", retries=urllib3.Retry(3))
    assert_type(session.head("/", retries=2).attempts, tuple[ns.Attempt, ...])
    ns.Session(retries=None, rate_limit={"h": 5, "*": ns.RateLimit(1.5, burst=3)}, throttle=True).close()
    session.put("/", content=b"", expect_continue=True, upload_progress=uploaded, on_informational=hinted)
    session.submit("PUT", "/", content=b"", expect_continue=None, upload_progress=None, on_informational=None)
    session.get("/", on_informational=lambda status, headers: print(status, headers.getlist("link")))
    session.get("/", auth=ns.BasicAuth("u", "p"))
    session.get("/", auth=ns.DigestAuth("u", "p"))
    session.get("/", auth=ns.NetrcAuth(Path("netrc")))
    session.get("/", auth=ns.NtlmAuth("u", "p", domain="D"))
    session.get("/", auth=ns.NegotiateAuth("u", host="web.corp.example", delegate=True))
    session.get("/", auth=lambda request: ns.AnyAuth("u", "p"))
    session.get("/", auth=lambda request: ns.BearerAuth(request.url.host))
    ns.Session(auth=ns.BearerAuth("t"))
    assert_type(session.head("/"), ns.Response)
    assert_type(session.options("/"), ns.Response)
    assert_type(session.request("GET", "/"), ns.Response)


def every_form_of_cookies(session: ns.Session) -> None:
    """Of a session, of a request, and the view of what is kept."""
    ns.Session(cookies=False)
    ns.Session(cookies={"a": "b"}, base_url="https://h/")
    ns.Session(cookies=session.cookies)
    session.get("/", cookies={"a": "b", "c": None})
    session.get("/", cookies=[("a", "b")])
    session.get("/", cookies=CookieJar())
    session.get("/", cookies=session.cookies)
    assert_type(session.cookies, ns.SessionCookies)
    assert_type(list(session.cookies), list[ns.CanonicalCookie])
    assert_type(session.cookies["a"], str)
    assert_type(session.cookies.get("a", domain="h"), str | None)
    session.cookies.set("a", "b", domain=".h.test", path="/x", secure=True, expires=1.5)
    assert_type(session.head("/").cookies, dict[str, str])


def every_way_to_a_body(session: ns.Session) -> None:
    """Whole, streamed, in text."""
    with session.stream("GET", "/") as response:
        assert_type(response, ns.Response)
        for chunk in response.iter_bytes(1024):
            assert_type(chunk, bytes)
        for line in response.iter_lines():
            assert_type(line, str)
    assert_type(response.content, bytes)
    assert_type(response.text, str)
    assert_type(response.status_code, int)
    assert_type(response.raise_for_status(), ns.Response)
    assert_type(response.headers["a"], str)
    response.encoding = "utf-8"
    older: urllib3.BaseHTTPResponse = response
    assert_type(older.read(5), bytes)


def every_way_to_a_file(session: ns.Session) -> None:
    """Downloads."""
    assert_type(ns.download("http://h/f", "f"), ns.Download)
    done = session.download("/f", Path("f"), resume=False, overwrite=True, checksum="md5:0", progress=print, parts=2)
    assert_type(done.path, str)
    assert_type(done.etag, str | None)
    assert_type(done.response, ns.Response)


async def every_way_to_wait(session: ns.Session) -> None:
    """Futures."""
    future = session.submit("GET", "/")
    assert_type(future, ns.FetchFuture)
    assert_type(future.result(), ns.Response)
    assert_type(await asyncio.wrap_future(future), ns.Response)
    for done in concurrent.futures.as_completed([future]):
        assert_type(done.result(), ns.Response)
    assert_type(session.stats(), ns.SessionStats)
    assert_type(session.stats().groups, dict[str, ns.GroupStats])
    assert_type(session.stats().proxies, dict[str, int])
    assert_type(session.stats().bad_proxies, dict[str, ns.BadProxy])


def every_way_out() -> None:
    """Proxies."""
    ns.Session(proxy="system", proxy_auth=("u", "p"))
    ns.Session(proxy={"http": "http://p:1", "all": ["socks5://s"]}, proxy_auth={"p:1": ns.DigestAuth("u", "p")})
    session = ns.Session(proxy=ns.PacUrl("http://h/p.pac"), proxy_auth=lambda url: ns.BasicAuth("u", url))
    response = session.get("/", proxy=ns.ProxyChain.from_urls("http://a", "http://b"))
    assert_type(response.proxy_chain, tuple[str, ...])


def resolve_by_hand(host: str) -> list[str]:
    """A resolver hook."""
    return [host]


def every_setting_of_the_network() -> None:
    """In all their forms."""
    ns.Session(features="TimeoutTcpConnectAttempt", endpoint_health=False, dns=None, tcp=None)
    ns.Session(features={"TimeoutTcpConnectAttempt": {"TimeoutTcpConnectAttemptMin": 3}})
    ns.Session(endpoint_health=ns.EndpointHealthSettings(circuit_breaker=True, unreachable_after=None))
    ns.Session(tcp=ns.TcpOptions(local_address="127.0.0.2", keep_alive_s=None, socket_options=((1, 2, b""),)))
    ns.Session(extra_ca=["a", b"b", Path("c")], tls=ns.TlsSettings(min_version="1.3", crls=["d"], ocsp="soft"))
    ns.Session(pins={"h": "sha256/", "i": ["sha256/"], "j": ns.PinSet(["sha256/"], include_subdomains=True)})
    ns.Session(hsts=False).close()
    ns.Session(hsts=ns.HstsSettings(path="p", preload=Path("q")))
    ns.Session(dns=ns.DnsSettings(doh="quad9", doh_mode="automatic", stale=True))
    ns.Session(dns=ns.DnsSettings(doh=["https://h/{?dns}"], host_resolver_rules="MAP a b", max_parallel=2))
    ns.Session(dns=ns.DnsSettings(host_resolver_rules={"a": ip_address("::1")}, resolver=resolve_by_hand))


def every_question_about_the_network(session: ns.Session) -> None:
    """And what can be told."""
    session.preconnect("http://h/", 2)
    session.close_idle_connections()
    session.reload_tls()
    session.clear_dns_cache()
    session.restore_dns_cache(session.dns_cache())
    assert_type(session.resolve("h", 80, family=4, timeout=1.5), ns.Resolution)
    assert_type(session.resolve("h").addresses, tuple[str, ...])
    assert_type(session.network_quality(), ns.NetworkQuality)
    assert_type(session.network_quality().http_rtt, "float | None")
    session.submit("GET", "/").set_priority("highest")


def every_failure() -> str:
    """Exceptions."""
    try:
        ns.Session(base_url="http://h/", limits=ns.Limits(per_host=2), trust_env=False).close(timeout=1)
    except ns.NetError as error:
        assert_type(error.net_error.name, str)
        assert_type(error.may_have_been_sent, bool)
        return error.meaning
    except ns.HTTPStatusError as error:
        return str(error)
    return ns.__version__
