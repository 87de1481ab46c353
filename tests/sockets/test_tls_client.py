"""TlsClientSocket: after the handshake a stream like any other. All in memory (tests/support/tls.py)."""

from __future__ import annotations

import ssl

import pytest

from netstack_sync.base.net_errors import (
    ERR_CERT_DATE_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_SSL_HANDSHAKE_NOT_COMPLETED,
    ERR_SSL_PROTOCOL_ERROR,
    OK,
)
from netstack_sync.sockets.tls_config import TlsConfig
from tests.cert.scripted_verifier import EXPIRED, GOOD
from tests.support.tls import VERSIONS, TlsRig, own_context, server_context, tls_rig, tls_world, trust

either_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)


def connected(rig: TlsRig) -> TlsRig:
    """Connects with a good verdict, and takes what the server sends by itself."""
    rig.verifier.answer = GOOD
    assert rig.connect() == OK
    return rig


def is_closed_to_its_user(rig: TlsRig) -> bool:
    """True while it neither reads nor writes."""
    return (
        rig.socket.read(100) == ERR_SSL_HANDSHAKE_NOT_COMPLETED
        and rig.socket.write(b"GET / HTTP/1.1\r\n") == ERR_SSL_HANDSHAKE_NOT_COMPLETED
        and not rig.socket.is_connected()
        and not rig.socket.is_connected_and_idle()
    )


class TestConnecting:
    def test_again_when_connected(self) -> None:
        """OK at once; the repr says how it stands."""
        with tls_rig() as rig:
            assert repr(rig.socket) == "<TlsClientSocket <TlsHandshake idle>>"
            connected(rig)
            assert rig.socket.connect(rig.done) == OK
            assert rig.done.results == [OK] and repr(rig.socket) == "<TlsClientSocket connected>"

    @either_version
    @pytest.mark.parametrize("is_good", [True, False])
    def test_all_at_once(self, version: ssl.TLSVersion, is_good: bool) -> None:
        """When nobody has to be waited for there is no callback, and the stream is open, or closed for good."""
        server = server_context(version=version)
        with tls_world() as world:
            connected(world.rig(server=server))  # so that the context is there
            rig = world.rig(server=server)
            let_answer_at_once(rig)
            world.verifier.answer = GOOD if is_good else EXPIRED
            assert rig.socket.connect(rig.done) == (OK if is_good else ERR_CERT_DATE_INVALID)
            assert not rig.done.is_called
            assert rig.socket.write(b"hello") == (5 if is_good else ERR_SSL_HANDSHAKE_NOT_COMPLETED)
            assert bytes(rig.server.received) == (b"hello" if is_good else b"")
            assert is_closed_to_its_user(rig) != is_good

    def test_closed_to_its_user_before_the_verdict(self) -> None:
        """Row 65: in every state, and for ever after a bad one; see also test_tls_handshake.py."""
        with tls_rig() as rig:
            assert is_closed_to_its_user(rig)
            rig.socket.connect(rig.done)
            while rig.step():
                assert is_closed_to_its_user(rig)
            rig.verifier.started[0].complete(EXPIRED)
            assert rig.done.result == ERR_CERT_DATE_INVALID and is_closed_to_its_user(rig)
            assert rig.socket.error_detail == "expired" and rig.socket.ssl_info is not None


