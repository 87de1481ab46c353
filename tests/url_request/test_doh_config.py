"""What a user says about DNS over HTTPS, and what it means."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from netstack_sync.dns.doh_providers import upgrade_templates
from netstack_sync.dns.doh_template import DohTemplate
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.url_request.doh_config import DohConfig, names_of_servers

OWN = "https://dns.test/dns-query{?dns}"
QUAD9 = upgrade_templates(["9.9.9.10"])[0]


def test_nothing_said_is_nothing_used() -> None:
    """Off unless told otherwise."""
    assert DohConfig.from_values(None, None) == DohConfig(SecureDnsMode.OFF, ())


@pytest.mark.parametrize(
    "doh, mode, expected, servers",
    [
        (OWN, None, SecureDnsMode.SECURE, [OWN]),
        (OWN, "secure", SecureDnsMode.SECURE, [OWN]),
        (OWN, "automatic", SecureDnsMode.AUTOMATIC, [OWN]),
        ([OWN, "https://two.test/"], None, SecureDnsMode.SECURE, [OWN, "https://two.test/"]),
        (None, "automatic", SecureDnsMode.AUTOMATIC, []),
        (OWN, "off", SecureDnsMode.OFF, []),
        (None, "off", SecureDnsMode.OFF, []),
    ],
)
def test_modes(doh: Any, mode: str | None, expected: SecureDnsMode, servers: list[str]) -> None:
    """Row 139: a server that is named is used for everything, unless the mode says otherwise."""
    config = DohConfig.from_values(doh, mode)
    assert config.mode == expected and config.templates == tuple(map(DohTemplate.from_text, servers))


@pytest.mark.parametrize("value", [[OWN, "quad9"], iter((OWN, "quad9")), {OWN: 1, "quad9": 2}.keys()])
def test_several_servers_may_come_in_anything(value: Any) -> None:
    """What it holds is kept."""
    assert names_of_servers(value) == (OWN, "quad9")
    assert names_of_servers(()) == ()


@pytest.mark.parametrize("value", [5, [OWN, 5], None, b"quad9"])
def test_servers_are_strings(value: Any) -> None:
    """Nothing else is guessed at."""
    with pytest.raises(TypeError, match="doh: pass a template or the name of a service, or several of them, not "):
        names_of_servers(value)


def test_services_have_names() -> None:
    """Instead of their templates, whatever the case."""
    assert DohConfig.from_values("Quad9-Unfiltered", None).templates == (QUAD9,)


@pytest.mark.parametrize(
    "doh, mode, error, message",
    [
        (None, "secure", ValueError, "doh_mode: 'secure' needs a server; name one with doh="),
        (OWN, "always", ValueError, "doh_mode: must be one of 'off', 'automatic', 'secure', not 'always'"),
        (OWN, 5, ValueError, "doh_mode: must be one of .*, not 5"),
        ("nobody", None, ValueError, "doh: 'nobody' is no known service"),
        ("http://dns.test/", None, ValueError, "doh: 'http://dns.test/' must be an https URL"),
        ([], None, ValueError, "doh: names no server"),
        ([5], None, TypeError, "doh: a template must be a str"),
    ],
)
def test_what_makes_no_sense_is_refused(doh: Any, mode: Any, error: type[Exception], message: str) -> None:
    """With the name of the argument."""
    with pytest.raises(error, match=message):
        DohConfig.from_values(doh, mode)


@pytest.mark.parametrize("doh, mode", [(OWN, None), (None, "automatic")])
def test_the_missing_extra_is_said(doh: str | None, mode: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and not at the first lookup; who does not use it does not need it."""
    monkeypatch.setitem(sys.modules, "dns", None)
    for name in [name for name in sys.modules if name.startswith("dns.")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"netstack-sync\[doh\]"):
        DohConfig.from_values(doh, mode)
    assert DohConfig.from_values(OWN, "off") == DohConfig.from_values(None, None)
