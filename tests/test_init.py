"""The public face: its names, and their types as a user's type checker sees them."""

from __future__ import annotations

import ast
import builtins
import inspect
import pickle
from pathlib import Path

import pytest

import netstack_sync
from tests.support.subprocesses import run_python


def test_all_is_complete_and_sorted() -> None:
    source = Path(inspect.getfile(netstack_sync)).read_text()
    imported = [
        alias.asname or alias.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(imported) == sorted(netstack_sync.__all__)
    assert all(hasattr(netstack_sync, name) for name in netstack_sync.__all__)
    assert len(set(netstack_sync.__all__)) == len(netstack_sync.__all__)


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
