"""The choice between challenges."""

from __future__ import annotations

import pytest

from netstack_sync.auth.basic import BasicHandler
from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.handler import AuthHandler, AuthRequest
from netstack_sync.auth.handler_factory import choose_handler
from netstack_sync.auth.identity import AuthIdentity

BASIC = 'Basic realm="basic"'
DIGEST = 'Digest realm="%s", nonce="n"'


@pytest.mark.parametrize(
    "challenges, schemes, chosen",
    [
        ([BASIC], ("digest", "basic"), "basic"),
        ([BASIC, DIGEST % "d"], ("digest", "basic"), "d"),
        ([DIGEST % "d", BASIC], ("digest", "basic"), "d"),
        ([BASIC, DIGEST % "d"], ("basic",), "basic"),
        ([BASIC], ("digest",), None),
        ([], ("digest", "basic"), None),
        (["Negotiate", "Bearer realm=x", BASIC], ("digest", "basic"), "basic"),
        ([DIGEST % "one", DIGEST % "two"], ("digest",), "one"),
        ([DIGEST % "one" + ", algorithm=NEW", DIGEST % "two"], ("digest",), "two"),
        ([DIGEST % "one" + ", qop=auth-int", DIGEST % "two"], ("digest",), "two"),
        ([DIGEST % "refused", DIGEST % "two"], ("digest",), "two"),
        ([DIGEST % "refused", BASIC], ("digest", "basic"), "basic"),
    ],
)
def test_the_best_challenge(challenges: list[str], schemes: tuple[str, ...], chosen: str | None) -> None:
    """Digest before Basic; among equals the server's first that makes sense; never a scheme that is not wanted."""
    handler = choose_handler(
        parse_challenges([", ".join(challenges)]),
        AuthIdentity("u", "p", schemes),
        AuthRequest("POST", "/", lambda: None),
        lambda challenge: challenge.realm == "refused",
        lambda scheme: None,
    )
    assert (handler.realm if handler is not None else None) == chosen


@pytest.mark.parametrize(
    "challenges, chosen",
    [
        ([BASIC, DIGEST % "d", "NTLM", "Negotiate"], "negotiate"),
        ([BASIC, DIGEST % "d", "NTLM"], "ntlm"),
        (["Negotiate abc=", "NTLM", BASIC], "ntlm"),
        (["NTLM abc=", DIGEST % "d"], "digest"),
    ],
)
def test_chromiums_order(challenges: list[str], chosen: str) -> None:
    """Negotiate 4, NTLM 3, Digest 2, Basic 1; a token in the first round is none."""

    def make(scheme: str) -> AuthHandler:
        return BasicHandler(AuthIdentity("u", "p", ()), scheme)  # any will do

    identity = AuthIdentity("u", "p", ("basic", "digest", "ntlm", "negotiate"))
    request = AuthRequest("GET", "/", lambda: b"")
    handler = choose_handler(parse_challenges(challenges), identity, request, lambda _: False, make)
    assert handler is not None
    assert (handler.scheme if handler.scheme == "digest" else handler.realm) == chosen
