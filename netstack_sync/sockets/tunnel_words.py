"""What a proxy's answer to CONNECT means, and what to do about it, in words for whoever sent the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.base.shown_text import shown
from netstack_sync.wire.http1_response import ResponseHead

_NO_PROXY: Final = "it may be a web server and no proxy"
_ADVICE: Final = {
    400: "it may not tunnel to this port, or be a web server and no proxy",
    401: "the credentials that it was given may be wrong",
    403: "its rules do not allow this; ask who runs it, or let this host bypass the proxy",
    404: _NO_PROXY,
    405: _NO_PROXY,
    501: _NO_PROXY,
    502: "it could not reach the server; check the server's name and port",
    503: "it could not reach the server, or has too much to do",
    504: "it could not reach the server in time",
}
_ADVICE_OF_CLASS: Final = {
    1: "no other protocol was asked for",
    2: "only 200 opens a tunnel",
    3: "a proxy's redirect is not followed",
    5: "the proxy's log may say why",
}
_MAX_TEXT: Final = 80


def what_was_answered(head: ResponseHead) -> str:
    """The status and what may help; continues "the proxy ... answered CONNECT ... with"."""
    answer = f"{head.status} {shown(head.reason, _MAX_TEXT)}".rstrip()
    advice = _ADVICE.get(head.status, _ADVICE_OF_CLASS.get(head.status // 100, ""))
    return f"{answer}; {advice}" if advice else answer


def who_is_asked_for(values: Sequence[str], has_identity: bool) -> str:
    """The schemes of a challenge that was not met, and what may help; continues "the proxy ..."."""
    schemes = dict.fromkeys([challenge.scheme for challenge in parse_challenges(values)])
    names = shown(", ".join(schemes), _MAX_TEXT) or "it does not say how"
    advice = (
        "the credentials that it was given were refused, or are of no use for this; correct proxy_auth, or its URL"
        if has_identity
        else "pass proxy_auth, or put user:password@ into its URL"
    )
    return f"wants to be told who is asking ({names}); {advice}"
