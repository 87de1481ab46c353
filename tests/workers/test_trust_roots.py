"""Loading and keeping the certificates that are trusted."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from netstack_sync.base.net_errors import (
    ERR_ACCESS_DENIED,
    ERR_FILE_NOT_FOUND,
    ERR_IMPORT_CA_CERT_FAILED,
    ERR_INVALID_ARGUMENT,
    OK,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers import trust_roots
from netstack_sync.workers.trust_roots import DefaultSources, TrustRoots, TrustRootsCache, load_trust_roots
from tests.workers.certificate_factory import Issued, make_authority

A = make_authority("a")
B = make_authority("b")
C = make_authority("c")
BROKEN = "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n"
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


def test_the_sources_of_the_user_add_up(tmp_path: Path) -> None:
    """File, directory and data are trusted together, each certificate once; the system's are not."""
    file = tmp_path / "file.pem"
    file.write_text("a comment\n" + A.pem + A.pem)
    directory = _directory(tmp_path / "directory", one=B.pem)
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(make_authority("system").pem)
    config = TrustConfig(ca_file=str(file), ca_path=directory, ca_data=C.pem)
    roots = _load(config, DefaultSources(str(bundle), "", ""))
    assert _names(roots) == ["CN=a", "CN=b", "CN=c"]
    assert (roots.net_error, roots.is_default) == (OK, False)
    assert repr(roots) == "<TrustRoots 3 certificates>"


@pytest.mark.parametrize("data", [A.pem, A.pem.encode(), A.der])
def test_data_is_pem_or_der(data: str | bytes) -> None:
    """As bytes both, as text PEM only."""
    assert _names(_load(TrustConfig(ca_data=data))) == ["CN=a"]


@pytest.mark.parametrize(
    "data, words",
    [
        ("", "the CA data holds no PEM certificate"),
        ("junk", "the CA data holds no PEM certificate"),
        (b"", "the CA data is neither PEM nor a DER certificate"),
        (b"junk", "the CA data is neither PEM nor a DER certificate"),
        (A.pem + BROKEN, "certificate 2 of the CA data cannot be read"),
        (Issued.make().key_pem, "the CA data holds no PEM certificate"),
    ],
)
def test_bad_data_trusts_nobody(data: str | bytes, words: str) -> None:
    """One unreadable certificate spoils the data: the user meant it to be trusted."""
    roots = _load(TrustConfig(ca_data=data))
    assert roots.net_error == ERR_IMPORT_CA_CERT_FAILED
    assert roots.certificates == ()
    assert words in roots.detail
    assert words in repr(roots)


@pytest.mark.parametrize("field", ["ca_file", "ca_path"])
def test_a_missing_source_is_named(field: str, tmp_path: Path) -> None:
    """Neither trusts nobody in silence nor falls back to the system's roots."""
    missing = str(tmp_path / "missing")
    config = TrustConfig(ca_file=missing) if field == "ca_file" else TrustConfig(ca_path=missing)
    roots = _load(config)
    assert roots.net_error == ERR_FILE_NOT_FOUND
    assert missing in roots.detail
    assert "No such file" in roots.detail


@pytest.mark.parametrize("text, words", [("", "holds no PEM"), (BROKEN, "certificate 1 of the CA file")])
def test_a_file_without_a_good_certificate(text: str, words: str, tmp_path: Path) -> None:
    """An empty file, or one with a broken certificate, is an error."""
    file = tmp_path / "file.pem"
    file.write_text(text)
    roots = _load(TrustConfig(ca_file=str(file)))
    assert roots.net_error == ERR_IMPORT_CA_CERT_FAILED
    assert words in roots.detail


def test_a_directory_in_place_of_a_file(tmp_path: Path) -> None:
    """Opening it fails with an error that says so."""
    roots = _load(TrustConfig(ca_file=str(tmp_path)))
    assert roots.net_error < 0
    assert os.strerror(errno.EISDIR) in roots.detail


