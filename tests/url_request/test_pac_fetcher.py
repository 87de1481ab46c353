"""UrlRequestPacFetcher: scripts from everywhere, within size and time, and who could have written them."""

from __future__ import annotations

import ssl
from functools import partial

import pytest

from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_CONTENT_DECODING_FAILED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_FILE_TOO_BIG,
    ERR_HTTP_RESPONSE_CODE_FAILURE,
    ERR_TIMED_OUT,
    ERR_TOO_MANY_REDIRECTS,
    ERR_UNSAFE_REDIRECT,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.proxy.pac_file import PacFileData
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.pac_fetcher import TIME_LIMIT_S
from netstack_sync.url_request.redirects import MAX_REDIRECTS
from netstack_sync.workers.pac_values import MAX_PAC_BYTES
from tests.support import small_requests
from tests.support.pac import TEXT
from tests.support.pac_fetches import URL, FetchAsking
from tests.support.scripted_socket import EOF, Pause, Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack

BODY = TEXT.encode()


def sent(host: str = "pac.test", target: str = "/p.js") -> Write:
    """The whole request: no cookie, no credentials, nothing that tells of us."""
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Connection: keep-alive",
        "Accept: application/x-ns-proxy-autoconfig, */*;q=0.8",
        "Accept-Encoding: identity",
        "User-Agent: netstack_sync",
        "",
        "",
    ]
    return Write("\r\n".join(lines).encode())


answered = partial(small_requests.answered, media_type="application/x-ns-proxy-autoconfig", size=len(BODY))


def redirected(location: str, status: str = "302 Found") -> Read:
    """An answer that sends elsewhere."""
    return answered(f"Location: {location}", status=status, size=0)


@pytest.fixture
def asking(stack: ScriptedStack) -> FetchAsking:
    return FetchAsking(stack)


def test_over_http(asking: FetchAsking) -> None:
    """Nobody vouches for it; the type of the answer means nothing."""
    asking.stack.connection(sent(), answered(media_type="text/plain"), Read(BODY[:5]), Read(BODY[5:]))
    assert asking.script() == PacFileData(TEXT, URL, is_trusted=False)


def test_over_https(asking: FetchAsking) -> None:
    """The server vouches for it."""
    asking.url = "https://pac.test/p.js"
    asking.stack.connection(sent(), answered(), Read(BODY))
    script = asking.script()
    assert script.is_trusted and script.source == asking.url


def unchecked(host_only: bool = False) -> ssl.SSLContext:
    """A context of the user's that takes any certificate, or a good one of anybody's."""
    context = ssl.create_default_context()
    context.check_hostname = False
    if not host_only:
        context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize(
    "tls, is_trusted",
    [
        (TlsConfig(TrustConfig(verify=False)), False),
        (TlsConfig(TrustConfig(), context=unchecked()), False),
        (TlsConfig(TrustConfig(), context=unchecked(host_only=True)), False),
        (TlsConfig(TrustConfig(), context=ssl.create_default_context()), True),
    ],
)
def test_over_https_with_anybody(stack: ScriptedStack, tls: TlsConfig, is_trusted: bool) -> None:
    """Where any certificate counts nobody vouches for the script: it runs in a process of its own."""
    asking = FetchAsking(stack, tls)
    asking.url = "https://pac.test/p.js"
    stack.connection(sent(), answered(), Read(BODY))
    assert asking.script().is_trusted == is_trusted


def test_no_password_is_sent_or_shown(asking: FetchAsking) -> None:
    """Scripts are for everybody; the one in the URL may be meant for somebody else by now."""
    asking.url = "http://me:secret@pac.test/p.js"
    asking.stack.connection(sent(), answered(status="401 Unauthorized"), Read(BODY))
    assert asking.failure() == (ERR_HTTP_RESPONSE_CODE_FAILURE, f"{URL}: the answer has HTTP status 401")


@pytest.mark.parametrize("charset, body", [("utf-16", "ä".encode("utf-16-le")), ("nonsense", b"\xe4")])
def test_charsets(asking: FetchAsking, charset: str, body: bytes) -> None:
    """As the header says, or as the bytes are."""
    asking.stack.connection(sent(), answered(media_type=f"text/plain; charset={charset}", size=len(body)), Read(body))
    assert asking.script().text == "ä"


@pytest.mark.parametrize("status", ["204 No Content", "206 Partial", "404 Gone", "407 Proxy", "500 Oops", "304 Same"])
def test_only_200_is_an_answer(asking: FetchAsking, status: str) -> None:
    """The words say which one it was."""
    has_body = status[:3] not in ("204", "304")
    asking.stack.connection(sent(), answered(status=status, size=6 if has_body else 0), Read(b"answer"), EOF)
    net_error, detail = asking.failure()
    assert net_error == ERR_HTTP_RESPONSE_CODE_FAILURE and detail.endswith(f"status {status[:3]}")


def test_a_compressed_answer(asking: FetchAsking) -> None:
    """Is none: nobody has asked for it, and its size says nothing."""
    asking.stack.connection(sent(), answered("Content-Encoding: gzip"), Read(BODY))
    assert asking.failure() == (ERR_CONTENT_DECODING_FAILED, f"{URL}: the answer is compressed, which nobody asked for")


