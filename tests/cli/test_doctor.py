"""`netstack doctor`: what is shown of a report, and with which exit status it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netstack_sync.cli import doctor
from netstack_sync.cli.doctor_report import Extra, Report, Variable
from netstack_sync.workers.system_trust import TrustSource
from tests.support.command_line import Netstack
from tests.workers.certificate_factory import make_authority

SYSTEM = TrustSource("system file", "/etc/ssl/cert.pem", 140)
NAMED = TrustSource("SSL_CERT_FILE", "/ca.pem", 1)


def _show(monkeypatch: pytest.MonkeyPatch, netstack: Netstack, report: Report) -> str:
    monkeypatch.setattr(doctor, "make_report", lambda _: report)
    done = netstack("doctor")
    assert done.status == bool(report.problems) and done.err == ""
    return done.out.decode()


def test_a_report_with_everything(monkeypatch: pytest.MonkeyPatch, netstack: Netstack) -> None:
    """One column for all sections; the problems last, where they are seen."""
    report = Report(
        versions={"Python": "3.11"},
        trust=NAMED,
        system_trust=SYSTEM,
        environment=[Variable("SSL_CERT_FILE", "/ca.pem", "trusted")],
        extras=[Extra("doh", "2.9", "DNS over HTTPS"), Extra("cli", None, "the bar")],
        event_loop="epoll",
        has_ipv6=False,
        problems=["one", "two"],
    )
    expected = """\
Versions
  Python         3.11

Certificates
  verify=True    1 certificate: SSL_CERT_FILE /ca.pem
  the system's   140 certificates: system file /etc/ssl/cert.pem

Environment
  SSL_CERT_FILE  /ca.pem (trusted)

Extras
  doh            2.9 (DNS over HTTPS)
  cli            not installed (the bar): pip install 'netstack-sync[cli]'

Network
  event loop     epoll
  IPv6           no way into the internet

Problems
  one
  two
"""
    assert _show(monkeypatch, netstack, report) == expected


@pytest.mark.parametrize(
    "trust, text",
    [
        (SYSTEM, "140 certificates: system file /etc/ssl/cert.pem"),
        (TrustSource("macOS", "", None), "macOS itself, through truststore"),
        (TrustSource("none", "", 0), "0 certificates"),
    ],
)
def test_a_report_with_little(
    trust: TrustSource, text: str, monkeypatch: pytest.MonkeyPatch, netstack: Netstack
) -> None:
    """What there is nothing to say about is left out."""
    out = _show(monkeypatch, netstack, Report({}, trust, trust, [], [], "epoll", True, []))
    assert (
        out
        == f"""\
Certificates
  verify=True  {text}

Network
  event loop   epoll
  IPv6         available

No problems.
"""
    )


def test_json(netstack: Netstack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The real report, as one object in a line."""
    (tmp_path / "ca.pem").write_text(make_authority().pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.delenv("SSLKEYLOGFILE", raising=False)
    done = netstack("doctor", "--json")
    report = json.loads(done.out)
    assert (done.status, done.out.count(b"\n"), report["problems"]) == (0, 1, [])
    assert report["trust"] == {"kind": "SSL_CERT_FILE", "where": str(tmp_path / "ca.pem"), "certificates": 1}
    assert [set(variable) for variable in report["environment"]] == [{"name", "value", "effect"}]
    assert {extra["name"] for extra in report["extras"]} == {
        "brotli",
        "zstd",
        "doh",
        "auth",
        "pac",
        "truststore",
        "cli",
    }


def test_a_problem_is_the_status(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a script can ask."""
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such")
    done = netstack("doctor")
    assert done.status == 1 and b"\nProblems\n  SSL_CERT_FILE: the CA file '/no/such' cannot be read" in done.out
