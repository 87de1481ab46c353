"""Who is asking."""

from __future__ import annotations

import pytest

from netstack_sync.auth.credentials import (
    AnyAuth,
    BasicAuth,
    BearerAuth,
    DigestAuth,
    NegotiateAuth,
    NetrcAuth,
    NtlmAuth,
)
from netstack_sync.cli.credentials import credentials
from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.main import make_parser


def credentials_of(*arguments: str) -> object:
    """What a command line says."""
    return credentials(make_parser().parse_args(["fetch", "h", *arguments]))


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((), None),
        (("-u", "me:pa:ss"), ("me", "pa:ss")),
        (("-u", "me:"), ("me", "")),
        (("-u", "me"), ("me", "typed")),
        (("-u", "me:x", "--basic"), BasicAuth("me", "x")),
        (("-u", "me:x", "--digest"), DigestAuth("me", "x")),
        (("-u", r"D\me:x", "--ntlm"), NtlmAuth(r"D\me", "x")),
        (("-u", "me:x", "--anyauth"), AnyAuth("me", "x")),
        (("-u", "me:x", "--negotiate"), NegotiateAuth("me", "x")),
        (("--negotiate",), NegotiateAuth()),
        (("-u", ":", "--negotiate"), NegotiateAuth()),
        (("--oauth2-bearer", "t0ken"), BearerAuth("t0ken")),
        (("-n",), NetrcAuth()),
        (("--netrc-file", "f"), NetrcAuth("f")),
        (("-n", "-u", "me:x"), ("me", "x")),
    ],
)
def test_credentials(arguments: tuple[str, ...], expected: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said on the command line counts before a netrc file; a missing password is asked for."""
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return "typed"

    monkeypatch.setattr("getpass.getpass", ask)
    assert credentials_of(*arguments) == expected
    assert prompts == (["Password of 'me': "] if arguments == ("-u", "me") else [])


@pytest.mark.parametrize(
    "arguments, why",
    [
        (("--oauth2-bearer", "a b"), "--oauth2-bearer: a bearer token"),
        (("-u", "me\udcff:x", "--basic"), "-u: user name and password must be valid Unicode"),
        (("-u", "me"), "-u me: no password was given"),
    ],
)
def test_what_cannot_be_used_is_named(arguments: tuple[str, ...], why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when there is nobody to ask."""

    def ask(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ask)
    with pytest.raises(CommandError, match=why) as caught:
        credentials_of(*arguments)
    assert caught.value.status == 2
