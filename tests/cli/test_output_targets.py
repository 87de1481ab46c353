"""Which URL's body goes where."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netstack_sync.base.url import Url
from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.main import make_parser
from netstack_sync.cli.output import StreamOutput
from netstack_sync.cli.output_targets import OutputTarget, output_targets

STDOUT, RAW, NAMED = OutputTarget(), OutputTarget("-"), OutputTarget(is_remote_name=True)


def targets(count: int, *arguments: str) -> list[OutputTarget]:
    """Those of a command line with so many URLs."""
    return output_targets(make_parser().parse_args(["fetch", "h", *arguments]), count)


def response(disposition: str | None) -> Any:
    """As much of an answer as names a file."""
    return SimpleNamespace(headers={} if disposition is None else {"content-disposition": disposition})


@pytest.mark.parametrize(
    "count, arguments, expected",
    [
        (2, (), [STDOUT, STDOUT]),
        (2, ("-o", "a", "-o", "b"), [OutputTarget("a"), OutputTarget("b")]),
        (3, ("-o", "a", "-o", "-"), [OutputTarget("a"), RAW, STDOUT]),
        (3, ("-o", "a", "-O"), [OutputTarget("a"), NAMED, NAMED]),
        (2, ("-OO",), [NAMED, NAMED]),
        (1, ("-OJ", "--output-dir", "d", "--create-dirs"), [OutputTarget(None, True, True, "d", True)]),
    ],
)
def test_outputs_go_with_urls(count: int, arguments: tuple[str, ...], expected: list[OutputTarget]) -> None:
    """In their order; after the last comes standard output, or for all the name of the URL."""
    assert targets(count, *arguments) == expected
    assert [target.is_file for target in expected] == [target not in (STDOUT, RAW) for target in expected]


@pytest.mark.parametrize("count, words", [(1, r"2 files for 1 URL$"), (2, r"3 files for 2 URLs$")])
def test_more_outputs_than_urls_are_a_mistake(count: int, words: str) -> None:
    """Rather than a file that is never written."""
    with pytest.raises(CommandError, match=words) as caught:
        targets(count, *(["-O"] * (count + 1)))
    assert caught.value.status == 2


def test_paths() -> None:
    """The folder goes before all of them; the server names a file only if it may."""
    url = Url.parse("http://h/a/b.txt")
    assert OutputTarget("x/y", folder="d").file_path(url) == "d/x/y"
    assert OutputTarget(None, True, folder="d").file_path(url) == "d/b.txt"
    named = response('attachment; filename="../n.txt"')
    assert OutputTarget(None, True, True, "d").header_path(named) == "d/n.txt"
    assert OutputTarget(None, True, True, "d").header_path(response(None)) is None
    assert OutputTarget(None, True, False, "d").header_path(named) is None


def test_folders_are_made_if_that_is_wanted(tmp_path: Path) -> None:
    """And not otherwise."""
    path = str(tmp_path / "a" / "b" / "c")
    with pytest.raises(CommandError, match="cannot write"):
        OutputTarget("c").open(path)
    with OutputTarget("c", makes_folders=True).open(path) as output:
        output.commit()
    assert (tmp_path / "a" / "b" / "c").exists()
    with pytest.raises(CommandError, match=r"cannot write .*c/d: ") as caught:
        OutputTarget("c", makes_folders=True).open(f"{path}/d/e")
    assert caught.value.status == 23
    assert isinstance(OutputTarget("-", makes_folders=True).open("-"), StreamOutput)
