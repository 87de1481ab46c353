"""CachingCertVerifier: remembers good verdicts for half an hour (net/cert/caching_cert_verifier.cc)."""

from __future__ import annotations

from dataclasses import dataclass

from netstack_sync.base.clock import WallClock
from netstack_sync.base.net_errors import ERR_CERT_UNABLE_TO_CHECK_REVOCATION, ERR_IO_PENDING, OK, is_certificate_error
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.cert.verifier import CertVerifier, CertVerifyRequest, VerifyParams
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion

_MAX_ENTRIES = 256  # Chromium's; a verdict with its chain takes some 5 KiB
_LIFETIME_S = 1800.0  # Chromium's; how long a certificate may outlive its expiry unnoticed
# Chromium's is the same; but our users mend refusals by putting a certificate into a file, and then try again.
_REFUSAL_LIFETIME_S = 30.0


@dataclass(frozen=True, slots=True)
class _Entry:
    result: CertVerifyResult
    verified_at_s: float  # wall clock, when the verification began


class CachingCertVerifier:
    """Owns the verdicts and the verifier below. Network thread only.

    Errors of the certificate are remembered as well, for half a minute: a crowd that comes to a bad server costs
    one verification. What says nothing about the certificate, such as a file of roots that cannot be read or a
    responder that is silent, is not. A verdict counts only while the wall clock is within its time after the
    verification began, so that a clock that is set back makes verdicts void too.
    """

    __slots__ = ("_clock", "_entries", "_verifier", "generation")

    def __init__(self, verifier: CertVerifier, clock: WallClock) -> None:
        self._verifier = verifier
        self._clock = clock
        self._entries: dict[VerifyParams, _Entry] = {}  # the oldest first
        self.generation = 0
        """Grows with each change of trust; verdicts of an older one are not stored."""

    def create_request(self, params: VerifyParams, net_log: NetLogWithSource) -> CachedVerifyRequest:
        """See CertVerifier.create_request."""
        return CachedVerifyRequest(self, params, net_log)

    def create_inner_request(self, params: VerifyParams, net_log: NetLogWithSource) -> CertVerifyRequest:
        """A request to the verifier below."""
        return self._verifier.create_request(params, net_log)

    def on_trust_changed(self) -> None:
        """See CertVerifier.on_trust_changed. Forgets every verdict, and those that are being made."""
        self.generation += 1
        self._entries.clear()
        self._verifier.on_trust_changed()

    def now(self) -> float:
        """Wall-clock seconds."""
        return self._clock.now()

    def look_up(self, params: VerifyParams) -> CertVerifyResult | None:
        """The remembered verdict, if it still counts."""
        entry = self._entries.get(params)
        if entry is None or not _is_fresh(entry, self._clock.now()):
            return None
        return entry.result

    def store(self, params: VerifyParams, result: CertVerifyResult, verified_at_s: float, generation: int) -> None:
        """Remembers a verdict, unless trust has changed since its verification began."""
        is_verdict = result.net_error == OK or (
            is_certificate_error(result.net_error) and result.net_error != ERR_CERT_UNABLE_TO_CHECK_REVOCATION
        )
        if generation != self.generation or not is_verdict:
            return
        self._entries.pop(params, None)
        if len(self._entries) >= _MAX_ENTRIES:
            self._make_room()
        self._entries[params] = _Entry(result, verified_at_s)

    def _make_room(self) -> None:
        now = self._clock.now()
        self._entries = {params: entry for params, entry in self._entries.items() if _is_fresh(entry, now)}
        if len(self._entries) >= _MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<CachingCertVerifier {len(self)} verdicts>"


def _is_fresh(entry: _Entry, now: float) -> bool:
    lifetime_s = _LIFETIME_S if entry.result.net_error == OK else _REFUSAL_LIFETIME_S
    return entry.verified_at_s <= now < entry.verified_at_s + lifetime_s


class CachedVerifyRequest:
    """See CertVerifyRequest; answers at once when the verdict is remembered."""

    __slots__ = (
        "_generation",
        "_net_log",
        "_on_done",
        "_params",
        "_request",
        "_started_at_s",
        "_verifier",
        "result",
    )

    def __init__(self, verifier: CachingCertVerifier, params: VerifyParams, net_log: NetLogWithSource) -> None:
        self._verifier = verifier
        self._params = params
        self._net_log = net_log
        self._request: CertVerifyRequest | None = None
        self._generation = 0
        self._started_at_s = 0.0
        self._on_done: Completion | None = None
        self.result: CertVerifyResult | None = None

    def start(self, on_done: Completion) -> int:
        """See CertVerifyRequest.start."""
        assert self._on_done is None and self.result is None, "a request is started once"
        self.result = self._verifier.look_up(self._params)
        if self.result is not None:  # the fast path of every connection but a host's first
            return self.result.net_error
        self._generation = self._verifier.generation
        self._started_at_s = self._verifier.now()
        self._on_done = on_done
        self._request = self._verifier.create_inner_request(self._params, self._net_log)
        result = self._request.start(self._on_verified)
        if result != ERR_IO_PENDING:
            self._on_done = None
            self._remember()
        return result

    def cancel(self) -> None:
        """See CertVerifyRequest.cancel."""
        self._on_done = None
        request, self._request = self._request, None
        if request is not None:
            request.cancel()

    def _on_verified(self, net_error: int) -> None:
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "an answer without a question"
        self._remember()
        on_done(net_error)

    def _remember(self) -> None:
        request, self._request = self._request, None
        assert request is not None and request.result is not None, "finished without a verdict"
        self.result = request.result
        self._verifier.store(self._params, self.result, self._started_at_s, self._generation)
