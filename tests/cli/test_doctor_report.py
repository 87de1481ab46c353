"""What `netstack doctor` finds out."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import certifi
import pytest
from urllib3.response import BaseHTTPResponse

from netstack_sync.cli import doctor_report
from netstack_sync.cli.doctor_report import Extra, Report, Variable, backend_name, make_report
from netstack_sync.workers.system_trust import DefaultSources, TrustSource
from tests.workers.certificate_factory import make_authority
from tests.workers.fake_truststore import FakeTruststore

A = make_authority("a")


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    """With one authority."""
    (tmp_path / "ca.pem").write_text(A.pem)
    return str(tmp_path / "ca.pem")


def _on_linux(**environment: str) -> Report:
    return make_report(environment, "linux")


def test_a_healthy_installation() -> None:
    """Nothing set, nothing wrong."""
    report = _on_linux()
    assert (report.problems, report.environment) == ([], [])
    assert report.trust is report.system_trust
    assert report.trust.certificates is not None and report.trust.certificates > 50
    names = ["netstack_sync", "Python", "platform", "OpenSSL", "cryptography", "urllib3", "certifi"]
    assert list(report.versions) == names and all(report.versions.values())


def test_the_environment_names_other_authorities(ca_file: str) -> None:
    """The first that is set counts, the others are shown for what they do: nothing."""
    report = _on_linux(SSL_CERT_FILE=ca_file, REQUESTS_CA_BUNDLE=certifi.where(), CURL_CA_BUNDLE="")
    assert report.trust == TrustSource("SSL_CERT_FILE", ca_file, 1)
    assert report.system_trust.kind.startswith("system") or report.system_trust.kind == "certifi"
    assert report.environment == [
        Variable("SSL_CERT_FILE", ca_file, "trusted instead of the system's"),
        Variable("REQUESTS_CA_BUNDLE", certifi.where(), "does not count beside SSL_CERT_FILE"),
    ]
    assert report.problems == []


def test_file_and_directory_count_both(ca_file: str) -> None:
    """As in OpenSSL."""
    folder = str(Path(ca_file).parent)
    report = _on_linux(SSL_CERT_FILE=ca_file, SSL_CERT_DIR=folder)
    assert report.trust == TrustSource("SSL_CERT_FILE and SSL_CERT_DIR", f"{ca_file} and {folder}", 1)
    assert [variable.effect for variable in report.environment] == ["trusted instead of the system's"] * 2


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_file_of_the_environment_that_cannot_be_used(name: str) -> None:
    """Every session would fail: one line says which, why, and what to do."""
    report = _on_linux(**{name: "/no/such"})
    (problem,) = report.problems
    assert problem.startswith(f"{name}: the CA ") and problem.endswith("or unset it")
    assert report.trust == TrustSource(name, "/no/such", 0)


def test_the_key_log(tmp_path: Path) -> None:
    """It is told about, looked at, and not made."""
    path = tmp_path / "keys"
    report = _on_linux(SSLKEYLOGFILE=str(path))
    effect = "the secrets of TLS connections are written there: whoever has it can read them"
    assert report.environment == [Variable("SSLKEYLOGFILE", str(path), effect)]
    assert report.problems == [] and not path.exists()
    path.touch()
    assert _on_linux(SSLKEYLOGFILE=str(path)).problems == []


def test_a_key_log_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without a folder."""
    monkeypatch.chdir(tmp_path)
    assert _on_linux(SSLKEYLOGFILE="keys").problems == []


