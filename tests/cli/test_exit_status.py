"""Exit statuses: every kind of net error has curl's number where curl has one."""

from __future__ import annotations

import pytest

from netstack_sync.base import net_errors as e
from netstack_sync.base.exception_map import exception_for
from netstack_sync.cli.exit_status import HTTP_ERROR, MEANINGS, CommandError, exit_status, statuses_text


@pytest.mark.parametrize(
    "net_error, status",
    [
        (e.ERR_NAME_NOT_RESOLVED, 6),
        (e.ERR_CONNECTION_REFUSED, 7),
        (e.ERR_ADDRESS_UNREACHABLE, 7),
        (e.ERR_TIMED_OUT, 28),
        (e.ERR_CONNECTION_TIMED_OUT, 28),
        (e.ERR_SSL_PROTOCOL_ERROR, 35),
        (e.ERR_CERT_DATE_INVALID, 60),
        (e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN, 90),
        (e.ERR_CONTENT_LENGTH_MISMATCH, 18),
        (e.ERR_INCOMPLETE_CHUNKED_ENCODING, 18),
        (e.ERR_INVALID_CHUNKED_ENCODING, 8),
        (e.ERR_TOO_MANY_REDIRECTS, 47),
        (e.ERR_EMPTY_RESPONSE, 52),
        (e.ERR_CONNECTION_RESET, 56),
        (e.ERR_CONTENT_DECODING_FAILED, 61),
        (e.ERR_ABORTED, 1),
        (e.ERR_FAILED, 1),
    ],
)
def test_each_kind_of_error_has_its_number(net_error: int, status: int) -> None:
    """Scripts that know curl's numbers need not learn others."""
    assert exit_status(exception_for(net_error)) == status


def test_connection_lost_after_sending_is_not_a_failure_to_connect() -> None:
    """The same net error means something else once the server may have acted."""
    assert exit_status(exception_for(e.ERR_CONNECTION_CLOSED)) == 7
    assert exit_status(exception_for(e.ERR_CONNECTION_CLOSED, may_have_been_sent=True)) == 56


def test_the_words_of_a_server_are_escaped() -> None:
    """A reason phrase, for one, goes from the server to the terminal."""
    error = CommandError(HTTP_ERROR, "the server answered 404 \x1b[2Jno\r\n\x9b1m")
    assert str(error) == r"the server answered 404 \x1b[2Jno\r\n\x9b1m" and error.status == HTTP_ERROR
    assert len(str(CommandError(HTTP_ERROR, "x" * 9999))) == 2000


def test_every_number_is_explained_in_the_help() -> None:
    """No exit status without a line."""
    lines = statuses_text().splitlines()[1:]
    assert [int(line.split()[0]) for line in lines] == sorted(MEANINGS)
