"""Names of requests and httpx for what a response knows anyway."""

from __future__ import annotations

import pytest

from tests.support.responses import make_response


@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("199 X", set()),
        ("200 OK", {"is_success"}),
        ("299 X", {"is_success"}),
        ("302 X", set()),
        ("400 X", {"is_error", "is_client_error"}),
        ("499 X", {"is_error", "is_client_error"}),
        ("500 X", {"is_error", "is_server_error"}),
        ("599 X", {"is_error", "is_server_error"}),
        ("600 X", set()),
    ],
)
def test_the_class_of_a_status(status: str, names: set[str]) -> None:
    """As httpx asks for it."""
    response = make_response(status=status)
    asked = ("is_success", "is_error", "is_client_error", "is_server_error")
    assert {name for name in asked if getattr(response, name)} == names


def test_reason_phrase() -> None:
    assert make_response(status="404 Not Here").reason_phrase == "Not Here"
    assert make_response(status="404").reason_phrase == ""


def test_links_by_relation() -> None:
    """Targets are completed, each relation has its first link, and what leads nowhere is left out."""
    fields = (
        'Link: </items?page=2>; rel="next last"; title="more"',
        "Link: <https://other.test/1>; rel=last, <http://[>; rel=first, <style.css>",
    )
    links = make_response(headers=fields).links
    more = {"url": "http://server.test/items?page=2", "rel": "next last", "title": "more"}
    style = "http://server.test/style.css"
    assert links == {"next": more, "last": more, style: {"url": style}}
    assert make_response().links == {}


def test_iter_content() -> None:
    """The pieces of iter_bytes()."""
    assert list(make_response(b"hello").iter_content(2)) == [b"he", b"ll", b"o"]
    assert b"".join(make_response(b"hello").iter_content()) == b"hello"
