"""The public face: its names, and their types as a user's type checker sees them."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import pickle
from pathlib import Path

import pytest

import netstack_sync
from tests.support.subprocesses import run_python


def test_all_is_complete_and_sorted() -> None:
    """What type checkers read, what is read late, and what `import *` gives are the same names."""
    tree = ast.parse(Path(inspect.getfile(netstack_sync)).read_text())
    typed = {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("netstack_sync.")
        for alias in node.names
    }
    assert sorted(typed) == sorted(netstack_sync.__all__)
    assert len(set(netstack_sync.__all__)) == len(netstack_sync.__all__)
    for name, module in typed.items():
        assert getattr(netstack_sync, name) is getattr(importlib.import_module(module), name)
    assert set(netstack_sync.__all__) <= set(dir(netstack_sync))


def test_names_come_late_and_once() -> None:
    """Importing reads no file of the rooms; a name is read when it is asked for, also by `import *`."""
    assert run_python(
        """
        import sys
        import netstack_sync
        print([name for name in sys.modules if name.startswith(("netstack_sync.", "urllib3"))])
        assert "Timeout" not in vars(netstack_sync)
        assert netstack_sync.Timeout is vars(netstack_sync)["Timeout"]
        from netstack_sync import *
        assert fetch is netstack_sync.fetch and isinstance(__version__, str)
        """
    ).startswith("['netstack_sync._version']")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """As with any module: hasattr(), and `from netstack_sync import` with a name mistyped, say so."""
    with pytest.raises(AttributeError, match="module 'netstack_sync' has no attribute 'fetsh'"):
        getattr(netstack_sync, "fetsh")  # noqa: B009  # the type checker would know
    assert not hasattr(netstack_sync, "__wrapped__")


def test_threads_may_ask_for_the_first_name_together() -> None:
    """The first use of many threads at once reads the same files; none waits for another one for ever."""
    assert run_python(
        """
        import concurrent.futures, threading
        import netstack_sync
        names = [name for name in netstack_sync.__all__ if name[0] != "_"]
        start = threading.Barrier(len(names))

        def ask(name):
            start.wait()
            return getattr(netstack_sync, name)

        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            print(len(list(pool.map(ask, names))) == len(names))
        """
    ).startswith("True")


def test_every_public_name_has_words() -> None:
    for name in netstack_sync.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(netstack_sync, name)), name


def test_importing_starts_nothing() -> None:
    """No thread, no socket, and none of the heavy libraries that a plain fetch does not need."""
    assert run_python(
        """
        import sys, threading
        import netstack_sync
        assert threading.active_count() == 1
        heavy = {"cryptography", "certifi", "asyncio", "concurrent.futures.process"} & set(sys.modules)
        print("ok", sorted(heavy))
        """
    ).startswith("ok")


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in netstack_sync.__all__
        if inspect.isclass(getattr(netstack_sync, name)) and issubclass(getattr(netstack_sync, name), OSError)
    ],
)
def test_net_errors_pickle_and_are_builtins(name: str) -> None:
    """Code can catch them without importing us, also from another process."""
    error_class = getattr(netstack_sync, name)
    error = pickle.loads(pickle.dumps(error_class(-101, "why", may_have_been_sent=True)))
    assert type(error) is error_class
    assert (error.net_error.name, error.detail, error.may_have_been_sent) == ("ERR_CONNECTION_RESET", "why", True)
    assert isinstance(error, builtins.OSError)


def test_a_real_failure_pickles() -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        netstack_sync.fetch("http://127.0.0.1:1/", headers={"Authorization": "secret"})
    data = pickle.dumps(caught.value)
    assert b"secret" not in data
    copy = pickle.loads(data)
    assert str(copy) == str(caught.value) and copy.timing is not None and copy.request is None
