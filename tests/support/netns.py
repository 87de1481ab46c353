"""Network namespaces: a network of its own for sockets of the test's process and for programs it starts."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.support.requirements import need_root, program, unavailable

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
# os.unshare() and os.setns() are there from Python 3.12 on only.
_libc = ctypes.CDLL(None, use_errno=True)

_ENTER = """
set -e
PATH=$PATH:/usr/sbin:/sbin
mount --make-rprivate /
mount --bind {folder}/resolv.conf /etc/resolv.conf
mount --bind {folder}/nsswitch.conf /etc/nsswitch.conf
exec "$@"
"""


class NetworkNamespace:
    """Loopback and whatever is added. Any thread; it vanishes with the last descriptor and process that is in it.

    A thread is in a namespace of its own only while it runs a function here: a socket stays where it was opened.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._prefix = [program("nsenter", "util-linux"), f"--net=/proc/{os.getpid()}/fd/{descriptor}", "--"]

    def run(self, function: Callable[[], T]) -> T:
        """What `function` answers, called on a thread that is in the namespace."""

        def inside() -> T:
            _check(_libc.setns(self._descriptor, _CLONE_NEWNET), "setns")
            return function()

        return _on_a_thread_of_its_own(inside)

    def ip(self, command: str) -> None:
        """Runs `ip COMMAND` inside."""
        words = [*self._prefix, program("ip", "iproute2"), *command.split()]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, f"ip {command}: {done.stderr}"

    def wrapper(self, folder: Path) -> list[str]:
        """A command that runs what follows it inside, where the only name server is 127.0.0.1."""
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:15 attempts:2\n")
        # Other sources reach the machine's resolver through sockets in the file system.
        (folder / "nsswitch.conf").write_text("hosts: files dns\n")
        script = folder / "enter.sh"
        script.write_text(_ENTER.format(folder=folder))
        return [*self._prefix, program("unshare", "util-linux"), "--mount", "--", "sh", str(script)]


@contextmanager
def network_namespace() -> Iterator[NetworkNamespace]:
    """A new one with loopback up. Needs root: the test is unavailable without."""
    need_root("a network namespace of its own")
    try:
        descriptor = _on_a_thread_of_its_own(_new_namespace)
    except OSError as error:
        unavailable(f"this root may not make network namespaces: {error}")
    try:
        namespace = NetworkNamespace(descriptor)
        namespace.ip("link set lo up")
        yield namespace
    finally:
        os.close(descriptor)


def _new_namespace() -> int:
    _check(_libc.unshare(_CLONE_NEWNET), "unshare")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _on_a_thread_of_its_own(function: Callable[[], T]) -> T:
    with ThreadPoolExecutor(1, "netns") as threads:
        return threads.submit(function).result()


def _check(result: int, name: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
