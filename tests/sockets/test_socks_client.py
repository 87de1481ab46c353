"""SOCKS handshakes over a scripted socket."""

from __future__ import annotations

import pytest

from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_PROXY_AUTH_REQUESTED,
    ERR_PROXY_AUTH_UNSUPPORTED,
    ERR_SOCKS_CONNECTION_FAILED,
    ERR_SOCKS_CONNECTION_HOST_UNREACHABLE,
    OK,
)
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.sockets.socks_client import SocksClient
from tests.support.scripted_handshake import ScriptedHandshake
from tests.support.scripted_socket import (
    EOF,
    Pause,
    Read,
    Step,
    Write,
    each_step_failing,
    one_byte_at_a_time,
)
from tests.support.scripted_stack import ScriptedStack, scripted_stack

SERVER = HostPortPair("a.test", 443)
V4 = HostPortPair("192.0.2.7", 443)
V6 = HostPortPair("2001:db8::7", 443)
ADDRESS = IPEndPoint("192.0.2.7", 443, 2)
ADDRESS_6 = IPEndPoint("2001:db8::7", 443, 10)
PACKED, PACKED_6 = b"\xc0\0\2\7", b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\7"
PORT = b"\x01\xbb"

GREET, NO_LOGIN = Write(b"\5\1\0"), Read(b"\5\0")
GREET_WITH_LOGIN, LOGIN_WANTED = Write(b"\5\2\0\2"), Read(b"\5\2")
LOGIN, LOGGED_IN = Write(b"\1\2me\1p"), Read(b"\1\0")
ASK_5 = Write(b"\5\1\0\3\6a.test" + PORT)
GRANTED_5 = Read(b"\5\0\0\1\xc0\0\2\1\x1f\x90")
ASK_4 = Write(b"\4\1" + PORT + PACKED + b"\0")
ASK_4A = Write(b"\4\1" + PORT + b"\0\0\0\1\0a.test\0")
GRANTED_4 = Read(b"\0\x5a" + b"\0" * 6)

PLAIN: list[Step] = [GREET, NO_LOGIN, ASK_5, GRANTED_5]
WITH_LOGIN: list[Step] = [GREET_WITH_LOGIN, LOGIN_WANTED, LOGIN, LOGGED_IN, ASK_5, GRANTED_5]
ANSWERS = [b"\5\2", b"\1\0", b"\5\0\0\1\xc0\0\2\1\x1f\x90"]  # of the proxy in WITH_LOGIN


