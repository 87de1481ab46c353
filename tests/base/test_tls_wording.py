"""The wordings of advice: whole sentences where they should be, and arguments of the reader's own language."""

from __future__ import annotations

import ssl

import pytest

from netstack_sync.base.tls_wording import OWN_CONTEXT, PYTHON, TlsTerms, Wording
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cli.tls_text import COMMAND_LINE
from netstack_sync.sockets.tls_config import TlsConfig

_SENTENCES = ("leave_to_openssl", "check_revocation", "show_certificate", "show_another_certificate", "offer_more")


@pytest.mark.parametrize("wording", [PYTHON, OWN_CONTEXT, COMMAND_LINE])
def test_every_part_is_there(wording: Wording) -> None:
    """Sentences end with a full stop, parts of one do not; what is filled in can be filled in."""
    for name, text in wording._asdict().items():
        filled = text.format(entry="'a.test'", version="1.3")
        assert filled and filled.isprintable()
        assert filled.endswith(".") == (name in _SENTENCES)


def test_the_terms_of_nothing_said_are_the_defaults() -> None:
    """No limit is the caller's that the caller did not set."""
    terms = TlsTerms()
    assert (terms.has_own_context, terms.ciphers) == (False, None)
    assert terms == TlsConfig(TrustConfig()).terms
    assert terms.max_version is ssl.TLSVersion.MAXIMUM_SUPPORTED
