"""Methods, queries and bodies: the server must be told the same by us and by requests."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.side_by_side import SideBySide

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

_TEXT = "žluťoučký kůň 🐎"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_has_its_page(both: SideBySide, method: str) -> None:
    """As requests' first page shows them."""
    data = {"key": "value"} if method == "DELETE" else None
    facts = both.same(method, f"/{method.lower()}", params={"key": "value"}, data=data)
    assert json.loads(facts.content)["args"] == {"key": "value"}


@pytest.mark.parametrize("method", ["HEAD", "get", "pOsT"])
def test_other_methods(both: SideBySide, method: str) -> None:
    """Also those that a server answers without a body, and names in other letters."""
    facts = both.same(method, "/anything")
    assert facts.status == 200


@pytest.mark.parametrize(
    "params",
    [
        {"key1": "value1", "key2": "value2"},
        {"key1": "value1", "key2": ["value2", "value3"]},
        {"key1": "value1", "none": None},
        [("a", "1"), ("a", "2"), ("b", "")],
        {"number": 7, "float": 1.5},
        {"text": _TEXT, _TEXT: "x"},
        {"reserved": "a&b=c d+e/f?g#h%i"},
        {},
        "raw=1&more=2",
    ],
    ids=repr,
)
def test_params(both: SideBySide, params: Any) -> None:
    """The final URL is the same to the letter, and so is what the server makes of it."""
    both.same("GET", "/get", params=params)


def test_params_join_the_query_of_the_url(both: SideBySide) -> None:
    """What is there stays in front."""
    facts = both.same("GET", "/get?first=1", params={"second": "2"})
    assert json.loads(facts.content)["args"] == {"first": "1", "second": "2"}


@pytest.mark.parametrize(
    "path",
    ["/anything/a%20b", "/anything/a b", "/anything/%C3%A9", "/anything/é", "/anything/a;b=c,d", "/anything/a%2Fb"],
)
def test_paths(both: SideBySide, path: str) -> None:
    """Escaped once, and what is escaped already is left alone."""
    both.same("GET", path)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Test": "value"},
        {"user-agent": "my-app/0.0.1"},
        {"Accept": "application/json", "X-Empty": ""},
        {"X-Bytes": b"bytes"},
        {"Content-Type": "text/x-own"},
    ],
    ids=repr,
)
def test_headers(both: SideBySide, headers: dict[str, Any]) -> None:
    """Custom headers, over those of the session."""
    both.same("POST", "/anything", headers=headers, data="body")


@pytest.mark.parametrize(
    "data",
    [
        {"key1": "value1", "key2": "value2"},
        {"key1": ["value1", "value2"]},
        [("key1", "value1"), ("key1", "value2")],
        (("key1", "value1"), ("key1", "value2")),
        {"key": None, "other": 1},
        {"text": _TEXT},
        {"reserved": "a&b=c d+e%"},
    ],
    ids=repr,
)
def test_forms(both: SideBySide, data: Any) -> None:
    """application/x-www-form-urlencoded, in every shape that requests takes."""
    both.same("POST", "/post", data=data)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("data", ["text", b"\x00\xff bytes", json.dumps({"some": "data"}), _TEXT.encode()], ids=repr)
def test_raw_bodies(both: SideBySide, method: str, data: str | bytes) -> None:
    """Bytes and text go as they are, and imply no type."""
    both.same(method, "/anything", data=data)