class TestSessions:
    @either_version
    def test_kept_with_the_first_bytes_and_offered_to_the_next(self, version: ssl.TLSVersion) -> None:
        """Row 242, SSLSessionCacheShardTest: only then is it there in TLS 1.3; it is kept once."""
        server = server_context(version=version)
        with tls_world() as world:
            rig = connected(world.rig(server=server))
            assert len(world.sessions) == 0
            for data in (b"one", b"two"):
                rig.server_sends(data)
                assert rig.socket.read(10) == data
            assert repr(world.sessions) == "<TlsSessionCache 1 peers>"
            again, third = (connected(world.rig(server=server)) for _ in range(2))
            assert again.server.ssl.session_reused and again.socket.ssl_info is not None
            assert again.socket.ssl_info.is_resumed
            assert third.server.ssl.session_reused == (version is ssl.TLSVersion.TLSv1_2), (
                "one was kept, to be used once"
            )

    @either_version
    def test_a_bad_connection_leaves_none(self, version: ssl.TLSVersion) -> None:
        """What cannot be decrypted is no sign of a good server."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = bytearray(connected(rig).server.send(b"x"))
            record[-1] ^= 1
            rig.transport.peer_sends(bytes(record))
            assert rig.socket.read(10) != b"x" and len(rig.world.sessions) == 0

    @either_version
    def test_none_where_the_server_gives_none(self, version: ssl.TLSVersion) -> None:
        """TLS 1.3 without tickets; TLS 1.2 without tickets has the session's number instead."""
        with tls_rig(server=server_context(version=version, has_tickets=False)) as rig:
            connected(rig).server_sends(b"x")
            assert rig.socket.read(10) == b"x"
            assert len(rig.world.sessions) == (version is ssl.TLSVersion.TLSv1_2)

    @either_version
    def test_none_of_a_server_that_never_takes_them_back(self, version: ssl.TLSVersion) -> None:
        """After two in vain it is spared the trouble, and so are we."""
        with tls_world() as world:
            for _ in range(3):
                assert len(world.sessions) in (0, 1)
                rig = connected(world.rig(server=server_context(version=version)))  # each with a key of its own
                rig.server_sends(b"x")
                assert rig.socket.read(10) == b"x" and not rig.server.ssl.session_reused
            assert len(world.sessions) == 0

    @pytest.mark.parametrize("is_own", [True, False])
    def test_none_is_kept_of_own_contexts_or_when_it_is_off(self, is_own: bool) -> None:
        """The terms of a user's SSLContext may change without our seeing it."""
        config = TlsConfig(trust(), context=own_context()) if is_own else TlsConfig(trust(), resumes=False)
        server = server_context()
        with tls_world() as world:
            for _ in range(2):
                rig = connected(world.rig(config, server))
                rig.server_sends(b"x")
                assert rig.socket.read(10) == b"x" and len(world.sessions) == 0
                assert not rig.server.ssl.session_reused


def let_answer_at_once(rig: TlsRig) -> None:
    """What the client sends is answered before its write() returns."""
    transport, server, write = rig.transport, rig.server, rig.transport.write

    def write_and_answer(data: bytes | memoryview) -> int:
        taken = write(data)
        answer = server.receive(rig.take_ciphertext())
        if answer:
            transport.received.append(answer)
        return taken

    rig.transport.write = write_and_answer  # type: ignore[method-assign]


