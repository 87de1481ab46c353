"""multipart/form-data in the forms that requests and httpx take."""

from __future__ import annotations

import io
import os
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from netstack_sync.fetcher.multipart import Multipart, flat_form, multipart_body


def _whole(multipart: Multipart) -> bytes:
    """The body as it is sent."""
    if multipart.source is None:
        assert multipart.size is None
        return multipart.data
    body = b""
    while piece := multipart.source.read_piece():
        body += piece
    assert multipart.size in (None, len(body))
    return body


def _parts(files: object, form: object = ()) -> list[tuple[str | None, str | None, str | None, bytes]]:
    """(name, filename, type, content) of each part, as another parser reads them."""
    data: Any = form
    multipart = multipart_body(files, flat_form(data))
    head = f"Content-Type: {multipart.content_type}\r\n\r\n".encode()
    message: Any = message_from_bytes(head + _whole(multipart))
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_param("filename", header="content-disposition"),
            part["content-type"],
            part.get_payload(decode=True),
        )
        for part in message.get_payload()
    ]


def test_every_form_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"from disk")
    named = io.BytesIO(b"named")
    named.name = "/tmp/b.png"
    numbered = io.BytesIO(b"numbered")
    numbered.name = 3
    files = {
        "bytes": b"b",
        "array": bytearray(b"a"),
        "str": "\u20ac",
        "path": path,
        "named": named,
        "numbered": numbered,
        "text": io.StringIO("t"),
        "pair": ("p.json", b"{}"),
        "typed": ("q", io.BytesIO(b"q"), "x/y"),
        "untyped": ("q.txt", b"u", None),
        "field": (None, "plain"),
        "typed field": (None, b"{}", "application/json"),
    }
    assert _parts(files) == [
        ("bytes", "bytes", "application/octet-stream", b"b"),
        ("array", "array", "application/octet-stream", b"a"),
        ("str", "str", "application/octet-stream", "\u20ac".encode()),
        ("path", "a.txt", "text/plain", b"from disk"),
        ("named", "b.png", "image/png", b"named"),
        ("numbered", "numbered", "application/octet-stream", b"numbered"),
        ("text", "text", "application/octet-stream", b"t"),
        ("pair", "p.json", "application/json", b"{}"),
        ("typed", "q", "x/y", b"q"),
        ("untyped", "q.txt", None, b"u"),
        ("field", None, None, b"plain"),
        ("typed field", None, "application/json", b"{}"),
    ]


def test_a_part_may_have_headers_of_its_own() -> None:
    """The four-tuple of requests and httpx."""
    body = multipart_body([("f", ("n", b"x", "a/b", {"X-Own": "1"}))], []).data
    assert b"\r\nContent-Type: a/b\r\nX-Own: 1\r\n\r\nx\r\n" in body


def test_a_form_may_come_along() -> None:
    """Lists are spread, None is left out, bytes stay bytes; a field may repeat."""
    parts = _parts([("f", b"1"), ("f", b"2")], {"a": [1, "x"], "b": None, "c": b"\xff"})
    assert [(name, content) for name, _, _, content in parts] == [
        ("a", b"1"),
        ("a", b"x"),
        ("c", b"\xff"),
        ("f", b"1"),
        ("f", b"2"),
    ]


@pytest.mark.parametrize("files", [5, "abc", [("a",)], ["ab"], {1: b""}, b"x"])
def test_what_is_no_mapping_is_refused(files: object) -> None:
    with pytest.raises(TypeError, match="files: pass a mapping or a list of pairs"):
        multipart_body(files, [])


@pytest.mark.parametrize("value", [("n",), ("n", b"", "t", {}, 1), (1, b"")])
def test_a_tuple_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="files: 'f' must be"):
        multipart_body({"f": value}, [])


@pytest.mark.parametrize("value", [5, None, object(), ("n", 5)])
def test_what_is_no_file_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="files: 'f' must be bytes"):
        multipart_body({"f": value}, [])


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Before anything is sent."""
    closed, closed_text = io.BytesIO(), io.StringIO()
    closed.close()
    closed_text.close()
    for value in (tmp_path / "missing", tmp_path, closed, closed_text):
        with pytest.raises(ValueError, match="files: 'f': cannot read"):
            multipart_body({"f": value}, [])
    with open(tmp_path / "g", "wb") as file, pytest.raises(ValueError, match="files: 'f': the file is not open"):
        multipart_body({"f": file}, [])


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        multipart_body({"f": io.StringIO("\ud800")}, [])


def test_files_are_not_read_before_they_are_sent(tmp_path: Path) -> None:
    """Their lengths are known all the same; they go from where they stand."""
    path = tmp_path / "f"
    path.write_bytes(b"x" * 200_000)
    with open(path, "rb") as file:
        file.seek(5)
        multipart = multipart_body({"a": file, "b": path, "c": (None, "d")}, [("e", 1)])
        assert file.tell() == 5 and multipart.source is not None and multipart.data == b""
        assert multipart.size is not None and 399_995 < multipart.size < 401_000
        assert _whole(multipart).count(b"x") == 399_995


def test_a_pipe_has_no_length() -> None:
    """So the whole has none."""
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    with open(reader, "rb") as file:
        multipart = multipart_body({"a": b"1", "f": file}, [])
        assert multipart.size is None and b"piped" in _whole(multipart)


@pytest.mark.parametrize(
    "value",
    [("n", b"", "a/b\r\nX: y"), ("n", b"", None, {"X": "a\r\n\r\nb"}), ("n", b"", None, {"X\n": "a"}), ("n", b"", 5)],
)
def test_a_line_end_in_the_head_of_a_part_is_refused(value: object) -> None:
    """Rule R16: it would make headers or parts that the caller did not write."""
    with pytest.raises(ValueError, match="files: 'f': header"):
        multipart_body({"f": value}, [])


def test_headers_of_a_part_must_be_a_mapping() -> None:
    with pytest.raises(TypeError, match="files: the headers of 'f'"):
        multipart_body({"f": ("n", b"", None, "X: y")}, [])


def test_a_line_end_in_a_name_is_escaped() -> None:
    """Rule R16; escaped as browsers do (WHATWG HTML 4.10.22.8)."""
    body = multipart_body({'f"\r\nX: y': ("n\r\n", b"")}, []).data
    assert b'name="f%22%0D%0AX: y"; filename="n%0D%0A"' in body


@pytest.mark.parametrize("bad", ["a\0b", "\x1b[0m", "a\x7f"])
def test_a_control_character_in_a_name_is_refused(bad: str) -> None:
    """Rule R14: line ends have an escape, these have none."""
    with pytest.raises(ValueError, match=r"^files: .* holds a control character"):
        multipart_body({bad: b""}, [])
    with pytest.raises(ValueError, match=r"^files: 'f': .* holds a control character"):
        multipart_body({"f": (bad, b"")}, [])
    with pytest.raises(ValueError, match=r"^data: .* holds a control character"):
        multipart_body({}, [(bad, "x")])
