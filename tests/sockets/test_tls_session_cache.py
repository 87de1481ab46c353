"""TlsSessionCache: which session is offered to whom, and for how long."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import cast

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.sockets.tls_peer import SessionKey, TlsPeer
from netstack_sync.sockets.tls_session_cache import TlsSession, TlsSessionCache

CONFIG = TlsConfig(TrustConfig())
KEY = (TlsPeer("a.test", 443), CONFIG)
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CHAIN = (b"leaf", b"middle")
TLS_1_2, TLS_1_3 = "TLSv1.2", "TLSv1.3"
either_version = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])


@dataclass(eq=False)
class FakeSession:
    """What the cache looks at of an ssl.SSLSession, which cannot be made by hand."""

    timeout: int = 7200
    ticket_lifetime_hint: int = 7200


class Rig:
    """A cache with a clock."""

    def __init__(self) -> None:
        self.clock = ManualClock(start=100.0)
        self.cache = TlsSessionCache(self.clock, reading_leaks=False)

    def store(
        self,
        key: SessionKey = KEY,
        version: str = TLS_1_3,
        session: FakeSession | None = None,
        context: ssl.SSLContext = CONTEXT,
    ) -> FakeSession:
        """Keeps a session of its own unless one is given."""
        session = session or FakeSession()
        self.cache.store(key, cast(ssl.SSLSession, session), context, CHAIN, version)
        return session

    def take(self, key: SessionKey = KEY, context: ssl.SSLContext = CONTEXT) -> object:
        """The session that is offered."""
        taken = self.cache.take(key, context)
        return taken.session if taken is not None else None


@pytest.fixture
def rig() -> Rig:
    return Rig()


class TestTaking:
    def test_what_is_needed_to_go_on_from_it(self, rig: Rig) -> None:
        """The session with what the server proved back then."""
        session = rig.store()
        taken = rig.cache.take(KEY, CONTEXT)
        assert taken == TlsSession(cast(ssl.SSLSession, session), CONTEXT, CHAIN, True, 3700.0, 7300.0)

    def test_nothing_is_there(self, rig: Rig) -> None:
        """For somebody who was never visited."""
        assert rig.take() is None and len(rig.cache) == 0

    def test_tickets_of_tls_1_3_are_used_once(self, rig: Rig) -> None:
        """Two connections with one ticket could be told to be the same user's; the newest is the best."""
        first, second = rig.store(), rig.store()
        assert [rig.take() for _ in range(3)] == [second, first, None]
        assert len(rig.cache) == 0

    def test_sessions_of_tls_1_2_are_used_often(self, rig: Rig) -> None:
        """They are no secret from anybody on the way; the newest replaces the others."""
        rig.store(version=TLS_1_2)
        newest = rig.store(version=TLS_1_2)
        assert [rig.take() for _ in range(3)] == [newest] * 3

    def test_at_most_two_tickets_are_kept(self, rig: Rig) -> None:
        """The oldest goes."""
        _, second, third = rig.store(), rig.store(), rig.store()
        assert [rig.take() for _ in range(3)] == [third, second, None]

    @either_version
    def test_only_with_the_context_that_it_was_made_with(self, rig: Rig, version: str) -> None:
        """OpenSSL wants it so; and a context that was built anew may have another certificate of ours."""
        rig.store(version=version)
        assert rig.take(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) is None
        assert rig.take() is None and len(rig.cache) == 0, "nobody will come with the old context again"

    @either_version
    @pytest.mark.parametrize(
        "other",
        [
            (TlsPeer("b.test", 443), CONFIG),
            (TlsPeer("a.test", 444), CONFIG),
            (TlsPeer("a.test", 443, "site"), CONFIG),
            (TlsPeer("a.test", 443, privacy_mode=True), CONFIG),
            (KEY[0], CONFIG.replaced(trust=TrustConfig(verify=False))),
            (KEY[0], CONFIG.replaced(trust=TrustConfig(ca_file="ca.pem"))),
            (KEY[0], CONFIG.replaced(trust=TrustConfig(extra_ca=("ca.pem",)))),
            (KEY[0], CONFIG.replaced(trust=TrustConfig(crls=("crl.pem",)))),
            (KEY[0], CONFIG.replaced(alpn=("h2", "http/1.1"))),
            (KEY[0], CONFIG.replaced(client_certificate=ClientCertificate("me.pem"))),
            (KEY[0], CONFIG.replaced(min_version=ssl.TLSVersion.TLSv1_3)),
            (KEY[0], CONFIG.replaced(max_version=ssl.TLSVersion.TLSv1_2)),
            (KEY[0], CONFIG.replaced(ciphers="ECDHE+AESGCM")),
            (KEY[0], CONFIG.replaced(keylog_file="keys.log")),
        ],
        ids=lambda key: f"{key[0].host}:{key[0].port} {key[0].partition} {key[0].privacy_mode}",
    )
    def test_nobody_elses(self, rig: Rig, other: SessionKey, version: str) -> None:
        """Row 242, SSLSessionCacheShardTest and NoSessionResumptionBetweenPrivacyModes: whatever is different."""
        session = rig.store(version=version)
        assert rig.take(other) is None
        theirs = rig.store(other, version)
        assert len(rig.cache) == 2 and rig.take() is session and rig.take(other) is theirs


