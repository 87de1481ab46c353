"""Name servers that never answer: a resolver function that blocks, and a real one in a namespace of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.requirements import need_root, program


class BlockedResolver:
    """Takes the place of socket.getaddrinfo(): names under .test wait until `release()`, others are looked up."""

    def __init__(self) -> None:
        self._real = socket.getaddrinfo
        self._is_released = threading.Event()
        self.asked: list[str] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Until the patch is undone."""
        patch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def release(self) -> None:
        """Lets every lookup fail."""
        self._is_released.set()

    def _getaddrinfo(self, host: str, *arguments: int) -> object:
        if not host.endswith(".test"):
            return self._real(host, *arguments)
        self.asked.append(host)
        self._is_released.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "released")


@contextmanager
def blocked_resolver() -> Iterator[BlockedResolver]:
    """Installed inside the with-block; its threads go on at the end."""
    resolver = BlockedResolver()
    with pytest.MonkeyPatch.context() as patch:
        resolver.install(patch)
        try:
            yield resolver
        finally:
            resolver.release()


def silent_dns_namespace(folder: Path) -> list[str]:
    """A command that runs what follows it where the only name server is 127.0.0.1, on which nobody answers.

    The program inside must open the UDP port 53 itself. Network and mounts are its own, the machine's stay as they
    are. Needs root: the test is unavailable without.
    """
    need_root("a network and mount namespace with a name server of its own")
    program("ip", "iproute2")
    resolv_conf = folder / "resolv.conf"
    resolv_conf.write_text("nameserver 127.0.0.1\noptions timeout:15 attempts:2\n")
    script = folder / "enter.sh"
    # An address beside loopback: getaddrinfo asks for no family that the machine seems to lack.
    script.write_text(
        "set -e\n"
        "PATH=$PATH:/usr/sbin:/sbin\n"
        "mount --make-rprivate /\n"
        f"mount --bind {resolv_conf} /etc/resolv.conf\n"
        "ip link set lo up\n"
        "ip addr add 192.0.2.2/32 dev lo\n"
        'exec "$@"\n'
    )
    return [program("unshare", "util-linux"), "--net", "--mount", "--", "sh", str(script)]
