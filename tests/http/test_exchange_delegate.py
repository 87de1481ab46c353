"""The interface of those who look into exchanges."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.http.exchange_delegate import ExchangeDelegate
from tests.support.exchange_delegates import ScriptedExchangeDelegate
from tests.support.scripted_stack import request_info


def test_a_request_takes_its_delegate_along() -> None:
    """The type checker proves the interface here; a copy of the request has it too."""
    delegate: ExchangeDelegate = ScriptedExchangeDelegate()
    info = request_info()
    assert info.exchange_delegate is None
    info.exchange_delegate = delegate
    assert info.copy().exchange_delegate is delegate
    assert delegate.take_head() is None and delegate.before_send_headers(info.headers, lambda _: None) == OK
