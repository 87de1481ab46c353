"""Registrable domains."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.cookies.public_suffix import PublicSuffixes, PublicSuffixGate
from tests.support.scripted_stack import scripted_stack


@pytest.fixture(scope="module")
def suffixes() -> PublicSuffixes:
    suffixes = PublicSuffixes()
    suffixes.load()
    return suffixes


@pytest.mark.parametrize(
    "host, expected",
    [
        ("a.b.example.com", "example.com"),
        ("example.com", "example.com"),
        ("a.example.co.uk", "example.co.uk"),
        ("me.github.io", "me.github.io"),
        ("x.www.ck", "www.ck"),
        ("a.foo.bar.unknowntld", "bar.unknowntld"),
        ("a.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("com", ""),
        ("co.uk", ""),
        ("github.io", ""),
        ("foo.ck", ""),
        ("localhost", ""),
        ("127.0.0.1", ""),
        ("::1", ""),
    ],
)
def test_registrable_domains(suffixes: PublicSuffixes, host: str, expected: str) -> None:
    """With the suffixes of private owners, wildcards, exceptions and names that nobody knows."""
    assert suffixes.registrable_domain(host) == expected


def test_a_name_longer_than_any_of_dns(suffixes: PublicSuffixes) -> None:
    """Has one too, but is not kept: some thousands of any length would fill the memory."""
    long = ".".join(["a" * 60] * 10) + ".example.com"
    assert suffixes.registrable_domain(long) == "example.com" == suffixes.registrable_domain(long)


def test_reading_it_again_is_nothing(suffixes: PublicSuffixes) -> None:
    """It stays what it was."""
    find = suffixes._find
    suffixes.load()
    assert suffixes._find is find is not None


def test_without_the_list_nothing_is_shared() -> None:
    """Rather no domain cookies than some for strangers."""
    assert PublicSuffixes().registrable_domain("a.example.com") == ""


def test_the_list_is_read_once_and_by_a_worker() -> None:
    """Who asks meanwhile waits for the same; who gave up is not called."""
    with scripted_stack(is_async=False) as stack:
        gate = PublicSuffixGate(PublicSuffixes(), stack.workers)
        called: list[str] = []

        def give_up() -> None:
            called.append("gave up")

        assert not stack.workers.jobs
        assert gate.wait(lambda: called.append("first")) == ERR_IO_PENDING
        assert gate.wait(lambda: called.append("second")) == ERR_IO_PENDING and gate.wait(give_up) == ERR_IO_PENDING
        gate.stop_waiting(give_up)
        assert len(stack.workers.jobs) == 1 and not gate.suffixes.is_loaded
        stack.run_workers()
        assert called == ["first", "second"] and gate.suffixes.is_loaded
        assert gate.wait(lambda: called.append("never")) == OK
        assert PublicSuffixGate(gate.suffixes, stack.workers).wait(lambda: called.append("never")) == OK
        assert len(called) == 2 and not stack.workers.jobs


def test_a_list_that_cannot_be_read_holds_nobody_up() -> None:
    """Cookies are then for their own host."""
    with scripted_stack(is_async=False) as stack:

        class Unreadable(PublicSuffixes):
            __slots__ = ()

            def load(self) -> None:
                raise MemoryError

        gate = PublicSuffixGate(Unreadable(), stack.workers)
        called: list[int] = []
        assert gate.wait(lambda: called.append(1)) == ERR_IO_PENDING
        stack.run_workers()
        assert called == [1] and gate.wait(lambda: called.append(2)) == OK
        assert gate.suffixes.registrable_domain("a.example.com") == ""
