"""A StreamSocket that plays a script: reads and writes in one fixed order (Chromium's SequencedSocketData)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_SOCKET_NOT_CONNECTED,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.task_runner import TaskRunner

PEER = IPEndPoint("192.0.2.1", 80, 2)


@dataclass(frozen=True)
class Read:
    """The peer sends bytes, closes (b""), or the socket fails (an error)."""

    outcome: bytes | int


@dataclass(frozen=True)
class Write:
    """These bytes are expected and taken, or writing fails (an error)."""

    outcome: bytes | int


@dataclass(frozen=True)
class Pause:
    """Nothing moves before the test calls resume()."""


Step = Read | Write | Pause
EOF = Read(b"")


class ScriptedSocket:
    """One step after the other. A step is there at once, or, played asynchronously, only after two wake-ups, of
    which the first is for nothing.

    When the script is through, the socket stays silent, or repeats the error or the end it came to.
    What a socket's owner must not do is noted in `problems`, since an exception would be lost in the loop.
    """

    def __init__(self, task_runner: TaskRunner, net_log: NetLog, steps: Iterable[Step], is_async: bool) -> None:
        self._task_runner = task_runner
        self._steps = list(steps)
        self._is_async = is_async
        self._wakes_needed = 2 if is_async else 0
        self._end: bytes | int | None = None
        self._is_pump_posted = False
        self._on_readable: Task | None = None
        self._on_writable: Task | None = None
        self.net_log = NetLogWithSource.make(net_log, NetLogSourceType.SOCKET)
        self.ssl_info: SSLInfo | None = None
        self.is_open = True
        self.was_ever_used = False
        self.written = b""
        self.read_sizes: list[int] = []
        self.problems: list[str] = []
        self.local_ip: str | None = None
        """Our address, if the test gives one."""
        self.rtt_s: float | None = None
        """What the system would say of the connection."""

    # --- the script

    @property
    def is_done(self) -> bool:
        """True when every step was played."""
        return not self._steps

    @property
    def is_watched(self) -> bool:
        """True while somebody waits for the socket."""
        return self._on_readable is not None or self._on_writable is not None

    def resume(self) -> None:
        """Goes on after a Pause, which must be the present step."""
        assert isinstance(self._steps[0], Pause), self._steps
        self._advance()

    def extend(self, *steps: Step) -> None:
        """Appends to the script."""
        self._steps += steps
        self._wake()

    # --- StreamSocket

    def connect(self, on_done: Completion) -> int:
        """See StreamSocket."""
        return OK

    def disconnect(self) -> None:
        """See StreamSocket."""
        self.is_open = False
        self.cancel_notify()

    def read(self, max_bytes: int) -> bytes | int:
        """See StreamSocket."""
        if not self.is_open:
            return self._blame("read after disconnect()", ERR_SOCKET_NOT_CONNECTED)
        self.read_sizes.append(max_bytes)
        if not self._steps and self._end is not None:
            return self._end
        step = self._ready_step()
        if not isinstance(step, Read):
            return ERR_IO_PENDING
        outcome = step.outcome
        if isinstance(outcome, int) or not outcome:
            self._end = outcome
            self._advance()
            return outcome
        self.was_ever_used = True
        if len(outcome) > max_bytes:
            self._steps[0] = Read(outcome[max_bytes:])
            return outcome[:max_bytes]
        self._advance()
        return outcome

    def write(self, data: bytes | memoryview) -> int:
        """See StreamSocket."""
        if not self.is_open:
            return self._blame("write after disconnect()", ERR_SOCKET_NOT_CONNECTED)
        if not self._steps:
            if self._end is None:
                return self._blame(f"unexpected write of {bytes(data)!r}", ERR_UNEXPECTED)
            return self._end if isinstance(self._end, int) else ERR_CONNECTION_RESET
        step = self._ready_step()
        if not isinstance(step, Write):
            return ERR_IO_PENDING
        outcome = step.outcome
        if isinstance(outcome, int):
            self._end = outcome
            self._advance()
            return outcome
        return self._take(bytes(data), outcome)

    def notify_readable(self, task: Task) -> None:
        """See StreamSocket."""
        self._on_readable = task
        self._wake()

    def notify_writable(self, task: Task) -> None:
        """See StreamSocket."""
        self._on_writable = task
        self._wake()

    def cancel_notify(self) -> None:
        """See StreamSocket."""
        self._on_readable = self._on_writable = None

    def is_connected(self) -> bool:
        """See StreamSocket."""
        step = self._ready_step()
        has_ended = isinstance(step, Read) and (isinstance(step.outcome, int) or not step.outcome)
        return self.is_open and not has_ended and not (self._end is not None and not self._steps)

    def is_connected_and_idle(self) -> bool:
        """See StreamSocket."""
        return self.is_connected() and not isinstance(self._ready_step(), Read)

    @property
    def remote_address(self) -> IPEndPoint | None:
        """See StreamSocket."""
        return PEER

    @property
    def local_address(self) -> IPEndPoint | None:
        """See StreamSocket."""
        return IPEndPoint(self.local_ip, 40000, 2) if self.local_ip is not None else None

    def transport_rtt_s(self) -> float | None:
        """See StreamSocket."""
        return self.rtt_s

    def abort(self, error: int) -> None:
        """See StreamSocket: whoever waits is woken, and nothing of the script comes any more."""
        self._steps.clear()
        self._end = error
        self._wake()

    # --- inside

    def _ready_step(self) -> Step | None:
        return self._steps[0] if self._steps and not self._wakes_needed else None

    def _take(self, data: bytes, expected: bytes) -> int:
        self.was_ever_used = True
        count = min(len(data), len(expected))
        if data[:count] != expected[:count]:
            self._blame(f"wrote {data[:count]!r}, expected {expected[:count]!r}", 0)
        self.written += data[:count]
        if count < len(expected):
            self._steps[0] = Write(expected[count:])
        else:
            self._advance()
        return count

    def _advance(self) -> None:
        self._steps.pop(0)
        self._wakes_needed = 2 if self._is_async else 0
        self._wake()

    def _wake(self) -> None:
        if not self._is_pump_posted and self.is_watched:
            self._is_pump_posted = self._task_runner.post_task(self._pump)

    def _pump(self) -> None:
        self._is_pump_posted = False
        step = self._steps[0] if self._steps else None
        has_ended = step is None and self._end is not None
        task: Task | None = None
        if (isinstance(step, Read) or has_ended) and self._on_readable is not None:
            task, self._on_readable = self._on_readable, None
        elif (isinstance(step, Write) or has_ended) and self._on_writable is not None:
            task, self._on_writable = self._on_writable, None
        if task is not None:
            self._wakes_needed = max(0, self._wakes_needed - 1)
            task()
            if has_ended:
                self._wake()  # who waits for the other direction is told as well

    def _blame(self, problem: str, error: int) -> int:
        self.problems.append(problem)
        return error


def one_byte_at_a_time(steps: Iterable[Step]) -> list[Step]:
    """The same script with every read and write cut into single bytes."""
    cut: list[Step] = []
    for step in steps:
        if isinstance(step, Pause) or isinstance(step.outcome, int) or not step.outcome:
            cut.append(step)
        else:
            kind = type(step)
            cut += [kind(bytes([byte])) for byte in step.outcome]
    return cut


def each_step_failing(steps: list[Step], error: int = ERR_CONNECTION_RESET) -> list[list[Step]]:
    """One script for every step, in which this step fails and nothing follows."""
    scripts: list[list[Step]] = []
    for index, step in enumerate(steps):
        if not isinstance(step, Pause):
            scripts.append([*steps[:index], type(step)(error)])
    return scripts
