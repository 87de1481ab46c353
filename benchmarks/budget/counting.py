"""Counter: what the threads of this process run, by function: bytecodes, Python calls, and calls into the kernel.

The interpreter itself tells of every instruction (sys.settrace) and of every call of a C function (sys.setprofile).
How long any of it takes makes no difference, so a busy machine counts what an idle one does.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter as Tally
from types import CodeType, FrameType
from typing import Any

import netstack_sync

from .comparing import Row

_HERE = os.path.dirname(os.path.abspath(__file__))
_PACKAGE = os.path.dirname(os.path.abspath(netstack_sync.__file__))
_LIBRARY = os.path.dirname(os.__file__)

# Those that a request may need and that always enter the kernel. A lock is not among them: whether it does depends on
# who comes first.
_SYSTEM_CALLS = frozenset(
    {
        *(f"posix.{name}" for name in ("read", "write", "eventfd_read", "eventfd_write", "eventfd", "pipe")),
        *(f"posix.{name}" for name in ("open", "close", "fstat", "lseek", "fsync")),
        *("poll.poll", "epoll.poll", "epoll.register", "epoll.modify", "epoll.unregister", "select.select"),
        *(f"socket.{name}" for name in ("recv", "recv_into", "recvmsg", "send", "sendall", "sendmsg", "connect")),
        *(f"socket.{name}" for name in ("connect_ex", "close", "shutdown", "setblocking", "setsockopt", "getsockopt")),
        *(f"socket.{name}" for name in ("getsockname", "getpeername", "bind", "ioctl")),
    }
)


class _ThreadCounts:
    """What one thread has run; of its own, since two threads that add to one number may lose one."""

    def __init__(self) -> None:
        self.bytecodes: Tally[CodeType] = Tally()
        self.calls: Tally[CodeType] = Tally()
        self.system_calls: Tally[CodeType] = Tally()

    def on_call(self, frame: FrameType, event: str, arg: object) -> Any:
        """For sys.settrace: a function begins, or goes on after a yield."""
        code = frame.f_code
        self.calls[code] += 1
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self.on_event

    def on_event(self, frame: FrameType, event: str, arg: object) -> Any:
        """For the trace of a frame."""
        if event == "opcode":
            self.bytecodes[frame.f_code] += 1
        return self.on_event

    def on_profile(self, frame: FrameType, event: str, arg: Any) -> None:
        """For sys.setprofile."""
        if event == "c_call" and _name_of(arg) in _SYSTEM_CALLS:
            self.system_calls[frame.f_code] += 1

    def clear(self) -> None:
        """Begins anew."""
        for tally in (self.bytecodes, self.calls, self.system_calls):
            tally.clear()


class Counter:
    """Counts on all threads that start after `install`; not on the one that calls it.

    `clear` and `take` are for moments when the others sleep.
    """

    def __init__(self) -> None:
        self._threads: list[_ThreadCounts] = []

    def install(self) -> None:
        """From here on, new threads are counted."""
        threading.settrace(self._begin_thread)

    def clear(self) -> None:
        """Nothing is counted yet."""
        for counts in self._threads:
            counts.clear()

    @property
    def progress(self) -> int:
        """A number that changes while anything is run."""
        return sum(counts.bytecodes.total() for counts in tuple(self._threads))

    def take(self) -> dict[str, Row]:
        """By function; without those of this folder."""
        sums: dict[str, list[int]] = {}
        for counts in self._threads:
            for index, tally in enumerate((counts.bytecodes, counts.calls, counts.system_calls)):
                for code, count in tally.items():
                    if not code.co_filename.startswith(_HERE):
                        sums.setdefault(_name_of_code(code), [0, 0, 0])[index] += count
        return {name: tuple(row) for name, row in sums.items()}

    def _begin_thread(self, frame: FrameType, event: str, arg: object) -> Any:
        """The first call of a thread."""
        counts = _ThreadCounts()
        self._threads.append(counts)
        sys.setprofile(counts.on_profile)
        sys.settrace(counts.on_call)
        return counts.on_call(frame, event, arg)


def _name_of(function: Any) -> str:
    """ "posix.write", "socket.send"."""
    owner = function.__self__
    qualified: str = function.__qualname__
    return f"{owner.__name__}.{qualified}" if isinstance(owner, type(os)) else qualified


def _name_of_code(code: CodeType) -> str:
    """ "room/file.py:Class.method"; libraries are rooms, too."""
    path = code.co_filename
    if path.startswith(_PACKAGE):
        place = path[len(_PACKAGE) + 1 :]
    elif "site-packages" in path:
        place = path.rpartition(f"site-packages{os.sep}")[2]
    elif path.startswith(_LIBRARY):
        place = f"stdlib/{path[len(_LIBRARY) + 1 :]}"
    else:
        place = f"generated/{os.path.basename(path)}"  # by dataclasses and the like
    qualified: str = getattr(code, "co_qualname", code.co_name)  # since 3.11, the only one that counts
    return f"{place.replace(os.sep, '/')}:{qualified}"
