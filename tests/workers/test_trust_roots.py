"""Loading and keeping the certificates that are trusted."""

from __future__ import annotations

import base64
import os
import threading
import warnings
from pathlib import Path
from typing import BinaryIO

import pytest

from netstack_sync.base.net_errors import ERR_FILE_NOT_FOUND, ERR_IMPORT_CA_CERT_FAILED, OK
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers import ca_reader
from netstack_sync.workers.system_trust import DefaultSources, SystemVerifier
from netstack_sync.workers.trust_roots import TrustRoots, TrustRootsCache, load_trust_roots
from tests.workers.certificate_factory import make_authority

A = make_authority("a")
B = make_authority("b")
C = make_authority("c")
BROKEN = "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n"
HOLLOW = b"\x30\x82\x01\x00" + b"x" * 256
NOWHERE = DefaultSources("/no/bundle", "/no/directory", "/no/fallback")


def _load(config: TrustConfig, defaults: DefaultSources = NOWHERE) -> TrustRoots:
    return load_trust_roots(config, defaults)


def _names(roots: TrustRoots) -> list[str]:
    return sorted(certificate.subject.rfc4514_string() for certificate in roots.certificates)


def _directory(path: Path, **files: str) -> str:
    path.mkdir()
    for number, text in enumerate(files.values()):
        (path / f"{number:08x}.0").write_text(text)
    return str(path)


@pytest.fixture
def system(tmp_path: Path) -> DefaultSources:
    """A system with one root, A."""
    (tmp_path / "bundle").write_text(A.pem)
    return DefaultSources(str(tmp_path / "bundle"), "/no/directory", "/no/fallback")


def test_the_sources_of_the_user_add_up(tmp_path: Path, system: DefaultSources) -> None:
    """File, directory and data are trusted together, each certificate once; the system's are not."""
    file = tmp_path / "file.pem"
    file.write_text("a comment\n" + A.pem + A.pem)
    directory = _directory(tmp_path / "directory", one=B.pem)
    (tmp_path / "bundle").write_text(make_authority("system").pem)
    config = TrustConfig(ca_file=str(file), ca_path=directory, ca_data=C.pem)
    roots = _load(config, system)
    assert _names(roots) == ["CN=a", "CN=b", "CN=c"]
    assert (roots.net_error, roots.is_default) == (OK, False)
    assert not roots.is_known_root(A.der)
    assert repr(roots) == "<TrustRoots 3 certificates>"


def test_extra_authorities_come_on_top_of_the_systems(system: DefaultSources) -> None:
    """Which root is whose stays known; one that the system has as well is the system's."""
    roots = _load(TrustConfig(extra_ca=(B.pem.encode(), A.der)), system)
    assert _names(roots) == ["CN=a", "CN=b"]
    assert roots.is_default
    assert (roots.is_known_root(A.der), roots.is_known_root(B.der)) == (True, False)


def test_extra_authorities_come_on_top_of_what_is_named(system: DefaultSources) -> None:
    """The system's do not count, so no root is known."""
    roots = _load(TrustConfig(ca_data=B.pem, extra_ca=(C.der,)), system)
    assert _names(roots) == ["CN=b", "CN=c"]
    assert not roots.is_default and not roots.is_known_root(C.der)


def test_extra_authorities_alone_are_enough() -> None:
    """In a container without any roots they are all that is needed."""
    roots = _load(TrustConfig(extra_ca=(B.der,)))
    assert _names(roots) == ["CN=b"] and not roots.is_known_root(B.der)


@pytest.mark.parametrize(
    "config, words",
    [
        (TrustConfig(ca_data=A.pem + BROKEN), "certificate 2 of the CA data cannot be read: "),
        (TrustConfig(ca_data=HOLLOW), "the CA data is neither PEM nor a DER certificate"),
        (TrustConfig(extra_ca=(b"",)), "the CA data is empty"),
    ],
)
def test_a_bad_source_trusts_nobody(config: TrustConfig, words: str, system: DefaultSources) -> None:
    """Neither the rest of what was named nor the system's roots: the user meant all of it to be trusted."""
    roots = _load(config, system)
    assert (roots.net_error, roots.certificates, roots.store) == (ERR_IMPORT_CA_CERT_FAILED, (), None)
    assert words in roots.detail and words in repr(roots)
    assert not roots.is_known_root(A.der)


