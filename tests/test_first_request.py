"""What the first request of a process reads: it waits for all of that, so nobody may add what it does not need."""

from __future__ import annotations

from pathlib import Path

import pytest

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.subprocesses import run_python

# Files and libraries that a plain http request has no use for.
UNNEEDED = [
    "cryptography",
    "certifi",
    "h2",
    "publicsuffixlist",
    "idna",
    "dns",
    "quickjs",
    "spnego",
    "asyncio",
    "configparser",
    "subprocess",
    "ftplib",
    "dataclasses",
    "inspect",
    "netstack_sync.auth.challenge",
    "netstack_sync.auth.controller",
    "netstack_sync.auth.credentials",
    "netstack_sync.auth.digest",
    "netstack_sync.auth.handler_factory",
    "netstack_sync.auth.negotiate",
    "netstack_sync.auth.netrc",
    "netstack_sync.base.backoff",
    "netstack_sync.base.cert_status",
    "netstack_sync.base.features",
    "netstack_sync.base.proxy_url",
    "netstack_sync.base.ssl_info",
    "netstack_sync.base.tls_advice",
    "netstack_sync.base.tls_wording",
    "netstack_sync.base.x509",
    "netstack_sync.cert.caching",
    "netstack_sync.cert.ocsp",
    "netstack_sync.cert.pins",
    "netstack_sync.cert.threaded",
    "netstack_sync.cert.verifier",
    "netstack_sync.dns.address_sorter",
    "netstack_sync.dns.doh",
    "netstack_sync.dns.doh_providers",
    "netstack_sync.dns.doh_task",
    "netstack_sync.dns.hook_task",
    "netstack_sync.dns.mapped_resolver",
    "netstack_sync.fetcher.auth_argument",
    "netstack_sync.fetcher.cookie_arguments",
    "netstack_sync.fetcher.dns_settings",
    "netstack_sync.fetcher.download",
    "netstack_sync.fetcher.download_arguments",
    "netstack_sync.fetcher.download_job",
    "netstack_sync.fetcher.fetch_attempts",
    "netstack_sync.fetcher.fetch_news",
    "netstack_sync.fetcher.future",
    "netstack_sync.fetcher.hooks",
    "netstack_sync.fetcher.hsts_settings",
    "netstack_sync.fetcher.limits",
    "netstack_sync.fetcher.multipart",
    "netstack_sync.fetcher.proxy_arguments",
    "netstack_sync.fetcher.proxy_values",
    "netstack_sync.fetcher.request_body",
    "netstack_sync.fetcher.resolution",
    "netstack_sync.fetcher.retry_policy",
    "netstack_sync.fetcher.scheme_arguments",
    "netstack_sync.fetcher.session_cookies",
    "netstack_sync.fetcher.session_tls",
    "netstack_sync.fetcher.stats",
    "netstack_sync.fetcher.tls_settings",
    "netstack_sync.http.exchange_parties",
    "netstack_sync.http.hsts_persister",
    "netstack_sync.http.transaction_observer",
    "netstack_sync.network.connect_timeout",
    "netstack_sync.pool.http_proxy_connect_job",
    "netstack_sync.pool.proxy_route",
    "netstack_sync.pool.socks_connect_job",
    "netstack_sync.proxy.bypass_rules",
    "netstack_sync.proxy.config",
    "netstack_sync.proxy.environment",
    "netstack_sync.proxy.pac_decider",
    "netstack_sync.proxy.resolution_service",
    "netstack_sync.proxy.system_config",
    "netstack_sync.sockets.client_certificate",
    "netstack_sync.sockets.tls_client",
    "netstack_sync.sockets.tls_context",
    "netstack_sync.sockets.tls_handshake",
    "netstack_sync.url_request.admission",
    "netstack_sync.url_request.data_protocol",
    "netstack_sync.url_request.delegate_calls",
    "netstack_sync.url_request.doh_config",
    "netstack_sync.url_request.file_protocol",
    "netstack_sync.url_request.ftp_protocol",
    "netstack_sync.url_request.handler_protocol",
    "netstack_sync.url_request.interceptor",
    "netstack_sync.url_request.network_delegate",
    "netstack_sync.url_request.ocsp_fetcher",
    "netstack_sync.url_request.proxy_parts",
    "netstack_sync.url_request.rate_limit",
    "netstack_sync.url_request.resource_scheduler",
    "netstack_sync.url_request.scheme_settings",
    "netstack_sync.url_request.throttler",
    "netstack_sync.url_request.tls_parts",
    "netstack_sync.wire.data_url",
    "netstack_sync.wire.dns_message",
    "netstack_sync.wire.hsts",
    "netstack_sync.wire.link_header",
    "netstack_sync.wire.socks5",
    "netstack_sync.workers.check_ocsp",
    "netstack_sync.workers.check_trust",
    "netstack_sync.workers.file_source",
    "netstack_sync.workers.handler_source",
    "netstack_sync.workers.pac_engine",
    "netstack_sync.workers.pac_values",
    "netstack_sync.workers.part_file",
    "netstack_sync.workers.revocation_lists",
    "netstack_sync.workers.security_context",
    "netstack_sync.workers.system_proxy_settings",
    "netstack_sync.workers.system_trust",
    "netstack_sync.workers.trust_roots",
    "netstack_sync.workers.verify_certificate",
]

