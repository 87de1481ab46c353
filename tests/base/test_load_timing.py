"""Load timing splits one request into parts that a user can read."""

from __future__ import annotations

import pytest

from netstack_sync.base.load_timing import ConnectTiming, LoadTiming

_PARTS = ("dns", "tcp", "tls", "send", "wait", "receive", "total")


def _connect_timing() -> ConnectTiming:
    return ConnectTiming(
        domain_lookup_start=1.0,
        domain_lookup_end=1.5,
        connect_start=1.5,
        connect_end=4.5,
        ssl_start=2.5,
        ssl_end=4.5,
    )


def _load_timing() -> LoadTiming:
    return LoadTiming(
        request_start=1.0,
        connect=_connect_timing(),
        send_start=5.0,
        send_end=5.25,
        receive_headers_start=6.25,
        receive_headers_end=6.5,
        response_end=10.25,
        socket_log_id=7,
    )


def test_each_part_is_the_time_between_its_two_stamps() -> None:
    """In seconds; TCP without TLS."""
    timing = _load_timing()
    assert [getattr(timing, part) for part in _PARTS] == [0.5, 1.0, 2.0, 0.25, 1.0, 4.0, 9.25]


@pytest.mark.parametrize("part", _PARTS)
def test_what_did_not_happen_has_no_duration(part: str) -> None:
    """None, not zero."""
    assert getattr(LoadTiming(), part) is None
    assert getattr(LoadTiming(connect=ConnectTiming()), part) is None


def test_what_has_not_ended_has_no_duration() -> None:
    """A request that is cut off still shows the parts that were finished."""
    timing = LoadTiming(request_start=1.0, send_start=2.0, send_end=3.0)
    assert (timing.send, timing.wait, timing.total) == (1.0, None, None)


def test_without_tls_all_of_connecting_is_tcp() -> None:
    """Plain http."""
    timing = ConnectTiming(connect_start=1.0, connect_end=3.0)
    assert (timing.tcp, timing.tls) == (2.0, None)


def test_tcp_is_known_while_the_handshake_is_under_way() -> None:
    """connect_end, which includes TLS, is not there yet."""
    timing = ConnectTiming(connect_start=1.0, ssl_start=3.0)
    assert (timing.tcp, timing.tls) == (2.0, None)


def test_a_reused_socket_costs_no_connecting() -> None:
    """Somebody else waited for it before."""
    timing = LoadTiming(request_start=1.0, response_end=2.0, socket_reused=True, socket_log_id=7)
    assert (timing.dns, timing.tcp, timing.tls) == (None, None, None)
    assert repr(timing) == "<LoadTiming reused socket 7: total 1000.0 ms>"


def test_stamps_can_be_compared() -> None:
    """As values that may still change: they have no hash."""
    timing, connect = _load_timing(), _connect_timing()
    assert timing == _load_timing() and connect == _connect_timing()
    assert timing != LoadTiming() and connect != ConnectTiming() and timing != connect and connect != timing
    for each in (timing, connect):
        with pytest.raises(TypeError, match="unhashable"):
            hash(each)


def test_repr_shows_the_split() -> None:
    """In milliseconds, only what happened."""
    assert repr(_load_timing()) == (
        "<LoadTiming new socket 7: dns 500.0 ms, tcp 1000.0 ms, tls 2000.0 ms, send 250.0 ms, "
        "wait 1000.0 ms, receive 4000.0 ms, total 9250.0 ms>"
    )
    assert repr(_connect_timing()) == "<ConnectTiming dns 500.0 ms, tcp 1000.0 ms, tls 2000.0 ms>"
    assert repr(ConnectTiming()) == "<ConnectTiming nothing yet>"
