"""Who is about to fork waits for the modules that other threads are reading."""

from __future__ import annotations

import sys
import threading
import time
from importlib import import_module
from pathlib import Path

import pytest

from netstack_sync.workers.running_imports import finish_running_imports

PACKAGE = "package_of_running_imports"


@pytest.fixture
def part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package's only module is to be written."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / PACKAGE).mkdir()
    (tmp_path / PACKAGE / "__init__.py").touch()
    for name in (PACKAGE, f"{PACKAGE}.part"):
        monkeypatch.setitem(sys.modules, name, sys)  # to be forgotten at the end
        monkeypatch.delitem(sys.modules, name)
    return tmp_path / PACKAGE / "part.py"


def test_a_module_that_is_being_read_is_waited_for(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is there."""
    part.write_text("import sys; sys.reading_begun.set(); sys.reading_may_end.wait(); is_whole = True")
    begun, may_end, looked = threading.Event(), threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "reading_begun", begun, raising=False)
    monkeypatch.setattr(sys, "reading_may_end", may_end, raising=False)

    def pause(_: float) -> None:
        looked.set()
        may_end.wait(0.01)

    monkeypatch.setattr(time, "sleep", pause)
    reader = threading.Thread(target=import_module, args=(f"{PACKAGE}.part",))
    waiter = threading.Thread(target=finish_running_imports, args=((PACKAGE,),))
    reader.start()
    assert begun.wait(30)
    waiter.start()
    assert looked.wait(30) and waiter.is_alive()
    may_end.set()
    waiter.join(30)
    assert sys.modules[f"{PACKAGE}.part"].is_whole
    reader.join(30)
    finish_running_imports((PACKAGE,))


def test_nobody_waits_for_ever(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even who forks while it reads, and would wait for itself."""
    part.write_text(f"from {finish_running_imports.__module__} import *; finish_running_imports(({PACKAGE!r},)); x = 1")
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    assert import_module(f"{PACKAGE}.part").x == 1
    assert sum(pauses) == pytest.approx(5.0)
