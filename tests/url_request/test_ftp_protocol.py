"""ftp: URLs."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_INVALID_URL,
    ERR_IO_PENDING,
    ERR_METHOD_NOT_SUPPORTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_NO_SUPPORTED_PROXIES,
    OK,
)
from netstack_sync.base.proxy_chain import ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import DIRECT_CONFIG, SYSTEM_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.url_request.ftp_protocol import FtpProtocol
from tests.support.ftp_server import FtpServer, ftp_server
from tests.support.jobs import Played, make_hop
from tests.support.loops import RecordedCompletion
from tests.support.proxies import SCRIPT, ProxyRig
from tests.support.resolver import ScriptedResolver
from tests.support.scripted_stack import ScriptedStack


@pytest.fixture
def server() -> Iterator[FtpServer]:
    with ftp_server({"a b.txt": b"hello", "/abs": b"absolute"}) as server:
        yield server


@pytest.fixture
def resolver(server: FtpServer) -> ScriptedResolver:
    """Knows where everybody is."""
    resolver = ScriptedResolver()
    resolver.outcome = OK
    resolver.addresses = (IPEndPoint("127.0.0.1", server.port, socket.AF_INET),)
    return resolver


def test_a_file(stack: ScriptedStack, server: FtpServer, resolver: ScriptedResolver) -> None:
    """The host is looked up as every other, and the URL says who asks."""
    hop = make_hop(stack, "ftp://me:p%40ss@h.test/a%20b.txt", resolver=resolver)
    played = Played(stack, FtpProtocol().create_job(hop))
    assert (played.result, played.body, played.read_result) == (OK, b"hello", OK)
    head = played.response.head
    assert head.headers.items() == [("Content-Type", "text/plain"), ("Content-Length", "5")]
    assert server.users == [("me", "p@ss")] and not played.job.has_sent_bytes
    (request,) = resolver.requests
    assert (request.host, request.port, request.priority) == ("h.test", 21, hop.info.priority)


def test_paths_and_ports(stack: ScriptedStack, server: FtpServer, resolver: ScriptedResolver) -> None:
    """RFC 1738 §3.2.2: relative to where one is after the login, unless it begins with an escaped slash."""
    played = Played(stack, FtpProtocol().create_job(make_hop(stack, "ftp://h.test:2121/%2Fabs", resolver=resolver)))
    assert played.body == b"absolute" and resolver.requests[0].port == 2121
    played = Played(stack, FtpProtocol().create_job(make_hop(stack, "ftp://h.test", resolver=resolver)))
    assert b"a b.txt" in played.body and server.users[-1] == ("anonymous", "anonymous@")
    played = Played(stack, FtpProtocol().create_job(make_hop(stack, "ftp://h/a%20b.txt", "HEAD", resolver=resolver)))
    assert played.body == b"" and played.response.head.content_length == 5


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://h/a%0D%0ADELE%20b", "ftp://h/a%0A", "ftp://h/a%00b", "ftp://h/%FF"),
        *("ftp://u%0D%0ADELE%20b@h/", "ftp://u:p%0A@h/"),
    ],
)
def test_commands_inside_a_url(stack: ScriptedStack, resolver: ScriptedResolver, url: str) -> None:
    """R16 (bpo-30119, ftplib): no line can begin where the URL says so."""
    played = Played(stack, FtpProtocol().create_job(make_hop(stack, url, resolver=resolver)))
    assert played.result == ERR_INVALID_URL and not resolver.requests


def test_it_can_only_be_read(stack: ScriptedStack) -> None:
    assert (
        Played(stack, FtpProtocol().create_job(make_hop(stack, "ftp://h/", "PUT"))).result == ERR_METHOD_NOT_SUPPORTED
    )
    assert not FtpProtocol().is_safe_redirect_target(Url.parse("ftp://h/"))


def test_a_host_that_is_unknown(stack: ScriptedStack) -> None:
    """At once, or after a while."""
    resolver, on_headers = ScriptedResolver(), RecordedCompletion()
    resolver.error_detail = "h.test"
    job = FtpProtocol().create_job(make_hop(stack, "ftp://h.test/", resolver=resolver))
    assert job.start(on_headers) == ERR_IO_PENDING and job.load_state == LoadState.RESOLVING_HOST
    resolver.requests[0].finish(ERR_NAME_NOT_RESOLVED)
    assert on_headers.result == ERR_NAME_NOT_RESOLVED and job.error_detail == "h.test"
    resolver.outcome = ERR_NAME_NOT_RESOLVED
    job = FtpProtocol().create_job(make_hop(stack, "ftp://h.test/", resolver=resolver))
    assert job.start(on_headers) == ERR_NAME_NOT_RESOLVED


def test_a_host_that_takes_a_while(stack: ScriptedStack, resolver: ScriptedResolver) -> None:
    resolver.outcome = ERR_IO_PENDING
    job, on_headers = (
        FtpProtocol().create_job(make_hop(stack, "ftp://h.test/", resolver=resolver)),
        RecordedCompletion(),
    )
    job.start(on_headers)
    resolver.requests[0].finish()
    stack.run_workers()
    assert on_headers.result == OK
    job.close()
    stack.run_workers()


def test_closed_during_the_lookup(stack: ScriptedStack, resolver: ScriptedResolver) -> None:
    resolver.outcome = ERR_IO_PENDING
    job = FtpProtocol().create_job(make_hop(stack, "ftp://h.test/", resolver=resolver))
    job.start(RecordedCompletion())
    job.close()
    assert resolver.requests[0].is_cancelled and not stack.workers.jobs


PROXY = (ProxyChain((ProxyServer(ProxyScheme.HTTP, "p.test", 3128),)),)


@pytest.mark.parametrize(
    "config",
    [
        ProxyConfig(rules=ProxyRules(single=PROXY)),
        ProxyConfig(rules=ProxyRules(by_scheme=(("ftp", PROXY),))),
        ProxyConfig(rules=ProxyRules(fallback=PROXY)),
        ProxyConfig(pac_script=SCRIPT, rules=ProxyRules(single=PROXY)),
    ],
)
@pytest.mark.parametrize("is_own", [True, False])
def test_proxy_that_is_named_is_not_passed_over(stack: ScriptedStack, config: ProxyConfig, is_own: bool) -> None:
    """Nobody here can ask it, and to go directly would not be what the settings say."""
    proxies = ProxyRig(stack.thread, stack.net_log, DIRECT_CONFIG if is_own else config).services
    hop = make_hop(stack, "ftp://h.test/x", proxies=proxies)
    hop.info.proxy = config if is_own else None
    played = Played(stack, FtpProtocol().create_job(hop))
    assert played.result == ERR_NO_SUPPORTED_PROXIES and "http://p.test:3128" in played.job.error_detail


@pytest.mark.parametrize(
    "config",
    [
        DIRECT_CONFIG,
        SYSTEM_CONFIG,  # not known yet
        ProxyConfig(pac_script=SCRIPT),
        ProxyConfig(rules=ProxyRules(by_scheme=(("http", PROXY), ("https", PROXY)))),
        ProxyConfig(rules=ProxyRules(single=PROXY, bypass=ProxyBypassRules("h.test"))),
    ],
)
def test_directly_where_no_proxy_is_named(
    stack: ScriptedStack, server: FtpServer, resolver: ScriptedResolver, config: ProxyConfig
) -> None:
    """As curl without proxies; scripts are about what they know."""
    rig = ProxyRig(stack.thread, stack.net_log, config)
    hop = make_hop(stack, "ftp://h.test/a%20b.txt", resolver=resolver, proxies=rig.services)
    assert Played(stack, FtpProtocol().create_job(hop)).body == b"hello" and not rig.engine.runs