class Handshake(ScriptedHandshake):
    """A client over a script."""

    def __init__(
        self,
        stack: ScriptedStack,
        *steps: Step,
        scheme: ProxyScheme = ProxyScheme.SOCKS5,
        destination: HostPortPair = SERVER,
        address: IPEndPoint | None = None,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        super().__init__(stack, *steps)
        self.client = SocksClient(
            self.socket,
            ProxyServer(scheme, "p.test", 1080),
            destination,
            stack.log(),
            address=address,
            username=username,
            password=password,
        )

    def run(self) -> int:
        """To the end."""
        return self.run_with(self.client)


# --- what leads to a connection


@pytest.mark.parametrize("steps", [PLAIN, one_byte_at_a_time(PLAIN)], ids=["pieces", "bytes"])
def test_socks5(stack: ScriptedStack, steps: list[Step]) -> None:
    """Row 178, SOCKS5_HTTP_GET, SOCKS5_SSL_GET: the name goes to the proxy; the connection is left as it is."""
    handshake = Handshake(stack, *steps)
    assert handshake.run() == OK
    assert handshake.socket.is_done and handshake.socket.is_open and handshake.client.error_detail == ""


@pytest.mark.parametrize("steps", [WITH_LOGIN, one_byte_at_a_time(WITH_LOGIN)], ids=["pieces", "bytes"])
def test_socks5_with_a_login(stack: ScriptedStack, steps: list[Step]) -> None:
    """RFC 1929; a proxy may also let us in without it."""
    assert Handshake(stack, *steps, username="me", password="p").run() == OK
    handshake = Handshake(stack, GREET_WITH_LOGIN, NO_LOGIN, ASK_5, GRANTED_5, username="me", password="p")
    assert handshake.run() == OK and b"me" not in handshake.socket.written


def test_a_user_without_a_password(stack: ScriptedStack) -> None:
    """An empty one is sent."""
    steps: list[Step] = [GREET_WITH_LOGIN, LOGIN_WANTED, Write(b"\1\2me\0"), LOGGED_IN, ASK_5, GRANTED_5]
    assert Handshake(stack, *steps, username="me").run() == OK


@pytest.mark.parametrize(
    "bound", [b"\4" + PACKED_6 + b"\0\1", b"\3\6p.test\0\1", b"\3\0\0\1"], ids=["IPv6", "name", "empty name"]
)
def test_the_proxys_side_may_be_told_in_any_way(stack: ScriptedStack, bound: bytes) -> None:
    """Its length is all that counts."""
    steps: list[Step] = [GREET, NO_LOGIN, ASK_5, Read(b"\5\0\0" + bound)]
    assert Handshake(stack, *steps).run() == OK
    assert Handshake(stack, *one_byte_at_a_time(steps)).run() == OK


@pytest.mark.parametrize("destination, target", [(V4, b"\1" + PACKED), (V6, b"\4" + PACKED_6)], ids=["IPv4", "IPv6"])
def test_socks5_is_told_addresses_as_such(stack: ScriptedStack, destination: HostPortPair, target: bytes) -> None:
    """Not as text; and an address that was looked up does not take the place of a name."""
    steps: list[Step] = [GREET, NO_LOGIN, Write(b"\5\1\0" + target + PORT), GRANTED_5]
    assert Handshake(stack, *steps, destination=destination).run() == OK
    assert Handshake(stack, *PLAIN, address=ADDRESS).run() == OK


@pytest.mark.parametrize("steps", [[ASK_4, GRANTED_4], one_byte_at_a_time([ASK_4, GRANTED_4])], ids=["pieces", "bytes"])
def test_socks4(stack: ScriptedStack, steps: list[Step]) -> None:
    """Row 178, SOCKS4_HTTP_GET, SOCKS4_SSL_GET: the address is sent that its owner looked up."""
    assert Handshake(stack, *steps, scheme=ProxyScheme.SOCKS4, address=ADDRESS).run() == OK
    assert Handshake(stack, *steps, scheme=ProxyScheme.SOCKS4, destination=V4).run() == OK


def test_socks4a(stack: ScriptedStack) -> None:
    """The name goes to the proxy, an address as an address."""
    assert Handshake(stack, ASK_4A, GRANTED_4, scheme=ProxyScheme.SOCKS4A).run() == OK
    assert Handshake(stack, ASK_4A, GRANTED_4, scheme=ProxyScheme.SOCKS4A, address=ADDRESS).run() == OK
    assert Handshake(stack, ASK_4, GRANTED_4, scheme=ProxyScheme.SOCKS4A, destination=V4).run() == OK


def test_socks4_has_users_and_no_passwords(stack: ScriptedStack) -> None:
    """The user is told, the password to nobody."""
    ask = Write(b"\4\1" + PORT + PACKED + b"me\0")
    handshake = Handshake(
        stack, ask, GRANTED_4, scheme=ProxyScheme.SOCKS4, address=ADDRESS, username="me", password="secret"
    )
    assert handshake.run() == OK and b"secret" not in handshake.socket.written


# --- what is refused before a byte is sent


@pytest.mark.parametrize("scheme", [ProxyScheme.SOCKS5, ProxyScheme.SOCKS4A])
@pytest.mark.parametrize("size", [256, 300, 512])
def test_a_host_that_does_not_fit_is_refused(stack: ScriptedStack, scheme: ProxyScheme, size: int) -> None:
    """R17 (CVE-2023-38545): not a byte is sent, and an address that is known is not sent instead. It is no error that
    leads to the next proxy, or to a direct connection, which would look the name up.
    """
    destination = HostPortPair("a" * size, 443)
    handshake = Handshake(stack, scheme=scheme, destination=destination, address=ADDRESS)
    assert handshake.run() == ERR_SOCKS_CONNECTION_HOST_UNREACHABLE
    assert handshake.client.error_detail.endswith(f"has {size} characters, and 255 fit into SOCKS")
    assert handshake.socket.written == b""


@pytest.mark.parametrize("scheme", [ProxyScheme.SOCKS5, ProxyScheme.SOCKS4, ProxyScheme.SOCKS4A])
def test_a_login_that_does_not_fit_is_refused(stack: ScriptedStack, scheme: ProxyScheme) -> None:
    """R17; it is not cut short, and not shown."""
    handshake = Handshake(stack, scheme=scheme, address=ADDRESS, username="u" * 256, password="p")
    assert handshake.run() == ERR_PROXY_AUTH_UNSUPPORTED
    assert handshake.client.error_detail.startswith("for the proxy socks")
    assert handshake.client.error_detail.endswith(": the user name for the SOCKS proxy has 256 bytes, and 255 fit")
    assert handshake.socket.written == b""


def test_a_password_that_does_not_fit_is_refused(stack: ScriptedStack) -> None:
    """The same."""
    handshake = Handshake(stack, username="me", password="p" * 256)
    assert handshake.run() == ERR_PROXY_AUTH_UNSUPPORTED
    assert handshake.client.error_detail.startswith("for the proxy socks")
    assert handshake.client.error_detail.endswith(": the password for the SOCKS proxy has 256 bytes, and 255 fit")


@pytest.mark.parametrize(
    "scheme, destination, address",
    [
        (ProxyScheme.SOCKS4, SERVER, None),
        (ProxyScheme.SOCKS4, SERVER, ADDRESS_6),
        (ProxyScheme.SOCKS4, V6, None),
        (ProxyScheme.SOCKS4, V6, ADDRESS),
        (ProxyScheme.SOCKS4A, V6, None),
    ],
)
def test_socks4_cannot_do_without_an_ipv4_address(
    stack: ScriptedStack, scheme: ProxyScheme, destination: HostPortPair, address: IPEndPoint | None
) -> None:
    """Nothing else is sent in its place; the words name the way out."""
    handshake = Handshake(stack, scheme=scheme, destination=destination, address=address)
    assert handshake.run() == ERR_SOCKS_CONNECTION_HOST_UNREACHABLE
    expected = f"SOCKS4 knows IPv4 addresses only, and {destination} has none; use a SOCKS5 proxy"
    assert handshake.client.error_detail == f"for the proxy {scheme.value}://p.test:1080: {expected}"


# --- what the proxy refuses


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "two bytes"])
@pytest.mark.parametrize("code", [*range(1, 10), 255])
def test_each_refusal_of_socks5(stack: ScriptedStack, code: int, cut: bool) -> None:
    """A server that cannot be reached is another matter than a proxy that does not work."""
    reply = bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
    handshake = Handshake(stack, GREET, NO_LOGIN, ASK_5, Read(reply[:2] if cut else reply))
    is_unreachable = code in (3, 4, 5, 6)
    assert handshake.run() == (ERR_SOCKS_CONNECTION_HOST_UNREACHABLE if is_unreachable else ERR_SOCKS_CONNECTION_FAILED)
    detail = handshake.client.error_detail
    assert detail.startswith("the proxy socks5://p.test:1080 was asked to connect to a.test:443 and has ")
    assert detail.endswith(f" (code {code})")


