"""CoalescingCertVerifier: who shares a job, and what becomes of it."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_CERT_DATE_INVALID, ERR_IO_PENDING, OK
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cert.coalescing import CoalescedVerifyRequest, CoalescingCertVerifier
from netstack_sync.cert.verifier import CertVerifier, VerifyParams
from netstack_sync.loop.completion import Task
from tests.cert.scripted_verifier import EXPIRED, GOOD, PARAMS, LogReader, ScriptedVerifier, quiet

OTHER = VerifyParams((b"leaf", b"middle"), "other.test", TrustConfig())


class Setup:
    """A verifier over a scripted one."""

    def __init__(self) -> None:
        self.below = ScriptedVerifier()
        self.posted: list[Task] = []
        self.verifier = CoalescingCertVerifier(self.below, self.posted.append)
        self.results: list[tuple[str, int]] = []

    def start(self, name: str, params: VerifyParams = PARAMS) -> CoalescedVerifyRequest:
        """A request that is expected to wait; its answer is recorded under its name."""
        request = self.verifier.create_request(params, quiet())
        assert request.start(lambda result: self.results.append((name, result))) == ERR_IO_PENDING
        return request


def test_many_are_told_in_turns(setup: Setup) -> None:
    """Each goes on with a handshake: a hundred of them in one task would hold everything else up.

    Who is cancelled meanwhile is not told; who asks again has a question of its own.
    """
    requests = [setup.start(f"{number}") for number in range(10)]
    setup.below.started[0].complete(GOOD)
    told = [int(name) for name, _ in setup.results]
    assert told == list(range(len(told))) and 0 < len(told) < 9 and len(setup.posted) == 1
    requests[8].cancel()
    setup.start("late")
    while setup.posted:
        setup.posted.pop()()
    assert [name for name, _ in setup.results] == ["0", "1", "2", "3", "4", "5", "6", "7", "9"]
    assert len(setup.below.started) == 2


def test_who_raises_has_a_bug_and_everybody_else_an_answer(setup: Setup, capsys: pytest.CaptureFixture[str]) -> None:
    """Also when nobody comes after him."""

    def raise_error(_: int) -> None:
        raise ZeroDivisionError

    for name in "abc":
        setup.verifier.create_request(PARAMS, quiet()).start(raise_error)
        setup.start(name)
    setup.verifier.create_request(PARAMS, quiet()).start(raise_error)
    setup.below.started[0].complete(GOOD)
    while setup.posted:
        setup.posted.pop()()
    assert setup.results == [(name, OK) for name in "abc"]
    assert capsys.readouterr().err.count("Traceback") == 4


@pytest.fixture
def setup() -> Setup:
    return Setup()


@pytest.mark.parametrize("verdict", [GOOD, EXPIRED])
def test_a_verdict_that_is_there_is_returned(setup: Setup, verdict: CertVerifyResult) -> None:
    """Row 227, SyncCompletion: no callback, and nothing is left behind."""
    setup.below.answer = verdict
    verifier: CertVerifier = setup.verifier
    request = verifier.create_request(PARAMS, quiet())
    assert request.start(lambda _: pytest.fail("called back")) == verdict.net_error
    assert request.result is verdict
    assert repr(setup.verifier) == "<CoalescingCertVerifier 0 jobs>"


def test_equal_requests_share_a_job(setup: Setup) -> None:
    """Row 227, InflightJoin: one question, an answer for everybody in the order they came."""
    requests = [setup.start(name) for name in "abc"]
    assert repr(setup.verifier) == "<CoalescingCertVerifier 1 jobs>"
    (below,) = setup.below.started
    below.complete(EXPIRED)
    assert setup.results == [(name, ERR_CERT_DATE_INVALID) for name in "abc"]
    assert [request.result for request in requests] == [EXPIRED] * 3


def test_different_requests_do_not(setup: Setup) -> None:
    """Each has its own job."""
    setup.start("a")
    setup.start("b", OTHER)
    assert len(setup.below.started) == 2
    setup.below.started[1].complete()
    assert setup.results == [("b", OK)]


def test_a_finished_job_is_not_joined(setup: Setup) -> None:
    """Remembering is the cache's business."""
    setup.start("a")
    setup.below.started[0].complete()
    setup.start("b")
    assert len(setup.below.started) == 2


def test_nobody_joins_a_job_from_before_a_change_of_trust(setup: Setup) -> None:
    """Row 227, DoesNotJoinAfterConfigChange: the old job ends for those who wait; the new one is not disturbed."""
    setup.start("old")
    setup.verifier.on_trust_changed()
    assert setup.below.trust_changes == 1
    setup.start("new")
    setup.below.started[0].complete(EXPIRED)
    assert setup.results == [("old", ERR_CERT_DATE_INVALID)]
    setup.start("newer")
    assert len(setup.below.started) == 2
    setup.below.started[1].complete()
    assert setup.results[1:] == [("new", OK), ("newer", OK)]


@pytest.mark.parametrize("cancelled, left", [(0, "b"), (1, "a")])
def test_a_cancelled_request_leaves_the_job_to_the_others(setup: Setup, cancelled: int, left: str) -> None:
    """Row 227, DeleteFirstRequest, DeleteSecondRequest."""
    requests = [setup.start("a"), setup.start("b")]
    requests[cancelled].cancel()
    setup.below.started[0].complete()
    assert setup.results == [(left, OK)]
    assert requests[cancelled].result is None


