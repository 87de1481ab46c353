"""The choice between challenges."""

from __future__ import annotations

import pytest

from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.handler import AuthRequest
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
