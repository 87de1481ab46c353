"""download() against real Apache and nginx, over a network that cuts connections."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import netstack_sync
from netstack_sync import DigestAuth, RetryPolicy, Session
from tests.support.cutting_proxy import cutting_proxy
from tests.support.live_sites import LARGE_BYTES, PASSWORD, USER, LiveSites

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

_CUT_BYTES = 1_200_000


def test_whole(either: LiveSites, session: Session, tmp_path: Path) -> None:
    """In its place, with its checksum, and nothing beside it."""
    body = either.bodies["/large.bin"]
    checksum = f"sha256:{hashlib.sha256(body).hexdigest()}"
    done = session.download(either.url("plain", "/large.bin"), tmp_path / "f", checksum=checksum)
    assert (tmp_path / "f").read_bytes() == body
    assert (done.size, done.was_resumed, done.checksum) == (LARGE_BYTES, False, checksum)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
def test_cut_and_resumed(either: LiveSites, session: Session, tmp_path: Path, resets: bool) -> None:
    """Twice cut off: what has come is kept, and the server sends nothing twice but what was lost on the way."""
    with cutting_proxy(either.ports["plain"], [_CUT_BYTES, _CUT_BYTES, None], resets) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/large.bin"
        for _ in range(2):
            with pytest.raises(netstack_sync.NetError) as caught:
                session.download(url, tmp_path / "f")
            assert "are kept in" in str(caught.value)
        done = session.download(url, tmp_path / "f")
        session.close_idle_connections()
    assert done.was_resumed and (tmp_path / "f").read_bytes() == either.bodies["/large.bin"]
    assert proxy.brought[-1] < LARGE_BYTES
    assert resets or sum(proxy.brought) < LARGE_BYTES + 5_000, "heads and the file, once"


def test_cut_and_changed(either: LiveSites, session: Session, tmp_path: Path) -> None:
    """Another ETag: the download begins anew and brings the new file, whole."""
    either.write("changing.bin", b"%07d|", 1_600_000_000)
    with cutting_proxy(either.ports["plain"], [_CUT_BYTES, None]) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/changing.bin"
        with pytest.raises(netstack_sync.NetError):
            session.download(url, tmp_path / "f")
        body = either.write("changing.bin", b"%07d!", 1_600_001_000)
        done = session.download(url, tmp_path / "f")
        session.close_idle_connections()
    assert not done.was_resumed and (tmp_path / "f").read_bytes() == body


def test_cut_in_the_session_that_forgot(either: LiveSites, tmp_path: Path) -> None:
    """Another session goes on where the first one stopped: the part on the disk is enough."""
    with cutting_proxy(either.ports["plain"], [_CUT_BYTES, None]) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/large.bin"
        with Session() as session, pytest.raises(netstack_sync.NetError):
            session.download(url, tmp_path / "f")
        with Session() as session:
            assert session.download(url, tmp_path / "f").was_resumed
    assert (tmp_path / "f").read_bytes() == either.bodies["/large.bin"]


def test_slow_server_and_a_deadline(nginx_many: LiveSites, session: Session, tmp_path: Path) -> None:
    """What has come until the deadline is kept; the rest comes over a faster way."""
    with pytest.raises(netstack_sync.DeadlineExceeded):
        session.download(nginx_many.url("slow", "/large.bin"), tmp_path / "f", timeout=1.5)
    assert 0 < (tmp_path / "f.part").stat().st_size < LARGE_BYTES


@pytest.mark.parametrize("site", ["plain", "old"])
def test_behind_digest(apache: LiveSites, session: Session, tmp_path: Path, site: str) -> None:
    """Credentials go with every request of a download; over HTTP/1.0 as well."""
    options = {"auth": DigestAuth(USER, PASSWORD), "retries": RetryPolicy(2)}
    session.download(apache.url(site, "/secret/large.bin"), tmp_path / "f", **options)  # type: ignore[arg-type]
    assert (tmp_path / "f").read_bytes() == apache.bodies["/large.bin"]


def test_coded_by_the_server_all_the_same(apache: LiveSites, session: Session, tmp_path: Path) -> None:
    """Identity is asked for, and Apache keeps to it."""
    session.download(apache.url("plain", "/zipped/text.txt"), tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == apache.bodies["/text.txt"]
