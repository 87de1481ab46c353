"""`netstack resolve`: what is shown of answers and failures, and with which exit status it ends."""

from __future__ import annotations

import argparse
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED, ERR_TIMED_OUT
from netstack_sync.cli import resolve_command
from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.resolve_command import add_resolve_parser
from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveSource
from netstack_sync.fetcher.resolution import Resolution
from tests.support.command_line import Done, Netstack
from tests.support.dns import BlockedResolver, blocked_resolver

V4 = socket.AF_INET


@pytest.fixture
def resolve(capfdbinary: pytest.CaptureFixture[bytes]) -> Netstack:
    """`resolve(*arguments)` as `netstack resolve` does it."""

    def run(*arguments: str) -> Done:
        parser = argparse.ArgumentParser()
        add_resolve_parser(parser.add_subparsers()).set_defaults(run=resolve_command.run)
        said = ""
        try:
            options = parser.parse_args(["resolve", *arguments])
            status = options.run(options)
        except CommandError as error:
            status, said = error.status, f"netstack: {error}\n"
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capfdbinary.readouterr()
        return Done(status, out, err.decode() + said)

    return run


class System:
    """Stands in for getaddrinfo: knows two names and counts the questions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def _getaddrinfo(self, host: str, *_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        self.asked.append(host)
        if host == "nowhere.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(V4, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("192.0.2.9", "192.0.2.1")]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    return System(monkeypatch)


@pytest.fixture
def silence() -> Iterator[BlockedResolver]:
    """Names under .test are not answered."""
    with blocked_resolver() as resolver:
        yield resolver


def without_times(out: bytes) -> list[str]:
    """The lines, each time as "N ms"."""
    return re.sub(r"\d+\.\d ms", "N ms", out.decode()).splitlines()


def test_addresses_are_shown_in_order(resolve: Netstack, system: System) -> None:
    """With who answered, how long it took and how long it counts; a second question is answered from the cache."""
    done = resolve("localhost", "host.test", "127.1", "HOST.test")
    assert (done.status, done.err) == (0, "")
    lines = without_times(done.out)
    assert lines[:7] == [
        "localhost (localhost, N ms)",
        "  ::1",
        "  127.0.0.1",
        "host.test (system, N ms, to be kept for 60 s)",
        "  192.0.2.9",
        "  192.0.2.1",
        "127.0.0.1 (literal, N ms)",
    ]
    assert re.fullmatch(r"host\.test \(cache, N ms, to be kept for \d+ s\)", lines[8])
    assert system.asked == ["host.test"]


def test_the_family_may_be_chosen(resolve: Netstack) -> None:
    """Only its addresses are shown."""
    assert without_times(resolve("--family", "4", "localhost").out)[1:] == ["  127.0.0.1"]
    assert without_times(resolve("localhost", "--family", "6").out)[1:] == ["  ::1"]


def test_no_cache_asks_anew(resolve: Netstack, system: System) -> None:
    """For each."""
    assert resolve("--no-cache", "host.test", "host.test").status == 0
    assert system.asked == ["host.test", "host.test"]


def test_a_failure_does_not_stop_the_others(resolve: Netstack, system: System) -> None:
    """It is told on stderr, and its status is the command's."""
    done = resolve("nowhere.example", "127.0.0.1")
    assert done.status == 6 and without_times(done.out) == ["127.0.0.1 (literal, N ms)", "  127.0.0.1"]
    assert done.err.startswith("netstack: ERR_NAME_NOT_RESOLVED (-105): ") and "nowhere.example" in done.err


