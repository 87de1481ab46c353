"""What is put up with in a response head, and what is not."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_INVALID_HTTP_RESPONSE
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.http1_lenient import find_status_line, normalise_head


@pytest.mark.parametrize(
    "data, start",
    [
        (b"HTTP/1.1 200", 0),
        (b"http", 0),
        (b"\r\n\r\nHTTP/1.1", 4),
        (b"\0\xff\nxhTtP", 4),
        (b"HTHTTP", 2),
        (b"HTTPHTTP", 0),
        (b"12345HTTP/1.1", -1),
        (b"HTT", -1),
        (b"", -1),
    ],
)
def test_up_to_four_bytes_may_precede_the_status_line(data: bytes, start: int) -> None:
    """Row 160, StatusLineJunk3Bytes, 4Bytes and 5Bytes, StatusLinePartial."""
    assert find_status_line(data) == start
    assert find_status_line(bytearray(data)) == start


@pytest.mark.parametrize(
    "line, normalised",
    [
        (b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK"),
        (b"http/1.0 200 OK", b"HTTP/1.0 200 OK"),
        (b"HTTP/1.2 200 OK", b"HTTP/1.1 200 OK"),
        (b"HTTP/2.0 200 OK", b"HTTP/1.1 200 OK"),
        (b"HTTP/1.1 \t200", b"HTTP/1.1 200 "),
        (b"HTTP/1.1 200   OK  then \t", b"HTTP/1.1 200 OK  then"),
        (b"HTTP/1.1 200OK", b"HTTP/1.1 200 OK"),
        (b"HTTP/1.1 404 \xe9", b"HTTP/1.1 404 \xe9"),
    ],
)
def test_a_sloppy_status_line_is_tidied(line: bytes, normalised: bytes) -> None:
    """Row 160; a later version is read as the highest one we speak."""
    assert normalise_head(line + b"\r\n\r\n") == normalised + b"\r\n\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/0.9 200 OK",
        b"HTTP/1.10 200 OK",
        b"HTTP/1 200 OK",
        b"HTTP 200 OK",
        b"HTTP/1.1",
        b"HTTP/1.1 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1200 OK",
        b"HTTP/1.1 200\0",
        b"HTTP/1.1 200 O\x7fK",
        b"HTTP/1.1 200 O\rK",
        b"HTTP/1.1 200 OK\r",
    ],
)
def test_a_status_line_that_must_be_guessed_at_is_an_error(line: bytes) -> None:
    """R14, R15: Chromium would take some of these for 200, or for HTTP/0.9."""
    with pytest.raises(WireError) as caught:
        normalise_head(line + b"\r\n\r\n")
    assert caught.value.net_error == ERR_INVALID_HTTP_RESPONSE


@pytest.mark.parametrize(
    "block, normalised",
    [
        pytest.param(b"A: b\nC: d\n\n", b"A: b\r\nC: d\r\n", id="bare LF"),
        pytest.param(b"A: b\r\nC: d\n\r\n", b"A: b\r\nC: d\r\n", id="mixed line ends"),
        pytest.param(b"A: b\r\n \t c\r\n\td\r\n\r\n", b"A: b c d\r\n", id="folded lines"),
        pytest.param(b"A:\n b\n\n", b"A: b\r\n", id="folded before the value"),
        pytest.param(b"A: b\r\n \r\nC: d\r\n\r\n", b"A: b \r\nC: d\r\n", id="fold with nothing in it"),
        pytest.param(b"A: b\r\njunk\r\nC: d\r\n\r\n", b"A: b\r\nC: d\r\n", id="line without a colon"),
        pytest.param(b"junk\r\n A: b\r\nC: d\r\n\r\n", b"C: d\r\n", id="fold of a line that is dropped"),
        pytest.param(b": a\r\nC: d\r\n\r\n", b"C: d\r\n", id="no name"),
        pytest.param(b"A B: c\r\nD(: e\r\n\xe9: f\r\nG: h\r\n\r\n", b"G: h\r\n", id="name that is no token"),
        pytest.param(b"A: b: c\r\n:\r\n\r\n", b"A: b: c\r\n", id="colon in the value"),
        pytest.param(b"A: b\r\nC: d", b"A: b\r\nC: d\r\n", id="cut off in a value"),
        pytest.param(b"A: b\r\nCont", b"A: b\r\n", id="cut off in a name"),
        pytest.param(b"A: b\r\nC: d\r", b"A: b\r\nC: d\r\n", id="cut off in the line end"),
        pytest.param(b"", b"", id="cut off after the status line"),
    ],
)
def test_a_sloppy_block_is_tidied(block: bytes, normalised: bytes) -> None:
    """What Chromium's AssembleRawHeaders does; Row 150 for what a close has cut off."""
    assert normalise_head(b"HTTP/1.1 200 OK\r\n" + block) == b"HTTP/1.1 200 OK\r\n" + normalised + b"\r\n"


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(b"A: \0\r\n", id="NUL in a value (Row 153, NullFails)"),
        pytest.param(b"A\0: b\r\n", id="NUL in a name (Row 153)"),
        pytest.param(b"no colon \0\r\n", id="NUL in a line that would be dropped (Row 153)"),
        pytest.param(b"A: \x01\n", id="control character"),
        pytest.param(b"A: \x7f\r\n", id="DEL"),
        pytest.param(b"A: b\rC: d\r\n", id="bare CR"),
        pytest.param(b"A: b\r\r\n", id="CR CR LF"),
        pytest.param(b"Content-Length : 5\r\n", id="blank before the colon"),
        pytest.param(b"Content-Length\t: 5\r\n", id="tab before the colon"),
        pytest.param(b"Content-Length\r\n : 5\r\n", id="fold before the colon"),
        pytest.param(b" :\r\n", id="nothing but a blank before the colon"),
        pytest.param(b" A: b\r\n", id="fold after the status line"),
        pytest.param(b"\tA: b\r\n", id="tab after the status line"),
    ],
)
def test_what_two_parsers_could_read_differently_is_an_error(block: bytes) -> None:
    """R14 and R15: never tolerated."""
    with pytest.raises(WireError) as caught:
        normalise_head(b"HTTP/1.1 200 OK\r\n" + block + b"\r\n")
    assert caught.value.net_error == ERR_INVALID_HTTP_RESPONSE


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200" + b" " * 250_000 + b"\r\r\n",
        b"HTTP/1.1" + b" " * 250_000 + b"x\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A" * 250_000 + b" :\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b" " * 250_000 + b"\x01\r\n",
        b"HTTP/1.1 200 OK\r\nA:" + b"\r\n " * 80_000 + b"\x01\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: \r\n" * 50_000 + b"A :\r\n",
    ],
)
def test_a_hostile_head_is_refused_in_linear_time(head: bytes) -> None:
    """R23: with a quadratic pattern each of these takes minutes, and the time-out of the suite ends it."""
    with pytest.raises(WireError):
        normalise_head(head)