def test_a_path_that_no_system_has() -> None:
    """A NUL in a path is refused by Python itself."""
    roots = _load(TrustConfig(ca_file="a\0b"))
    assert roots.net_error == ERR_INVALID_ARGUMENT


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission is not the same as absence."""

    def deny(path: str, mode: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(trust_roots, "open", deny, raising=False)  # root may read everything
    assert _load(TrustConfig(ca_file=str(tmp_path / "x"))).net_error == ERR_ACCESS_DENIED


def test_a_directory_without_hashed_names(tmp_path: Path) -> None:
    """OpenSSL would silently find nothing; the error tells what to do."""
    (tmp_path / "a.pem").write_text(A.pem)
    roots = _load(TrustConfig(ca_path=str(tmp_path)))
    assert roots.net_error == ERR_IMPORT_CA_CERT_FAILED
    assert "openssl rehash" in roots.detail


def test_bad_files_in_a_directory_are_skipped(tmp_path: Path) -> None:
    """As OpenSSL does, which looks at a file only when it needs it."""
    directory = _directory(tmp_path / "d", good=A.pem, broken=BROKEN + B.pem, empty="")
    (tmp_path / "d" / "ffffffff.0").symlink_to(tmp_path / "gone")
    assert _names(_load(TrustConfig(ca_path=directory))) == ["CN=a", "CN=b"]


def test_the_systems_bundle_and_directory_add_up(tmp_path: Path) -> None:
    """As in OpenSSL; the fallback is left alone."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(A.pem + BROKEN)
    fallback = tmp_path / "fallback.pem"
    fallback.write_text(C.pem)
    directory = _directory(tmp_path / "d", one=B.pem)
    roots = _load(TrustConfig(), DefaultSources(str(bundle), directory, str(fallback)))
    assert _names(roots) == ["CN=a", "CN=b"]
    assert roots.is_default


def test_the_fallback_serves_a_system_without_roots(tmp_path: Path) -> None:
    """macOS and Windows keep theirs where OpenSSL does not look."""
    fallback = tmp_path / "fallback.pem"
    fallback.write_text(C.pem)
    roots = _load(TrustConfig(), DefaultSources("/no/bundle", "/no/directory", str(fallback)))
    assert _names(roots) == ["CN=c"]
    assert roots.is_default


def test_a_system_without_any_roots_trusts_nobody() -> None:
    """And says so."""
    roots = _load(TrustConfig())
    assert roots.net_error == ERR_IMPORT_CA_CERT_FAILED
    assert roots.detail == "this system has no certificate authorities"


def test_the_real_system_has_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own or certifi's; the environment is not asked."""
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    monkeypatch.setenv("SSL_CERT_DIR", "/no/such/directory")
    roots = TrustRootsCache().get(TrustConfig())
    assert (roots.net_error, roots.is_default) == (OK, True)
    assert len(roots.certificates) > 50


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

    def __init__(self, cache: TrustRootsCache, path: Path) -> None:
        self._path = str(path)
        os.mkfifo(path)
        self.roots: list[TrustRoots] = []
        config = TrustConfig(ca_file=self._path)
        self._thread = threading.Thread(target=lambda: self.roots.append(cache.get(config)))
        self._thread.start()
        # Opening the other end returns when the reader is there.
        self._pipe = os.open(path, os.O_WRONLY)

    def let_go(self, pem: str) -> None:
        """The file system answers."""
        os.write(self._pipe, pem.encode())
        os.close(self._pipe)
        self._thread.join()


def test_a_read_that_hangs_holds_nobody_else_up(tmp_path: Path) -> None:
    """Other roots are there, and forgetting, which the network thread does, waits for nobody."""
    cache = TrustRootsCache(NOWHERE)
    hung = HungRead(cache, tmp_path / "slow.pem")
    try:
        roots = cache.get(TrustConfig(ca_data=B.pem))
        assert _names(roots) == ["CN=b"] and hung.roots == []
        cache.forget()
        assert cache.get(TrustConfig(ca_data=B.pem)) is not roots and hung.roots == []
    finally:
        hung.let_go(A.pem)
    assert _names(hung.roots[0]) == ["CN=a"], "whoever waits gets what was read"