def test_the_first_failure_decides(resolve: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are told."""
    errors = [exception_for(ERR_NAME_NOT_RESOLVED), exception_for(ERR_TIMED_OUT)]

    def fail(*_: object) -> Resolution:
        raise errors.pop()

    monkeypatch.setattr(resolve_command, "resolve_on_network_thread", fail)
    done = resolve("a.test", "b.test")
    assert done.status == 28 and re.findall(r"ERR_\w+", done.err) == ["ERR_TIMED_OUT", "ERR_NAME_NOT_RESOLVED"]


def test_the_deadline_holds(resolve: Netstack, silence: BlockedResolver) -> None:
    """For each name."""
    done = resolve("-m", "0.05", "silent.test", "other.test")
    assert done.status == 28 and done.err.count("ERR_TIMED_OUT (-7)") == 2


def test_json_is_a_line_for_each(resolve: Netstack, system: System) -> None:
    """Failures, too, so that a script needs nothing else."""
    done = resolve("--json", "Host.test", "nowhere.example", "::1")
    values: list[dict[str, Any]] = [json.loads(line) for line in done.out.splitlines()]
    assert done.status == 6 and done.err == ""
    assert [value.pop("elapsed", None) is not None for value in values] == [True, False, True]
    assert "nowhere.example" in values[1].pop("detail")
    assert values == [
        {
            "host": "host.test",
            "addresses": ["192.0.2.9", "192.0.2.1"],
            "source": "system",
            "ttl": 60.0,
            "is_stale": False,
        },
        {"host": "nowhere.example", "error": "ERR_NAME_NOT_RESOLVED", "net_error": -105},
        {"host": "::1", "addresses": ["::1"], "source": "literal", "ttl": None, "is_stale": False},
    ]


def test_a_stale_answer_is_called_so(resolve: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that gives them out while it asks anew."""
    stale = Resolution("host.test", ("192.0.2.1",), "cache", -3.4, 0.0012, True)
    monkeypatch.setattr(resolve_command, "resolve_on_network_thread", lambda *_: stale)
    assert resolve("host.test").out == b"host.test (cache, 1.2 ms, stale)\n  192.0.2.1\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("a..b",), "netstack: host: a URL of 'a..b' has a host with an empty label"),
        (("-m", "-1", "localhost"), "'-1' is not a number of seconds"),
        (("-m", "x", "localhost"), "'x' is not a number of seconds"),
        (("--family", "5", "localhost"), "--family: invalid choice: 5"),
        ((), "the following arguments are required: HOST"),
    ],
)
def test_wrong_arguments(resolve: Netstack, arguments: tuple[str, ...], message: str) -> None:
    """Status 2, with what is wrong."""
    done = resolve(*arguments)
    assert done.status == 2 and message in done.err


@pytest.mark.parametrize(
    "arguments, parameters",
    [
        ((), ResolveParameters()),
        (("--no-cache",), ResolveParameters(cache_usage=CacheUsage.DISALLOWED)),
        (
            ("--doh-url", "https://dns.test/dns-query", "--family", "6"),
            ResolveParameters(family=socket.AF_INET6, source=ResolveSource.SECURE_DNS),
        ),
    ],
)
def test_what_is_asked(
    resolve: Netstack, arguments: tuple[str, ...], parameters: ResolveParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a DNS over HTTPS server nobody else may answer."""
    asked: list[tuple[str, ResolveParameters]] = []

    def note(_: object, host: str, port: int, parameters: ResolveParameters, timeout_s: float) -> Resolution:
        asked.append((host, parameters))
        return Resolution(host, ("192.0.2.1",), "system", None, 0.0, False)

    monkeypatch.setattr(resolve_command, "resolve_on_network_thread", note)
    assert resolve("host.test", *arguments).status == 0 and asked == [("host.test", parameters)]


def test_a_deadline_of_zero_is_none(resolve: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of `netstack fetch`."""
    limits: list[float | None] = []

    def note(_: object, host: str, port: int, parameters: ResolveParameters, timeout_s: float | None) -> Resolution:
        limits.append(timeout_s)
        return Resolution(host, ("192.0.2.1",), "system", None, 0.0, False)

    monkeypatch.setattr(resolve_command, "resolve_on_network_thread", note)
    for arguments in ((), ("-m", "0"), ("--max-time", "1.5")):
        assert resolve("host.test", *arguments).status == 0
    assert limits == [30.0, None, 1.5]


def test_the_rules_of_the_arguments_hold(resolve: Netstack) -> None:
    """As in every session."""
    done = resolve("host.test", "gone.test", "--host-resolver-rules", "MAP gone.test ~NOTFOUND, MAP *.test 192.0.2.5")
    assert without_times(done.out) == ["host.test (literal, N ms)", "  192.0.2.5"]
    assert done.status == 6 and "gone.test" in done.err


def test_bad_rules_are_wrong_arguments(resolve: Netstack) -> None:
    """With the session's own words."""
    done = resolve("--host-resolver-rules", "bad", "localhost")
    assert done.status == 2 and done.err.startswith("netstack: host_resolver_rules: the rule 'bad' is none; ")


def test_help_says_the_statuses(resolve: Netstack) -> None:
    """As the other commands do."""
    done = resolve("--help")
    assert done.status == 0 and b"the host name could not be resolved" in done.out and b", 30 unless given" in done.out