class TestStream:
    @pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
    def version(self, request: pytest.FixtureRequest) -> ssl.TLSVersion:
        version: ssl.TLSVersion = request.param
        return version

    def test_many_records(self, version: ssl.TLSVersion) -> None:
        """More than one record is read one after the other; what is there needs no event of the transport."""
        data = bytes(range(256)) * 400
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig).server_sends(data)
            received, events = bytearray(), list[int]()
            while len(received) < len(data):
                piece = rig.socket.read(5000)
                assert isinstance(piece, bytes) and 0 < len(piece) <= 5000
                received += piece
                if len(received) < len(data):
                    before = len(events)
                    rig.socket.notify_readable(lambda: events.append(1))
                    rig.driver.run_until_idle()
                    assert len(events) == before + 1, "woken though all bytes had left the transport"
            assert bytes(received) == data
            assert rig.socket.read(5000) == ERR_IO_PENDING

    def test_half_a_record_wakes_nobody(self, version: ssl.TLSVersion) -> None:
        """Otherwise the reader would spin until the other half comes."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = connected(rig).server.send(b"hello")
            events: list[int] = []
            for cut in (3, 10):
                rig.transport.received.append(record[:cut])
                record = record[cut:]
                assert rig.socket.read(100) == ERR_IO_PENDING
                rig.socket.notify_readable(lambda: events.append(1))
                rig.driver.run_until_idle()
                assert events == []
            rig.transport.peer_sends(record)
            assert events == [1] and rig.socket.read(100) == b"hello"

    def test_a_flood_without_user_data(self, version: ssl.TLSVersion) -> None:
        """Reading stops after a while, so that others get their turn, and goes on without an event."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = connected(rig).server.send(b"hello")
            assert rig.socket.read(100) == ERR_IO_PENDING, "the tickets"
            rig.transport.received += [bytes([byte]) for byte in record]
            events: list[int] = []
            turns = 0
            while (data := rig.socket.read(100)) == ERR_IO_PENDING:
                turns += 1
                rig.socket.notify_readable(lambda: events.append(1))
                rig.driver.run_until_idle()
                assert len(events) == turns
            assert data == b"hello" and turns > 0
            assert rig.socket.read(100) == ERR_IO_PENDING and rig.socket.is_connected_and_idle()

    def test_a_flood_before_the_end(self, version: ssl.TLSVersion) -> None:
        """The end is found by a later read; an end that was seen is not forgotten."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = connected(rig).server.send(b"hello")
            assert rig.socket.read(100) == ERR_IO_PENDING, "the tickets"
            rig.transport.received += [bytes([byte]) for byte in record[:16]] + [b""]
            assert not rig.socket.is_connected_and_idle(), "nobody knows yet"
            events: list[int] = []
            rig.socket.notify_readable(lambda: events.append(1))
            rig.driver.run_until_idle()
            assert events == [1]
            results = [rig.socket.read(100) for _ in range(8)]
            assert set(results) == {ERR_IO_PENDING, ERR_CONNECTION_CLOSED} and results[-1] == ERR_CONNECTION_CLOSED

    def test_a_slow_reader(self, version: ssl.TLSVersion) -> None:
        """Writing stops when the transport takes no more; what was taken is sent later without being asked."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig)
            rig.transport.room = 100_000
            data = bytes(range(256)) * 1024
            sent = 0
            while (taken := rig.socket.write(data[sent:])) != ERR_IO_PENDING:
                assert 0 < taken <= 64 * 1024
                sent += taken
            assert 0 < sent <= 100_000 + 64 * 1024, "bounded"
            events: list[int] = []
            rig.socket.notify_writable(lambda: events.append(1))
            rig.transport.peer_takes(1000)
            assert events == [], "there is still ciphertext ahead"
            rig.transport.peer_takes(1 << 20)
            assert events == [1]
            rig.settle()
            assert bytes(rig.server.received) == data[:sent]

    def test_ciphertext_leaves_though_nobody_waits_any_more(self, version: ssl.TLSVersion) -> None:
        """cancel_notify() drops the task, not the bytes that were taken."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig)
            rig.transport.room = 10
            assert rig.socket.write(b"x" * 1000) == 1000
            rig.socket.notify_writable(lambda: pytest.fail("cancelled"))
            rig.socket.cancel_notify()
            rig.transport.peer_takes(5000)
            rig.settle()
            assert rig.server.received == b"x" * 1000
            rig.socket.cancel_notify()
            assert rig.transport.on_writable is None

    def test_writability_when_nothing_is_left_to_send(self, version: ssl.TLSVersion) -> None:
        """The transport decides."""
        with tls_rig(server=server_context(version=version)) as rig:
            events: list[int] = []
            connected(rig).socket.notify_writable(lambda: events.append(1))
            rig.transport.peer_takes(1)
            rig.transport.peer_takes(1)
            assert events == [1]

    def test_the_transport_breaks_while_ciphertext_waits(self, version: ssl.TLSVersion) -> None:
        """Whoever waits is woken, and the next write tells the error, then and for ever."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig)
            rig.transport.room = 10
            assert rig.socket.write(b"x" * 1000) == 1000
            events: list[int] = []
            rig.socket.notify_writable(lambda: events.append(1))
            rig.transport.write_error = ERR_CONNECTION_RESET
            rig.transport.peer_takes(100)
            assert events == [1]
            rig.transport.write_error = OK
            assert rig.socket.write(b"y") == ERR_CONNECTION_RESET
            assert rig.socket.write(b"y") == ERR_CONNECTION_RESET
            rig.socket.cancel_notify()
            assert rig.transport.on_writable is None

    @pytest.mark.parametrize("says_goodbye", [True, False])
    def test_the_end(self, version: ssl.TLSVersion, says_goodbye: bool) -> None:
        """Without close_notify anybody can have made it: an error, again and again."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig).server_sends(b"last words")
            if says_goodbye:
                rig.transport.peer_sends(rig.server.say_goodbye())
            rig.transport.peer_sends(b"")
            end = b"" if says_goodbye else ERR_CONNECTION_CLOSED
            assert [rig.socket.read(100) for _ in range(3)] == [b"last words", end, end]
            assert not rig.socket.is_connected() and not rig.socket.is_connected_and_idle()

    def test_half_a_record_and_the_end(self, version: ssl.TLSVersion) -> None:
        """Nothing of it is delivered."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = connected(rig).server.send(b"hello")
            rig.transport.peer_sends(record[:-1], b"")
            assert rig.socket.read(100) == ERR_CONNECTION_CLOSED

    def test_a_record_that_was_tampered_with(self, version: ssl.TLSVersion) -> None:
        """An error, and none of its bytes; writing fails from then on, too."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = bytearray(connected(rig).server.send(b"hello"))
            record[-1] ^= 1
            rig.transport.peer_sends(bytes(record))
            result = rig.socket.read(100)
            assert isinstance(result, int) and result < ERR_IO_PENDING
            assert rig.socket.read(100) == result
            assert rig.socket.write(b"x") < ERR_IO_PENDING

    def test_good_records_before_a_bad_one(self, version: ssl.TLSVersion) -> None:
        """Are delivered first, however many one read takes; then the error, again and again."""
        with tls_rig(server=server_context(version=version)) as rig:
            good = connected(rig).server.send(b"g" * 32768)
            bad = bytearray(rig.server.send(b"bad"))
            bad[-1] ^= 1
            rig.transport.peer_sends(good + bytes(bad))
            assert rig.socket.read(65536) == b"g" * 32768
            results = {rig.socket.read(65536) for _ in range(3)}
            assert len(results) == 1 and ERR_IO_PENDING not in results and b"" not in results

    def test_the_transport_breaks_while_reading(self, version: ssl.TLSVersion) -> None:
        """Its error is the answer."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig).transport.read_error = ERR_CONNECTION_RESET
            assert rig.socket.read(100) == ERR_CONNECTION_RESET

    def test_was_ever_used(self, version: ssl.TLSVersion) -> None:
        """Row 105: the handshake does not count; bytes of the user do, in either direction."""
        with tls_rig(server=server_context(version=version)) as rig:
            assert not connected(rig).socket.was_ever_used
            rig.server_sends(b"x")
            rig.socket.read(100)
            assert rig.socket.was_ever_used
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig).socket.write(b"x")
            assert rig.socket.was_ever_used

    def test_openssl_wants_to_read_before_it_writes(self, version: ssl.TLSVersion) -> None:
        """Renegotiation, which is off: a server that gets us there breaks the protocol."""

        class Renegotiating:
            """An SSLObject in the middle of it."""

            def write(self, data: bytes) -> int:
                """Cannot."""
                raise ssl.SSLWantReadError

        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig)
            assert rig.socket._bio is not None
            rig.socket._bio.ssl_object = Renegotiating()  # type: ignore[assignment]
            assert rig.socket.write(b"x") == ERR_SSL_PROTOCOL_ERROR

    def test_addresses_are_the_transports(self, version: ssl.TLSVersion) -> None:
        """TLS has none of its own."""
        with tls_rig(server=server_context(version=version)) as rig:
            assert rig.socket.remote_address == rig.transport.remote_address
            assert rig.socket.local_address == rig.transport.local_address


