"""PinningCertVerifier: a host with pins is believed only with one of the keys that the user named (RFC 7469).

Chromium lets a chain pass that ends in a root which was installed on the machine, so that a company can look into its
own connections. Here pins are the user's word about one host, and hold whoever issued the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.clock import WallClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK, is_certificate_error
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.x509 import pin_text
from netstack_sync.cert.verifier import CertVerifier, CertVerifyRequest, VerifyParams
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion


@dataclass(frozen=True, slots=True)
class PinnedKeys:
    """The keys of which a host's chain must have one."""

    hashes: frozenset[bytes]
    """See CertVerifyResult.public_key_hashes."""
    include_subdomains: bool = False
    expires_at_s: float | None = None
    """Wall clock; from then on they do not count."""


class PinStore:
    """Which hosts have pins. Never changes; any thread."""

    __slots__ = ("_pins",)

    def __init__(self, pins: Mapping[str, PinnedKeys]) -> None:
        """`pins` are by canonical host: a name, or an IP literal without brackets."""
        self._pins = dict(pins)

    def has_pins(self, host: str) -> bool:
        """Whether pins are there for a canonical host, expired ones included."""
        return self._find(host, None) is not None

    def find(self, host: str, now_s: float) -> tuple[str, PinnedKeys] | None:
        """What counts for a canonical host, and whose entry it is: its own, else that of the nearest parent with it."""
        return self._find(host, now_s)

    def _find(self, host: str, now_s: float | None) -> tuple[str, PinnedKeys] | None:
        if not self._pins:
            return None
        domain = host
        while domain:  # an IP literal has no parents with pins: what follows its first dot is no canonical host
            pins = self._pins.get(domain)
            if pins is not None and (domain == host or pins.include_subdomains) and _counts(pins, now_s):
                return domain, pins
            domain = domain.partition(".")[2]
        return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PinStore) and self._pins == other._pins

    __hash__ = None  # type: ignore[assignment]  # compared in tests, never a key

    def __repr__(self) -> str:
        return f"<PinStore {len(self._pins)} hosts>"


def _counts(pins: PinnedKeys, now_s: float | None) -> bool:
    return now_s is None or pins.expires_at_s is None or now_s < pins.expires_at_s


class PinningCertVerifier:
    """The outermost verifier: what lies below may remember verdicts, which do not depend on pins.

    Network thread only. Hosts without pins get the requests of the verifier below themselves.
    """

    __slots__ = ("_clock", "_pins", "_verifier")

    def __init__(self, verifier: CertVerifier, pins: PinStore, clock: WallClock) -> None:
        self._verifier = verifier
        self._pins = pins
        self._clock = clock

    def create_request(self, params: VerifyParams, net_log: NetLogWithSource) -> CertVerifyRequest:
        """See CertVerifier.create_request."""
        request = self._verifier.create_request(params, net_log)
        pins = self._pins.find(params.hostname, self._clock.now())
        return request if pins is None else PinnedVerifyRequest(request, params.hostname, *pins)

    def on_trust_changed(self) -> None:
        """See CertVerifier.on_trust_changed."""
        self._verifier.on_trust_changed()

    def __repr__(self) -> str:
        return f"<PinningCertVerifier {self._pins!r}>"


class PinnedVerifyRequest:
    """See CertVerifyRequest; owns the request below."""

    __slots__ = ("_domain", "_hostname", "_on_done", "_pins", "_request", "result")

    def __init__(self, request: CertVerifyRequest, hostname: str, domain: str, pins: PinnedKeys) -> None:
        """`domain` is whose pins they are: `hostname` itself, or one above it."""
        self._request = request
        self._hostname = hostname
        self._domain = domain
        self._pins = pins
        self._on_done: Completion | None = None
        self.result: CertVerifyResult | None = None

    def start(self, on_done: Completion) -> int:
        """See CertVerifyRequest.start."""
        self._on_done = on_done
        result = self._request.start(self._on_verified)
        if result == ERR_IO_PENDING:
            return ERR_IO_PENDING
        self._on_done = None
        return self._compare()

    def cancel(self) -> None:
        """See CertVerifyRequest.cancel."""
        self._on_done = None
        self._request.cancel()

    def _on_verified(self, _: int) -> None:
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "an answer without a question"
        on_done(self._compare())

    def _compare(self) -> int:
        verdict = self._request.result
        assert verdict is not None, "finished without a verdict"
        is_verdict = verdict.net_error == OK or is_certificate_error(verdict.net_error)
        if is_verdict and self._pins.hashes.isdisjoint(verdict.public_key_hashes):
            verdict = _without_pinned_key(verdict, self._hostname, self._domain)
        self.result = verdict
        return verdict.net_error


def _without_pinned_key(verdict: CertVerifyResult, hostname: str, domain: str) -> CertVerifyResult:
    """What is wrong with the chain besides counts too, and may count more."""
    status = verdict.cert_status | CertStatus.PINNED_KEY_MISSING
    found = ", ".join(map(pin_text, verdict.public_key_hashes)) or "no key that can be read"
    inherited = f" by the pins of {domain}" if domain != hostname else ""
    reason = (
        f"none of the keys that {hostname} is pinned to{inherited} is in the chain; "
        f"in it are, the server's own first: {found}"
    )
    return replace(
        verdict,
        net_error=map_cert_status_to_net_error(status),
        cert_status=status,
        reasons=(*verdict.reasons, reason),
        pinned_by=domain,
    )
