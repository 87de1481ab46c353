"""Every difference by design is still one, on both sides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from requests.auth import HTTPDigestAuth

from netstack_sync import DigestAuth
from tests.httpbin.differences import DIFFERENCES, Difference
from tests.support.side_by_side import SideBySide

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


@pytest.mark.parametrize("row", DIFFERENCES, ids=[f"{row.method} {row.path}: {row.reason}" for row in DIFFERENCES])
def test_difference(both: SideBySide, row: Difference) -> None:
    """What is written down is what happens."""
    ours, theirs = dict(row.options()), dict(row.options())
    if "digest" in row.path:
        ours["auth"], theirs["auth"] = DigestAuth("user", "pass"), HTTPDigestAuth("user", "pass")
    found = (
        row.look(both.ask_ours(row.method, row.path, **ours)),
        row.look(both.ask_theirs(row.method, row.path, **theirs)),
    )
    assert found == (row.ours, row.theirs)


def test_head_follows_redirects(both: SideBySide) -> None:
    """As every other method; requests.head() alone does not."""
    ours, theirs = both.ours.head(both.url("/redirect/1")), both.theirs.head(both.url("/redirect/1"))
    assert (ours.status, len(ours.history)) == (200, 1) and (theirs.status_code, len(theirs.history)) == (302, 0)


@pytest.mark.parametrize("path, theirs", [("/json", "utf-8"), ("/bytes/9", None), ("/deny", "ISO-8859-1")])
def test_encoding(both: SideBySide, path: str, theirs: Any) -> None:
    """Ours is never unknown: utf-8 where the server says nothing, as for httpx and every browser's scripts."""
    assert both.ours.get(both.url(path)).encoding == "utf-8"
    assert both.theirs.get(both.url(path)).encoding == theirs


def test_cookies_of_one_request_go_over_those_of_the_session(both: SideBySide) -> None:
    """requests sends both of one name, and the server takes which it likes."""
    for ask in (both.ask_ours, both.ask_theirs):
        ask("GET", "/cookies/set?a=1&b=2")
    found = [
        json.loads(ask("GET", "/headers", cookies={"a": "own"}).content) for ask in (both.ask_ours, both.ask_theirs)
    ]
    assert [sorted(one["headers"]["Cookie"].split("; ")) for one in found] == [
        ["a=own", "b=2"],
        ["a=1", "a=own", "b=2"],
    ]


def test_digest_with_a_stale_nonce(both: SideBySide) -> None:
    """The server wants a new nonce after two uses: we give it one, requests gives the refusal to its user."""
    path = "/digest-auth/auth/user/pass/MD5/2"
    ours, theirs = DigestAuth("user", "pass"), HTTPDigestAuth("user", "pass")
    assert [both.ask_ours("GET", path, auth=ours).status for _ in range(5)] == [200] * 5
    assert [both.ask_theirs("GET", path, auth=theirs).status for _ in range(5)] == [200, 200, 401, 200, 200]


def test_digest_for_a_pair(both: SideBySide) -> None:
    """A pair meets a Digest challenge too; with requests it is Basic and nothing else."""
    path = "/digest-auth/auth/user/pass"
    assert both.ask_ours("GET", path, auth=("user", "pass")).status == 200
    assert both.ask_theirs("GET", path, auth=("user", "pass")).status == 401


def test_history_has_no_bodies(both: SideBySide) -> None:
    """Nobody reads them; what a hop said is in its head."""
    path = "/redirect/1"
    assert [hop.content for hop in both.ours.get(both.url(path)).history] == [b""]
    assert all(hop.content for hop in both.theirs.get(both.url(path)).history)
