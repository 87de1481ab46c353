"""The arguments about the answer."""

from __future__ import annotations

import argparse

import pytest

from netstack_sync.cli.request_arguments import add_body_arguments, add_request_arguments
from netstack_sync.cli.transfer_arguments import (
    REMOTE_NAME,
    add_limit_arguments,
    add_many_arguments,
    add_message_arguments,
    add_output_arguments,
    check_transfer_arguments,
)


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    """With all of them, and with those that they may contradict."""
    parser = argparse.ArgumentParser()
    for add in (
        add_output_arguments,
        add_message_arguments,
        add_limit_arguments,
        add_many_arguments,
        add_request_arguments,
        add_body_arguments,
    ):
        add(parser.add_argument_group())
    return parser


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["-C", "5", "-O"], "only - is understood"),
        (["-C", "-"], "pass -o FILE or -O"),
        (["-C", "-", "-o", "-"], "pass -o FILE or -O"),
        (["-C", "-", "-O", "--limit-rate", "1k"], "--limit-rate cannot go with it"),
        (["-C", "-", "-O", "-X", "POST"], "-X cannot go with it"),
        (["-o", ""], "-o: the name of the file is empty"),
        (["--parts", "2", "-O"], "goes on, with -C -; pass both"),
        (["-J", "-o", "x"], "-J changes the name of -O"),
        (["-f", "--fail-with-body"], "pass one"),
    ],
)
def test_contradictions(
    parser: argparse.ArgumentParser, arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Are refused with what to do."""
    with pytest.raises(SystemExit):
        check_transfer_arguments(parser, parser.parse_args(arguments))
    assert why in capsys.readouterr().err


def test_what_goes_together(parser: argparse.ArgumentParser) -> None:
    """Outputs keep their order."""
    options = parser.parse_args(["-C", "-", "-o", "a", "-O", "-G", "-d", "x", "-f"])
    check_transfer_arguments(parser, options)
    assert options.outputs == ["a", REMOTE_NAME]