class TestWanting:
    def test_two_tickets_of_tls_1_3(self, rig: Rig) -> None:
        """And again as soon as one was used."""
        found = []
        for _ in range(3):
            found.append(rig.cache.wants(KEY, TLS_1_3))
            rig.store()
        rig.take()
        assert [*found, rig.cache.wants(KEY, TLS_1_3)] == [True, True, False, True]

    def test_one_session_of_tls_1_2(self, rig: Rig) -> None:
        """It is used again and again, so that nothing has to be read of the connections that go on from it."""
        assert rig.cache.wants(KEY, TLS_1_2)
        rig.store(version=TLS_1_2)
        rig.take()
        assert not rig.cache.wants(KEY, TLS_1_2)

    @either_version
    def test_a_newer_one_when_half_its_life_is_over(self, rig: Rig, version: str) -> None:
        """So that there is always one that the server still knows."""
        for _ in range(2):
            rig.store(version=version, session=FakeSession(timeout=100))
        rig.clock.advance(49.0)
        assert not rig.cache.wants(KEY, version)
        rig.clock.advance(1.0)
        assert rig.cache.wants(KEY, version)

    def test_less_often_where_reading_leaks(self, rig: Rig) -> None:
        """The first connection to a peer is not read."""
        cache = TlsSessionCache(rig.clock, reading_leaks=True)
        assert [cache.wants(KEY, TLS_1_3) for _ in range(2)] == [False, True]


class TestAge:
    @pytest.mark.parametrize(
        "timeout, hint, lifetime_s",
        [(300, 0, 300), (7200, 600, 600), (300, 7200, 300), (10**9, 10**9, 7 * 24 * 3600)],
        ids=["no hint", "hint", "timeout", "RFC 8446"],
    )
    @either_version
    def test_the_shortest_limit_counts(self, rig: Rig, version: str, timeout: int, hint: int, lifetime_s: int) -> None:
        """The session's own, the server's hint, and a week."""
        session = rig.store(version=version, session=FakeSession(timeout, hint))
        rig.clock.advance(lifetime_s - 1)
        assert rig.take() is session
        rig.store(version=version, session=session)
        rig.clock.advance(lifetime_s)
        assert rig.take() is None and len(rig.cache) == 0

    def test_an_older_one_may_live_longer(self, rig: Rig) -> None:
        """What has expired is passed over."""
        lasting = rig.store()
        rig.store(session=FakeSession(timeout=10))
        rig.clock.advance(20.0)
        assert rig.take() is lasting

    def test_what_has_expired_is_swept_out_now_and_then(self, rig: Rig) -> None:
        """Row 242: every 256 lookups, for peers that nobody visits any more; what lives on stays."""
        other = (TlsPeer("b.test", 443), CONFIG)
        rig.store(session=FakeSession(timeout=10))
        mixed = (TlsPeer("c.test", 443), CONFIG)
        lasting = rig.store(mixed)
        rig.store(mixed, session=FakeSession(timeout=10))
        rig.clock.advance(20.0)
        for _ in range(255):
            rig.take(other)
        assert len(rig.cache) == 2
        rig.take(other)
        assert len(rig.cache) == 1 and rig.take(mixed) is lasting
        for _ in range(255):
            assert rig.take(other) is None


