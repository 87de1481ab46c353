"""What is said of the variables that name proxies."""

from __future__ import annotations

import pytest

from netstack_sync.cli.doctor_proxies import proxy_fault, proxy_variables
from tests.support.command_line import Netstack

DIRECT = "these hosts are asked directly"


@pytest.mark.parametrize(
    "environment, expected",
    [
        ({}, []),
        ({"http_proxy": ""}, []),
        ({"http_proxy": "http://u:s3cret@h:1"}, [("http_proxy", "http://***@h:1", "http: URLs go through it")]),
        ({"HTTPS_PROXY": "h"}, [("HTTPS_PROXY", "h", "https: URLs go through it")]),
        ({"all_proxy": "socks5://s"}, [("all_proxy", "socks5://s", "URLs without a proxy of their own go through it")]),
        (
            {"no_proxy": "a", "NO_PROXY": "b"},
            [("no_proxy", "a", DIRECT), ("NO_PROXY", "b", "does not count beside no_proxy")],
        ),
        ({"no_proxy": "", "NO_PROXY": "b"}, [("NO_PROXY", "b", "does not count beside no_proxy")]),
        (
            {"HTTP_PROXY": "h", "REQUEST_METHOD": "GET"},
            [("HTTP_PROXY", "h", "does not count beside REQUEST_METHOD: in a CGI script it is what a client sent")],
        ),
    ],
)
def test_each_variable(environment: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    """What it does, or why it does nothing; a password is not shown."""
    assert proxy_variables(environment) == expected and proxy_fault(environment) == ""


def test_unusable_proxy_is_a_problem(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """No session can be made with it."""
    monkeypatch.setenv("https_proxy", "gopher://u:s3cret@h")
    done = netstack("doctor")
    assert done.status == 1 and b"s3cret" not in done.out
    assert b"environment variable https_proxy: 'gopher://***@h' has the scheme 'gopher'" in done.out
    assert b"https_proxy" in done.out and b"pac " in done.out
