"""Child processes: started late, used again, ended for good."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import util

import pytest

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers import pac_child
from netstack_sync.workers.pac_child import PacChild
from netstack_sync.workers.pac_values import PacLimits, PacOutcome
from tests.support.pac_runs import error_text, moment, request_of
from tests.support.subprocesses import run_python

NATIVE_LOOP = "var a = []; a.length = 4294967295; return a.join(',')"


@pytest.fixture
def child() -> Iterator[PacChild]:
    child = PacChild(PacLimits(run_s=0.5))
    yield child
    child.close()
    assert child._process is None


def run(child: PacChild, text: str, known: dict[str, tuple[str, ...] | None] | None = None) -> PacOutcome:
    return child.evaluate(request_of(text, known, is_trusted=False), moment())


def test_one_process_answers_one_question_after_the_other(child: PacChild) -> None:
    """The script is compiled once, and keeps its variables."""
    text = "var n = 0; function FindProxyForURL(url, host) { return 'PROXY p' + n++ + dnsResolve('a') }"
    assert run(child, text).needs == "a"
    assert [run(child, text, {"a": ("1.2.3.4",)}).result for _ in range(2)] == ["PROXY p11.2.3.4", "PROXY p21.2.3.4"]
    assert run(child, "return 'PROXY other'").result == "PROXY other"
    assert child.starts == 1


def test_the_machines_own_addresses_come_from_outside(child: PacChild) -> None:
    """The process has no sockets."""
    request = request_of("return myIpAddress()")
    assert child.evaluate(request, moment(own=None)).needs == ""
    assert child.evaluate(request, moment(own=("10.0.0.1",))).result == "10.0.0.1"


def test_a_large_script_comes_over_whole(child: PacChild) -> None:
    """It is more than a pipe holds."""
    text = "// " + "\u00fc" * 400_000 + "\nfunction FindProxyForURL() { return 'DIRECT' }"
    assert run(child, text).result == "DIRECT"


def test_a_script_that_cannot_be_interrupted_ends_with_its_process(child: PacChild) -> None:
    """The next one has another, in which nothing of it is left."""
    outcome = run(child, NATIVE_LOOP)
    assert error_text(outcome) == "the script had to be ended with its process"
    assert outcome.error is not None and outcome.error.net_error == ERR_PAC_SCRIPT_TERMINATED
    assert run(child, "return 'DIRECT'").result == "DIRECT" and child.starts == 2


def test_a_process_that_was_ended_while_it_had_nothing_to_do_is_replaced(child: PacChild) -> None:
    """By a machine that is short of memory, for one: no script and no request is to blame."""
    assert run(child, "return 'DIRECT'").result == "DIRECT"
    process = child._process
    assert process is not None
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert run(child, "return 'DIRECT'").result == "DIRECT" and child.starts == 2
    assert process.returncode is not None and process.stdin is not None and process.stdin.closed


def test_an_endless_script_is_interrupted(child: PacChild) -> None:
    """Its process goes on."""
    assert error_text(run(child, "while (true) {}")) == "the script did not end within 0.5 s"
    assert run(child, "return 'DIRECT'").result == "DIRECT" and child.starts == 1


def test_kill_ends_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """From any thread, and for good."""
    child = PacChild(PacLimits(run_s=60.0))
    started = threading.Event()
    start = pac_child._start

    def starting(command: list[str]) -> subprocess.Popen[bytes]:
        process = start(command)
        started.set()
        return process

    monkeypatch.setattr(pac_child, "_start", starting)
    outcomes: list[PacOutcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(run(child, NATIVE_LOOP)))
    thread.start()
    assert started.wait(20)
    child.kill()
    thread.join(20)
    assert "ended with its process" in error_text(outcomes[0])
    assert "ended with its process" in error_text(run(child, "return 'DIRECT'"))  # it is killed as soon as it is there
    child.close()
    child.kill()


def test_nothing_of_the_environment_reaches_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """But what a Python needs and the time zone."""
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@proxy/")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    seen: dict[str, object] = {}

    def popen(command: list[str], **options: object) -> None:
        seen.update(options, command=command)
        raise OSError("enough")

    monkeypatch.setattr(subprocess, "Popen", popen)
    outcome = run(PacChild(PacLimits()), "return 'DIRECT'")
    assert "does not start: enough" in error_text(outcome)
    assert outcome.error is not None and outcome.error.net_error == ERR_PAC_SCRIPT_FAILED
    environment, command = seen["env"], seen["command"]
    assert isinstance(environment, dict) and environment["TZ"] == "Asia/Tokyo"
    assert not {"HTTP_PROXY", "PYTHONPATH", "HOME"} & environment.keys()
    assert isinstance(command, list) and command[1:4] == ["-I", "-S", "-c"]
    assert seen["start_new_session"] is True and "pass_fds" not in seen


def test_on_windows_it_has_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no window."""
    seen: dict[str, object] = {}

    def popen(command: list[str], **options: object) -> None:
        seen.update(options)
        raise OSError("enough")

    command = pac_child._command()
    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x8000000, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(OSError, match="enough"):
        pac_child._start(command)
    assert seen["creationflags"] == 0x8000200 and "start_new_session" not in seen