def test_an_answer_that_says_it_is_not_compressed(asking: FetchAsking) -> None:
    """Is as good as any."""
    asking.stack.connection(sent(), answered("Content-Encoding: Identity"), Read(BODY))
    assert asking.script().text == TEXT


@pytest.mark.parametrize("size", [MAX_PAC_BYTES, MAX_PAC_BYTES + 1])
def test_the_size_has_a_limit(asking: FetchAsking, size: int) -> None:
    """One MiB; the rest is not read."""
    asking.stack.connection(sent(), answered(size=size), Read(b" " * 600_000), Read(b" " * (size - 600_000)))
    if size == MAX_PAC_BYTES:
        assert len(asking.script().text) == size
    else:
        assert asking.failure() == (
            ERR_FILE_TOO_BIG,
            f"{URL}: the data is larger than the limit: its answer exceeds 1048576 bytes",
        )


@pytest.mark.parametrize("stage", ["connect", "head", "body"])
def test_the_time_has_a_limit(asking: FetchAsking, stage: str) -> None:
    """Half a minute for everything."""
    asking.run_out_of_time(stage, sent(), answered())
    assert asking.result.net_error == ERR_TIMED_OUT
    assert asking.result.detail.startswith(f"{URL}: {meaning(ERR_TIMED_OUT)}: no answer within 30 s, while ")


def test_redirects_do_not_make_it_longer(asking: FetchAsking) -> None:
    """The limit is one for all hops."""
    first = asking.stack.connection(sent(), Pause(), redirected("http://b.test/slow"))
    asking.stack.connection(sent("b.test", "/slow"))
    asking.start()
    asking.stack.run()
    asking.stack.advance(TIME_LIMIT_S - 5.0)
    first.resume()
    asking.stack.run()
    asking.stack.advance(4.99)
    assert asking.results == []
    asking.stack.advance(0.02)
    assert asking.result.net_error == ERR_TIMED_OUT and asking.result.detail.startswith("http://b.test/slow: ")


@pytest.mark.parametrize("stage", ["start", "connect", "head", "body", "done"])
def test_cancel(asking: FetchAsking, stage: str) -> None:
    """In every state; idempotent."""
    asking.cancel_at(stage, sent(), answered(size=6))


def test_a_context_that_shuts_down(asking: FetchAsking) -> None:
    """Fails it, and every later one."""
    asking.stack.failed_connection(NEVER)
    asking.start()
    asking.stack.run()
    asking.context.shut_down()
    assert asking.result.net_error == ERR_CONTEXT_SHUT_DOWN
    asking.results.clear()
    assert asking.failure()[0] == ERR_CONTEXT_SHUT_DOWN


def test_a_server_that_cannot_be_reached(asking: FetchAsking) -> None:
    """The words say why."""
    asking.stack.failed_connection(ERR_CONNECTION_REFUSED)
    assert asking.failure() == (ERR_CONNECTION_REFUSED, f"{URL}: the server refused the connection: scripted failure")


# --- redirects


@pytest.mark.parametrize(
    "first, second, is_trusted",
    [
        ("https://pac.test/p.js", "https://b.test/p.js", True),
        ("https://pac.test/p.js", "http://b.test/p.js", False),
        ("http://pac.test/p.js", "https://b.test/p.js", False),
    ],
)
def test_redirects(asking: FetchAsking, first: str, second: str, is_trusted: bool) -> None:
    """Are followed; a single hop over plain http takes the trust. The source stays what was asked for."""
    asking.url = first
    asking.stack.connection(sent(), redirected(second.replace("//", "//me:secret@")))
    asking.stack.connection(sent("b.test"), answered(), Read(BODY))
    assert asking.script() == PacFileData(TEXT, first, is_trusted)
    assert [str(group.origin) for group in asking.stack.requested_groups][-1].startswith(second[:10])


def test_a_redirect_that_leads_nowhere(asking: FetchAsking) -> None:
    """Is an answer that is none."""
    asking.stack.connection(sent(), answered(status="302 Found", size=0))
    assert asking.failure() == (
        ERR_HTTP_RESPONSE_CODE_FAILURE,
        f"{URL}: the answer has HTTP status 302 and no Location",
    )


@pytest.mark.parametrize("location", ["file:///etc/passwd", "data:,FindProxyForURL", "ftp://b.test/"])
def test_a_redirect_out_of_http(asking: FetchAsking, location: str) -> None:
    """Is not followed: no server makes us read a file of this machine, or trust what it wrote itself."""
    asking.stack.connection(sent(), redirected(location))
    assert asking.failure()[0] == ERR_UNSAFE_REDIRECT


def test_redirects_without_end(asking: FetchAsking) -> None:
    """Are followed so often and no further."""
    hops = [step for _ in range(MAX_REDIRECTS + 1) for step in (sent(), redirected(URL))]
    asking.stack.connection(*hops)
    assert asking.failure()[0] == ERR_TOO_MANY_REDIRECTS