def test_what_only_openssl_understands_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By one line in the log for each time that the file is read."""
    file = tmp_path / "bundle.pem"
    odd = A.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00", 1)
    file.write_text(
        f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(odd).decode()}-----END CERTIFICATE-----\n" + B.pem
    )
    cache = TrustRootsCache(NOWHERE)
    for _ in range(2):
        assert _names(cache.get(TrustConfig(ca_file=str(file)))) == ["CN=b"]
    (record,) = caplog.records
    assert record.name == "netstack_sync.tls" and record.levelname == "WARNING"
    assert record.message.startswith(f"1 of the 2 certificates of the CA file '{file}' cannot be used")


def test_the_systems_roots_are_known(system: DefaultSources) -> None:
    """Broken ones are passed over."""
    Path(system.bundle).write_text(A.pem + BROKEN)
    roots = _load(TrustConfig(), system)
    assert _names(roots) == ["CN=a"]
    assert roots.is_default and roots.is_known_root(A.der)


def test_a_system_without_any_roots_trusts_nobody() -> None:
    """And says so."""
    roots = _load(TrustConfig())
    assert roots.net_error == ERR_IMPORT_CA_CERT_FAILED
    assert roots.detail.startswith("there are no certificate authorities on this system; install the package ca-cert")


def test_the_real_system_has_roots() -> None:
    """Its own or certifi's, and nobody is told of those with odd serial numbers."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.resetwarnings()
        roots = TrustRootsCache().get(TrustConfig())
    assert heard == []
    assert (roots.net_error, roots.is_default) == (OK, True)
    assert roots.verifier is not None or len(roots.certificates) > 50


def _never(question: object, chain: list[bytes], host: str) -> None:
    raise AssertionError("nobody asks here")


def test_a_system_that_judges_itself_needs_no_roots(system: DefaultSources) -> None:
    """Only the user's own are loaded, which it does not know."""
    system.verifier = SystemVerifier("macOS", _never)
    roots = _load(TrustConfig(), system)
    assert (roots.certificates, roots.store, roots.net_error) == ((), None, OK)
    assert roots.verifier is system.verifier and roots.is_default
    assert repr(roots) == "<TrustRoots 0 certificates besides those of macOS>"
    assert _names(_load(TrustConfig(extra_ca=(B.der,)), system)) == ["CN=b"]


@pytest.mark.parametrize("config", [TrustConfig(ca_data=A.pem), TrustConfig(crls=("list",))])
def test_the_system_does_not_judge_what_it_cannot(config: TrustConfig, system: DefaultSources) -> None:
    """Roots named instead of its own, and the user's revocation lists, are for our engine."""
    system.verifier = SystemVerifier("macOS", _never)
    roots = _load(config, system)
    assert roots.verifier is None and _names(roots) == ["CN=a"]


def test_a_system_that_judges_itself_has_bad_extras(system: DefaultSources) -> None:
    """Then nobody judges."""
    system.verifier = SystemVerifier("macOS", _never)
    roots = _load(TrustConfig(extra_ca=("/no/such",)), system)
    assert (roots.net_error, roots.verifier) == (ERR_FILE_NOT_FOUND, None)


def test_roots_are_parsed_once(tmp_path: Path) -> None:
    """The same value comes back until it is forgotten."""
    file = tmp_path / "file.pem"
    file.write_text(A.pem)
    cache = TrustRootsCache(NOWHERE)
    config = TrustConfig(ca_file=str(file))
    roots = cache.get(config)
    assert cache.get(TrustConfig(ca_file=str(file))) is roots
    cache.forget()
    assert cache.get(config) is not roots


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    """New contents count at once; a file that has gone is an error, not the old contents."""
    file = tmp_path / "file.pem"
    file.write_text(A.pem)
    cache = TrustRootsCache(NOWHERE)
    config = TrustConfig(ca_file=str(file))
    assert _names(cache.get(config)) == ["CN=a"]
    file.write_text(A.pem + B.pem)
    assert _names(cache.get(config)) == ["CN=a", "CN=b"]
    file.unlink()
    assert cache.get(config).net_error == ERR_FILE_NOT_FOUND
    file.write_text(C.pem)
    assert _names(cache.get(config)) == ["CN=c"]


