"""curl's -w."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.transfer_facts import TransferFacts
from netstack_sync.cli.write_out import read_write_out, variables_text, write_out
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.command_line import Netstack


@pytest.mark.parametrize(
    "template, out, err",
    [
        ("plain", "plain", ""),
        (r"a\nb\tc\rd\x\\", "a\nb\tc\rd\\x\\\\", ""),
        ("100%% %{ %", "100% %{ %", ""),
        ("%{http_code} %{exitcode} [%{errormsg}]", "000 7 [no]", ""),
        ("%{time_total}", "1.500000", ""),
        ("a%{stderr}b%{stdout}c", "ac", "b"),
        ("a%{onerror}b", "ab", ""),
        ("%{nope}|%{content_type}|%header{x}", "||", "netstack: unknown --write-out variable: 'nope'\n"),
        ("%{header_json}", "{}", ""),
    ],
)
def test_template(template: str, out: str, err: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a transfer that failed."""
    facts = TransferFacts("http://h/", started_at=1, ended_at=2.5, exit_status=7, message="no")
    write_out(template, facts)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (out, err)


def test_what_is_for_failures_is_not_written_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    """%{onerror}."""
    write_out("a%{onerror}b", TransferFacts("http://h/"))
    assert capsys.readouterr().out == "a"


def test_answer_is_described(netstack: Netstack, server: EmbeddedServer) -> None:
    """Its words are UTF-8 for a pipe."""
    server.route("/x", Answer(201, [("Content-Type", "text/x"), ("A", "1"), ("A", "\xc3\xbc")], b"body"))
    arguments = ("-so", "/dev/null", server.url("/x"))
    template = r"%{http_code} %{content_type} %header{a} %{size_download} %{num_headers} %{filename_effective}\n"
    assert netstack("fetch", *arguments, "-w", template).out == "201 text/x 1, ü 4 4 /dev/null\n".encode()
    values = json.loads(netstack("fetch", *arguments, "-w", "%{json}").out)
    assert values["http_code"] == 201 and values["exitcode"] == 0 and values["errormsg"] is None
    headers = json.loads(netstack("fetch", *arguments, "-w", "%{header_json}").out)
    assert headers == {"content-type": ["text/x"], "a": ["1", "ü"], "content-length": ["4"]}


def test_format_from_a_file(tmp_path: Path) -> None:
    """Its line ends do not count, as with curl."""
    (tmp_path / "f").write_bytes(b"%{http_code}\r\n\\n\n")
    assert read_write_out(f"@{tmp_path}/f") == r"%{http_code}\n"
    assert read_write_out("x") == "x" and read_write_out(None) is None
    (tmp_path / "f").write_bytes(b"\xff")
    for path in (tmp_path / "f", tmp_path / "none"):
        with pytest.raises(CommandError) as caught:
            read_write_out(f"@{path}")
        assert caught.value.status == 26


def test_help_names_the_variables() -> None:
    """Also those that are no values."""
    assert "time_starttransfer" in variables_text() and "onerror" in variables_text()
