"""data: and about:."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_INVALID_URL, ERR_METHOD_NOT_SUPPORTED, OK
from netstack_sync.base.url import Url
from netstack_sync.url_request.data_protocol import AboutProtocol, DataProtocol
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from tests.support.jobs import Played, make_hop
from tests.support.scripted_stack import ScriptedStack


def played(stack: ScriptedStack, url: str, method: str = "GET") -> Played:
    handler: ProtocolHandler = AboutProtocol() if url.startswith("about:") else DataProtocol()
    assert not handler.is_safe_redirect_target(Url.parse(url))
    return Played(stack, handler.create_job(make_hop(stack, url, method)))


def test_data(stack: ScriptedStack) -> None:
    """Type, length and bytes."""
    answer = played(stack, "data:text/html;charset=utf-8;base64,aGVsbG8=#x")
    assert (answer.result, answer.body, answer.response.head.status) == (OK, b"hello", 200)
    headers = answer.response.head.headers.items()
    assert headers == [("Content-Type", "text/html;charset=utf-8"), ("Content-Length", "5")]


def test_only_its_head(stack: ScriptedStack) -> None:
    answer = played(stack, "data:,hello", "HEAD")
    assert (answer.result, answer.body) == (OK, b"") and answer.response.head.content_length == 5


def test_no_data(stack: ScriptedStack) -> None:
    """Row 233, InvalidUrlTest: said on the network thread, later."""
    answer = played(stack, "data:hello")
    assert answer.result == ERR_INVALID_URL and "comma" in answer.job.error_detail


def test_about_blank(stack: ScriptedStack) -> None:
    """Row 233, AboutBlankTest and RequestCompletionForEmptyResponse: an empty page."""
    answer = played(stack, "about:blank?x#y")
    assert (answer.result, answer.body) == (OK, b"") and answer.response.head.content_length == 0
    assert (answer.response.head.headers.get("content-type") or "").startswith("text/html")
    assert played(stack, "about:version").result == ERR_INVALID_URL


@pytest.mark.parametrize("url", ["data:,x", "about:blank"])
def test_they_can_only_be_read(stack: ScriptedStack, url: str) -> None:
    answer = played(stack, url, "POST")
    assert answer.result == ERR_METHOD_NOT_SUPPORTED and "POST" in answer.job.error_detail