@pytest.mark.parametrize("code, result", [(91, ERR_SOCKS_CONNECTION_FAILED), (93, ERR_PROXY_AUTH_REQUESTED)])
def test_a_refusal_of_socks4(stack: ScriptedStack, code: int, result: int) -> None:
    """Each with its words."""
    handshake = Handshake(stack, ASK_4A, Read(bytes([0, code]) + b"\0" * 6), scheme=ProxyScheme.SOCKS4A)
    assert handshake.run() == result
    assert handshake.client.error_detail.startswith(
        "the proxy socks4a://p.test:1080 was asked to connect to a.test:443 and has refused"
    )


def test_a_refused_login(stack: ScriptedStack) -> None:
    """Nothing of it is shown."""
    handshake = Handshake(stack, *WITH_LOGIN[:3], Read(b"\1\1"), username="me", password="p")
    assert handshake.run() == ERR_PROXY_AUTH_REQUESTED
    assert (
        handshake.client.error_detail
        == "the proxy socks5://p.test:1080 refused the user name or the password; correct them in proxy_auth or its URL"
    )


@pytest.mark.parametrize(
    "username, method, result, words",
    [
        (None, 255, ERR_PROXY_AUTH_REQUESTED, "does not let everybody in; pass proxy_auth, or put"),
        (None, 2, ERR_PROXY_AUTH_REQUESTED, "does not let everybody in"),
        ("me", 255, ERR_PROXY_AUTH_UNSUPPORTED, "takes no user and password; it may want GSSAPI"),
        ("me", 1, ERR_SOCKS_CONNECTION_FAILED, "chose the login method 1, unasked"),
        (None, 128, ERR_SOCKS_CONNECTION_FAILED, "chose the login method 128, unasked"),
    ],
)
def test_a_way_to_log_in_that_we_do_not_go(
    stack: ScriptedStack, username: str | None, method: int, result: int, words: str
) -> None:
    """The words say what would help."""
    greet = GREET if username is None else GREET_WITH_LOGIN
    handshake = Handshake(stack, greet, Read(bytes([5, method])), username=username, password="p")
    assert handshake.run() == result
    assert handshake.client.error_detail.startswith(f"the proxy socks5://p.test:1080 {words}")


