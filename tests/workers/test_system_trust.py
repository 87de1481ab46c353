"""Where the system keeps its roots."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from netstack_sync.workers.ca_reader import CAReader, check_der
from netstack_sync.workers.system_trust import (
    DefaultSources,
    SystemVerifier,
    TrustSource,
    default_trust_source,
    load_system_verifier,
    read_default_roots,
)
from tests.workers.certificate_factory import make_authority
from tests.workers.fake_truststore import FakeTruststore, hide_truststore

A = make_authority("a")
B = make_authority("b")
C = make_authority("c")
BROKEN = "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n"


class System:
    """A system's files, of which each test makes those that there are."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.bundle, self.directory = str(root / "bundle.pem"), str(root / "certs")
        self.fallback, self.known, self.other = str(root / "certifi.pem"), str(root / "known"), str(root / "other")

    def sources(self) -> DefaultSources:
        """As DefaultSources.from_system() would say."""
        return DefaultSources(self.bundle, self.directory, self.fallback, (self.known, self.other))

    def hashed(self, pem: str) -> None:
        """The directory with one file."""
        Path(self.directory).mkdir()
        (Path(self.directory) / "00000000.0").write_text(pem)

    def read(self) -> tuple[TrustSource, list[bytes]]:
        """What is found."""
        reader = CAReader(check_der)
        return read_default_roots(reader, self.sources()), list(reader.found)


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


def test_bundle_and_directory_add_up(system: System) -> None:
    """As in OpenSSL; what comes after them is left alone."""
    Path(system.bundle).write_text(A.pem + BROKEN)
    Path(system.known).write_text(C.pem)
    system.hashed(B.pem)
    where = f"{system.bundle} and {system.directory}"
    assert system.read() == (TrustSource("system file", where, 2), [A.der, B.der])


def test_a_directory_with_nothing_new_is_not_mentioned(system: System) -> None:
    """Debian has the same certificates in both."""
    Path(system.bundle).write_text(A.pem)
    system.hashed(A.pem)
    assert system.read() == (TrustSource("system file", system.bundle, 1), [A.der])


def test_a_directory_alone(system: System) -> None:
    """Such systems exist too."""
    system.hashed(B.pem)
    assert system.read() == (TrustSource("system directory", system.directory, 1), [B.der])


def test_well_known_places_come_before_certifi(system: System) -> None:
    """For a Python whose OpenSSL was compiled for another system; the first that holds something counts alone."""
    Path(system.known).write_text(BROKEN)
    Path(system.other).write_text(B.pem)
    Path(system.fallback).write_text(C.pem)
    assert system.read() == (TrustSource("system file", system.other, 1), [B.der])


def test_certifi_serves_a_system_without_roots(system: System) -> None:
    """So that https works at all."""
    Path(system.fallback).write_text(C.pem)
    assert system.read() == (TrustSource("certifi", system.fallback, 1), [C.der])


def test_a_system_without_any_roots(system: System) -> None:
    """Is told as it is."""
    assert system.read() == (TrustSource("none", "", 0), [])
    assert default_trust_source(system.sources()) == TrustSource("none", "", 0)


def test_every_place_may_change(system: System) -> None:
    """Whoever watches the files must watch those that are not there yet."""
    places = (system.bundle, system.directory, system.known, system.other, system.fallback)
    assert system.sources().files == places


def test_this_system_has_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own or certifi's; the environment is not asked."""
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    monkeypatch.setenv("SSL_CERT_DIR", "/no/such/directory")
    assert DefaultSources.from_system().fallback == certifi.where()
    source = default_trust_source()
    assert source.certificates is None or source.certificates > 50


@pytest.mark.parametrize("platform, has_places", [("linux", True), ("freebsd14", True), ("darwin", False)])
def test_well_known_places_are_those_of_unix(platform: str, has_places: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS and Windows keep their roots elsewhere."""
    hide_truststore(monkeypatch)
    assert bool(DefaultSources.from_system(platform).well_known) == has_places


@pytest.mark.parametrize("platform, module, kind", [("darwin", "_macos", "macOS"), ("win32", "_windows", "Windows")])
def test_the_systems_verifier_counts_where_there_is_one(
    platform: str, module: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With truststore installed; how many roots it has it does not say."""
    fake = FakeTruststore()
    fake.install(monkeypatch, module)
    sources = DefaultSources.from_system(platform)
    assert sources.verifier == SystemVerifier(kind, fake.check)
    assert default_trust_source(sources) == TrustSource(kind, "", None)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_without_truststore_files_count(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: nobody is told that it is missing."""
    hide_truststore(monkeypatch)
    assert load_system_verifier(platform) is None


def test_linux_has_no_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """truststore has one for Linux that never complains: it must not be asked."""
    FakeTruststore().install(monkeypatch, "_openssl")
    assert load_system_verifier("linux") is None


@pytest.mark.parametrize("module, words", [("_macos", "no attribute"), ("_mac_new", "No module named")])
def test_a_truststore_that_has_changed_is_told_about(module: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is used of it has no public name; the files count then."""
    FakeTruststore().install(monkeypatch, module, has_check=False)
    with pytest.warns(RuntimeWarning, match=f"truststore cannot be used.*{words}.*install truststore 0.10"):
        assert load_system_verifier("darwin") is None
