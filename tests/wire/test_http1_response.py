"""The response head: values, surplus, limits, and the same result from any pieces."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.net_errors import (
    ERR_INVALID_HTTP_RESPONSE,
    ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH,
    ERR_RESPONSE_HEADERS_TOO_BIG,
    ERR_RESPONSE_HEADERS_TRUNCATED,
)
from netstack_sync.wire import http1_response
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.http1_response import (
    MAX_HEAD_BYTES,
    MAX_HEAD_LINES,
    ResponseHead,
    ResponseHeadParser,
    read_whole_head,
)


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def parse(data: bytes, limit_bytes: int = MAX_HEAD_BYTES) -> ResponseHead:
    """Parse at once and byte by byte, and return the one result."""
    at_once = ResponseHeadParser(limit_bytes)
    head = at_once.receive(data)
    assert head is not None
    in_bytes = ResponseHeadParser(limit_bytes)
    for taken, byte in enumerate(bytewise(data), 1):
        other = in_bytes.receive(byte)
        assert in_bytes.received_bytes == taken
        if other is not None:
            break
    assert other is not None and values(other) == values(head)
    assert at_once.received_bytes == taken and at_once.surplus == data[taken:]
    assert in_bytes.surplus == b""
    return head


def values(head: ResponseHead) -> tuple[object, ...]:
    framing = (head.content_length, head.is_chunked, head.keep_alive, head.in_doubt)
    return (head.status, head.reason, head.version, head.headers.items(), *framing)


def error_of(data: bytes, limit_bytes: int = MAX_HEAD_BYTES) -> int:
    """Return the number that comes at once and byte by byte."""
    numbers = []
    for pieces in ([data], bytewise(data)):
        parser = ResponseHeadParser(limit_bytes)
        with pytest.raises(WireError) as caught:
            for piece in pieces:
                assert parser.receive(piece) is None
        numbers.append(caught.value.net_error)
    assert numbers[0] == numbers[1]
    return numbers[0]


def test_a_head_gives_its_values() -> None:
    """Everything a stream needs to go on, found without parsing the fields."""
    head = parse(b"HTTP/1.1 404 Not \xe9 Found\r\nServer: x\r\nContent-Length: 5\r\nA:\t b \r\n\r\nhello")
    assert (head.status, head.reason, head.version) == (404, "Not é Found", (1, 1))
    assert head.headers.items() == [("Server", "x"), ("Content-Length", "5"), ("A", "b")]
    assert (head.content_length, head.is_chunked) == (5, False)
    assert head.keep_alive and not head.in_doubt


@pytest.mark.parametrize("line, reason", [(b"HTTP/1.1 200", ""), (b"HTTP/1.1 200 ", ""), (b"HTTP/1.1 200 O", "O")])
def test_a_reason_may_be_missing(line: bytes, reason: str) -> None:
    """And so may the space before it: many servers leave it out."""
    head = parse(line + b"\r\n\r\n")
    assert head.reason == reason and not head.in_doubt and len(head.headers) == 0


def test_http_1_0_closes_unless_it_says_otherwise() -> None:
    """RFC 9112 §9.3."""
    assert not parse(b"HTTP/1.0 200 OK\r\n\r\n").keep_alive
    assert parse(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n").keep_alive
    assert not parse(b"HTTP/1.0 200 OK\r\n\r\n").knows_keep_alive
    assert parse(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n").knows_keep_alive
    assert parse(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").knows_keep_alive
    assert parse(b"HTTP/1.0 200 OK\r\n\r\n").version == (1, 0)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n", id="junk"),
        pytest.param(b"HTTP/1.1 200 OK\nA: b\n\n", id="bare LF"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b\r\n\n", id="bare LF at the end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA:\r\n b\r\n\r\n", id="fold"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno field\r\nA: b\r\n\r\n", id="line without a colon"),
        pytest.param(b"http/1.7  200  OK\r\nA: b\r\n\r\n", id="status line"),
    ],
)
def test_what_is_tolerated_leaves_doubt(data: bytes) -> None:
    """Row 160, StatusLineJunk; R15: the answer is read, the connection not used again."""
    head = parse(data + b"\r\n\r\nsurplus")
    assert values(head) == (200, "OK", (1, 1), [("A", "b")], None, False, False, True)


def test_contradicting_framing_leaves_doubt() -> None:
    """RFC 9112 §6.3: chunked wins, and no keep-alive can be believed."""
    head = parse(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
    )
    assert head.is_chunked and head.content_length is None
    assert head.in_doubt and not head.keep_alive


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<html>hello</html>", id="HTTP/0.9"),
        pytest.param(b"ICY 200 OK\r\n\r\n", id="Shoutcast"),
        pytest.param(b"12345HTTP/1.1 200 OK\r\n\r\n", id="five bytes of junk"),
        pytest.param(b"HTTP/0.9 200 OK\r\n\r\n", id="version"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", id="NUL"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", id="blank before the colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", id="length"),
    ],
)
def test_what_cannot_be_understood_is_an_error(data: bytes) -> None:
    """Row 151 (HTTP/0.9 and Shoutcast are not spoken here), Row 153 (NullFails), Row 160."""
    assert error_of(data) == ERR_INVALID_HTTP_RESPONSE


def test_informational_heads_come_one_after_the_other() -> None:
    """Row 152, ContinueWithBody, EarlyHints: what follows one head starts the next."""
    rest = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody"
    statuses = []
    for _ in range(3):
        parser = ResponseHeadParser()
        head = parser.receive(rest)
        assert head is not None
        statuses.append(head.status)
        rest = parser.surplus
    assert statuses == [100, 103, 200] and rest == b"body"


def test_bytes_after_an_upgrade_stay() -> None:
    """Row 154, WebSocket101Response."""
    parser = ResponseHeadParser()
    head = parser.receive(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x02hi")
    assert head is not None and head.status == 101
    assert parser.surplus == b"\x81\x02hi"


def test_received_bytes_exclude_what_follows_the_head() -> None:
    """Row 148, ReceivedBytes…ExcludesNextResponse; `parse` counts one by one (Row 155)."""
    parser = ResponseHeadParser()
    assert parser.receive(b"\nHTTP/1.1 204 No") is None
    assert parser.received_bytes == 16
    assert parser.receive(b" Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\n") is not None
    assert parser.received_bytes == 28
    assert repr(parser) == "<ResponseHeadParser received_bytes=28>"


CUT_OFF = [b"H", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", b"junk"]


@pytest.mark.parametrize("data", CUT_OFF)
def test_a_cut_off_head_is_an_error_over_tls(data: bytes) -> None:
    """Row 150, TruncatedHeaders: somebody may have cut it on purpose."""
    parser = ResponseHeadParser()
    assert parser.receive(data) is None
    with pytest.raises(WireError) as caught:
        parser.finish(is_secure=True)
    assert caught.value.net_error == ERR_RESPONSE_HEADERS_TRUNCATED


@pytest.mark.parametrize(
    "data, items",
    [
        (b"HTTP/1.1 200 OK", []),
        (b"HTTP/1.1 200 OK\r\n", []),
        (b"HTTP/1.1 200 OK\r\nA: b\r\nCont", [("A", "b")]),
        (b"HTTP/1.1 200 OK\r\nA: b\r\nLocation: /ab", [("A", "b")]),
        (b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r", [("A", "b"), ("C", "d")]),
    ],
)
def test_a_cut_off_head_is_read_over_plain_http(data: bytes, items: list[tuple[str, str]]) -> None:
    """Row 150, TruncatedHeaders: what is there counts, the connection is gone anyway."""
    for pieces in ([data], bytewise(data)):
        parser = ResponseHeadParser()
        for piece in pieces:
            assert parser.receive(piece) is None
        head = parser.finish(is_secure=False)
        assert (head.status, head.headers.items(), head.in_doubt) == (200, items, True)
        assert not head.keep_alive
        assert parser.surplus == b"" and parser.received_bytes == len(data)


@pytest.mark.parametrize("data", [b"HTT", b"junk", b"HTTP/1.1 20"])
def test_a_cut_off_status_line_is_no_answer(data: bytes) -> None:
    """Row 151, Http09TruncatedHeader; Row 160, StatusLinePartial."""
    parser = ResponseHeadParser()
    assert parser.receive(data) is None
    with pytest.raises(WireError) as caught:
        parser.finish(is_secure=False)
    assert caught.value.net_error == ERR_INVALID_HTTP_RESPONSE


def test_an_empty_piece_changes_nothing() -> None:
    """Before the first byte and later."""
    parser = ResponseHeadParser()
    assert parser.receive(b"") is None
    assert parser.receive(b"HTTP/1.1 200 OK\r\n") is None
    assert parser.receive(b"") is None
    assert parser.receive(b"\r\n") is not None


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n"])
@pytest.mark.parametrize("limit_bytes", [100, 6000, MAX_HEAD_BYTES])
def test_the_head_has_a_limit(end: bytes, limit_bytes: int) -> None:
    """Row 173, LargeHeadersNoBody; R13: the accumulated size counts, one byte too many is one too many."""
    start = b"HTTP/1.1 200 OK\r\nA: "
    padding = b"x" * (limit_bytes - len(start) - len(end))
    assert parse(start + padding + end + b"body", limit_bytes).status == 200
    assert error_of(start + padding + b"x" + end + b"body", limit_bytes) == ERR_RESPONSE_HEADERS_TOO_BIG
    assert error_of(start + padding + b"xxxx", limit_bytes) == ERR_RESPONSE_HEADERS_TOO_BIG


@pytest.mark.parametrize("line", [b"a:\r\n", b"a:\n", b"junk\r\n", b"a: bcd\r\n"])
def test_the_lines_have_a_limit(line: bytes) -> None:
    """R13: many small lines cost more than their bytes; folded, dropped and empty ones count."""
    fields = MAX_HEAD_LINES - 2  # the status line and the empty one count as well
    assert parse(b"HTTP/1.1 200 OK\r\n" + line * fields + b"\r\n").status == 200
    too_many = b"HTTP/1.1 200 OK\r\n" + line * (fields + 1) + b"\r\n"
    assert error_of(too_many) == ERR_RESPONSE_HEADERS_TOO_BIG


@pytest.mark.parametrize("line", [b"a:\r\n", b"\r\r\n", b"A: " + b" " * 1000 + b"\r\n", b"x" * 1000])
def test_a_hostile_head_costs_linear_time(line: bytes) -> None:
    """R23: searched again with every byte it takes minutes, and the time-out of the suite ends it."""
    data = (b"HTTP/1.1 200 OK\r\n" + line * (MAX_HEAD_BYTES // len(line) + 1))[:MAX_HEAD_BYTES]
    assert error_of(data) == ERR_RESPONSE_HEADERS_TOO_BIG


def test_trailers_are_to_come() -> None:
    """There is a place for them only with the chunked coding; whoever reads the body fills it."""
    assert parse(b"HTTP/1.1 200 OK\r\n\r\n").trailer_lines is None
    head = parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert head.trailer_lines == [] and head.trailers.items() == []
    head.trailer_lines.append(b"A: b\r\n")
    assert head.trailers.items() == [("A", "b")]


def test_another_head_for_the_same_body() -> None:
    """What the fields say of the body does not change how it is read; trailers that come later belong to both."""
    head = parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n")
    changed = head.with_fields(302, "Found", ResponseHeaders.from_items([("Content-Length", "5")]))
    assert (changed.status, changed.reason, changed.headers.get("content-length")) == (302, "Found", "5")
    assert (changed.version, changed.is_chunked, changed.content_length) == (head.version, True, None)
    assert (changed.keep_alive, changed.in_doubt) == (head.keep_alive, head.in_doubt)
    assert head.trailer_lines is not None
    head.trailer_lines.append(b"T: 1\r\n")
    assert changed.trailers.items() == [("T", "1")]


def test_repr_shows_the_status_and_the_doubt() -> None:
    """One line, read in logs."""
    assert repr(parse(b"HTTP/1.1 200 OK\r\n\r\n")) == "<ResponseHead HTTP/1.1 200 'OK'>"
    assert repr(parse(b"HTTP/1.0 200\n\n")) == "<ResponseHead HTTP/1.0 200 '' in doubt>"


@pytest.mark.parametrize("surplus", [b"", b"body", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_head_that_is_all_there_needs_no_parser(surplus: bytes) -> None:
    """It is the same head, and its size tells where the rest begins."""
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
    whole = read_whole_head(data + surplus)
    assert whole is not None and whole[1] == len(data)
    assert repr(whole[0]) == "<ResponseHead HTTP/1.1 200 'OK'>" and whole[0].content_length == 4


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nA: b\r\n",
        b"HTTP/1.1 200 OK\nA: b\n\n",
        b"x HTTP/1.1 200 OK\r\n\r\n",
        b"no head at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * MAX_HEAD_LINES + b"\r\n",
    ],
    ids=["cut", "bare LF", "junk before", "something else", "large"],
)
def test_every_other_head_needs_a_parser(data: bytes) -> None:
    """Which knows whether to wait, to put up with it or to refuse it."""
    assert read_whole_head(data) is None


def test_a_whole_head_may_contradict_itself() -> None:
    """Then it is refused as by the parser."""
    with pytest.raises(WireError) as caught:
        read_whole_head(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n")
    assert caught.value.net_error == ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH


def test_a_long_status_line_is_not_kept() -> None:
    """What a server may make as long as a head, nobody remembers for it; those of small heads are few."""
    reason = b"x" * 5000
    before = http1_response._known_status_line.cache_info()
    head = ResponseHeadParser().receive(b"HTTP/1.1 200 " + reason + b"\r\n\r\n")
    assert head is not None and head.reason == reason.decode()
    assert http1_response._known_status_line.cache_info() == before
