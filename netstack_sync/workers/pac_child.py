"""PacChild: the asking side of a process that runs PAC scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any, Final

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers.evaluate_pac import PacMoment
from netstack_sync.workers.pac_frames import BrokenFrame, encode_frame, outcome_from, question_of, read_frame
from netstack_sync.workers.pac_values import PacError, PacLimits, PacOutcome, PacRequest

# Isolated and without site, so that nothing of the environment runs in it; the package's own __init__, which loads the
# whole stack, is left out. A package that was loaded from a zip is found there again.
_START: Final = """
import sys, types
package, *folders = sys.argv[1:]
sys.path += folders
for name, path in (("netstack_sync", package), ("netstack_sync.workers", package + "/workers")):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [path]
from netstack_sync.workers.pac_host import main
main()
"""
# What a Python needs to start and a script to know the time; no credentials, no proxies.
_ENVIRONMENT: Final = ("TZ", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class PacChild:
    """A child process, started for the first question and anew after its end. One thread, except where it says so."""

    __slots__ = ("_is_closed", "_limits", "_process", "_script", "starts")

    def __init__(self, limits: PacLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._script = ""
        self._is_closed = False
        self.starts = 0

    def evaluate(self, request: PacRequest, moment: PacMoment) -> PacOutcome:
        """Has the child run the script once; a child that ends over it is an outcome, too."""
        try:
            process = self._running()
        except (OSError, subprocess.SubprocessError) as error:
            return _failed(request, ERR_PAC_SCRIPT_FAILED, f"the process for untrusted scripts does not start: {error}")
        try:
            return self._ask(process, request, moment)
        except (OSError, BrokenFrame):
            self._drop(process)
            return _failed(request, ERR_PAC_SCRIPT_TERMINATED, "the script had to be ended with its process")

    def _ask(self, process: subprocess.Popen[bytes], request: PacRequest, moment: PacMoment) -> PacOutcome:
        assert process.stdin is not None and process.stdout is not None
        text = request.script.text
        question = question_of(request, moment, self._limits, with_script=text != self._script)
        unsent = memoryview(encode_frame(question))
        while unsent:
            unsent = unsent[process.stdin.write(unsent) :]
        self._script = text
        return outcome_from(read_frame(process.stdout.read))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            if self._process.poll() is None:
                return self._process
            self._drop(self._process)  # it ended while it had nothing to do, which is not the script's fault
        self._script = ""
        self._process = process = _start(_command())
        self.starts += 1
        if self._is_closed:  # asked after the process is known, while kill() does it the other way round
            process.kill()
        return process

    def kill(self) -> None:
        """Ends the child and what waits for its answer; for good. Any thread, never waits."""
        self._is_closed = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Ends the child, which is reaped."""
        if self._process is not None:
            self._drop(self._process)

    def _drop(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        process.kill()
        process.wait()
        _close_pipes(process)

    def abandon_after_fork(self) -> None:
        """In a forked child of this process: closes the pipes, or the other would not notice when this one ends."""
        process = self._process
        if process is not None:
            process.returncode = 0  # it is not our child
            _close_pipes(process)


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    process.stdout.close()


def _command() -> list[str]:
    if not sys.executable or getattr(sys, "frozen", False):
        raise OSError("this program has no Python interpreter of its own")
    engine = find_spec("_quickjs")
    if engine is None or engine.origin is None:
        raise OSError("it needs the extra pac: pip install 'netstack-sync[pac]'")
    return [sys.executable, "-I", "-S", "-c", _START, _PACKAGE, os.path.dirname(engine.origin)]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    separate: dict[str, Any] = {"start_new_session": True}  # so that Ctrl-C does not reach it
    if sys.platform == "win32":
        separate = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return subprocess.Popen(
        command,
        bufsize=0,  # no locks in the pipes, which a fork might leave locked
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        cwd=os.sep,
        **separate,
    )


def _failed(request: PacRequest, net_error: int, message: str) -> PacOutcome:
    return PacOutcome(error=PacError(net_error, message), spent_s=request.spent_s)
