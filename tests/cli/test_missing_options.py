"""Whoever comes from curl is told what to write."""

from __future__ import annotations

import pytest

from netstack_sync.cli.missing_options import instead_of
from tests.support.command_line import Netstack


@pytest.mark.parametrize(
    "unknown, words",
    [
        ([], ""),
        (["--bogus"], ""),
        (["-k=1", "--proxy-insecure", "--proxy-insecure"], "; --proxy-insecure: -k counts for the proxy as well"),
        (["--proxy-cert=x"], "; --proxy-cert: a proxy is shown no certificate"),
    ],
)
def test_what_to_write(unknown: list[str], words: str) -> None:
    """Each once; of options that curl has not either nothing is known."""
    assert instead_of(unknown) == words


def test_the_command_says_it(netstack: Netstack) -> None:
    """Beside what is always said."""
    done = netstack("fetch", "--proxy-cacert", "ca.pem", "http://a.test/")
    assert done.status == 2
    assert "unrecognized arguments: --proxy-cacert; --proxy-cacert: --cacert counts for the proxy as well" in done.err
