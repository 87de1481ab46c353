"""SessionReads: what may leak, in the Pythons that do."""

from __future__ import annotations

import sys

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import SessionKey, TlsPeer
from netstack_sync.sockets.tls_session_reads import READING_LEAKS, SessionReads


def key(port: int = 443) -> SessionKey:
    """A peer of many."""
    return TlsPeer("a.test", port), TlsConfig(TrustConfig())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=100.0)


@pytest.fixture
def reads(clock: ManualClock) -> SessionReads:
    return SessionReads(clock)


def test_which_pythons_leak() -> None:
    """Those before 3.12.8, and 3.13.0."""
    mended = {
        (3, 10): False,
        (3, 11): False,
        (3, 12): sys.version_info >= (3, 12, 8),
        (3, 13): sys.version_info >= (3, 13, 1),
    }
    assert mended.get(sys.version_info[:2], True) is not READING_LEAKS


def test_the_first_connection_to_a_peer_is_not_read(reads: SessionReads) -> None:
    """It may be the only one; the second is, and those of others do not count."""
    assert [reads.may_read(key()) for _ in range(3)] == [False, True, True]
    assert not reads.may_read(key(444))
    assert repr(reads) == "<SessionReads 254 left, 2 peers>"


def test_256_reads_and_then_one_a_minute(clock: ManualClock, reads: SessionReads) -> None:
    """What is not used adds up, to 256 again at most."""
    reads.may_read(key())
    assert sum(reads.may_read(key()) for _ in range(300)) == 256
    clock.advance(59.0)
    assert not reads.may_read(key())
    clock.advance(1.0)
    assert [reads.may_read(key()) for _ in range(2)] == [True, False]
    clock.advance(10**6)
    assert sum(reads.may_read(key()) for _ in range(300)) == 256


def test_1024_peers_are_remembered(reads: SessionReads) -> None:
    """Of more, those that were seen last."""
    for port in range(1025):
        reads.may_read(key(port))
    assert not reads.may_read(key(0)) and reads.may_read(key(1024))
