"""ThreadedCertVerifier with workers that the test runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import (
    ERR_CERT_DATE_INVALID,
    ERR_CERT_REVOKED,
    ERR_FAILED,
    ERR_FILE_NOT_FOUND,
    ERR_IO_PENDING,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cert.threaded import ThreadedCertVerifier, VerifyWorkers
from netstack_sync.cert.verifier import CertVerifier, VerifyParams
from netstack_sync.workers.revocation_lists import RevocationListsCache
from netstack_sync.workers.system_trust import DefaultSources, load_system_verifier
from netstack_sync.workers.trust_roots import TrustRootsCache
from netstack_sync.workers.verify_certificate import describe_chain
from netstack_sync.workers.worker_pool import WorkerPool
from tests.cert.scripted_verifier import LogReader, quiet
from tests.workers.certificate_factory import NOW, Issued, make_authority
from tests.workers.certificate_lists import make_list, pem
from tests.workers.fake_truststore import FakeTruststore

Reply = Callable[[CertVerifyResult | BaseException], None]

ROOT = make_authority()
PARAMS = VerifyParams((Issued.make(issuer=ROOT).der,), "example.test", TrustConfig(ca_data=ROOT.pem))


class ScriptedJob:
    """Work that waits for the test."""

    def __init__(self, work: Callable[[], CertVerifyResult], on_reply: Reply) -> None:
        self._work = work
        self._on_reply = on_reply
        self.is_cancelled = False

    def cancel(self) -> None:
        """See WorkerJob."""
        self.is_cancelled = True

    def run(self) -> None:
        """Does the work and delivers."""
        result = self._work()
        if not self.is_cancelled:
            self._on_reply(result)

    def fail(self, error: BaseException) -> None:
        """Delivers what the work raised."""
        self._on_reply(error)


class ScriptedWorkers:
    """Collects jobs."""

    def __init__(self) -> None:
        self.jobs: list[ScriptedJob] = []

    def post_job(self, work: Callable[[], CertVerifyResult], on_reply: Reply) -> ScriptedJob:
        """See WorkerPool."""
        self.jobs.append(ScriptedJob(work, on_reply))
        return self.jobs[-1]


class Setup:
    """A verifier with its surroundings."""

    def __init__(self) -> None:
        self.workers = ScriptedWorkers()
        self.roots = TrustRootsCache(DefaultSources("", "", ""))
        self.lists = RevocationListsCache()
        self.clock = ManualWallClock(NOW.timestamp())
        self.verifier = ThreadedCertVerifier(self.workers, self.roots, self.clock, self.lists)
        self.results: list[int] = []


@pytest.fixture
def setup() -> Setup:
    return Setup()


def test_a_chain_is_judged_by_a_worker(setup: Setup) -> None:
    """The answer comes later, with the verdict in the request."""
    verifier: CertVerifier = setup.verifier
    request = verifier.create_request(PARAMS, quiet())
    assert request.start(setup.results.append) == ERR_IO_PENDING
    assert (request.result, setup.results) == (None, [])
    setup.workers.jobs[0].run()
    assert setup.results == [OK]
    assert request.result is not None
    assert request.result.verified_chain == (*PARAMS.chain, ROOT.der)


def test_the_time_of_the_question_counts(setup: Setup) -> None:
    """Not that of the moment when a worker gets round to it."""
    setup.clock.advance(31 * 86400)
    setup.verifier.create_request(PARAMS, quiet()).start(setup.results.append)
    setup.clock.advance(-31 * 86400)
    setup.workers.jobs[0].run()
    assert setup.results == [ERR_CERT_DATE_INVALID]


def test_a_cancelled_request_hears_nothing(setup: Setup) -> None:
    """Row 228, CancelRequest: the job is cancelled with it; cancelling again does nothing."""
    request = setup.verifier.create_request(PARAMS, quiet())
    request.start(setup.results.append)
    request.cancel()
    request.cancel()
    assert setup.workers.jobs[0].is_cancelled
    setup.workers.jobs[0].run()
    assert (setup.results, request.result) == ([], None)


def test_one_request_is_cancelled_and_the_next_goes_on(setup: Setup) -> None:
    """Row 228, CancelRequest: requests do not share jobs here."""
    first = setup.verifier.create_request(PARAMS, quiet())
    first.start(setup.results.append)
    setup.verifier.create_request(PARAMS, quiet()).start(setup.results.append)
    first.cancel()
    for job in setup.workers.jobs:
        job.run()
    assert setup.results == [OK]


def test_cancelling_what_never_started_or_has_ended_is_harmless(setup: Setup) -> None:
    """The verdict stays."""
    request = setup.verifier.create_request(PARAMS, quiet())
    request.cancel()
    request.start(setup.results.append)
    setup.workers.jobs[0].run()
    request.cancel()
    assert request.result is not None
    assert not setup.workers.jobs[0].is_cancelled


def test_a_worker_that_fails_vouches_for_nobody(setup: Setup) -> None:
    """Whatever it raised, the connection must not go on."""
    request = setup.verifier.create_request(PARAMS, quiet())
    request.start(setup.results.append)
    setup.workers.jobs[0].fail(RuntimeError("can't start new thread"))
    assert setup.results == [ERR_FAILED]
    assert request.result is not None
    assert request.result.cert_status == CertStatus.AUTHORITY_INVALID
    assert "can't start new thread" in request.result.detail


def test_the_roots_are_read_again_when_trust_changes(setup: Setup, tmp_path: Path) -> None:
    """Also where nothing shows that a file has changed."""
    (tmp_path / "00000000.0").write_text(ROOT.pem)
    config = TrustConfig(ca_path=str(tmp_path))
    roots = setup.roots.get(config)
    assert setup.roots.get(config) is roots
    setup.verifier.on_trust_changed()
    assert setup.roots.get(config) is not roots


def test_the_system_judges_where_it_can(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Mac with truststore, unless authorities or revocation lists are named."""
    truststore = FakeTruststore()
    truststore.install(monkeypatch, "_macos")
    roots = TrustRootsCache(DefaultSources("", "", "", verifier=load_system_verifier("darwin")))
    verifier = ThreadedCertVerifier(setup.workers, roots, setup.clock)
    for trust in (TrustConfig(), PARAMS.trust):
        verifier.create_request(replace(PARAMS, trust=trust), quiet()).start(setup.results.append)
    for job in setup.workers.jobs:
        job.run()
    assert setup.results == [OK, OK]
    assert truststore.asked == [(list(PARAMS.chain), "example.test")]


