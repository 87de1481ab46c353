"""Downloads that are interrupted by a signal, and what the next one makes of it."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path

import pytest

from netstack_sync import Session
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_in_body
from tests.support.download_site import BODY, SIZE, DownloadSite
from tests.support.subprocesses import running_python

CHECKSUM = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
CUT = 900_000


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGKILL"])
def test_what_is_on_the_disk_stays(signal_name: str, server: EmbeddedServer, tmp_path: Path) -> None:
    """Ctrl-C is raised to the caller, a killed process has no say; either way the next attempt goes on."""
    site, path = DownloadSite(server), tmp_path / "f"
    site.fault = stall_in_body(CUT)
    program = f"""
        import os, signal
        import netstack_sync

        def progress(done, total):
            while not os.path.exists({str(path)!r} + ".part") or not os.path.getsize({str(path)!r} + ".part"):
                pass
            os.kill(os.getpid(), signal.{signal_name})

        try:
            netstack_sync.download({site.url!r}, {str(path)!r}, progress=progress)
        except KeyboardInterrupt:
            print("interrupted")
        """
    with running_python(program) as process:
        printed, complained = process.communicate(timeout=30.0)
    expected = (0, "interrupted\n") if signal_name == "SIGINT" else (-signal.SIGKILL, "")
    assert ((process.returncode, printed), complained) == (expected, "")
    site.fault = None
    kept = Path(f"{path}.part").read_bytes()
    assert kept and BODY.startswith(kept)
    with Session(trust_env=False) as session:
        done = session.download(site.url, path, checksum=CHECKSUM)
    assert done.was_resumed and done.size == SIZE and site.ranges == [None, f"bytes={len(kept)}-"]