# --- what is no SOCKS


@pytest.mark.parametrize("end", [EOF, Read(ERR_CONNECTION_CLOSED)], ids=["goodbye", "cut"])
@pytest.mark.parametrize("number", range(len(ANSWERS)))
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_proxy_that_hangs_up(stack: ScriptedStack, end: Read, number: int, has_begun: bool) -> None:
    """Before any of its answers, or within one."""
    begun = [Read(ANSWERS[number][:1])] if has_begun else []
    handshake = Handshake(stack, *WITH_LOGIN[: 2 * number + 1], *begun, end, username="me", password="p")
    assert handshake.run() == ERR_SOCKS_CONNECTION_FAILED
    assert handshake.client.error_detail == (
        "the proxy socks5://p.test:1080 hung up during the handshake; is socks5:// the right scheme for it?"
    )


@pytest.mark.parametrize(
    "answer, advice",
    [
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", "it seems to be an HTTP proxy: write http:// in place of socks5://"),
        (b"\x15\3\1", "is socks5:// the right scheme for it?"),
        (b"\0\x5b", "is socks5:// the right scheme for it?"),
    ],
)
def test_a_peer_that_does_not_speak_socks5(stack: ScriptedStack, answer: bytes, advice: str) -> None:
    """Its first byte tells, and is all that is shown of it."""
    handshake = Handshake(stack, GREET, Read(answer))
    assert handshake.run() == ERR_SOCKS_CONNECTION_FAILED
    detail = handshake.client.error_detail
    assert detail.startswith("the proxy socks5://p.test:1080 does not speak SOCKS: the answer begins with b'")
    assert detail.endswith(f", not with its version; {advice}") and "400" not in detail


def test_a_peer_that_does_not_speak_socks4(stack: ScriptedStack) -> None:
    """The same."""
    handshake = Handshake(stack, ASK_4A, Read(b"HTTP/1.0 400"), scheme=ProxyScheme.SOCKS4A)
    assert handshake.run() == ERR_SOCKS_CONNECTION_FAILED
    assert handshake.client.error_detail.endswith("write http:// in place of socks4a://")


def test_an_address_that_cannot_be_passed_over(stack: ScriptedStack) -> None:
    """Where such a reply ends nobody knows."""
    handshake = Handshake(stack, GREET, NO_LOGIN, ASK_5, Read(b"\5\0\0\2\0"))
    assert handshake.run() == ERR_SOCKS_CONNECTION_FAILED
    assert "an address of the unknown kind 2" in handshake.client.error_detail


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_bytes_behind_an_answer_are_nobodys(stack: ScriptedStack, number: int) -> None:
    """They would pass for the next answer, or for the server's."""
    answer = Read(ANSWERS[number] + b"!")
    handshake = Handshake(stack, *WITH_LOGIN[: 2 * number + 1], answer, username="me", password="p")
    assert handshake.run() == ERR_SOCKS_CONNECTION_FAILED
    assert handshake.client.error_detail == "the proxy socks5://p.test:1080 sent more than an answer"


