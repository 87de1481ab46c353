"""How a session is told about HSTS, and which files it takes."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from netstack_sync import HstsSettings
from netstack_sync.fetcher.hsts_settings import hsts_from_value
from netstack_sync.http.hsts_store import HstsConfig, host_keys


def test_the_default_is_in_memory() -> None:
    """Without files."""
    assert HstsSettings().config() == HstsConfig()


def test_what_a_session_is_told(tmp_path: Path) -> None:
    """On, off, a path for short, or settings."""
    settings = HstsSettings(preload="list")
    assert hsts_from_value(settings) is settings
    assert hsts_from_value(True) == HstsSettings() and hsts_from_value(False) is None
    assert hsts_from_value(tmp_path / "f") == hsts_from_value(str(tmp_path / "f")) == HstsSettings(path=tmp_path / "f")


@pytest.mark.parametrize("value", [None, 1, 0, b"path", ["path"], 1.5])
def test_what_a_session_must_not_be_told(value: object) -> None:
    """The message says what is possible."""
    with pytest.raises(TypeError, match="hsts: must be True, False, a path or an HstsSettings"):
        hsts_from_value(value)


@pytest.mark.parametrize("name", ["path", "preload"])
def test_paths_of_settings(name: str) -> None:
    """Checked when they are made; a value that dataclasses.replace() changes."""
    assert getattr(dataclasses.replace(HstsSettings(), **{name: Path("x")}), name) == "x"
    for bad in (1, b"x", True):
        with pytest.raises(TypeError, match=f"{name}: must be a path"):
            HstsSettings(**{name: bad})  # type: ignore[arg-type]
    for empty in ("", "a\0b"):
        with pytest.raises(ValueError, match=f"{name}: no file"):
            HstsSettings(**{name: empty})
        with pytest.raises(ValueError, match="hsts: no file"):
            hsts_from_value(empty)
    with pytest.raises(dataclasses.FrozenInstanceError):
        HstsSettings().path = "x"  # type: ignore[misc]


class BytesPath:
    """A path object of the other kind."""

    def __fspath__(self) -> bytes:
        return b"x"


def test_a_path_of_bytes() -> None:
    """Is refused as bytes are."""
    with pytest.raises(TypeError, match="path: must be a path"):
        HstsSettings(path=BytesPath())  # type: ignore[arg-type]


# --- the file


def test_a_file_that_need_not_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left behind by the check, and the path holds when the program goes elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert HstsSettings(path="f").config().path == os.path.realpath(tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_a_file(tmp_path: Path) -> None:
    """Stays one: what is replaced is the file."""
    (tmp_path / "f").touch()
    (tmp_path / "link").symlink_to("f")
    assert HstsSettings(path=tmp_path / "link").config().path == os.path.realpath(tmp_path / "f")


def test_files_that_cannot_be_kept(tmp_path: Path) -> None:
    """A folder that is not there, one that is a file, and a file that is a folder."""
    (tmp_path / "f").touch()
    for path in (tmp_path / "no" / "f", tmp_path / "f" / "g", tmp_path):
        with pytest.raises(ValueError, match=r"hsts: cannot keep hosts in .*folder writable") as caught:
            HstsSettings(path=path).config()
        assert repr(os.path.realpath(path)) in str(caught.value)


def test_a_file_of_somebody_elses(tmp_path: Path) -> None:
    """It is not touched."""
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN CERTIFICATE-----")
    with pytest.raises(ValueError, match="is left alone: it is no list of HSTS hosts; name one that is new"):
        HstsSettings(path=file).config()
    assert file.read_text() == "-----BEGIN CERTIFICATE-----" and list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform != "linux", reason="has no folder in which even root cannot write")
def test_a_folder_that_cannot_be_written_to() -> None:
    """Whoever asks."""
    with pytest.raises(ValueError, match="hsts: cannot keep hosts in '/proc/hsts'"):
        HstsSettings(path="/proc/hsts").config()


# --- the preload list


def preloaded(tmp_path: Path, text: str) -> dict[bytes, bool]:
    file = tmp_path / "list"
    file.write_text(text, encoding="utf-8")
    return dict(HstsSettings(preload=file).config().preloaded)


def key(name: str) -> bytes:
    return host_keys(name)[0]


@pytest.mark.parametrize(
    "text",
    [
        "A.test.\n.b.test\n*.b\u00fccher.test\ndev",
        '\ufeff{"entries": [{"name": "a.test", "mode": "force-https"},\n'
        '{"name": "b.test", "mode": "force-https", "include_subdomains": true},\n// c\n'
        '{"name": "xn--bcher-kva.test", "mode": "force-https", "include_subdomains": true},\n'
        '{"name": "dev", "mode": "force-https"}]}',
    ],
)
def test_both_kinds_of_list(tmp_path: Path, text: str) -> None:
    """Rule R7: in any spelling of the names."""
    expected = {key("a.test"): False, key("b.test"): True, key("xn--bcher-kva.test"): True, key("dev"): False}
    assert preloaded(tmp_path, text) == expected


def test_a_host_that_is_there_twice(tmp_path: Path) -> None:
    """The wider entry counts, wherever it stands."""
    assert preloaded(tmp_path, ".a.test\na.test\nb.test\n.b.test") == {key("a.test"): True, key("b.test"): True}


@pytest.mark.parametrize(
    "text, said",
    [
        ("a.test\n\nb_c..test", "line 3, has a host"),
        ("a.test b.test", "line 1, has a host"),
        ("a.test:80", "line 1, has a host"),
        ("*.", "line 1, has an empty host"),
        ("192.0.2.1", "line 1, .*cannot be forced"),
        ("[::1]", "line 1, .*cannot be forced"),
        ("localhost", "line 1, .*cannot be forced"),
        ('{"entries": [{"name": "x y", "mode": "force-https"}]}', r"entry 1 \('x y'\), has a host"),
        ('{"entries": [7]}', "entry 1: "),
        ("{\n,", "line 2: "),
    ],
)
def test_a_bad_list(tmp_path: Path, text: str, said: str) -> None:
    """The message names the file and the place."""
    with pytest.raises(ValueError, match=said) as caught:
        preloaded(tmp_path, text)
    assert repr(str(tmp_path / "list")) in str(caught.value) and str(caught.value).startswith("hsts: ")


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, or no text."""
    with pytest.raises(ValueError, match=r"hsts: cannot read the preload list .*No such file"):
        HstsSettings(preload=tmp_path / "no").config()
    (tmp_path / "list").write_bytes(b"a.test\n\xff")
    with pytest.raises(ValueError, match=r"hsts: the preload list .* cannot be used"):
        HstsSettings(preload=tmp_path / "list").config()
