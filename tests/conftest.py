"""What holds for every test: the same environment everywhere, and nothing of the package is left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import netstack_sync.fetcher.fetch as fetch_module
from netstack_sync.fetcher.network_stack import NetworkStack
from netstack_sync.fetcher.runtime import runtime

# Read by sessions as defaults; a developer's machine must not decide what is tested.
_VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSLKEYLOGFILE",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "NETSTACK_ENABLE_FEATURES",
    "NETSTACK_DISABLE_FEATURES",
)
# Idle workers stay for some seconds by design; a loop's thread that stays was not stopped.
_LOOP_THREADS = ("netstack-network", "netstack-embedded-server")
_GRACE_S = 10.0  # only a test that leaks waits so long
_CAN_LIST_DESCRIPTORS = sys.platform == "linux"


@pytest.fixture(scope="session", autouse=True)
def neutral_environment() -> Iterator[None]:
    """No setting of the user's reaches a session by default."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _VARIABLES:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def heard_interrupts() -> None:
    """A shell's job in the background ignores Ctrl-C, and so would every child that a test means to interrupt."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """A test ends with no more loop threads and sockets than it began with, and no request under way."""
    threads, sockets = _loop_threads(), _open_sockets()
    yield
    _close_default_session()
    left = _what_is_left(threads, sockets)
    if left:  # what is on its way out gets some time
        give_up_at = time.monotonic() + _GRACE_S
        while left and time.monotonic() < give_up_at:
            time.sleep(0.01)
            left = _what_is_left(threads, sockets)
    assert not left, left


def _close_default_session() -> None:
    """The next fetch() makes it anew."""
    session, fetch_module._default_session = fetch_module._default_session, None
    if session is not None:
        session.close()


def _what_is_left(threads: set[threading.Thread], sockets: set[str]) -> str:
    """In words; empty when nothing is."""
    more_threads = [thread.name for thread in _loop_threads() - threads]
    more_sockets = _open_sockets() - sockets
    if more_sockets:
        more_sockets -= _unix_sockets()
    stacks = [stack for stack in runtime._stacks if isinstance(stack, NetworkStack)]
    requests = sum(stack.context.request_count for stack in stacks)
    if not more_threads and not more_sockets and not requests:
        return ""
    return f"threads {more_threads}, sockets {sorted(more_sockets)}, requests under way {requests}"


def _loop_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith(_LOOP_THREADS)}


def _unix_sockets() -> set[str]:
    """Those of socketpair(): a loop's waker, which is closed when it is garbage, and no connection to anybody."""
    lines = Path("/proc/self/net/unix").read_text().splitlines()[1:]
    return {f"socket:[{line.split()[6]}]" for line in lines}


def _open_sockets() -> set[str]:
    """The kernel's names of this process's sockets; nothing where it does not tell."""
    if not _CAN_LIST_DESCRIPTORS:
        return set()
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue  # the listing's own, or closed meanwhile
        if target.startswith("socket:"):
            found.add(target)
    return found