class TestRecordsWithoutUserData:
    @pytest.mark.parametrize("count, is_too_much", [(2, False), (100, False), (3000, True)])
    def test_many_are_an_attack(self, count: int, is_too_much: bool) -> None:
        """They cost a lot of time, which others wait for."""
        server = server_context(version=ssl.TLSVersion.TLSv1_3)
        server.num_tickets = count
        with tls_rig(server=server) as rig:
            connected(rig)
            came = sum(map(len, rig.transport.received))
            results = [rig.socket.read(100) for _ in range(8)]
            if is_too_much:
                assert came > 500_000 and ERR_SSL_PROTOCOL_ERROR in results
                assert sum(map(len, rig.transport.received)) > 200_000, "most of them are not looked at"
            else:
                rig.server_sends(b"x")
                assert set(results) == {ERR_IO_PENDING} and rig.socket.read(100) == b"x"

    def test_answers_that_nobody_takes(self) -> None:
        """Who asks and does not listen is not heard any more; memory is bounded."""
        with tls_rig() as rig:
            bio = connected(rig).socket._handshake.bio
            assert bio is not None
            bio._outgoing.write(bytes(64 * 1024 + 1))
            rig.transport.room = 0
            rig.server_sends(b"x")
            assert rig.socket.read(100) == ERR_SSL_PROTOCOL_ERROR and rig.transport.received


