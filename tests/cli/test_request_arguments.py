"""The arguments about what is asked."""

from __future__ import annotations

import argparse

import pytest

from netstack_sync.cli.request_arguments import (
    add_body_arguments,
    add_credential_arguments,
    add_request_arguments,
    check_request_arguments,
)


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    """With all of them."""
    parser = argparse.ArgumentParser()
    add_request_arguments(parser.add_argument_group())
    add_credential_arguments(parser.add_argument_group())
    add_body_arguments(parser.add_argument_group())
    return parser


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["-I", "-T", "f"], "-I asks with HEAD"),
        (["-d", "x", "-F", "a=b"], "-d and -F are two bodies"),
        (["-F", "a=b", "-T", "f"], "-F and -T are two bodies"),
        (["-G"], "there is no -d"),
        (["--basic"], "--basic needs somebody"),
        (["--ntlm"], "--ntlm needs somebody"),
        (["-u", "me:x", "--oauth2-bearer", "t"], "-u and --oauth2-bearer are two ways to say who is asking"),
        (["--negotiate", "--oauth2-bearer", "t"], "--negotiate and --oauth2-bearer are two ways"),
    ],
)
def test_contradictions(
    parser: argparse.ArgumentParser, arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Are refused with what to do."""
    with pytest.raises(SystemExit):
        check_request_arguments(parser, parser.parse_args(arguments))
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-I", "-G", "-d", "x"],
        ["-G", "-d", "x", "-T", "f"],
        ["-u", "me", "--digest"],
        ["--negotiate"],
        ["-r", "-500"],
        ["--http1.1"],
    ],
)
def test_what_goes_together(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    """Passes."""
    check_request_arguments(parser, parser.parse_args(arguments))


def test_pieces_of_data_keep_their_kind_and_order(parser: argparse.ArgumentParser) -> None:
    """All options share one list."""
    options = parser.parse_args(["-d", "a", "--json", "b", "--data-urlencode", "c", "--data-raw", "d"])
    assert options.data == [("data", "a"), ("json", "b"), ("urlencode", "c"), ("raw", "d")]
