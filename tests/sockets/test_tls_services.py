"""HandshakeLoad and TlsServices: what every TLS socket of a context shares."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_IO_PENDING, OK
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_context import ContextRequest
from netstack_sync.sockets.tls_services import HandshakeLoad
from tests.cert.scripted_verifier import EXPIRED, GOOD
from tests.support.tls import TlsRig, own_context, server_context, tls_world, trust


class TestHandshakeLoad:
    def test_it_counts(self) -> None:
        """Many are a load, one is none."""
        load = HandshakeLoad()
        load.begin()
        assert not load.is_high
        for _ in range(9):
            load.begin()
        assert load.is_high and repr(load) == "<HandshakeLoad 10>"
        for _ in range(10):
            load.end()
        assert not load.is_high and repr(load) == "<HandshakeLoad 0>"

    def test_a_handshake_ends_once(self) -> None:
        """A counter below zero is a bug, and is told as one."""
        with pytest.raises(AssertionError, match="ends once"):
            HandshakeLoad().end()

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["step", "break", "good", "bad", "close"])), max_size=40)
    )
    def test_it_is_given_back_whatever_happens(self, events: list[tuple[int, str]]) -> None:
        """After success, failure and cancelling, in whatever order and state: it counts those under way, no others."""
        with tls_world() as world:
            own = TlsConfig(trust(), context=own_context())
            rigs = [world.rig(), world.rig(own), world.rig(server=server_context(is_trusted=False)), world.rig()]
            for rig in rigs:
                rig.socket.connect(rig.done)
            for number, event in events:
                act(rigs[number], event)
                assert repr(world.load) == f"<HandshakeLoad {sum(map(is_counted, rigs))}>"
            for rig in rigs:
                rig.socket.disconnect()
            assert repr(world.load) == "<HandshakeLoad 0>"


def act(rig: TlsRig, event: str) -> None:
    """One thing that may happen to a connection."""
    if event == "step":
        rig.step()
    elif event == "close":
        rig.socket.disconnect()
    elif not rig.transport.is_open or rig.done.is_called:
        return
    elif event == "break":
        rig.transport.read_error = ERR_CONNECTION_RESET
        rig.transport.peer_sends()
    else:
        for request in rig.verifier.started:
            if request._on_done is not None and rig.socket._handshake._verify_request is request:
                request.complete(GOOD if event == "good" else EXPIRED)


def is_counted(rig: TlsRig) -> bool:
    """True from the moment that the context is there until the outcome."""
    state = repr(rig.socket)
    return rig.transport.is_open and not rig.done.is_called and not state.endswith(("wrap>>", "connected>"))


class TestTrust:
    def test_when_it_changes_nothing_of_before_counts(self) -> None:
        """Contexts are built anew, verdicts are asked for anew, and no session is offered."""
        server = server_context(version=ssl.TLSVersion.TLSv1_2)
        with tls_world() as world:
            world.verifier.answer = GOOD
            rigs = [world.rig(server=server) for _ in range(2)]
            assert rigs[0].connect() == OK
            rigs[0].server_sends(b"x")
            assert rigs[0].socket.read(10) == b"x" and len(world.sessions) == 1
            world.services.on_trust_changed()
            assert len(world.sessions) == 0 and world.verifier.trust_changes == 1
            assert world.contexts.get(TlsConfig(trust()), ContextRequest(), lambda _: None) == ERR_IO_PENDING
            assert rigs[1].connect() == OK and not rigs[1].server.ssl.session_reused

    def test_a_connection_of_before_leaves_no_session(self) -> None:
        """None that could be offered: what it keeps later belongs to a context that nobody has any more."""
        server = server_context()
        with tls_world() as world:
            world.verifier.answer = GOOD
            before, after = (world.rig(server=server) for _ in range(2))
            assert before.connect() == OK
            world.services.on_trust_changed()
            before.server_sends(b"x")
            assert before.socket.read(10) == b"x"
            assert after.connect() == OK and not after.server.ssl.session_reused