class TestIdle:
    def test_tickets_do_not_make_it_unfit(self) -> None:
        """TLS 1.3 sends them after the handshake; they are no data of anybody."""
        with tls_rig() as rig:
            connected(rig)
            rig.transport.received.clear()
            assert rig.socket.is_connected_and_idle()
        with tls_rig() as rig:
            connected(rig)
            assert rig.transport.received, "the tickets are there"
            assert rig.socket.is_connected_and_idle() and not rig.transport.received
            assert rig.socket.write(b"hello") == 5
            rig.server_sends(b"answer")
            assert rig.socket.read(100) == b"answer"
            assert rig.socket.is_connected_and_idle()

    @pytest.mark.parametrize("size", [1, 2, 100_000])
    def test_data_that_came_early_is_seen_and_not_lost(self, size: int) -> None:
        """Row 82: an unused socket may have it; looking is not using."""
        with tls_rig() as rig:
            connected(rig).server_sends(b"abc" * size)
            for _ in range(3):
                assert not rig.socket.is_connected_and_idle()
                assert rig.socket.is_connected()
            assert not rig.socket.was_ever_used
            events: list[int] = []
            rig.socket.notify_readable(lambda: events.append(1))
            rig.driver.run_until_idle()
            assert events == [1]
            received = bytearray()
            while isinstance(piece := rig.socket.read(65536), bytes):
                received += piece
            assert bytes(received) == b"abc" * size

    def test_the_end_is_seen(self) -> None:
        """Row 38: not fit for a new request, though TCP stands, once TLS has said goodbye."""
        with tls_rig() as rig:
            connected(rig)
            rig.transport.peer_sends(rig.server.say_goodbye())
            assert not rig.socket.is_connected_and_idle()
            assert rig.socket.read(10) == b""


class TestCancel:
    def test_while_it_shakes_hands(self) -> None:
        """Its callback never comes; every state has its test in test_tls_handshake.py."""
        with tls_rig() as rig:
            rig.socket.connect(rig.done)
            rig.until("feed")
            rig.socket.disconnect()
            rig.socket.disconnect()
            rig.settle()
            assert not rig.done.is_called and not rig.transport.is_open and is_closed_to_its_user(rig)

    def test_when_connected(self) -> None:
        """Closed without a goodbye, as browsers do; no task runs any more."""
        with tls_rig() as rig:
            connected(rig).server_sends(b"abc")
            assert rig.socket.read(1) == b"a"
            rig.socket.notify_readable(lambda: pytest.fail("disconnected"))
            rig.socket.notify_writable(lambda: pytest.fail("disconnected"))
            rig.take_ciphertext()
            rig.socket.disconnect()
            rig.driver.run_until_idle()
            assert rig.transport.sent == b"" and is_closed_to_its_user(rig)

    def test_with_ciphertext_waiting(self) -> None:
        """Twice: it is dropped with the connection."""
        with tls_rig() as rig:
            connected(rig)
            rig.transport.room = 0
            assert rig.socket.write(b"x") == 1
            rig.socket.disconnect()
            rig.socket.disconnect()
            assert rig.transport.on_writable is None

    def test_a_wake_up_that_was_posted(self) -> None:
        """cancel_notify() reaches it in the loop's queue; a later wait is a new one."""
        with tls_rig() as rig:
            connected(rig).server_sends(b"abc")
            assert rig.socket.read(1) == b"a"
            rig.socket.notify_readable(lambda: pytest.fail("cancelled"))
            rig.socket.cancel_notify()
            events: list[int] = []
            rig.socket.notify_readable(lambda: events.append(1))
            rig.driver.run_until_idle()
            assert events == [1]
            rig.socket.notify_readable(lambda: pytest.fail("cancelled"))
            rig.socket.cancel_notify()
            rig.driver.run_until_idle()

    def test_before_anything_began(self) -> None:
        """A socket that never connected still owns its transport."""
        with tls_rig() as rig:
            rig.socket.notify_writable(lambda: pytest.fail("there is nothing to write"))
            rig.socket.cancel_notify()
            rig.socket.disconnect()
            assert not rig.transport.is_open