@pytest.mark.parametrize("fault", ["frozen", "none"])
def test_a_program_without_an_interpreter_says_so(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """It would start itself."""
    if fault == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    else:
        monkeypatch.setattr(sys, "executable", "")
    assert "no Python interpreter of its own" in error_text(run(PacChild(PacLimits()), "return 'DIRECT'"))


def test_without_the_engine_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a process is started."""
    monkeypatch.setattr(pac_child, "find_spec", lambda name: None)
    assert "pip install 'netstack-sync[pac]'" in error_text(run(PacChild(PacLimits()), "return 'DIRECT'"))
    monkeypatch.setattr(pac_child, "find_spec", lambda name: util.spec_from_loader(name, None))
    assert "pip install 'netstack-sync[pac]'" in error_text(run(PacChild(PacLimits()), "return 'DIRECT'"))


def test_close_before_the_first_question_does_nothing() -> None:
    """There is no process."""
    child = PacChild(PacLimits())
    child.close()
    child.abandon_after_fork()
    assert child.starts == 0


def test_a_closed_child_is_reaped() -> None:
    """And its pipes are closed."""
    child = PacChild(PacLimits())
    assert run(child, "return 'DIRECT'").result == "DIRECT"
    process = child._process
    assert process is not None and process.stdin is not None and process.stdout is not None
    child.close()
    assert process.returncode is not None and process.stdin.closed and process.stdout.closed
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_a_fork_gives_the_pipes_back() -> None:
    """And has no process of its own to wait for; here the process notices, which it would not in a fork."""
    child = PacChild(PacLimits())
    assert run(child, "return 'DIRECT'").result == "DIRECT"
    process = child._process
    assert process is not None and process.stdin is not None and process.stdout is not None
    child.abandon_after_fork()
    assert process.stdin.closed and process.stdout.closed and process.returncode == 0
    os.waitpid(process.pid, 0)


def test_the_process_ends_with_the_one_that_asks_even_if_that_has_forked() -> None:
    """The forked child gives back the pipes of the other."""
    program = """
        import os, pathlib, time
        from netstack_sync.workers.pac_child import PacChild
        from netstack_sync.workers.pac_values import PacLimits
        from tests.support.pac_runs import moment, request_of

        child = PacChild(PacLimits())
        assert child.evaluate(request_of("return 'DIRECT'"), moment()).result == "DIRECT"
        host = child._process.pid
        read, write = os.pipe()
        parent = os.fork()
        if parent:                          # asks; ends at once and leaves host and fork behind
            os.close(read)
            os._exit(0)
        child.abandon_after_fork()
        os.close(write)
        assert os.read(read, 1) == b""      # the one that asked has ended
        for _ in range(2000):
            try:
                state = pathlib.Path(f"/proc/{host}/stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                break
            if state == "Z":                # nobody reaps orphans in this container
                break
            time.sleep(0.01)
        else:
            raise SystemExit("it still lives")
        print("ended", flush=True)
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("looks into /proc")
    assert run_python(program).endswith("ended\n")
