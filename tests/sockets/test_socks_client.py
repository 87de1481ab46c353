"""SOCKS handshakes over a scripted socket."""

from __future__ import annotations

from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.proxy_chain import ProxyScheme
from netstack_sync.sockets.socks_client import SocksClient
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import Read, ScriptedSocket, Step, Write
from tests.support.scripted_stack import ScriptedStack

SERVER = HostPortPair("a.test", 443)
NAME_443 = b"\6a.test\x01\xbb"
GREET, NO_LOGIN = Write(b"\5\1\0"), Read(b"\5\0")
GRANTED_5 = Read(b"\5\0\0\1\xc0\0\2\1\x1f\x90")


class Handshake:
    """A client over a script; it must answer exactly once."""

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
        self.stack = stack
        self.socket = ScriptedSocket(stack.thread.task_runner, stack.net_log, steps, stack.is_async)
        self.done = RecordedCompletion()
        self.client = SocksClient(
            self.socket,
            scheme,
            destination,
            stack.log(),
            address=address,
            username=username,
            password=password,
        )

    def run(self) -> int:
        """To the end."""
        result = self.client.connect(self.done)
        assert not self.done.is_called
        self.stack.run()
        assert self.done.is_called == (result == ERR_IO_PENDING)
        assert not self.socket.problems and not self.socket.is_watched
        return self.done.result if self.done.is_called else result


def test_socks5(stack: ScriptedStack) -> None:
    """Row 178."""
    handshake = Handshake(stack, GREET, NO_LOGIN, Write(b"\5\1\0\3" + NAME_443), GRANTED_5)
    assert handshake.run() == OK
    assert handshake.socket.is_done