@pytest.mark.parametrize(
    "value", [{"some": "data"}, [1, 2.5, None, True], {"text": _TEXT}, "text", 7, {"nested": {"a": [{}]}}], ids=repr
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_json_bodies(both: SideBySide, method: str, value: object) -> None:
    """The server reads the same value and the same type.

    The text differs by design: ours has no blanks and does not escape what UTF-8 can say.
    """
    ours, theirs = (ask(method, "/anything", json=value) for ask in (both.ask_ours, both.ask_theirs))
    seen, expected = json.loads(ours.content), json.loads(theirs.content)
    assert seen["json"] == expected["json"] == value
    assert seen["headers"]["Content-Type"] == expected["headers"]["Content-Type"] == "application/json"
    assert json.loads(seen["data"]) == value and len(seen["data"]) <= len(expected["data"])


_FILES: list[Any] = [
    {"file": ("report.csv", "some,data,to,send\nanother,row,to,send\n", "text/csv")},
    {"file": ("report.xls", b"\xd0\xcf", "application/vnd.ms-excel", {"Expires": "0"})},
    {"file": ("name.png", b"\x89PNG", "image/png"), "other": ("b.txt", "text", "text/plain")},
    [("images", ("foo.png", b"\x89PNG1", "image/png")), ("images", ("bar.png", b"\x89PNG2", "image/png"))],
    {"file": (None, "no filename makes a field")},
    {"file": (f"{_TEXT}.txt", "text", "text/plain")},
    {"file": ('quo"ted.txt', "text", "text/plain")},
    {"file": ("empty.txt", b"", "text/plain")},
]


@pytest.mark.parametrize("files", _FILES, ids=repr)
@pytest.mark.parametrize("data", [None, {"field": "value", "more": ["1", "2"]}], ids=repr)
def test_multipart(both: SideBySide, files: Any, data: Any) -> None:
    """Names, types and headers of the parts as requests builds them; a form goes before the files."""
    both.same("POST", "/post", files=files, data=data)


@pytest.mark.parametrize("files", [{"file": b"bytes"}, {"file": "text"}, {"file": ("a.csv", "1,2")}], ids=repr)
def test_multipart_without_types(both: SideBySide, files: Any) -> None:
    """What becomes of them is the same. A difference by design: our parts have the type that the name suggests."""
    ours, theirs = (json.loads(ask("POST", "/post", files=files).content) for ask in (both.ask_ours, both.ask_theirs))
    assert {**ours, "headers": None} == {**theirs, "headers": None}


def test_multipart_of_an_open_file(both: SideBySide, tmp_path: Path) -> None:
    """As requests' quickstart shows it."""
    path = tmp_path / "report.xls"
    path.write_bytes(b"\xd0\xcf" * 1_000)
    with path.open("rb") as ours, path.open("rb") as theirs:
        files = [{"file": ("report.xls", file, "application/vnd.ms-excel")} for file in (ours, theirs)]
        both.same("POST", "/post", files=files[0], but={"files": files[1]})


@pytest.mark.parametrize("size", [1, 70_000])
def test_streamed_file(both: SideBySide, tmp_path: Path, size: int) -> None:
    """A file is sent with its length, from where it stands."""
    path = tmp_path / "massive-body"
    path.write_bytes(b"skipped" + b"x" * size)
    with path.open("rb") as ours, path.open("rb") as theirs:
        ours.seek(7)
        theirs.seek(7)
        facts = both.same("POST", "/post", data=ours, but={"data": theirs})
    answer = json.loads(facts.content)
    assert answer["data"] == "x" * size
    assert answer["headers"]["Content-Length"] == str(size)


@pytest.mark.parametrize("pieces", [[b"hi", b"there"], [b"x" * 100_000, b"", b"y"], []], ids=len)
def test_chunked(both: SideBySide, pieces: list[bytes]) -> None:
    """A generator goes in chunks, because nobody knows its length."""

    def generator() -> Iterator[bytes]:
        yield from pieces

    facts = both.same("POST", "/post", data=generator(), but={"data": generator()})
    answer = json.loads(facts.content)
    assert answer["data"] == b"".join(pieces).decode()
    assert answer["headers"]["Transfer-Encoding"] == "chunked" and "Content-Length" not in answer["headers"]


def test_file_in_memory(both: SideBySide) -> None:
    """io.BytesIO has a length too."""
    both.same("PUT", "/put", data=io.BytesIO(b"memory"), but={"data": io.BytesIO(b"memory")})


def test_connection_is_kept(both: SideBySide) -> None:
    """Ten requests, one connection."""
    for _ in range(10):
        both.same("POST", "/post", data={"a": "b"})
    assert both.ours.stats().sockets_opened == 1
