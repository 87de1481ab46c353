"""A body on a terminal."""

from __future__ import annotations

import errno
import io
import sys

import pytest

from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.terminal_output import TerminalOutput


class Terminal(io.StringIO):
    """Remembers what was written."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def shown(*pieces: bytes, content_type: str = "text/plain", pretty: str = "all") -> str:
    """What somebody sees of a body that came in pieces."""
    terminal = Terminal()
    with TerminalOutput(terminal, content_type, pretty) as output:
        for piece in pieces:
            output.write(piece)
        output.commit()
    return terminal.getvalue()


def test_text_is_decoded_and_made_harmless() -> None:
    """Characters and line ends that a piece cuts are one; what moves the cursor is escaped."""
    assert shown(b"a\xc3", b"\xbc\r", b"\nb\x1b[2J\xc2\x9b\r", b"c\r") == "aü\nb\\x1b[2J\\x9b\\rc\\r"
    assert shown(b"\xfc", content_type="text/plain; charset=latin-1") == "ü"
    assert shown(b"\xff\xc3", content_type="text/plain; charset=unknown") == "\ufffd\ufffd"
    assert shown("aü".encode("utf-16-le"), content_type="text/plain; charset=UTF-16LE") == "aü"


def test_heads_are_made_harmless_too() -> None:
    """Most are UTF-8 where they are not ASCII."""
    terminal = Terminal()
    with TerminalOutput(terminal, "text/plain", "all") as output:
        output.write_head(b"HTTP/1.1 200 \xc3\xbc\r\nX: \x9b2J\r\n\r\n")
    assert terminal.getvalue() == "HTTP/1.1 200 \\xc3\\xbc\nX: \\x9b2J\n\n".replace("\\xc3\\xbc", "Ã¼")


def test_binary_data_is_refused_with_a_hint() -> None:
    """As soon as there is a zero byte; what came before is shown."""
    terminal = Terminal()
    hint = "-o - writes it all the same"
    with pytest.raises(CommandError, match=hint) as caught, TerminalOutput(terminal, "", "all") as output:
        output.write(b"text")
        output.write(b"\0")
    assert caught.value.status == 23 and terminal.getvalue() == "text"


@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json; charset=utf-8"])
def test_json_is_shown_in_lines_and_colours(content_type: str) -> None:
    """Once it is complete; in it what does not print is escaped as JSON has it."""
    text = shown(b'{"a":"\xc2', b'\x9b\xf3\xa0\x80\x81"}', content_type=content_type)
    assert text.startswith("{\n    ") and '\x1b[32m"\\u009b\\udb40\\udc01"' in text and text.endswith("}\n")
    assert shown(b'{"a":1}', content_type=content_type, pretty="format") == '{\n    "a": 1\n}\n'
    assert shown(b'{"a":1}', content_type=content_type, pretty="none") == '{"a":1}'


def test_colours_can_be_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR, an installation without rich, and a text that is too long for them."""
    expected = '{\n    "a": 1\n}\n'
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "netstack_sync.cli.rich_json", None)
        assert shown(b'{"a":1}', content_type="application/json") == expected
    assert "\x1b" not in shown(b"[" + b"1," * 150_000 + b"1]", content_type="application/json")
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(b'{"a":1}', content_type="application/json") == expected


def test_what_only_claims_to_be_json_is_text() -> None:
    """Also what is too long to be read, or cut off."""
    assert shown(b"{", b"nothing\x07", content_type="application/json") == "{nothing\\x07"
    long = b"[" + b"1," * (1024 * 1024) + b"1]"
    assert shown(long, b" ", content_type="application/json") == long.decode() + " "
    terminal = Terminal()
    with TerminalOutput(terminal, "application/json", "all") as output:
        output.write(b'{"half":')
    assert terminal.getvalue() == '{"half":'


def test_terminal_that_takes_nothing() -> None:
    """A write error; but one that went away is for main() to see."""

    class Failing(Terminal):
        def __init__(self, error: OSError) -> None:
            super().__init__()
            self.error = error

        def write(self, text: str, /) -> int:
            raise self.error

    with pytest.raises(CommandError, match="cannot write standard output: "):
        TerminalOutput(Failing(OSError(errno.EIO, "broken")), "", "all").write(b"x")
    with pytest.raises(BrokenPipeError):
        TerminalOutput(Failing(BrokenPipeError()), "", "all").write(b"x")


def test_terminal_that_knows_few_characters() -> None:
    """JSON has escapes of its own for them."""
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    with TerminalOutput(stream, "application/json", "format") as output:
        output.write('{"ü":"😀"}'.encode())
        output.commit()
    assert stream.buffer.getvalue() == b'{\n    "\\u00fc": "\\ud83d\\ude00"\n}\n'
