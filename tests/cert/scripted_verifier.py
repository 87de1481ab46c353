"""A CertVerifier that does what the test says, and what the tests of the stack share."""

from __future__ import annotations

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cert.verifier import VerifyParams
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog, NetLogCaptureMode, NetLogEntry
from netstack_sync.loop.completion import Completion

PARAMS = VerifyParams((b"leaf", b"middle"), "example.test", TrustConfig())
GOOD = CertVerifyResult(0, CertStatus(0), (b"leaf", b"middle", b"root"), True)
EXPIRED = CertVerifyResult(-201, CertStatus.DATE_INVALID, (b"leaf", b"middle"), False, ("expired",))
NO_ROOTS = CertVerifyResult(-6, CertStatus.AUTHORITY_INVALID, (b"leaf", b"middle"), False, ("no such file",))


class ScriptedRequest:
    """Answers at once when the verifier has an answer in store, else when the test completes it."""

    def __init__(self, verifier: ScriptedVerifier, params: VerifyParams) -> None:
        self._verifier = verifier
        self._on_done: Completion | None = None
        self.params = params
        self.result: CertVerifyResult | None = None
        self.is_cancelled = False

    def start(self, on_done: Completion) -> int:
        """See CertVerifyRequest."""
        self._verifier.started.append(self)
        self.result = self._verifier.answer
        if self.result is not None:
            return self.result.net_error
        self._on_done = on_done
        return ERR_IO_PENDING

    def cancel(self) -> None:
        """See CertVerifyRequest."""
        self._on_done = None
        self.is_cancelled = True

    def complete(self, result: CertVerifyResult = GOOD) -> None:
        """The verdict comes."""
        assert self._on_done is not None, "nobody waits"
        on_done, self._on_done = self._on_done, None
        self.result = result
        on_done(result.net_error)


class ScriptedVerifier:
    """Counts what it is asked."""

    def __init__(self, answer: CertVerifyResult | None = None) -> None:
        self.answer = answer
        self.started: list[ScriptedRequest] = []
        self.trust_changes = 0

    def create_request(self, params: VerifyParams, net_log: NetLogWithSource) -> ScriptedRequest:
        """See CertVerifier."""
        return ScriptedRequest(self, params)

    def on_trust_changed(self) -> None:
        """See CertVerifier."""
        self.trust_changes += 1


class LogReader:
    """A NetLog whose entries the test can read, with a source for requests."""

    def __init__(self, *, is_capturing: bool = True) -> None:
        self._net_log = NetLog(ManualClock())
        self.entries: list[NetLogEntry] = []
        if is_capturing:
            self._net_log.add_observer(self, NetLogCaptureMode.DEFAULT)

    def on_add_entry(self, entry: NetLogEntry) -> None:
        """See NetLogObserver."""
        self.entries.append(entry)

    def source(self) -> NetLogWithSource:
        """A new source."""
        return NetLogWithSource.make(self._net_log, NetLogSourceType.SOCKET)

    def story(self) -> list[str]:
        """The entries in short: name and phase."""
        return [f"{entry.type.name} {entry.phase.name}" for entry in self.entries]


def quiet() -> NetLogWithSource:
    """A source that nobody observes."""
    return LogReader(is_capturing=False).source()