def test_the_last_cancel_cancels_the_job(setup: Setup) -> None:
    """Then the same question is asked anew."""
    requests = [setup.start("a"), setup.start("b")]
    requests[0].cancel()
    assert not setup.below.started[0].is_cancelled
    requests[1].cancel()
    requests[1].cancel()
    assert setup.below.started[0].is_cancelled
    setup.start("c")
    assert len(setup.below.started) == 2


def test_the_last_cancel_of_an_old_job_spares_the_new_one(setup: Setup) -> None:
    """A job from before a change of trust must not take the place of its successor down with it."""
    old = setup.start("old")
    setup.verifier.on_trust_changed()
    setup.start("new")
    old.cancel()
    setup.start("newer")
    assert [request.is_cancelled for request in setup.below.started] == [True, False]


def test_a_callback_may_cancel_those_after_it(setup: Setup) -> None:
    """Row 227, DeleteRequestDuringCompletion."""
    first = setup.verifier.create_request(PARAMS, quiet())
    first.start(lambda _: second.cancel())
    second = setup.start("second")
    setup.start("third")
    setup.below.started[0].complete()
    assert setup.results == [("third", OK)]


def test_a_callback_may_cancel_all_the_rest(setup: Setup) -> None:
    """The job has ended already; there is nothing to cancel below."""

    def cancel_all(_: int) -> None:
        for request in (first, second):
            request.cancel()

    first = setup.verifier.create_request(PARAMS, quiet())
    first.start(cancel_all)
    second = setup.start("second")
    setup.below.started[0].complete()
    assert setup.results == []
    assert not setup.below.started[0].is_cancelled


def test_a_callback_may_ask_the_same_again(setup: Setup) -> None:
    """It gets a new job, not the one that is delivering."""
    first = setup.verifier.create_request(PARAMS, quiet())
    first.start(lambda _: (setup.start("again"), None)[1])
    setup.start("second")
    setup.below.started[0].complete()
    assert setup.results == [("second", OK)]
    setup.below.started[1].complete(EXPIRED)
    assert setup.results[1:] == [("again", ERR_CERT_DATE_INVALID)]


def test_a_callback_may_change_trust(setup: Setup) -> None:
    """Row 227, DeleteVerifierDuringCompletion: what is being delivered goes on."""
    setup.verifier.create_request(PARAMS, quiet()).start(lambda _: setup.verifier.on_trust_changed())
    setup.start("second")
    setup.below.started[0].complete()
    assert setup.results == [("second", OK)]


def test_a_request_that_never_started_can_be_cancelled(setup: Setup) -> None:
    """Row 227, DeleteVerifierBeforeRequest: nothing happens."""
    setup.verifier.create_request(PARAMS, quiet()).cancel()
    assert setup.below.started == []


def test_a_request_is_started_once(setup: Setup) -> None:
    """Twice is a mistake of the caller."""
    request = setup.start("a")
    with pytest.raises(AssertionError):
        request.start(lambda _: None)


def test_the_log_ties_requests_to_their_job(setup: Setup) -> None:
    """Two sources, each with its span; the job's says what was asked and found."""
    log = LogReader()
    setup.verifier.create_request(PARAMS, log.source()).start(lambda _: None)
    setup.below.started[0].complete(EXPIRED)
    assert log.story() == [
        "CERT_VERIFIER_REQUEST BEGIN",
        "CERT_VERIFIER_JOB BEGIN",
        "CERT_VERIFIER_REQUEST_BOUND_TO_JOB NONE",
        "CERT_VERIFIER_JOB END",
        "CERT_VERIFIER_REQUEST END",
    ]
    _, begin, bound, end, answer = log.entries
    assert bound.params["source_dependency"] == {"type": int(begin.source.type), "id": begin.source.id}
    assert begin.params["host"] == "example.test"
    assert begin.params["certificates"] == [
        "-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nbWlkZGxl\n-----END CERTIFICATE-----\n",
    ]
    assert (end.params["net_error"], end.params["cert_status"]) == (ERR_CERT_DATE_INVALID, 2)
    assert end.params["detail"] == "expired"
    assert dict(answer.params) == {"net_error": ERR_CERT_DATE_INVALID}


def test_a_good_verdict_is_logged_without_an_error(setup: Setup) -> None:
    """net_error is only there when there is one."""
    log = LogReader()
    setup.below.answer = GOOD
    setup.verifier.create_request(PARAMS, log.source()).start(lambda _: None)
    end = next(entry for entry in log.entries if "cert_status" in entry.params)
    assert end.params["is_issued_by_known_root"] is True
    assert "net_error" not in end.params


def test_cancelling_is_logged(setup: Setup) -> None:
    """On the request's source, and on the job's when it goes too."""
    log = LogReader()
    request = setup.verifier.create_request(PARAMS, log.source())
    request.start(lambda _: None)
    request.cancel()
    assert log.story()[3:] == [
        "CANCELLED NONE",
        "CERT_VERIFIER_REQUEST END",
        "CANCELLED NONE",
        "CERT_VERIFIER_JOB END",
    ]


def test_a_job_shows_itself(setup: Setup) -> None:
    """For debugging: the host and who waits."""
    setup.start("a")
    job = setup.verifier.join_or_start(PARAMS, quiet())
    assert repr(job) == "<_Job example.test 1 waiting>"
