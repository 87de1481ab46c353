"""What a context has for TLS, put together: pins go before verdicts that are known."""

from __future__ import annotations

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.cert.pins import PinnedKeys, PinStore
from netstack_sync.sockets.tls_client import TlsClientSocket
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.tls_parts import TlsParts
from tests.support.pool import FakeSocket
from tests.support.scripted_stack import ScriptedStack
from tests.support.tls import PEER, trust
from tests.support.url_requests import context_over


def make(stack: ScriptedStack, pins: PinStore | None) -> TlsParts:
    return TlsParts(stack.thread, stack.workers, pins, context_over(stack), SystemWallClock())


def test_sockets_share_the_services(stack: ScriptedStack) -> None:
    """None has begun."""
    parts = make(stack, None)
    sockets = [parts.create_socket(FakeSocket(), PEER, TlsConfig(trust())) for _ in range(2)]
    assert all(isinstance(socket, TlsClientSocket) and not socket.is_connected() for socket in sockets)
    for socket in sockets:
        socket.disconnect()


def test_who_has_pins(stack: ScriptedStack) -> None:
    """Nobody, unless the user named hosts."""
    pins = PinStore({"a.test": PinnedKeys(frozenset({b"hash"}))})
    assert [make(stack, some).services.has_pins("a.test") for some in (None, pins)] == [False, True]
    assert repr(make(stack, pins).services.verifier) == "<PinningCertVerifier <PinStore 1 hosts>>"