def test_bytes_behind_a_reply_of_socks4_are_nobodys(stack: ScriptedStack) -> None:
    """The same."""
    handshake = Handshake(stack, ASK_4A, Read(b"\0\x5a" + b"\0" * 7), scheme=ProxyScheme.SOCKS4A)
    assert handshake.run() == ERR_SOCKS_CONNECTION_FAILED


# --- errors and the end


@pytest.mark.parametrize("steps", each_step_failing(WITH_LOGIN))
def test_an_error_of_the_socket_is_the_result(stack: ScriptedStack, steps: list[Step]) -> None:
    """Whenever it comes; every span of the log ends."""
    assert Handshake(stack, *steps, username="me", password="p").run() == ERR_CONNECTION_RESET


@pytest.mark.parametrize("paused_at", range(len(WITH_LOGIN)))
def test_nothing_is_told_after_a_cancel(stack: ScriptedStack, paused_at: int) -> None:
    """Whatever it waits for."""
    steps = [*WITH_LOGIN[:paused_at], Pause(), *WITH_LOGIN[paused_at:]]
    handshake = Handshake(stack, *steps, username="me", password="p")
    assert handshake.client.connect(handshake.done) == ERR_IO_PENDING
    stack.run()
    handshake.client.cancel()
    handshake.client.cancel()
    handshake.socket.resume()
    stack.run()
    assert not handshake.done.is_called and not handshake.socket.is_watched


# --- the log


def test_the_log_tells_the_steps_and_no_secret() -> None:
    """Neither user nor password are in it, however much is asked for."""
    with scripted_stack(is_async=True) as stack:
        assert Handshake(stack, *WITH_LOGIN, username="me", password="p").run() == OK
        begun = [entry.type.name for entry in stack.recorded.entries if entry.phase == NetLogEventPhase.BEGIN]
        assert begun == [
            "SOCKS5_CONNECT",
            "SOCKS5_GREET_WRITE",
            "SOCKS5_GREET_READ",
            "SOCKS5_HANDSHAKE_WRITE",
            "SOCKS5_HANDSHAKE_READ",
        ]
        assert not any(entry.params for entry in stack.recorded.entries)


def test_the_log_tells_why_it_failed() -> None:
    """With the code or the method of the proxy."""
    with scripted_stack(is_async=True) as stack:
        log = stack.recorded
        Handshake(stack, ASK_4A, Read(b"\0\x5b"), scheme=ProxyScheme.SOCKS4A).run()
        Handshake(stack, GREET, Read(b"\5\xff")).run()
        error, end = NetLogEventType.SOCKS_SERVER_ERROR, NetLogEventPhase.END
        assert log.params_of(error, NetLogEventPhase.NONE) == [{"error_code": 91}]
        assert log.params_of(NetLogEventType.SOCKS_UNEXPECTED_AUTH, NetLogEventPhase.NONE) == [{"method": 255}]
        assert log.params_of(NetLogEventType.SOCKS_CONNECT, end) == [{"net_error": ERR_SOCKS_CONNECTION_FAILED}]
        assert log.params_of(NetLogEventType.SOCKS5_CONNECT, end) == [{"net_error": ERR_PROXY_AUTH_REQUESTED}]


def test_the_log_tells_of_a_cancel() -> None:
    """The spans end with it."""
    with scripted_stack(is_async=True) as stack:
        handshake = Handshake(stack, GREET, Pause())
        handshake.client.connect(handshake.done)
        stack.run()
        handshake.client.cancel()
        for span in (NetLogEventType.SOCKS5_CONNECT, NetLogEventType.SOCKS5_GREET_READ):
            assert stack.recorded.params_of(span, NetLogEventPhase.END) == [{"net_error": ERR_ABORTED}]
