"""An exception tells what happened, to which URL, and what was tried."""

from __future__ import annotations

import pytest

from netstack_sync import ConnectionReset, NetError, Session
from netstack_sync.base.exceptions import Attempt
from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_FAILED
from netstack_sync.fetcher.fetch_failure import detail_of, failure_of
from netstack_sync.fetcher.url_fetcher import URLFetcher


class _Nobody:
    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """Nothing is started here."""


@pytest.fixture
def fetcher(session: Session) -> URLFetcher:
    return URLFetcher(session.prepare("GET", "http://me:secret@a.test/x"), session.context, _Nobody())


def test_all_that_is_known_goes_along(fetcher: URLFetcher) -> None:
    """The class is that of the number; the attempt that failed is the last of the attempts."""
    error = failure_of(fetcher, ERR_CONNECTION_RESET)
    assert isinstance(error, ConnectionReset) and error.request is fetcher.request
    assert error.attempts == () and not error.may_have_been_sent
    fetcher.last_attempt = Attempt(None, None, 1.0, 0.0)
    assert failure_of(fetcher, ERR_FAILED).attempts == (fetcher.last_attempt,)
    assert type(failure_of(fetcher, ERR_FAILED)) is NetError


@pytest.mark.parametrize(
    ("detail", "told"),
    [("", "http://a.test/x"), ("bad luck", "bad luck: http://a.test/x"), ("a.test is away", "a.test is away")],
)
def test_one_line_tells_the_url_once(fetcher: URLFetcher, detail: str, told: str) -> None:
    """And never who was asking."""
    fetcher.error_detail = detail
    assert detail_of(fetcher) == told
    assert "secret" not in str(failure_of(fetcher, ERR_FAILED))
