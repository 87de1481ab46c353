"""What `netstack cert` shows of a handshake: lines for people, or values for JSON."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from netstack_sync.base.clock import WallClock
from netstack_sync.base.exceptions import CertificateError
from netstack_sync.base.shown_text import shown
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.x509 import CertificateFacts
from netstack_sync.cli.tls_text import COMMAND_LINE

_WIDTH: Final = 12
_MAX_VALUE: Final = 10_000  # some certificates have hundreds of names, which somebody may look for
_SECONDS_OF: Final = (("day", 86400), ("hour", 3600), ("minute", 60))


class CertReport:
    """One server's answer; `error` is there when its certificate was refused.

    In lines what does not print in the words of strangers is escaped; JSON has its own way for that.
    """

    __slots__ = ("_chain", "_error", "_info", "_is_judged", "_now", "_server")

    def __init__(self, server: str, info: SSLInfo, error: CertificateError | None, clock: WallClock) -> None:
        self._server = server
        self._info = info
        self._error = error
        self._chain = info.chain
        self._is_judged = bool(info.verified_chain)
        self._now = datetime.fromtimestamp(clock.now(), timezone.utc)

    def lines(self) -> list[str]:
        """For people."""
        info = self._info
        agreed = ", ".join(filter(None, (info.version, info.cipher, info.alpn, "resumed" if info.is_resumed else "")))
        lines = [f"{self._server} ({agreed})" if agreed else self._server]
        if info.leaf is not None:
            lines += self._leaf_lines(info.leaf)
        elif info.peer_chain:
            lines.append(_line("certificate", "cannot be read: it is none, or is damaged"))
        lines.append(_line("chain", f"{len(self._chain)}, {self._origin_of_chain()}"))
        lines += [
            f"  {number}. {shown(facts.subject or facts.serial_number)}  {facts.pin}"
            for number, facts in enumerate(self._chain, 1)
        ]
        return lines + self._verdict_lines()

    def values(self) -> dict[str, object]:
        """For JSON."""
        info, error = self._info, self._error
        return {
            "server": self._server,
            "version": info.version,
            "cipher": info.cipher,
            "alpn": info.alpn,
            "is_resumed": info.is_resumed,
            "chain": [self._facts_values(facts) for facts in self._chain],
            "is_verified": self._is_verified,
            "is_issued_by_known_root": info.is_issued_by_known_root,
            "net_error": error.net_error.number if error is not None else 0,
            "error": error.net_error.name if error is not None else None,
            "reasons": list(error.reasons) if error is not None else [],
            "advice": error.advice_in(COMMAND_LINE) if error is not None else "",
        }

    def pem(self) -> str:
        """The chain as a file holds it."""
        return "".join([facts.pem for facts in self._chain])

    @property
    def _is_verified(self) -> bool:
        return self._is_judged and self._error is None

    def _leaf_lines(self, leaf: CertificateFacts) -> list[str]:
        return [
            _line("subject", leaf.subject or "none"),
            _line("issuer", "itself" if leaf.is_self_signed else leaf.issuer),
            _line("names", ", ".join(leaf.subject_alternative_names) or "none"),
            _line("valid", f"{_time(leaf.not_before)} to {_time(leaf.not_after)}, {self._time_left(leaf)}"),
            _line("key", leaf.public_key),
            _line("signature", leaf.signature_algorithm),
            _line("serial", leaf.serial_number),
            _line("fingerprint", leaf.fingerprint_sha256),
            _line("pin", leaf.pin),
        ]

    def _time_left(self, facts: CertificateFacts) -> str:
        if self._now < facts.not_before:
            return "which has not begun"
        if self._now <= facts.not_after:
            return f"{_duration(facts.not_after - self._now)} left"
        return f"expired {_duration(self._now - facts.not_after)} ago"

    def _origin_of_chain(self) -> str:
        info = self._info
        if not self._is_verified and info.verified_chain in ((), info.peer_chain):
            return "as the server sent it"
        return "up to a root of the system" if info.is_issued_by_known_root else "up to a certificate of yours"

    def _verdict_lines(self) -> list[str]:
        error = self._error
        if error is None:
            return [_line("verdict", "good" if self._is_judged else "none was asked for")]
        lines = [_line("verdict", f"{error.net_error}: {error.meaning}")]
        lines += [f"  - {reason}" for reason in error.reasons]
        advice = error.advice_in(COMMAND_LINE)
        return [*lines, advice] if advice else lines

    def _facts_values(self, facts: CertificateFacts) -> dict[str, object]:
        return {
            "subject": facts.subject,
            "issuer": facts.issuer,
            "names": list(facts.subject_alternative_names),
            "not_before": facts.not_before.isoformat(),
            "not_after": facts.not_after.isoformat(),
            "days_left": (facts.not_after - self._now).days,  # rounded down: negative from the first second on
            "serial_number": facts.serial_number,
            "public_key": facts.public_key,
            "signature_algorithm": facts.signature_algorithm,
            "fingerprint_sha256": facts.fingerprint_sha256,
            "pin": facts.pin,
            "is_self_signed": facts.is_self_signed,
        }


def _line(name: str, value: str) -> str:
    return f"  {name:<{_WIDTH}}{shown(value, _MAX_VALUE)}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _duration(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    for unit, size in _SECONDS_OF:
        count = seconds // size
        if count:
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "less than a minute"
