"""The arguments about names and features: what they make of a session, and what is refused."""

from __future__ import annotations

import argparse
import sys

import pytest

from netstack_sync import Session
from netstack_sync.base.features import TIMEOUT_TCP_CONNECT_ATTEMPT
from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.cli.network_arguments import add_network_arguments, open_session
from netstack_sync.dns.mapped_resolver import HostResolverRules
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.url_request.context_builder import ContextBuilder
from tests.support.command_line import Netstack

NAME = TIMEOUT_TCP_CONNECT_ATTEMPT.name
RULES = "MAP *.test 127.0.0.1, EXCLUDE www.test"


def opened(*arguments: str) -> Session:
    """The session that a command with these arguments would have."""
    parser = argparse.ArgumentParser()
    add_network_arguments(parser)
    return open_session(parser.parse_args(arguments))


def builder(*arguments: str) -> ContextBuilder:
    """What its stack would be built from."""
    with opened(*arguments) as session:
        return session._stack.builder


def test_nothing_said_is_an_ordinary_session() -> None:
    """As if it were made by hand."""
    with Session() as session:
        assert builder() == session._stack.builder


def test_rules() -> None:
    """By Chromium's name for them."""
    assert builder("--host-resolver-rules", RULES).host_resolver_rules == HostResolverRules.from_text(RULES)


def test_doh() -> None:
    """By curl's name for it; nobody else is asked."""
    config = builder("--doh-url", "https://dns.test/{?dns}").doh
    assert config is not None and config.mode == SecureDnsMode.SECURE
    assert [template.host for template in config.templates] == ["dns.test"]


@pytest.mark.parametrize(
    "variable, arguments, is_on",
    [
        ("", (), False),
        ("", ("--enable-features", NAME), True),
        (NAME, (), True),
        (NAME, ("--disable-features", NAME), False),
        (NAME, ("--enable-features", f"{NAME}:{NAME}Min/1s"), True),
    ],
)
def test_features(variable: str, arguments: tuple[str, ...], is_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over those of the environment."""
    monkeypatch.setenv("NETSTACK_ENABLE_FEATURES", variable)
    features = builder(*arguments).features
    assert (features is not None and features.is_enabled(TIMEOUT_TCP_CONNECT_ATTEMPT)) == is_on


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--host-resolver-rules", "MAP"), "host_resolver_rules: the rule 'MAP' is none"),
        (("--doh-url", "nobody"), "doh: 'nobody' is no known service"),
        (("--enable-features", "NoSuch"), "no feature is named 'NoSuch'"),
        (("--enable-features", f"{NAME},{NAME}"), f"feature {NAME} is named twice"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(arguments: tuple[str, ...], message: str) -> None:
    """In the words of what is wrong."""
    with pytest.raises(CommandError, match=message) as caught:
        opened(*arguments)
    assert caught.value.status == USAGE


def test_a_bad_environment_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the variable."""
    monkeypatch.setenv("NETSTACK_DISABLE_FEATURES", "x")
    with pytest.raises(CommandError, match="environment variable NETSTACK_DISABLE_FEATURES"):
        opened()


def test_the_missing_extra_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "dns", None)
    monkeypatch.setitem(sys.modules, "dns.message", None)
    with pytest.raises(CommandError, match=r"netstack-sync\[doh\]"):
        opened("--doh-url", "quad9-unfiltered")


def test_a_fetch_obeys_them(netstack: Netstack, server: EmbeddedServer) -> None:
    """From the command to the server."""
    done = netstack("fetch", "--host-resolver-rules", "MAP *.test 127.0.0.1", server.url("/hello", "a.test"))
    assert done == (0, b"hello\n", "")
    assert netstack("fetch", "--enable-features", "NoSuch", server.url("/hello")).status == USAGE
