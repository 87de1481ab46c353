"""ClientSocketPool: getting, giving back and reusing sockets. Limits, cancelling and properties have files of
their own (test_socket_pool_limits, test_socket_pool_cancel, test_socket_pool_properties).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CERT_DATE_INVALID,
    ERR_CONNECTION_FAILED,
    ERR_CONNECTION_REFUSED,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool import close_reasons
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ReuseType
from netstack_sync.pool.pooled_socket import UNUSED_TIMEOUT_S, USED_TIMEOUT_S
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from tests.support.pool import PoolRig, ScriptedJob, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig() as rig:
        yield rig


def story(rig: PoolRig, source_id: int) -> list[str]:
    """What the log tells about one source."""
    phases = {NetLogEventPhase.NONE: "", NetLogEventPhase.BEGIN: "+", NetLogEventPhase.END: "-"}
    return [phases[entry.phase] + entry.type.name for entry in rig.net_log.entries if entry.source.id == source_id]


class TestGettingASocket:
    def test_a_job_that_is_done_at_once_answers_at_once(self, rig: PoolRig) -> None:
        """Row 36: the synchronous case; no callback comes, and the log tells what happened in order."""
        rig.factory.outcomes.append(OK)
        request = rig.request()
        assert request.first_result == OK and request.socket.is_open
        assert request.handle.reuse_type == ReuseType.UNUSED and not request.handle.is_reused
        rig.run()
        assert request.results == []
        assert story(rig, request.handle.net_log.source.id) == [
            "TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKET",
            "+SOCKET_POOL",
            "SOCKET_POOL_BOUND_TO_CONNECT_JOB",
            "SOCKET_POOL_BOUND_TO_SOCKET",
            "-SOCKET_POOL",
        ]

    def test_a_job_that_waits_is_answered_by_a_posted_callback(self, rig: PoolRig) -> None:
        """Row 36: the asynchronous case; the callback is posted, the handle owns its socket before."""
        request = rig.request()
        assert request.first_result == ERR_IO_PENDING
        rig.factory.jobs[0].finish()
        assert request.results == [] and request.socket.is_open
        rig.run()
        assert request.results == [OK]
        assert request.handle.connect_timing is rig.factory.jobs[0].timing
        assert story(rig, request.handle.net_log.source.id) == [
            "TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKET",
            "+SOCKET_POOL",
            "SOCKET_POOL_BOUND_TO_CONNECT_JOB",
            "SOCKET_POOL_BOUND_TO_SOCKET",
            "-SOCKET_POOL",
        ]
        assert story(rig, rig.factory.jobs[0].net_log.source.id) == [
            "+CONNECT_JOB",
            "SOCKET_POOL_CONNECT_JOB_CREATED",
            "-CONNECT_JOB",
        ]

    def test_a_failure_at_once_is_the_answer_and_leaves_nothing(self, rig: PoolRig) -> None:
        """Row 37: the error comes back, the handle is empty, the group is gone."""
        rig.factory.outcomes.append(ERR_CONNECTION_FAILED)
        request = rig.request()
        assert request.first_result == ERR_CONNECTION_FAILED and request.handle.socket is None
        assert rig.group() is None and rig.pool.slots == 0

    def test_a_failure_later_is_the_callbacks_result_and_leaves_nothing(self, rig: PoolRig) -> None:
        """Row 37: the same, asynchronously."""
        request = rig.request()
        rig.factory.jobs[0].finish(ERR_CONNECTION_FAILED)
        rig.run()
        assert request.results == [ERR_CONNECTION_FAILED] and request.handle.socket is None
        assert rig.group() is None and rig.pool.slots == 0

    @pytest.mark.parametrize("is_sync", [True, False])
    def test_the_jobs_words_about_its_failure_reach_the_handle(self, rig: PoolRig, is_sync: bool) -> None:
        """Row 66: additional error state, synchronously and asynchronously."""
        if is_sync:
            rig.factory.outcomes.append(ERR_CONNECTION_REFUSED)
        request = rig.request()
        if not is_sync:
            rig.factory.jobs[0].finish(ERR_CONNECTION_REFUSED)
        assert request.handle.error_detail == f"job failed with {ERR_CONNECTION_REFUSED}"
        assert request.handle.ssl_info is None

    @pytest.mark.parametrize("is_sync", [True, False])
    def test_what_the_job_knows_of_the_server_reaches_the_handle(self, rig: PoolRig, is_sync: bool) -> None:
        """Row 65, CertError and AsyncCertError: the chain that was refused; forgotten when the handle asks again."""
        info = rig.factory.ssl_info = SSLInfo("TLSv1.3", "cipher", "", (b"leaf",))
        if is_sync:
            rig.factory.outcomes.append(ERR_CERT_DATE_INVALID)
        request = rig.request()
        if not is_sync:
            rig.factory.jobs[0].finish(ERR_CERT_DATE_INVALID)
            rig.run()
        assert request.result == ERR_CERT_DATE_INVALID and request.handle.ssl_info is info
        rig.factory.outcomes.append(OK)
        assert request.handle.init(request.on_done) == OK and request.handle.ssl_info is None

    def test_a_socket_with_a_bad_certificate_is_closed_and_its_slot_is_free(self, rig: PoolRig) -> None:
        """Row 65, 69: other than in Chromium no socket is handed out with a certificate error; none keeps a slot."""
        request = rig.request()
        rig.factory.jobs[0].finish(ERR_CERT_DATE_INVALID, error_socket=True)
        rig.run()
        assert request.result == ERR_CERT_DATE_INVALID and request.handle.socket is None
        assert rig.factory.open_sockets == [] and rig.pool.slots == 0

    @pytest.mark.parametrize(
        "other",
        [
            GroupId(SchemeHostPort("http", "b.test", 80), None),
            GroupId(SchemeHostPort("http", "a.test", 81), None),
            GroupId(SchemeHostPort("https", "a.test", 80), None),
            GroupId(SchemeHostPort("http", "a.test", 80), TlsConfig(TrustConfig())),
            GroupId(SchemeHostPort("http", "a.test", 80), None, "partition"),
        ],
    )
    def test_groups_that_differ_in_any_part_share_no_socket(self, rig: PoolRig, other: GroupId) -> None:
        """Row 40, 98: host, port, scheme, TLS terms and partition each make another group."""
        first = rig.get("a")
        socket = first.release()
        second = rig.get(other)
        assert second.socket is not socket
        assert rig.pool.slots == 2

    @pytest.mark.parametrize(
        "other",
        [
            TlsConfig(TrustConfig(verify=False)),
            TlsConfig(TrustConfig(ca_file="x.pem")),
            TlsConfig(TrustConfig(), ClientCertificate("me.pem")),
            TlsConfig(TrustConfig(), alpn=("h2", "http/1.1")),
        ],
    )
    def test_a_socket_opened_under_other_tls_terms_is_never_given(self, rig: PoolRig, other: TlsConfig) -> None:
        """Row 40: an unverified connection, or one with a client certificate, serves only its like."""
        origin = SchemeHostPort("https", "a.test", 443)
        socket = rig.get(GroupId(origin, other)).release()
        assert rig.get(GroupId(origin, TlsConfig(TrustConfig()))).socket is not socket
        assert rig.get(GroupId(origin, other)).socket is socket


class TestGivingBack:
    def test_a_used_socket_is_reused(self, rig: PoolRig) -> None:
        """A keep-alive connection serves the next request at once; the log tells how long it idled."""
        socket = rig.get().release()
        rig.driver.advance(7.0)
        request = rig.request()
        assert request.first_result == OK and request.socket is socket
        assert request.handle.reuse_type == ReuseType.REUSED_IDLE and request.handle.is_reused
        assert (rig.pool.sockets_opened, rig.pool.sockets_reused) == (1, 1)
        assert rig.net_log.params_of(NetLogEventType.SOCKET_POOL_REUSED_AN_EXISTING_SOCKET, NetLogEventPhase.NONE) == [
            {"idle_ms": 7000}
        ]

    def test_a_reused_socket_brings_no_connect_timing(self, rig: PoolRig) -> None:
        """Row 81, 96: whoever did not wait for the connection has no connect times."""
        request = rig.get()
        assert request.handle.connect_timing is not None
        request.release()
        assert request.handle.init(request.on_done) == OK
        assert request.handle.connect_timing is None

    def test_a_disconnected_socket_is_not_pooled(self, rig: PoolRig) -> None:
        """Row 38: the peer has closed it."""
        request = rig.get()
        request.socket.peer_sends(b"")
        socket = request.release()
        socket.peer_sends()  # the loop turns
        assert not socket.is_open
        assert rig.group() is None and rig.pool.slots == 0

    def test_a_socket_with_unread_data_is_not_pooled(self, rig: PoolRig) -> None:
        """Row 39: bytes that nobody asked for belong to no answer."""
        request = rig.get()
        request.socket.peer_sends(b"surprise")
        socket = request.release()
        socket.peer_sends()  # the loop turns
        assert not socket.is_open and rig.pool.slots == 0

    @pytest.mark.parametrize("data", [b"", b"surprise"])
    def test_a_request_before_the_loop_turns_does_not_get_it(self, rig: PoolRig, data: bytes) -> None:
        """Row 38, 39: it is looked at before it is handed out."""
        request = rig.get()
        request.socket.peer_sends(data)
        socket = request.release()
        assert rig.get().socket is not socket and not socket.is_open

    def test_an_unused_socket_with_unread_data_is_not_pooled(self, rig: PoolRig) -> None:
        """Row 39: whoever idles unused may have early data, so that nobody would find it later."""
        request = rig.get()
        request.socket.peer_sends(b"surprise")
        assert not request.release(used=False).is_open
        assert rig.pool.slots == 0

    def test_a_socket_that_its_user_closes_is_not_pooled(self, rig: PoolRig) -> None:
        """Row 52: reset_and_close()."""
        assert not rig.get().release(keep_alive=False).is_open
        assert rig.group() is None and rig.pool.slots == 0

    def test_giving_back_twice_counts_once(self, rig: PoolRig) -> None:
        """reset() is idempotent."""
        request = rig.get()
        request.release()
        request.handle.reset()
        request.handle.reset_and_close()
        assert rig.pool.slots == 1 and rig.idle_count() == 1

    def test_a_used_socket_is_preferred_to_an_unused_one(self, rig: PoolRig) -> None:
        """Row 78: though the unused one came back later; among used ones the newest, among unused the oldest."""
        requests = [rig.get() for _ in range(4)]
        used_old = requests[0].release()
        used_new = requests[1].release()
        unused_old = requests[2].release(used=False)
        unused_new = requests[3].release(used=False)
        assert [rig.get().socket for _ in range(4)] == [used_new, used_old, unused_old, unused_new]

    def test_a_handle_may_be_used_again(self, rig: PoolRig) -> None:
        """Row 55: nothing of its last socket is left in it."""
        request = rig.get()
        request.release()
        handle = request.handle
        rig.driver.advance(3.0)
        assert handle.init(request.on_done) == OK and handle.socket is not None
        handle.reset_and_close()
        rig.factory.outcomes.append(ERR_TIMED_OUT)
        assert handle.init(request.on_done) == ERR_TIMED_OUT
        assert handle.error_detail and handle.socket is None
        rig.factory.outcomes.append(OK)
        assert handle.init(request.on_done) == OK
        assert (handle.error_detail, handle.reuse_type) == ("", ReuseType.UNUSED)


class TestTakingAnIdleSocket:
    def test_it_needs_no_question(self, rig: PoolRig) -> None:
        """And the log is told nothing: who takes one has seen that nobody captures."""
        socket = rig.get().release()
        begun = len(rig.net_log.entries)
        handle = rig.new_handle()
        assert rig.pool.take_idle(handle) and handle.socket is socket
        assert (handle.reuse_type, handle.connect_timing) == (ReuseType.REUSED_IDLE, None)
        assert len(rig.net_log.entries) == begun and rig.pool.sockets_reused == 1
        handle.reset()

    def test_without_one_nothing_has_happened(self, rig: PoolRig) -> None:
        """No group is made, none asked, nothing is logged."""
        assert not rig.pool.take_idle(rig.new_handle())
        assert rig.group() is None and rig.net_log.entries == []
        held = rig.get()
        begun = len(rig.net_log.entries)
        assert not rig.pool.take_idle(rig.new_handle())
        assert len(rig.net_log.entries) == begun and rig.pool.slots == 1
        held.release()

    def test_what_is_found_to_be_no_good_goes(self, rig: PoolRig) -> None:
        """Row 60: and its group with it, though nobody asks further."""
        sockets = [request.release() for request in (rig.get(), rig.get())]
        for socket in sockets:
            socket.received.append(b"")
        assert not rig.pool.take_idle(rig.new_handle())
        assert rig.factory.open_sockets == [] and rig.pool.slots == 0 and rig.group() is None


class TestIdleSockets:
    def test_expiry_depends_on_use_and_is_swept(self, rig: PoolRig) -> None:
        """Row 67, 96: unused sockets go after 60 s, used ones after 300 s; fresh ones survive."""
        used, unused, late = rig.get(), rig.get(), rig.get("b")
        used_socket, unused_socket = used.release(), unused.release(used=False)
        rig.driver.advance(UNUSED_TIMEOUT_S - 1)
        late_socket = late.release(used=False)
        assert unused_socket.is_open
        rig.driver.advance(12)
        assert not unused_socket.is_open and used_socket.is_open and late_socket.is_open
        for _ in range(30):
            rig.driver.advance(10)
        assert not used_socket.is_open and not late_socket.is_open
        assert rig.pool.slots == 0 and not list(rig.pool.groups())
        assert not len(rig.driver.thread.timers), "nothing is left to be swept"

    @pytest.mark.parametrize(("used", "timeout_s"), [(True, USED_TIMEOUT_S), (False, UNUSED_TIMEOUT_S)])
    def test_an_expired_socket_is_not_given_out_though_no_sweep_came(
        self, rig: PoolRig, used: bool, timeout_s: float
    ) -> None:
        """Row 67: the age counts when it is asked for, too."""
        socket = rig.get().release(used=used)
        rig.driver.clock.advance(timeout_s)  # without running the loop
        request = rig.get()
        assert request.socket is not socket and not socket.is_open
        assert rig.pool.slots == 1

    def test_a_socket_that_the_peer_closes_while_idle_goes_at_once(self, rig: PoolRig) -> None:
        """Row 60: unusable idle sockets do not wait for the next request; the group is forgotten."""
        socket = rig.get().release()
        socket.peer_sends(b"")
        assert not socket.is_open
        assert rig.group() is None and rig.pool.slots == 0

    def test_a_used_socket_that_speaks_up_while_idle_is_closed(self, rig: PoolRig) -> None:
        """Row 39, 60: an answer without a question."""
        socket = rig.get().release()
        socket.peer_sends(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        assert not socket.is_open and rig.pool.slots == 0

    def test_unread_data_on_an_unused_socket_is_fine(self, rig: PoolRig) -> None:
        """Row 82: the server may speak first, as in HTTP/2."""
        socket = rig.get().release(used=False)
        socket.peer_sends(b"SETTINGS")
        assert socket.is_open
        request = rig.get()
        assert request.socket is socket
        assert request.handle.reuse_type == ReuseType.UNUSED_IDLE and request.handle.is_reused
        assert socket.read(100) == b"SETTINGS"

    def test_closing_all_idle_sockets_leaves_those_in_use(self, rig: PoolRig) -> None:
        """Row 60: forced cleaning."""
        held = rig.get("a")
        idle = [rig.get(name).release() for name in "ab"]
        rig.pool.close_idle_sockets(close_reasons.ON_REQUEST)
        assert not any(socket.is_open for socket in idle)
        assert held.socket.is_open and rig.pool.slots == 1
        assert rig.group("b") is None

    def test_an_idle_socket_that_broke_silently_is_found_when_asked_for(self, rig: PoolRig) -> None:
        """Row 60: the next one is taken, the broken one closed."""
        good, broken = rig.get(), rig.get()
        good_socket, broken_socket = good.release(), broken.release()
        broken_socket.received.append(b"")  # the poll has not reported it yet
        assert rig.get().socket is good_socket
        assert not broken_socket.is_open and rig.pool.slots == 1


class TestFlush:
    def test_a_socket_handed_out_before_is_closed_when_it_comes_back(self, rig: PoolRig) -> None:
        """Row 71: another generation; sockets handed out later are pooled as ever."""
        old = rig.get()
        rig.pool.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)
        new = rig.get()
        assert old.socket.is_open
        assert not old.release().is_open
        assert new.release().is_open

    def test_all_that_wait_get_the_error(self, rig: PoolRig) -> None:
        """Row 72: posted, once each; their jobs are dropped."""
        requests = [rig.request(name) for name in "aab"]
        rig.pool.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)
        assert [request.results for request in requests] == [[], [], []]
        assert all(job.is_cancelled for job in rig.factory.jobs)
        rig.run()
        assert [request.results for request in requests] == [[ERR_NETWORK_CHANGED]] * 3
        assert not list(rig.pool.groups())

    def test_idle_sockets_are_closed(self, rig: PoolRig) -> None:
        """Row 92: what was connected over another network is not used again."""
        socket = rig.get().release()
        rig.pool.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)
        assert not socket.is_open and rig.pool.slots == 0

    def test_an_answer_that_is_on_its_way_comes_all_the_same(self, rig: PoolRig) -> None:
        """Row 72: a request that already has its socket is no longer pending."""
        request = rig.request()
        rig.factory.jobs[0].finish()
        rig.pool.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)
        rig.run()
        assert request.results == [OK] and request.socket.is_open
        assert not request.release().is_open

    def test_a_callback_may_flush_the_pool(self, rig: PoolRig) -> None:
        """Row 70: the callback of a request destroys what is there; the others get the error."""
        request = rig.request("a")
        other = rig.request("b")
        request.then = lambda: rig.pool.flush_with_error(ERR_ABORTED, close_reasons.NETWORK_CHANGED)
        rig.factory.pending_jobs[0].finish(ERR_CONNECTION_FAILED)
        rig.run()
        assert other.results == [ERR_ABORTED]


class TestCallbacksThatAskAgain:
    @pytest.mark.parametrize("outcome", [ERR_IO_PENDING, OK, ERR_CONNECTION_FAILED])
    def test_a_new_request_from_inside_a_failure_callback(self, rig: PoolRig, outcome: int) -> None:
        """Row 57: RequestPendingJobTwice, RequestPendingJobThenSynchronous."""
        first = rig.request()
        handle, answers = first.handle, list[int]()
        handle.reset()

        def again(result: int) -> None:
            answers.append(result)
            rig.factory.outcomes.append(outcome)
            answers.append(handle.init(answers.append))

        handle.init(again)
        jobs: list[ScriptedJob] = rig.factory.pending_jobs
        jobs[0].finish(ERR_CONNECTION_REFUSED)
        rig.run()
        assert answers == [ERR_CONNECTION_REFUSED, outcome]
        if outcome == ERR_IO_PENDING:
            rig.factory.pending_jobs[-1].finish(OK)
            rig.run()
            assert answers == [ERR_CONNECTION_REFUSED, ERR_IO_PENDING, OK]
        handle.reset_and_close()


def test_the_load_state_is_the_jobs(rig: PoolRig) -> None:
    """Row 64: of one and of two requests; each waits for the job it owns."""
    first, second = rig.request(), rig.request()
    rig.factory.jobs[1].state = LoadState.SSL_HANDSHAKE
    states = [request.handle.load_state for request in (first, second)]
    assert states == [LoadState.CONNECTING, LoadState.SSL_HANDSHAKE]


def test_the_load_state_of_a_request_whose_callback_is_on_its_way(rig: PoolRig) -> None:
    """Row 64: CONNECTING, as if the job were still under way."""
    request = rig.request()
    rig.factory.jobs[0].finish(ERR_CONNECTION_FAILED)
    assert request.handle.load_state == LoadState.CONNECTING
    rig.run()


def test_nothing_is_logged_while_nobody_captures(rig: PoolRig) -> None:
    """The log may begin and end in the middle of anything."""
    rig.net_log.remove_observer(rig.net_log)
    rig.get().release()
    rig.get().release(keep_alive=False)
    rig.request().handle.reset()
    assert rig.net_log.entries == []
