"""CONNECT over a scripted socket."""

from __future__ import annotations

import pytest

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.controller import AuthController
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.sockets.http_tunnel import HttpTunnel
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import Read, ScriptedSocket, Step, Write
from tests.support.scripted_stack import ScriptedStack

SERVER = HostPortPair("a.test", 443)
PROXY = ProxyServer(ProxyScheme.HTTP, "p.test", 3128)
HEAD = b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Connection: keep-alive\r\nUser-Agent: ua\r\n"
ASK = Write(HEAD + b"\r\n")
OPEN = Read(b"HTTP/1.1 200 Connection established\r\n\r\n")
PAIR = password_identity("me", "p")
BASIC_HEAD = HEAD + b"Proxy-Authorization: Basic bWU6cA==\r\n\r\n"


class Tunnel:
    """A tunnel over a script; it must answer exactly once."""

    def __init__(self, stack: ScriptedStack, *steps: Step, auth: AuthController | None = None) -> None:
        self.stack = stack
        self.socket = ScriptedSocket(stack.thread.task_runner, stack.net_log, steps, stack.is_async)
        self.done = RecordedCompletion()
        self.tunnel = HttpTunnel(self.socket, PROXY, SERVER, "ua", auth, stack.log(), stack.thread.timers)

    def run(self) -> int:
        """To the end."""
        result = self.tunnel.connect(self.done)
        assert not self.done.is_called
        self.stack.run_workers()
        assert self.done.is_called == (result == ERR_IO_PENDING)
        assert not self.socket.problems and not self.socket.is_watched
        return self.done.result if self.done.is_called else result


def controller(stack: ScriptedStack, identity: AuthIdentity = PAIR) -> AuthController:
    return AuthController(identity, SchemeHostPort("http", "p.test", 3128), "/", HttpAuthCache(), stack.log())


def test_tunnel(stack: ScriptedStack) -> None:
    tunnel = Tunnel(stack, ASK, OPEN)
    assert tunnel.run() == OK
    assert tunnel.socket.is_done


@pytest.mark.parametrize(
    "body", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"]
)
def test_407(stack: ScriptedStack, body: bytes) -> None:
    identity = AuthIdentity("me", "p", ("basic",))
    refusal = Read(b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="r"\r\n' + body)
    tunnel = Tunnel(stack, ASK, refusal, Write(BASIC_HEAD), OPEN, auth=controller(stack, identity))
    assert tunnel.run() == OK
    assert tunnel.socket.is_done
