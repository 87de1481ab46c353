"""The body of a request: what may be passed, what it becomes, what is refused before anything is sent."""

from __future__ import annotations

import gc
import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netstack_sync.base.net_errors import ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED, OK
from netstack_sync.fetcher.file_range import FileRange
from netstack_sync.fetcher.request_body import RequestBody, make_body
from netstack_sync.http.upload import BytesUpload
from tests.support.loops import LoopDriver, driven_loop
from tests.support.workers import ScriptedWorkers


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


def _body(**given: object) -> RequestBody:
    body = make_body(**given)
    assert body is not None
    return body


def _sent(body: RequestBody, driver: LoopDriver, times: int = 1) -> bytes | BaseException:
    """What goes on the wire, the last of `times` attempts."""
    workers = ScriptedWorkers(driver.loop.task_runner)
    upload = body.make_upload(workers)
    for attempt in range(times):
        assert attempt == 0 or upload.rewind() == OK
        sent = b""
        while True:
            answers: list[bytes | int] = []
            data = upload.read(answers.append)
            if workers.jobs:
                workers.run_next()
                driver.run_until_idle()
                data = answers[0]
            if isinstance(data, int):
                assert upload.error is not None
                return upload.error
            if not data:
                break
            sent += data
    return sent


def test_nothing_is_no_body() -> None:
    assert make_body() is None
    assert make_body(json=None, data=None, content=None, files=None) is None


@pytest.mark.parametrize(
    ("given", "content_type", "sent"),
    [
        ({"json": {"a": [1, None, "\u20ac"]}}, "application/json", '{"a":[1,null,"\u20ac"]}'.encode()),
        ({"json": "\ud800"}, "application/json", b'"\\ud800"'),
        ({"json": 0}, "application/json", b"0"),
        ({"data": {"a": ["1", 2], "b": "x y", "c": None}}, "application/x-www-form-urlencoded", b"a=1&a=2&b=x+y"),
        ({"data": [("a", 1), ("a", b"\xff")]}, "application/x-www-form-urlencoded", b"a=1&a=%FF"),
        ({"data": (("\u20ac", True),)}, "application/x-www-form-urlencoded", b"%E2%82%AC=True"),
        ({"data": {}}, "application/x-www-form-urlencoded", b""),
        ({"data": b"raw"}, None, b"raw"),
        ({"data": "t\u20ac"}, None, "t\u20ac".encode()),
        ({"content": bytearray(b"ba")}, None, b"ba"),
        ({"content": memoryview(b"mv")}, None, b"mv"),
        ({"content": ""}, None, b""),
    ],
)
def test_bodies_in_memory(given: dict[str, Any], content_type: str | None, sent: bytes, driver: LoopDriver) -> None:
    body = _body(**given)
    assert (body.content_type, body.size) == (content_type, len(sent))
    assert isinstance(body.make_upload(ScriptedWorkers(driver.loop.task_runner)), BytesUpload)
    assert _sent(body, driver, times=2) == sent


def test_files_are_multipart_and_take_a_form_along(driver: LoopDriver) -> None:
    body = _body(files={"f": b"x"}, data={"a": 1})
    assert str(body.content_type).startswith("multipart/form-data; boundary=")
    sent = _sent(body, driver)
    assert isinstance(sent, bytes) and b'name="a"' in sent and b'name="f"' in sent


@pytest.mark.parametrize(
    "given",
    [{"json": 1, "data": b""}, {"content": b"", "files": {}}, {"data": b"", "files": {}}, {"json": 1, "files": {}}],
)
def test_two_bodies_are_refused(given: dict[str, Any]) -> None:
    """The message names both."""
    first, second = given
    with pytest.raises(ValueError, match=f"{first} and {second}: a request has one body"):
        make_body(**given)


@pytest.mark.parametrize("value", [float("nan"), object(), {1j: 2}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError), match="json: "):
        make_body(json=value)


@pytest.mark.parametrize("given", [{"data": {"a": "\ud800"}}, {"content": "\ud800"}])
def test_text_that_is_no_unicode_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(given))}: cannot be encoded"):
        make_body(**given)


@pytest.mark.parametrize("value", [5, object()])
@pytest.mark.parametrize("argument", ["data", "content"])
def test_what_is_no_body_is_refused(argument: str, value: object) -> None:
    with pytest.raises(TypeError, match=rf"{argument}: pass (a form \(mapping or pairs\), )?bytes"):
        make_body(**{argument: value})


def test_content_takes_no_form() -> None:
    with pytest.raises(TypeError, match="content: pass bytes"):
        make_body(content={"a": 1})


def test_a_range_of_a_file_is_read_as_it_is_sent(tmp_path: Path, driver: LoopDriver) -> None:
    """Row 245, PostFileRange: no byte more, and again after a rewind."""
    path = tmp_path / "f"
    path.write_bytes(b"ab" + b"x" * 100_000 + b"yz")
    for argument in ("content", "data"):
        body = _body(**{argument: FileRange(path, 1, 100_002)})
        assert (body.size, body.content_type) == (100_002, None)
        assert _sent(body, driver, times=2) == b"b" + b"x" * 100_000 + b"y"
    for missing in (FileRange(tmp_path / "g"), FileRange(path, 100_005)):
        with pytest.raises(ValueError, match="content: "):
            make_body(content=missing)