MAX_FILES = 240
"""Of ours that are read; each costs about a quarter of a millisecond."""

PROGRAM = """
    import os, sys
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            del os.environ[name]
    import netstack_sync
    {request}
    print(*sys.modules)
"""


def modules_after(request: str) -> set[str]:
    with EmbeddedServer() as server:
        server.route("/", Answer(200, body=b"x"))
        return set(run_python(PROGRAM.format(request=request), server.url("/")).split())


def test_the_first_plain_request_reads_what_it_needs() -> None:
    """Neither heavy libraries nor rooms that are for other requests."""
    read = modules_after("netstack_sync.fetch(sys.argv[1]).content")
    assert "netstack_sync.http.network_transaction" in read
    of_urllib3 = run_python("import sys, urllib3; print(*sys.modules)").split()  # newer Pythons read `inspect` for it
    assert sorted(read & set(UNNEEDED) - set(of_urllib3)) == []
    assert len([name for name in read if name.startswith("netstack_sync.") and name.count(".") == 2]) <= MAX_FILES


def test_the_names_are_those_of_files() -> None:
    """A file that is renamed is looked for under its new name."""
    ours = [name for name in UNNEEDED if name.startswith("netstack_sync.")]
    checks = "\n    ".join(f"assert importlib.util.find_spec({name!r}), {name!r}" for name in ours)
    run_python(f"import importlib.util\n{checks}".replace("    ", ""))


def test_a_proxy_is_read_by_whoever_names_it() -> None:
    """On the caller's thread: the network thread, which serves everybody, finds the files there."""
    read = modules_after("netstack_sync.Session().prepare('GET', sys.argv[1], proxy='http://127.0.0.1:1')")
    for name in ("url_request.proxy_parts", "http.exchange_parties", "pool.http_proxy_connect_job"):
        assert f"netstack_sync.{name}" in read


def test_who_gives_credentials_reads_what_answers_challenges() -> None:
    """On the caller's thread too, whether they are an argument or in the URL."""
    given = modules_after("netstack_sync.Session().prepare('GET', sys.argv[1], auth=('user', 'password'))")
    assert "netstack_sync.http.exchange_parties" in given
    written = modules_after("netstack_sync.Session().prepare('GET', 'http://user:password@a.test/')")
    assert "netstack_sync.http.exchange_parties" in written


@pytest.mark.parametrize(
    "arguments, names",
    [
        ("sys.argv[1], retries=1", ["fetcher.fetch_attempts"]),
        ("'data:,x'", ["url_request.data_protocol"]),
        ("'about:blank'", ["url_request.data_protocol"]),
    ],
)
def test_what_is_asked_for_is_read_by_who_asks(arguments: str, names: list[str]) -> None:
    """On the caller's thread."""
    read = modules_after(f"netstack_sync.Session().prepare('GET', {arguments})")
    assert {f"netstack_sync.{name}" for name in names} <= read


@pytest.mark.parametrize(
    "arguments, names",
    [
        ("throttle=True", ["fetcher.fetch_attempts"]),
        ("rate_limit=5", ["fetcher.fetch_attempts"]),
        ("resource_scheduler=True", ["fetcher.fetch_attempts"]),
        ("retries=1", ["fetcher.fetch_attempts"]),
        ("network_delegate=netstack_sync.NetworkDelegate()", ["url_request.delegate_calls"]),
        ("interceptors=[print]", ["url_request.interceptor", "url_request.function_interceptor"]),
        ("dns=netstack_sync.DnsSettings(host_resolver_rules={'a.test': '127.0.0.1'})", ["dns.mapped_resolver"]),
    ],
)
def test_what_a_session_has_is_read_when_it_is_made(arguments: str, names: list[str]) -> None:
    """With the context, whose network thread finds it there."""
    read = modules_after(f"netstack_sync.Session({arguments}).context")
    assert {f"netstack_sync.{name}" for name in names} <= read


def test_a_download_reads_little_but_its_own_files(tmp_path: Path) -> None:
    """While it reads them nothing comes; what it is not asked for, such as retries, stays unread."""
    read = modules_after(f"netstack_sync.download(sys.argv[1], {str(tmp_path / 'file')!r})")
    assert "netstack_sync.workers.part_file" in read
    assert not read & {"dataclasses", "netstack_sync.fetcher.fetch_attempts", "netstack_sync.fetcher.retry_policy"}
