"""Our parser against h11 and httptools: nothing differs but what accepted.py names."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.wire.differential.accepted import ACCEPTED
from tests.wire.differential.campaign import Tally, check, explanation
from tests.wire.differential.comparing import Accepted, Difference, differences
from tests.wire.differential.readings import Message, Reader, h11_reads, httptools_reads, ours
from tests.wire.differential.responses import Connection, connections

READERS = {"h11": h11_reads, "httptools": httptools_reads}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(connections())
@example(Connection(b"", ("GET",)))
@example(Connection(b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", ("GET",), (2, 4)))
@example(Connection(b"HTTP/1.1 200 OK\nA: b\n\r\nhello", ("GET",), (1, 19, 25)))
@example(Connection(b"HTTP/1.1 204 N\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", ("GET", "HEAD"), (18, 30)))
def test_others_read_the_same(connection: Connection) -> None:
    """R13, R15 (CVE-2025-43859, CVE-2025-53643): status, reason, fields, body, trailers, end and reuse; else one
    connection would carry different answers for two readers. Row 155: and all is the same from any pieces.

    `python -m tests.wire.differential --minutes 10` does this for longer.
    """
    check(connection, Tally())


@pytest.mark.parametrize("oracle", READERS)
@pytest.mark.parametrize("row", ACCEPTED, ids=[row.name for row in ACCEPTED])
def test_every_accepted_difference_is_one(row: Accepted, oracle: str) -> None:
    """If this fails after an update of an oracle, the row wants a new look, or may go."""
    if oracle not in row.oracle:
        pytest.skip("not a difference to this one")
    found = list(differences(row.example, ours(row.example, ["GET"]), READERS[oracle](row.example, ["GET"])))
    assert any([row.explains(oracle, difference) for difference in found])
    assert all([explanation(oracle, difference) for difference in found])


def test_a_difference_that_nobody_named_is_found() -> None:
    """Where the end lies somewhere else no row helps, unless the connection is closed."""
    ours_, theirs = (
        Message("whole", 200, body=b"ab", end=40, keeps_alive=True),
        Message("whole", 200, body=b"a", end=39),
    )
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
    assert [difference.what for difference in differences(data, [ours_], [theirs])] == ["body", "end", "we keep it"]
    for what in ("body", "end", "trailers", "status", "fields", "we keep it", "they refuse", "we refuse"):
        assert explanation("h11", Difference(what, ours_, theirs, data)) is None


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("read", [ours, h11_reads, httptools_reads])
def test_each_reader_reads(read: Reader) -> None:
    """What nobody disputes, several in a row; interim responses are passed over, HEAD has no body."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: 1\r\n\r\n"
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    data = PLAIN + chunked + interim + PLAIN + head + PLAIN[:-1]
    messages = list(read(data, ["GET", "POST", "GET", "HEAD", "GET"]))
    assert [message.state for message in messages] == ["whole"] * 4 + ["partial"]
    assert [message.body for message in messages] == [b"hello"] * 3 + [b"", b"hell"]
    assert messages[1].trailers == (("t", "1"),)
    assert [message.end for message in messages[:4]] == [
        len(PLAIN),
        len(PLAIN + chunked),
        len(PLAIN + chunked + interim + PLAIN),
        len(data) - len(PLAIN) + 1,
    ]
    assert read(b"nonsense", ["GET"])[0].state == read(b"HTTP/1.1 200", ["GET"])[0].state == "none"