def test_a_path_is_read_as_it_is_sent(tmp_path: Path, driver: LoopDriver) -> None:
    """Sent again after a rewind; its file is closed with the body, without a warning."""
    path = tmp_path / "f"
    path.write_bytes(b"x" * 200_000)
    body = _body(content=path)
    assert (body.size, body.content_type) == (200_000, None)
    assert _sent(body, driver, times=2) == b"x" * 200_000
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del body
        gc.collect()


def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for argument in ("content", "data"):
        with pytest.raises(ValueError, match=f"{argument}: cannot read"):
            make_body(**{argument: tmp_path / "missing"})
        with pytest.raises(ValueError, match=f"{argument}: cannot read"):
            make_body(**{argument: tmp_path})


@pytest.mark.parametrize("offset", [0, 4, 10, 99])
def test_a_file_is_sent_from_where_it_stands(offset: int, driver: LoopDriver) -> None:
    """Each time it is sent, and with its length; it is not closed."""
    file = io.BytesIO(b"0123456789")
    file.seek(offset)
    body = _body(content=file)
    assert body.size == max(0, 10 - offset)
    assert _sent(body, driver, times=2) == b"0123456789"[offset:]
    assert not file.closed


def test_a_pipe_has_no_length_and_goes_once(driver: LoopDriver) -> None:
    """What cannot be read twice cannot be sent again."""
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    with open(reader, "rb") as file:
        body = _body(content=file)
        assert body.size is None
        upload = body.make_upload(ScriptedWorkers(driver.loop.task_runner))
        assert upload.rewind() == OK
        assert _sent(body, driver) == b"piped"
        upload.read(lambda _: None)
        assert upload.rewind() == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED


def test_anything_with_read_will_do(driver: LoopDriver) -> None:
    class Reader:
        def __init__(self) -> None:
            self.pieces = [b"a", b"b", b""]

        def read(self, size: int) -> bytes:
            return self.pieces.pop(0)

    assert _sent(_body(content=Reader()), driver) == b"ab"


def test_files_that_give_no_bytes_are_refused(tmp_path: Path) -> None:
    """Closed, open for writing only, open for text: each is seen before anything is sent."""
    path = tmp_path / "f"
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(ValueError, match="content: cannot read the file: I/O operation on closed"):
        make_body(content=closed)
    with open(path, "wb") as file, pytest.raises(ValueError, match="data: the file is not open for reading"):
        make_body(data=file)
    with open(path) as text, pytest.raises(TypeError, match=r"content: .* open the file in binary mode"):
        make_body(content=text)


def test_an_iterable_can_be_sent_again_but_a_generator_cannot(driver: LoopDriver) -> None:
    assert _sent(_body(content=[b"a", b"", b"b"]), driver, times=2) == b"ab"
    generator = (piece for piece in (b"a", b"b"))
    body = _body(data=generator)
    assert body.size is None
    upload = body.make_upload(ScriptedWorkers(driver.loop.task_runner))
    upload.read(lambda _: None)
    assert upload.rewind() == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED


def test_one_body_makes_several_uploads(tmp_path: Path, driver: LoopDriver) -> None:
    """A prepared request may be fetched again; only what can be read just once cannot be sent again, and says so."""
    path = tmp_path / "f"
    path.write_bytes(b"0123")
    file = io.BytesIO(b"0123")
    for body in (_body(content=path), _body(content=file), _body(content=[b"01", b"23"]), _body(content=b"0123")):
        assert _sent(body, driver) == _sent(body, driver) == b"0123"
    body = _body(content=iter([b"0123"]))
    assert _sent(body, driver) == b"0123"
    error = _sent(body, driver)
    assert isinstance(error, ValueError) and "cannot be read again" in str(error)


def test_what_an_iterable_raises_is_kept(driver: LoopDriver) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise ZeroDivisionError

    assert isinstance(_sent(_body(content=broken()), driver), ZeroDivisionError)
    error = _sent(_body(content=["text"]), driver)
    assert isinstance(error, TypeError) and "made of bytes" in str(error)


def test_the_caller_may_announce_the_length(driver: LoopDriver) -> None:
    body = _body(content=iter([b"abc", b"d"])).with_size(4)
    assert body.size == 4
    assert _sent(body, driver) == b"abcd"


@pytest.mark.parametrize("files", [{}, [], ()])
def test_no_files_are_no_multipart(files: object) -> None:
    """A program that found none to send: the form goes alone, as with requests and httpx."""
    assert make_body(files=files) is None
    form = make_body(data={"a": "b"}, files=files)
    assert form is not None and form.content_type == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("files", [None, {"f": b""}])
def test_a_file_is_no_value_of_a_form(files: object) -> None:
    """What would be sent is how Python shows the object."""
    with pytest.raises(TypeError, match="data: 'a' is a file, which no form can hold; pass it in files"):
        make_body(data={"a": ["1", io.BytesIO()]}, files=files)