class TestRoom:
    @either_version
    def test_1024_peers(self, rig: Rig, version: str) -> None:
        """Row 242: the one that was used least recently goes."""
        keys = [(TlsPeer("a.test", port), CONFIG) for port in range(1025)]
        session = FakeSession()
        for key in keys[:1024]:
            rig.store(key, version, session)
        assert len(rig.cache) == 1024
        if version == TLS_1_2:
            rig.take(keys[0])  # taking is using
        else:
            rig.store(keys[0], version, session)
        rig.store(keys[1024], version, session)
        assert len(rig.cache) == 1024 and repr(rig.cache) == "<TlsSessionCache 1024 peers>"
        assert rig.take(keys[0]) is session and rig.take(keys[1024]) is session
        assert rig.take(keys[1]) is None and rig.take(keys[2]) is session


class TestForgetting:
    @either_version
    def test_of_one_peer(self, rig: Rig, version: str) -> None:
        """The handshake failed; nobody else's is gone."""
        other = (TlsPeer("b.test", 443), CONFIG)
        theirs = rig.store(other, version)
        rig.store(version=version)
        rig.cache.forget(KEY)
        rig.cache.forget(KEY)
        assert rig.take() is None and rig.take(other) is theirs

    def test_all(self, rig: Rig) -> None:
        """Whom to trust has changed."""
        rig.store()
        for _ in range(2):
            rig.cache.note_offered(KEY, is_resumed=False)
        rig.cache.clear()
        assert len(rig.cache) == 0 and rig.take() is None and rig.cache.wants(KEY, TLS_1_3)


class TestRefusals:
    def test_a_server_that_never_takes_its_sessions_back(self, rig: Rig) -> None:
        """After two in a row nothing is kept of it for ten minutes; then it has another two."""
        found = []
        for _ in range(3):
            found.append(rig.cache.wants(KEY, TLS_1_3))
            rig.cache.note_offered(KEY, is_resumed=False)
        rig.clock.advance(599.0)
        found.append(rig.cache.wants(KEY, TLS_1_3))
        rig.clock.advance(2.0)
        found.append(rig.cache.wants(KEY, TLS_1_3))
        rig.cache.note_offered(KEY, is_resumed=False)
        found.append(rig.cache.wants(KEY, TLS_1_3))
        assert found == [True, True, False, False, True, True]

    @either_version
    def test_what_was_refused_is_not_offered_again(self, rig: Rig, version: str) -> None:
        """TLS 1.2 uses a session more than once; nobody else's is gone."""
        other = (TlsPeer("b.test", 443), CONFIG)
        theirs = rig.store(other, version)
        session = rig.store(version=version)
        assert rig.take() is session
        rig.cache.note_offered(KEY, is_resumed=False)
        assert rig.take() is None and rig.take(other) is theirs
        rig.store(version=version)
        rig.cache.note_offered(KEY, is_resumed=True)
        assert rig.take() is not None

    def test_one_that_takes_it_now_and_then(self, rig: Rig) -> None:
        """Is worth the trouble; so is every other server."""
        for is_resumed in (False, True, False):
            rig.cache.note_offered(KEY, is_resumed)
        assert rig.cache.wants(KEY, TLS_1_3)
        rig.cache.note_offered(KEY, is_resumed=False)
        assert not rig.cache.wants(KEY, TLS_1_3)
        assert rig.cache.wants((TlsPeer("a.test", 443, "site"), CONFIG), TLS_1_3)

    def test_what_is_noted_is_bounded(self, rig: Rig) -> None:
        """The oldest note goes."""
        keys = [(TlsPeer("a.test", port), CONFIG) for port in range(1025)]
        for key in keys:
            for _ in range(2):
                rig.cache.note_offered(key, is_resumed=False)
        assert [rig.cache.wants(key, TLS_1_3) for key in (keys[0], keys[1], keys[1024])] == [True, False, False]
