"""Answers that functions make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from netstack_sync.base.exceptions import ConnectionRefused
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_FAILED
from netstack_sync.workers.answer_source import AnswerSource, SourceAnswer, SourceError
from netstack_sync.workers.handler_source import HandlerAnswer, HandlerRequest, HandlerSource


def opened(answer: object) -> SourceAnswer:
    source = HandlerSource(lambda: answer)
    try:
        return source.open()
    finally:
        source.close()


def test_bytes() -> None:
    """They come with the head, and their length says itself."""
    assert opened(HandlerAnswer()) == (200, "OK", (), 0, b"")
    assert opened(HandlerAnswer(bytearray(b"ab"), 404)) == (404, "Not Found", (), 2, b"ab")
    assert opened(HandlerAnswer(memoryview(b"ab"))).body == b"ab"
    assert opened(HandlerAnswer(b"ab", headers={"content-length": "99"})) == (200, "OK", (), 2, b"ab")


def test_status_and_reason() -> None:
    """A status of one's own has no name."""
    assert opened(HandlerAnswer(status=299))[:2] == (299, "")
    assert opened(HandlerAnswer(status=299, reason="Mine"))[:2] == (299, "Mine")


def test_headers() -> None:
    """A mapping or pairs; what belongs to the transfer is not the handler's to say."""
    assert opened(HandlerAnswer(headers={"A": "b"})).headers == (("A", "b"),)
    pairs = [("A", "b"), ("a", "c"), ("Transfer-Encoding", "chunked"), ("Content-Length", "5")]
    answer = opened(HandlerAnswer(iter([b"x"]), headers=pairs))
    assert answer.headers == (("A", "b"), ("a", "c")) and answer.size == 5


def test_pieces() -> None:
    """One at a time, as they are asked for; empty ones do not end the body, its end does."""
    given: list[bytes] = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"", b"a", b"", b"b"):
            given.append(piece)
            yield piece

    source: AnswerSource = HandlerSource(lambda: HandlerAnswer(pieces()))
    answer = source.open()
    assert answer.size is None and answer.body is None and not given
    assert source.read_piece() == b"a" and given == [b"", b"a"]
    assert source.read_piece() == b"b" and source.read_piece() == b"" and source.read_piece() == b""
    assert source.has_effects and not source.is_remote


def test_closing() -> None:
    """A generator's `finally` runs; on nobody's thread but a worker's, so not in abort()."""
    ended: list[str] = []

    def pieces() -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            ended.append("finally")

    source = HandlerSource(lambda: HandlerAnswer(pieces()))
    source.open()
    source.read_piece()
    source.abort(is_busy=False)
    assert not ended
    source.close()
    source.close()
    assert ended == ["finally"] and source.read_piece() == b""
    HandlerSource(lambda: HandlerAnswer([b"a"])).close()


@pytest.mark.parametrize(
    "answer, words",
    [
        (None, "must return a HandlerAnswer, not NoneType"),
        (b"x", "must return a HandlerAnswer, not bytes"),
        (HandlerAnswer(reason="a\r\nb"), "ValueError"),
        (HandlerAnswer(headers={"A": "b\r\nC: d"}), "ValueError"),
        (HandlerAnswer(headers={"A b": "c"}), "ValueError"),
        (HandlerAnswer(headers={"Content-Length": "-1"}), "is no number of bytes"),
        (HandlerAnswer(headers={"Content-Length": "9" * 30}), "is no number of bytes"),
        (HandlerAnswer(headers=5), "TypeError"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_answer(answer: object, words: str) -> None:
    """R16 for the two with line ends: nothing that a handler repeats can become another field."""
    with pytest.raises(SourceError) as caught:
        opened(answer)
    assert caught.value.net_error == ERR_FAILED and words in caught.value.detail


@pytest.mark.parametrize(
    "values, kind, words",
    [
        (
            {"body": "text"},
            TypeError,
            r"body: must be bytes or .*, not str; encode it: text.encode\(\)",
        ),
        ({"body": 5}, TypeError, "body: must be bytes or an iterable of bytes, not int$"),
        ({"body": {"a": 1}}, TypeError, "body: must be bytes or an iterable of bytes, not dict$"),
        ({"body": None}, TypeError, "body: must be bytes or an iterable of bytes, not NoneType$"),
        ({"status": 100}, ValueError, "status: must be a number from 200 to 599, not 100"),
        ({"status": 600}, ValueError, "status: must be a number from 200 to 599, not 600"),
        ({"status": True}, ValueError, "status: must be a number from 200 to 599, not True"),
        ({"status": "200"}, ValueError, "status: must be a number from 200 to 599, not '200'"),
    ],
)
def test_answers_that_cannot_be_made(values: dict[str, Any], kind: type[Exception], words: str) -> None:
    """The handler's own line is blamed, and the field is named."""
    with pytest.raises(kind, match=words):
        HandlerAnswer(**values)
    with pytest.raises(SourceError, match=words.removesuffix("$")):
        HandlerSource(lambda: HandlerAnswer(**values)).open()


def test_pieces_that_are_no_bytes() -> None:
    source = HandlerSource(lambda: HandlerAnswer(["x"]))  # type: ignore[list-item]
    source.open()
    with pytest.raises(SourceError, match="made of bytes, not str"):
        source.read_piece()


def test_exceptions() -> None:
    """Any of code that is not ours is told in words; a NetError is meant as it is."""

    def fail() -> HandlerAnswer:
        raise FileNotFoundError(2, "gone")

    with pytest.raises(
        SourceError, match=r"FileNotFoundError: .*gone \(.*test_handler_source.py, line \d+\)"
    ) as caught:
        HandlerSource(fail).open()
    assert caught.value.net_error == ERR_FAILED and isinstance(caught.value.__cause__, FileNotFoundError)

    def refuse() -> HandlerAnswer:
        raise ConnectionRefused(ERR_CONNECTION_REFUSED)

    with pytest.raises(ConnectionRefused):
        HandlerSource(refuse).open()


def test_a_request_hides_its_body() -> None:
    """It may be large, or a secret."""
    request = HandlerRequest(url="app:x", method="GET", headers=RequestHeaders(), body=b"secret")
    assert "secret" not in repr(request) and not request.is_body_streamed