@pytest.mark.parametrize(
    "path, reason",
    [
        ("no/keys", "there is no folder '{}/no'"),
        ("file/keys", "there is no folder '{}/file'"),
        ("", "it is a folder"),
        ("file", "the file may not be written to"),
        ("new", "its folder may not be written to"),
    ],
)
def test_a_key_log_that_cannot_be_written(
    path: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every session would fail: one line says why, and what to do."""
    (tmp_path / "file").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    file = str(tmp_path / path)
    report = _on_linux(SSLKEYLOGFILE=file)
    why = f"cannot write TLS secrets to {file!r}: {reason.format(tmp_path)}; correct it or unset it"
    assert report.problems == [f"SSLKEYLOGFILE: {why}"]
    assert report.environment == [Variable("SSLKEYLOGFILE", file, "sessions cannot be made: it cannot be written")]


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "SSLKEYLOGFILE"])
def test_a_key_in_place_of_a_path_is_not_shown(name: str) -> None:
    """Reports are made to be passed on."""
    key = A.key_pem
    report = _on_linux(**{name: key})
    assert report.problems and report.environment[0].value == "PEM text"
    assert key.splitlines()[1] not in repr(report)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_in_the_environment_is_not_opened(tmp_path: Path) -> None:
    """Nobody may be there to write to it."""
    os.mkfifo(tmp_path / "pipe")
    (problem,) = _on_linux(SSL_CERT_FILE=str(tmp_path / "pipe")).problems
    assert "is a pipe or a device" in problem


def test_features_of_the_environment() -> None:
    """Shown as they are set; what is unknown is a problem."""
    report = _on_linux(NETSTACK_ENABLE_FEATURES="TimeoutTcpConnectAttempt", NETSTACK_DISABLE_FEATURES="Nonsense")
    assert [variable.name for variable in report.environment] == [
        "NETSTACK_ENABLE_FEATURES",
        "NETSTACK_DISABLE_FEATURES",
    ]
    (problem,) = report.problems
    assert "NETSTACK_DISABLE_FEATURES: no feature is named 'Nonsense'" in problem and problem.endswith("unset it")


@pytest.fixture
def bare_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """No roots anywhere."""
    sources = DefaultSources("/no/bundle", "/no/directory", "/no/fallback")
    monkeypatch.setattr(DefaultSources, "from_system", lambda system: sources)


@pytest.mark.usefixtures("bare_system")
def test_a_system_without_roots_is_a_problem(ca_file: str) -> None:
    """Unless the environment names others."""
    (problem,) = _on_linux().problems
    assert "no certificate authorities; install" in problem
    assert _on_linux(SSL_CERT_FILE=ca_file).problems == []


def test_the_systems_own_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Mac with truststore; how many roots it has it does not say."""
    FakeTruststore().install(monkeypatch, "_macos")
    report = make_report({}, "darwin")
    assert (report.trust, report.problems) == (TrustSource("macOS", "", None), [])


def test_a_truststore_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody installed it to have the system's certificates, and has not got them."""
    FakeTruststore().install(monkeypatch, "_windows", has_check=False)
    report = make_report({}, "win32")
    (problem,) = report.problems
    assert problem.startswith("truststore cannot be used, so the certificates of Windows do not count")
    assert report.trust.kind != "Windows"


def test_extras_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says what it is for."""
    _hide_distributions(monkeypatch, codings=["gzip", "deflate"])
    extras = _on_linux().extras
    assert [(extra.name, extra.version) for extra in extras] == [
        ("brotli", None),
        ("zstd", None),
        ("doh", None),
        ("auth", None),
        ("pac", None),
        ("truststore", None),
        ("cli", None),
    ]
    assert Extra("doh", None, "DNS over HTTPS") in extras


def test_codings_that_came_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """zstd with Python 3.14, br with the other library for it."""
    _hide_distributions(monkeypatch, codings=["gzip", "br", "zstd"])
    assert [extra.version for extra in _on_linux().extras[:2]] == ["another library", "part of Python"]


def _hide_distributions(monkeypatch: pytest.MonkeyPatch, codings: list[str]) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(BaseHTTPResponse, "CONTENT_DECODERS", codings)


def test_a_library_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's own packaging; it is there all the same."""
    _hide_distributions(monkeypatch, codings=[])
    assert _on_linux().versions["certifi"] == "unknown"


@pytest.mark.parametrize("address, has_ipv6", [("2001:db8::1", True), ("fe80::1", False), (None, False)])
def test_ipv6(address: str | None, has_ipv6: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent to find out."""
    monkeypatch.setattr(doctor_report, "ipv6_source_address", lambda: address)
    assert _on_linux().has_ipv6 == has_ipv6


@pytest.mark.parametrize(
    "poller, selector, name",
    [
        ("EpollPoller", "EpollSelector", "epoll"),
        ("SelectorPoller", "KqueueSelector", "kqueue"),
        ("SelectorPoller", "SelectSelector", "select"),
    ],
)
def test_the_event_loop(poller: str, selector: str, name: str) -> None:
    """In the words of the kernel."""
    assert backend_name(poller, selector) == name
