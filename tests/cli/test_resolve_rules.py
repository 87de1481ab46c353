"""curl's --resolve and --connect-to."""

from __future__ import annotations

import pytest

from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.main import make_parser
from netstack_sync.cli.resolve_rules import resolver_rules
from netstack_sync.dns.mapped_resolver import HostMapping, HostResolverRules


def rules_of(*arguments: str) -> HostResolverRules:
    """What a command line says."""
    return resolver_rules(make_parser().parse_args(["fetch", "h", *arguments]))


@pytest.mark.parametrize(
    "arguments, host, port, found",
    [
        (("--resolve", "A.test:80:192.0.2.1"), "a.test", 80, ("192.0.2.1", None)),
        (("--resolve", "a.test:80:192.0.2.1"), "a.test", 81, None),
        (("--resolve", "+a.test:80:::1"), "a.test", 80, ("::1", None)),
        (("--resolve", "[::2]:80:[::1]"), "::2", 80, ("::1", None)),
        (("--resolve", "*:443:192.0.2.1"), "any.test", 443, ("192.0.2.1", None)),
        (("--connect-to", "a.test:80:b.test:81"), "a.test", 80, ("b.test", 81)),
        (("--connect-to", "::b.test:81"), "any.test", 5, ("b.test", 81)),
        (("--connect-to", "a.test::b.test:"), "a.test", 5, ("b.test", None)),
        (("--connect-to", "a.test:80::81"), "a.test", 80, ("a.test", 81)),
        (("--connect-to", ":80:[::1]:"), "any.test", 80, ("::1", None)),
        (("--connect-to", "a.test:80::"), "a.test", 80, None),
        (("--host-resolver-rules", "MAP a.test b.test"), "a.test", 80, ("b.test", None)),
        (("--host-resolver-rules", "EXCLUDE a.test", "--resolve", "a.test:80:192.0.2.1"), "a.test", 80, None),
    ],
)
def test_rules(arguments: tuple[str, ...], host: str, port: int, found: tuple[str, int | None] | None) -> None:
    """Of each option, and of all together."""
    mapping = rules_of(*arguments).find(host, port)
    assert (None if mapping is None else (mapping.host, mapping.port)) == found


def test_options_may_be_repeated() -> None:
    """The first that fits counts."""
    rules = rules_of("--resolve", "a.test:80:192.0.2.1", "--resolve", "a.test:80:192.0.2.2")
    assert rules.find("a.test", 80) == HostMapping("a.test:80", "192.0.2.1")
    assert not rules_of()


@pytest.mark.parametrize(
    "arguments, why",
    [
        (("--resolve", "a.test:80"), "HOST:PORT:ADDRESS"),
        (("--resolve", "a.test:80:b.test"), "HOST:PORT:ADDRESS"),
        (("--resolve", ":80:192.0.2.1"), "HOST:PORT:ADDRESS"),
        (("--resolve", "a.test:80:192.0.2.1,192.0.2.2"), "with one IP address"),
        (("--resolve", "a b:80:192.0.2.1"), "the rule"),
        (("--connect-to", "a.test:80"), "HOST1:PORT1:HOST2:PORT2"),
        (("--connect-to", ":80::81"), "name the host"),
        (("--host-resolver-rules", "x"), "the rule 'x'"),
    ],
)
def test_nonsense_is_named(arguments: tuple[str, ...], why: str) -> None:
    """As a usage error."""
    with pytest.raises(CommandError, match=why) as caught:
        rules_of(*arguments)
    assert caught.value.status == 2
