"""Where a body ends and what becomes of the connection, by the fields of the head."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.net_errors import (
    ERR_INVALID_HTTP_RESPONSE,
    ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION,
    ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH,
    ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION,
)
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.http1_framing import HTTP_1_0, HTTP_1_1, Framing, read_framing


def framing(*lines: str, version: tuple[int, int] = HTTP_1_1) -> Framing:
    block = "".join([f"\n{line}\r" for line in lines]).encode("latin-1") + b"\n\r\n"
    return read_framing(b"HTTP/1.1 200 OK\r" + block + b"Content-Length: 9\r\n", 16, 16 + len(block), version)


def error_of(*lines: str) -> int:
    with pytest.raises(WireError) as caught:
        framing(*lines)
    return caught.value.net_error


def test_without_fields_the_version_decides() -> None:
    """RFC 9112 §9.3; and lines outside of the given range are not looked at."""
    assert framing() == Framing(None, False, True, False)
    assert framing(version=HTTP_1_0) == Framing(None, False, False, False)
    assert framing("Server: Content-Length: 5") == Framing(None, False, True, False)


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 42",),
        ("content-length:42",),
        ("CONTENT-LENGTH: \t42 \t",),
        ("Content-Length: 42", "A: b", "Content-Length: 42"),
        ("Content-Length: 42, 42",),
        ("Content-Length: 42 ,42", "Content-Length:42"),
    ],
)
def test_equal_lengths_are_one_length(lines: tuple[str, ...]) -> None:
    """Row 162, DuplicateContentLengthHeaders, ComplexContentLengthHeaders: no doubt about it."""
    assert framing(*lines) == Framing(42, False, True, False)


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 42", "Content-Length: 43"),
        ("Content-Length: 42, 43",),
        ("Content-Length: 42, 42", "Content-Length: 42,43"),
        ("Content-Length: 42", "Content-Length: 042"),
        ("Content-Length: 42,",),
    ],
)
def test_differing_lengths_are_an_error(lines: tuple[str, ...]) -> None:
    """Row 162, MultipleContentLengthHeadersNoTransferEncoding; compared as text, as Chromium does."""
    assert error_of(*lines) == ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH


@pytest.mark.parametrize(
    "value", ["", "-1", "+1", "1_0", "0x10", "1 0", "1.0", "five", "\xb2", "\xd9\xa5", str(2**63), "0" * 20]
)
def test_a_length_that_is_no_number_is_an_error(value: str) -> None:
    """R15: ASCII digits only, and never a guess; Chromium would read until the close."""
    assert error_of(f"Content-Length: {value}") == ERR_INVALID_HTTP_RESPONSE


def test_the_longest_length_is_an_int64() -> None:
    """More is an error, see above."""
    assert framing(f"Content-Length: {2**63 - 1}").content_length == 2**63 - 1


@pytest.mark.parametrize("value", ["chunked", "Chunked", "\tCHUNKED "])
def test_chunked_is_known_in_any_case(value: str) -> None:
    """RFC 9112 §7."""
    assert framing(f"Transfer-Encoding: {value}") == Framing(None, True, True, False)


@pytest.mark.parametrize("lengths", [("5",), ("5", "6"), ("x",)])
def test_chunked_beats_every_length_but_leaves_doubt(lengths: tuple[str, ...]) -> None:
    """Row 162, MultipleContentLengthHeadersTransferEncoding; RFC 9112 §6.3: closed afterwards."""
    lines = [f"Content-Length: {length}" for length in lengths]
    assert framing(*lines, "Transfer-Encoding: chunked") == Framing(None, True, False, True)


def test_chunked_from_http_1_0_leaves_doubt() -> None:
    """RFC 9112 §6.1: that version has no transfer codings."""
    result = framing("Transfer-Encoding: chunked", "Connection: keep-alive", version=HTTP_1_0)
    assert result == Framing(None, True, False, True)


@pytest.mark.parametrize("line", ["Transfer-Encoding: chunked\t", "transfer-encoding:\tchunked \t "])
def test_a_tab_behind_the_coding_leaves_doubt(line: str) -> None:
    """R15 (CVE-2025-53643): there are readers to whom this is another coding."""
    assert framing(line) == framing("A: b", line, "C: d") == Framing(None, True, False, True)


def test_a_tab_elsewhere_leaves_none() -> None:
    """Before the coding, or behind another field."""
    assert framing("Transfer-Encoding:\tchunked", "A: b\t") == Framing(None, True, True, False)


def test_identity_is_no_coding_but_leaves_doubt() -> None:
    """RFC 2616 had it; old servers still send it."""
    assert framing("Transfer-Encoding: identity") == Framing(None, False, False, True)
    assert framing("Transfer-Encoding: identity", "Content-Length: 5") == Framing(5, False, False, True)


@pytest.mark.parametrize(
    "lines",
    [
        ("Transfer-Encoding: gzip",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked;q=1",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: chunked,",),
        ("Transfer-Encoding:",),
    ],
)
def test_any_other_coding_is_an_error(lines: tuple[str, ...]) -> None:
    """R15: it was not asked for, and nobody could undo it."""
    assert error_of(*lines) == ERR_INVALID_HTTP_RESPONSE


@pytest.mark.parametrize(
    "lines, http_1_0, http_1_1",
    [
        (("Connection: close",), False, False),
        (("Connection: Keep-Alive",), True, True),
        (("Connection: Upgrade",), False, True),
        (("Connection: upgrade ,\tCLOSE",), False, False),
        (("Connection: upgrade", "Connection: close"), False, False),
        (("Connection: keep-alive, close",), False, False),
        (("Connection: close, keep-alive",), False, False),
        (("Connection: closed",), False, True),
        (("Proxy-Connection: close",), False, False),
        (("Proxy-Connection: keep-alive",), True, True),
        (("Proxy-Connection: close", "Connection: keep-alive"), False, False),
        (("Proxy-Connection: close", "Connection: foo"), False, False),
        (("X-Connection: close",), False, True),
    ],
)
def test_close_wins_over_keep_alive(lines: tuple[str, ...], http_1_0: bool, http_1_1: bool) -> None:
    """RFC 9112 §9.3: wherever they stand, in Proxy-Connection too; without them the version decides."""
    assert framing(*lines, version=HTTP_1_0).keep_alive is http_1_0
    assert framing(*lines, version=HTTP_1_1).keep_alive is http_1_1


def test_one_location_is_enough() -> None:
    """Row 162, TwoIdenticalLocationHeaders and TwoDistinctLocationHeaders."""
    assert framing("Location: /a", "location:/a ") == Framing(None, False, True, False)
    assert error_of("Location: /a", "Location: /b") == ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION


def test_one_content_disposition_is_enough() -> None:
    """Row 162, SingleContentDisposition, TwoIdentical… and TwoDistinctContentDispositionHeaders."""
    one = 'Content-Disposition: attachment; filename="a"'
    assert framing(one) == framing(one, one) == Framing(None, False, True, False)
    assert error_of(one, "content-disposition: inline") == ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION


def test_what_every_answer_is_asked_for_is_found_on_the_way() -> None:
    """In any case, and next to anything; but not in a value."""
    lines = ("Set-Cookie: a", "A: keep-alive:", "strict-transport-security:", "Keep-Alive: timeout=5", "SET-COOKIE: b")
    for more in ((), ("Content-Length: 5, 5",)):
        noted = framing(*lines, *more).noted
        assert set(noted) == {b"set-cookie", b"strict-transport-security", b"keep-alive"}
    assert framing("Content-Encoding: gzip", "Content-Length: 5", "Connection: Keep-Alive") == Framing(
        5, False, True, False, (b"content-encoding",)
    )


NAMES = st.sampled_from(
    ["Content-Length", "content-LENGTH", "Connection", "Transfer-Encoding", "Proxy-Connection", "A", "Set-cookie"]
)
VALUES = st.sampled_from(
    [
        "0",
        "7",
        "007",
        "7,7",
        "8",
        "+7",
        "7_0",
        "",
        "9" * 18,
        "9" * 19,
        "9" * 20,
        "keep-alive",
        "Keep-Alive",
        "close",
        "close, keep-alive",
        "chunked",
        "Chunked",
        "\tchunked",
        "chunked\t",
        "chunked ",
        "identity",
        "gzip, chunked",
    ]
)


@given(st.lists(st.builds("{}: {}".format, NAMES, VALUES), max_size=4), st.sampled_from([HTTP_1_0, HTTP_1_1]))
def test_both_ways_lead_to_one_result(lines: list[str], version: tuple[int, int]) -> None:
    """A field that says nothing of the body, nor of the connection, has all the others read with care."""

    def outcome(*more: str) -> Framing | tuple[int, str]:
        try:
            found = framing(*lines, *more, version=version)
            return found._replace(noted=tuple(set(found.noted)))
        except WireError as error:
            return error.net_error, error.detail

    assert outcome() == outcome("Location: /")