def test_without_verification_the_keys_are_told(setup: Setup) -> None:
    """Nobody vouches for the chain, and no roots are loaded."""
    trust = TrustConfig(verify=False, ca_file="/no/such/file", crls=("/no/such/list",))
    request = setup.verifier.create_request(replace(PARAMS, trust=trust), quiet())
    request.start(setup.results.append)
    setup.workers.jobs[0].run()
    assert (setup.results, request.result) == ([OK], describe_chain(PARAMS.chain))


def test_revocation_lists_are_looked_at(setup: Setup, tmp_path: Path) -> None:
    """Those that the configuration names; they are read again when trust changes."""
    file = tmp_path / "root.crl"
    leaf = Issued.make(issuer=ROOT)
    file.write_text(pem(make_list(ROOT, [leaf])))
    trust = PARAMS.trust._replace(crls=(str(file),))
    for params in (VerifyParams((leaf.der,), "example.test", trust), replace(PARAMS, trust=trust)):
        setup.verifier.create_request(params, quiet()).start(setup.results.append)
    for job in setup.workers.jobs:
        job.run()
    assert setup.results == [ERR_CERT_REVOKED, OK]
    lists = setup.lists.get(trust.crls)
    assert setup.lists.get(trust.crls) is lists
    setup.verifier.on_trust_changed()
    assert setup.lists.get(trust.crls) is not lists


def test_lists_are_kept_by_the_verifier_unless_handed_in(tmp_path: Path) -> None:
    """Nobody else needs them."""
    setup = Setup()
    verifier = ThreadedCertVerifier(setup.workers, setup.roots, setup.clock)
    trust = PARAMS.trust._replace(crls=(str(tmp_path / "missing"),))
    verifier.create_request(replace(PARAMS, trust=trust), quiet()).start(setup.results.append)
    setup.workers.jobs[0].run()
    assert setup.results == [ERR_FILE_NOT_FOUND]


def test_the_work_is_logged(setup: Setup) -> None:
    """A span from the question to the verdict, or to the cancellation."""
    log = LogReader()
    good = setup.verifier.create_request(PARAMS, log.source())
    good.start(setup.results.append)
    setup.workers.jobs[0].run()
    bad = setup.verifier.create_request(PARAMS, log.source())
    bad.start(setup.results.append)
    setup.workers.jobs[1].fail(ValueError())
    dropped = setup.verifier.create_request(PARAMS, log.source())
    dropped.start(setup.results.append)
    dropped.cancel()
    assert log.story() == ["CERT_VERIFIER_TASK BEGIN", "CERT_VERIFIER_TASK END"] * 3
    assert [dict(entry.params) for entry in log.entries[1::2]] == [{}, {"net_error": ERR_FAILED}, {}]


def test_a_request_is_started_once(setup: Setup) -> None:
    """Twice is a mistake of the caller."""
    request = setup.verifier.create_request(PARAMS, quiet())
    request.start(setup.results.append)
    with pytest.raises(AssertionError):
        request.start(setup.results.append)


def test_the_worker_pool_fits() -> None:
    """For the type checker: a WorkerPool is what the verifier asks for."""

    def accept(pool: WorkerPool) -> VerifyWorkers:
        return pool

    assert callable(accept)