@pytest.mark.parametrize("names", [["d"], ["d", "e"]])
def test_a_changed_directory_is_noticed(names: list[str], tmp_path: Path) -> None:
    """When a file comes to it or goes, also when it is one of several."""
    cache = TrustRootsCache(NOWHERE)
    paths = [_directory(tmp_path / name, one=A.pem) for name in names]
    config = TrustConfig(ca_path=os.pathsep.join(paths))
    assert _names(cache.get(config)) == ["CN=a"]
    (Path(paths[-1]) / "bbbbbbbb.0").write_text(B.pem)
    os.utime(paths[-1], ns=(1, 1))  # a clock of the file system may be slower than this test
    assert _names(cache.get(config)) == ["CN=a", "CN=b"]


@pytest.mark.parametrize("is_extra", [False, True])
def test_a_changed_file_in_a_directory_is_noticed(is_extra: bool, tmp_path: Path) -> None:
    """Also when it is written in place."""
    cache = TrustRootsCache(NOWHERE)
    path = _directory(tmp_path / "d", one=A.pem)
    config = TrustConfig(extra_ca=(path,)) if is_extra else TrustConfig(ca_path=path)
    assert _names(cache.get(config)) == ["CN=a"]
    (tmp_path / "d" / "00000000.0").write_text(B.pem + C.pem)
    assert _names(cache.get(config)) == ["CN=b", "CN=c"]


def test_changed_extra_authorities_are_noticed(tmp_path: Path) -> None:
    """Of files; data cannot change."""
    file = tmp_path / "file.pem"
    file.write_text(A.pem)
    cache = TrustRootsCache(NOWHERE)
    config = TrustConfig(extra_ca=(C.der, str(file)))
    roots = cache.get(config)
    assert cache.get(config) is roots
    file.write_text(A.pem + B.pem)
    assert _names(cache.get(config)) == ["CN=a", "CN=b", "CN=c"]


def test_default_roots_are_kept_until_their_files_change(tmp_path: Path) -> None:
    """An update of the system's bundle reaches a process that runs."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(A.pem)
    cache = TrustRootsCache(DefaultSources(str(bundle), "/no/directory", "/no/fallback"))
    roots = cache.get(TrustConfig())
    assert cache.get(TrustConfig()) is roots
    bundle.write_text(B.pem + C.pem)
    assert _names(cache.get(TrustConfig())) == ["CN=b", "CN=c"]


def test_the_number_of_kept_roots_is_bounded() -> None:
    """The oldest goes; somebody who passes new data with each request must not fill the memory."""
    cache = TrustRootsCache(NOWHERE)
    first = cache.get(TrustConfig(ca_data=A.pem))
    for number in range(15):
        cache.get(TrustConfig(ca_data=A.pem + "\n" * (number + 1)))
    assert cache.get(TrustConfig(ca_data=A.pem)) is first
    cache.get(TrustConfig(ca_data=B.pem))
    assert cache.get(TrustConfig(ca_data=A.pem)) is not first


class HungRead:
    """Holds the reading of one configuration, on a thread of its own, until it is let go."""

    def __init__(self, cache: TrustRootsCache, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = path
        path.touch()
        self._is_reading, self._may_go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(ca_reader, "open", self._open, raising=False)
        self.roots: list[TrustRoots] = []
        config = TrustConfig(ca_file=str(path))
        self._thread = threading.Thread(target=lambda: self.roots.append(cache.get(config)))
        self._thread.start()
        self._is_reading.wait()

    def _open(self, path: str, mode: str) -> BinaryIO:
        self._is_reading.set()
        self._may_go_on.wait()
        return open(path, "rb")

    def let_go(self, pem: str) -> None:
        """The file system answers."""
        self._path.write_text(pem)
        self._may_go_on.set()
        self._thread.join()


def test_a_read_that_hangs_holds_nobody_else_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other roots are there, and forgetting, which the network thread does, waits for nobody."""
    cache = TrustRootsCache(NOWHERE)
    hung = HungRead(cache, tmp_path / "slow.pem", monkeypatch)
    try:
        roots = cache.get(TrustConfig(ca_data=B.pem))
        assert _names(roots) == ["CN=b"] and hung.roots == []
        cache.forget()
        assert cache.get(TrustConfig(ca_data=B.pem)) is not roots and hung.roots == []
    finally:
        hung.let_go(A.pem)
    assert _names(hung.roots[0]) == ["CN=a"], "whoever waits gets what was read"
