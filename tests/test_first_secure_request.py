"""What TLS needs is read when the first connection is to be secured, and never by the network thread."""

from __future__ import annotations

import pytest

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.certificates import process_authority
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.subprocesses import run_python

PROGRAM = """
    import os, sys, threading
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            del os.environ[name]

    class Watcher:
        "Sees every file that is looked for, and who looks for it."
        readers = set()
        def find_spec(self, name, path=None, target=None):
            self.readers.add((threading.current_thread().name, name))

    import netstack_sync
    sys.meta_path.insert(0, Watcher())
    session = netstack_sync.Session(extra_ca=sys.argv[2].encode())
    assert session.get(sys.argv[1]).text == "secure"
    assert "netstack-network" in [thread.name for thread in threading.enumerate()]
    print(*{name for thread, name in Watcher.readers if thread == "netstack-network"})
    print(*sys.modules)
"""


def outcome(url: str) -> tuple[list[str], set[str]]:
    """What the network thread has read, and what has been read."""
    by_network_thread, modules = run_python(PROGRAM, url, process_authority().pem.decode()).split("\n")[:2]
    return by_network_thread.split(), set(modules.split())


@pytest.mark.parametrize("is_redirected", [False, True])
def test_the_network_thread_finds_everything_there(is_redirected: bool) -> None:
    """Also where nobody knew before that there would be TLS: who is asked over http sends the user to https."""
    with EmbeddedServer(tls=True) as secure, EmbeddedServer() as plain:
        secure.route("/", Answer(body=b"secure"))
        plain.route("/", Answer(302, headers=[("Location", secure.url("/"))]))
        by_network_thread, modules = outcome((plain if is_redirected else secure).url("/"))
    assert "netstack_sync.sockets.tls_client" in modules
    assert by_network_thread == []
